"""`televote check`: every mistake at once, each with its file, line and key, in either language."""

from typing import Any

import pytest

from tests.cli.commands import Home


def broken(home: Home) -> None:
    """Mistakes in the campaign, in the settings, and in what a source's kind is told."""
    home.edit(home.campaign, "seats = 10", "seats = 0")
    home.edit(home.campaign, 'withdrawal = "keep"', 'withdrawl = "keep"')
    home.edit(home.settings, 'kind = "kannel"', 'kind = "kanel"')
    home.edit(home.settings, '[api]\ntoken_file = "api.token"', '[api]\ntoken_file = "api.tokens"')


def line_of(home: Home, text: str) -> int:
    """The line of the campaign file that holds a text."""
    return home.campaign.read_text("utf-8").split(text)[0].count("\n") + 1


def test_a_sound_campaign(home: Home) -> None:
    assert home.call("check") == (0, "no errors\n", "")
    assert home.call("check", lang="zh") == (0, "没有错误\n", "")
    assert home.call("check", "--json") == (0, "[]\n", "")


@pytest.mark.parametrize(
    ("lang", "seats", "withdrawl"),
    [("en", "is too small — write 1", "is withdrawal meant?"), ("zh", "太小 — ", "是否应为 withdrawal？")],
)
def test_a_broken_one(home: Home, lang: str, seats: str, withdrawl: str) -> None:
    broken(home)
    said = home.call("check", lang=lang)
    assert (said.code, said.err) == (1, "")
    first, second, third = said.out.splitlines()
    assert first.startswith(f"{home.campaign}:{line_of(home, 'withdrawl')}: withdrawl: ")
    assert withdrawl in first
    assert second.startswith(f"{home.campaign}:{line_of(home, 'seats = 0')}: contests[0].seats: {seats}")
    assert third.startswith(f"{home.settings}:8: api.token_file: ")
    assert "api.tokens" not in said.out, "what was given is not shown"


def test_once_the_files_are_read_what_the_kinds_want_is_checked_too(home: Home) -> None:
    home.edit(home.settings, 'kind = "kannel"', 'kind = "kanel"')
    home.edit(home.settings, 'form = "text"', 'form = "texts"')
    said = home.call("check")
    assert said.code == 1
    first, second = said.out.splitlines()
    assert first.startswith(f"{home.settings}:22: sources.sim.kind: there is no such kind of source: did you")
    assert "sources.hotline.options.form: " in second


def keys(told: list[dict[str, Any]]) -> list[str]:
    return [one["key"] for one in told]


def test_as_json_in_both_languages(home: Home) -> None:
    broken(home)
    said = home.call("check", "--json")
    assert (said.code, said.err) == (1, "")
    told = said.json()
    assert keys(told) == ["withdrawl", "contests[0].seats", "api.token_file"]
    seats = told[1]
    assert seats == {
        "file": str(home.campaign),
        "line": line_of(home, "seats = 0"),
        "key": "contests[0].seats",
        "level": "error",
        "wrong": {"en": "is too small", "zh": "太小"},
        "right": {"en": "write 1 or more", "zh": "请写 1 或更大的数"},
    }


def test_a_warning_is_told_and_is_no_failure(home: Home) -> None:
    (home.folder / "secrets/api.token").chmod(0o644)
    said = home.call("check")
    assert (said.code, said.err) == (0, "")
    told, last = said.out.splitlines()
    assert told.startswith(f"{home.settings}:8: warning: api.token_file: ")
    assert last == "no errors"
    (one,) = home.call("check", "--json").json()
    assert one["level"] == "warning"


@pytest.mark.parametrize("command", ["serve", "standings", "verify"])
def test_other_commands_refuse_a_broken_one_with_the_same_lines(home: Home, command: str) -> None:
    broken(home)
    told = home.call("check").out.splitlines()
    said = home.call(command)
    assert (said.code, said.out) == (2, "")
    assert said.err.removeprefix("Error: ").splitlines() == told
