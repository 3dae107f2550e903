"""Around the desk: its settings, its statements, and that every word of its catalogue is said somewhere."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from config.problems import Problems
from gateway import entrances
from gateway.desk.records import DESK
from gateway.pages import desk
from gateway.pages.words_desk import FLAWS, OUTCOMES, REFUSED, SAY, SCRIPT, SELECTIONS, TONES, WORDS
from gateway.storage import migrate
from tally import acts
from tally.outcome import MessageOutcome, SelectionOutcome
from tests.conftest import House
from tests.storage.test_plans import plan, scanned

PAGES = Path(desk.__file__).parent

#: These run when the committee opens its report, over the rows of one campaign.
REPORTS = {"calls-by-operator", "reentries-by-operator", "choices"}


@pytest.mark.parametrize("name", sorted(DESK))
def test_no_table_is_read_whole(name: str) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate.apply(db)
        steps = plan(db, DESK[name])
        assert scanned(db, steps) == [], steps
        if "FROM" in DESK[name]:
            assert any(step.startswith("SEARCH ") for step in steps), steps
        if name not in REPORTS:
            assert not any("TEMP B-TREE" in step for step in steps), steps


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ("{ reentry_share = 1.1 }", "reentry_share"),
        ("{ reentry_share = -0.1 }", "reentry_share"),
        ('{ reentry_share = "often" }', "reentry_share"),
        ("{ undo_seconds = 600 }", "undo_seconds"),
    ],
)
def test_a_wrong_option_is_named(house: House, options: str, wrong: str) -> None:
    house.edit(house.settings, 'kind = "desk"', f'kind = "desk"\noptions = {options}')
    loaded = house.load()
    with pytest.raises(Problems, match=wrong):
        entrances.open_all(loaded, entrances.run_campaigns(loaded))


def test_a_campaign_has_one_desk(house: House) -> None:
    text = house.settings.read_text("utf-8")
    house.settings.write_text(f'{text}\n[sources.other]\nkind = "desk"\ncampaign = "beita-2018"\n', "utf-8")
    loaded = house.load()
    with pytest.raises(Problems) as found:
        entrances.open_all(loaded, entrances.run_campaigns(loaded))
    (problem,) = found.value.problems
    assert (problem.key, "a desk already" in problem.wrong.en) == ("sources.other.kind", True)


def test_every_ending_has_its_words() -> None:
    assert OUTCOMES.keys() == SAY.keys() == set(MessageOutcome)
    assert SELECTIONS.keys() == set(SelectionOutcome)
    assert TONES.keys() <= set(MessageOutcome)
    assert all(f"reason_{reason}" in WORDS for reason in acts.REASONS["undo"])


@pytest.mark.parametrize("catalogue", [WORDS, SCRIPT, FLAWS, REFUSED, OUTCOMES, SAY, SELECTIONS])
def test_both_languages_name_the_same_values(catalogue: dict[str, tuple[str, str]]) -> None:
    for key, (zh, en) in catalogue.items():
        assert zh, key
        assert en, key
        assert set(re.findall(r"\{\w+\}", zh)) == set(re.findall(r"\{\w+\}", en)), key


def test_every_word_is_said_somewhere_and_none_is_missing() -> None:
    templates = "".join(
        (PAGES / f"templates/{name}.html").read_text() for name in ("desk", "desks", "handin", "operators")
    )
    python = "".join(
        (PAGES / f"{name}.py").read_text() for name in ("desk", "desk_view", "handin", "operators")
    )
    scripts = "".join(path.read_text() for path in (PAGES / "static").glob("desk*.js"))
    made = {key for key in WORDS if key.startswith(("reason_", "column_", "wish_", "choose_"))}
    assert {key for key in WORDS if not re.search(rf"\b{key}\b", templates + python)} - made == set()
    used = set(re.findall(r"\bwords\.(\w+)|\bsay\('(\w+)'", scripts))
    assert {one or other for one, other in used} <= SCRIPT.keys()
    assert {key for key in SCRIPT if not re.search(rf"\b{key}\b", scripts + python)} == set()
