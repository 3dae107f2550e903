"""The how-to-vote sheet: what it says is what the engine does."""

import re
from typing import Any

import pytest

from config.campaign import Campaign
from gateway import clock
from gateway.intake import running
from gateway.pages.words import LANGS
from gateway.reporting import collect, report, sheet
from gateway.reporting.report import Options
from gateway.reporting.result import Result
from tally import selections
from tally.outcome import Selection
from tests.conftest import OPENS_MS, House
from tests.pages import boards
from tests.reports.golden import same

SECRET = bytes(32)


def result_of(campaign: Campaign) -> Result:
    return collect.before(running.run(campaign, SECRET), OPENS_MS)


def sample(house: House) -> Campaign:
    return house.load().campaigns["beita-2018"]


def told(result: Result, lang: Any = "zh") -> str:
    html = b"".join(report.kinds()["howto"].write(result, Options(lang))).decode()
    return re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("lang", LANGS)
def test_it_says_all_that_the_rules_must_say(house: House, lang: Any) -> None:
    campaign = sample(house)
    html = told(result_of(campaign), lang)
    organiser, numbers = campaign.organiser, campaign.numbers
    for said in (numbers.sms, numbers.hotline, *organiser.model_dump().values()):
        assert said in html
    for contest in campaign.contests:
        assert contest.name_in(lang) in html
        for one in contest.candidates:
            assert one.code in html
            assert one.name_in(lang) in html
            assert one.unit in html
            assert f"<b>{campaign.codebook.keypad[Selection(contest.id, one.code)]}</b>" in html
    assert {"zh": "占 60%", "en": "weighs 60 %"}[lang] in html
    for ms in (campaign.window_for("sms").opens_ms, campaign.window_for("sms").closes_ms):
        assert f'datetime="{stamped(ms, campaign)}"' in html


def stamped(ms: int, campaign: Campaign) -> str:
    return clock.stamp(ms, campaign.zone)


@pytest.mark.parametrize("lowest", [1, 2])
def test_its_examples_are_read_as_the_choices_they_show(lowest: int) -> None:
    contests = [
        boards.WINDOW_CONTEST,
        {**boards.STAR_CONTEST, "selections": {"min": lowest, "max": 2}},
    ]
    campaign = boards.campaign(contests=contests)
    result = result_of(campaign)
    it = sheet.values(result, lang="zh")
    first = [Selection("window", "A01")]
    assert list(selections.read_text(campaign.codebook, it["example"]).selections) == first
    stars = [Selection("star", code) for code in ("B01", "B02")[:lowest]]
    assert list(selections.read_text(campaign.codebook, it["example_all"]).selections) == first + stars


def test_a_candidate_that_has_withdrawn_is_no_example() -> None:
    gone = {**boards.WINDOW_CONTEST["candidates"][0], "withdrawn": True}
    contest = {**boards.WINDOW_CONTEST, "candidates": [gone, *boards.WINDOW_CONTEST["candidates"][1:]]}
    assert sheet.values(result_of(boards.campaign(contests=[contest])), lang="zh")["example"] == "A02"


def test_times_are_those_that_an_act_has_set(house: House) -> None:
    moved = running.run(sample(house), SECRET)
    later = moved.closes_ms + 86_400_000
    moved.follow("schedule", {"closes_ms": {"sms": later, "hotline": later}}, {}, 0)
    html = told(collect.before(moved, OPENS_MS))
    assert "2018年7月21日 18:00" in html
    assert "2018年7月20日 18:00" not in html


def test_what_is_not_known_is_announced() -> None:
    html = told(result_of(boards.campaign()))
    assert html.count("另行公布") == 2, "complaints and rules"


@pytest.mark.parametrize("lang", LANGS)
def test_the_sheet_is_what_it_was(house: House, lang: Any) -> None:
    same(
        f"howto.{lang}.html", b"".join(report.kinds()["howto"].write(result_of(sample(house)), Options(lang)))
    )
