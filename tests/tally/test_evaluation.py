"""The evaluation agrees with what was worked by hand, to the last digit."""

from fractions import Fraction
from typing import Any

import pytest

from tally.margins import smallest
from tally.panel import agreement
from tally.sensitivity import sweep
from tests.tally.worked import NAMES, contest, number, read

AWARDS = {name: read(name) for name in NAMES}
awards = pytest.mark.parametrize("award", AWARDS.values(), ids=AWARDS)


@awards
def test_every_step_is_as_worked_by_hand(award: dict[str, Any]) -> None:
    table = contest(award).evaluate()
    assert table.complete
    assert {row.code for row in table.rows} == set(award["rows"])
    for row in table.rows:
        told = award["rows"][row.code]
        assert {judge: one.total for judge, one in row.judged.items()} == numbers(told["totals"]), row.code
        assert {judge: one.score for judge, one in row.judged.items()} == numbers(told["scores"]), row.code
        for step in ("public", "panel", "public_part", "panel_part", "composite"):
            assert getattr(row, step) == number(told[step]), (row.code, step)
        assert (row.rank, row.shortlisted) == (told["rank"], told["shortlisted"]), row.code


def numbers(told: dict[str, str]) -> dict[str, Fraction]:
    return {key: number(text) for key, text in told.items()}


@awards
def test_the_sweep_is_as_worked_by_hand(award: dict[str, Any]) -> None:
    moved, told = sweep(contest(award)), award["sweep"]
    assert [one.weight for one in moved.breakpoints] == [number(text) for text in told["breakpoints"]]
    assert ["".join(code for tier in span.tiers for code in tier) for span in moved.spans] == told["rankings"]
    changes = [one.weight for one in moved.breakpoints if one.shortlist]
    assert changes == [number(text) for text in told["shortlist_changes"]]


@awards
def test_the_smallest_change_is_as_worked_by_hand(award: dict[str, Any]) -> None:
    found, told = smallest(contest(award)), award["smallest"]
    for kind in ("added", "taken", "moved"):
        change = getattr(found, kind)
        wanted = (told[kind]["votes"], told[kind].get("from", ""), told[kind].get("to", ""))
        assert (change.amount, change.source, change.target) == wanted, kind
    assert found.panel is not None
    wanted = told["panel"]
    assert (str(found.panel.amount), found.panel.judge, found.panel.target) == (
        wanted["points"],
        wanted["judge"],
        wanted["candidate"],
    )


@awards
def test_the_agreement_is_as_worked_by_hand(award: dict[str, Any]) -> None:
    one = contest(award)
    totals = {
        sheet.judge: {code: by[sheet.judge].total for code, by in one.judged.items() if sheet.judge in by}
        for sheet in one.sheets
    }
    found = {
        f"{pair.first} {pair.second}": {
            "top": pair.top,
            "of": pair.of,
            "shared": pair.shared,
            "p": str(pair.p),
            "adjusted": str(pair.adjusted),
        }
        for pair in agreement(totals)
    }
    assert found == award["agreement"]
