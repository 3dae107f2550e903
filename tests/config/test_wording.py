"""The catalogue says everything in both languages."""

import re
from pathlib import Path
from string import Formatter

import pytest

from config import wording
from config.problems import Place, Problem, Where, dotted, nearest, variable
from config.wording import TOML, WORDING, Said
from tally import clashes

SOURCES = "".join(file.read_text(encoding="utf-8") for file in (Path(wording.__file__).parent).glob("*.py"))


def names(text: str) -> set[str]:
    """The values a sentence shows."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("kind", WORDING)
def test_both_languages_show_the_same(kind: str) -> None:
    wrong, right = WORDING[kind]
    for said in (wrong, right):
        assert said.en
        assert re.search("[\u4e00-\u9fff]", said.zh)
        assert names(said.en) == {name.removesuffix("_zh") for name in names(said.zh)}


@pytest.mark.parametrize("begins", TOML)
def test_toml_in_both_languages(begins: str) -> None:
    assert TOML[begins].en
    assert re.search("[\u4e00-\u9fff]", TOML[begins].zh)


def test_every_refusal_has_its_sentence() -> None:
    raised = set(re.findall(r'refused\(\s*"(\w+)"', SOURCES))
    assert len(raised) > 20
    assert raised <= set(WORDING)


def test_every_problem_has_its_sentence() -> None:
    told = set(re.findall(r'problem\([^()]*?(?:\([^()]*\))?[^()]*?"(\w+)"', SOURCES))
    assert "file_unreadable" in told
    assert told - {"warning", "error"} <= set(WORDING)


def test_every_clash_of_the_code_book_has_its_sentence() -> None:
    told = {kind.removeprefix("clash_").removeprefix("alone_") for kind in WORDING if "_" in kind}
    assert set(clashes.REASONS) <= told


def test_rendering() -> None:
    problem = Problem("a.toml", 3, "x.y", "warning", Said("奇怪", "is odd"), Said("请更正", "mend it"))
    assert problem.render() == "a.toml:3: warning: x.y: is odd — mend it"
    assert problem.render("zh") == "a.toml:3: 警告: x.y: 奇怪 — 请更正"


def test_a_value_that_a_sentence_lacks_is_left_open() -> None:
    problem = Where({(): Place("a.toml")}).problem((), "window_order")
    assert problem.render() == "a.toml: is not after the opening — write a closes_at later than …"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ""),
        (("a", 0, "b-c_1", 12), "a[0].b-c_1[12]"),
        (("a b", "c"), '"a b".c'),
        (("", "x\n"), '"".' + '"x\\n"'),
        (("k" * 90,), '"' + "k" * 60 + '"'),
    ],
)
def test_dotted(path: tuple[str | int, ...], expected: str) -> None:
    assert dotted(path) == expected


def test_variable() -> None:
    assert variable(("sources", "sms", "allow_from", 2)) == "TELEVOTE_SOURCES__SMS__ALLOW_FROM[2]"


@pytest.mark.parametrize(
    ("given", "expected"), [("lissen", "listen"), ("LISTEN", "listen"), ("zzz", ""), ("x" * 10_000, "")]
)
def test_nearest(given: str, expected: str) -> None:
    assert nearest(given, ["listen", "limits"]) == expected
