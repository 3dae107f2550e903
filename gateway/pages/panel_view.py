"""The panel's sheet as the page shows it. Pure."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from config.evaluation import Judging
from config.problems import Lang
from gateway.intake.running import Running
from gateway.pages.words_panel import PANEL
from gateway.panel import evaluating, marking
from gateway.panel.drafts import Draft
from gateway.panel.evaluating import Panel
from gateway.panel.marking import RECUSED, Wrong
from tally.evaluation import Field, Sheet, written

WORDS: Final = PANEL
#: What is wrong with marks, by candidate and criterion.
Errors = Mapping[tuple[str, str], Wrong]


class Mark(NamedTuple):
    """A field of the table: its criterion, what stands in it, and what is wrong with that."""

    id: str
    name: str
    value: str
    error: str


class Row(NamedTuple):
    """A candidate. `total` is "" until all marks are there; `seen` is the row from which the form is made."""

    code: str
    name: str
    unit: str
    recused: bool
    marks: list[Mark]
    total: str
    seen: str


class Shown(NamedTuple):
    """A criterion: its name, the most points, the step, and how many times they count ("" for once)."""

    id: str
    name: str
    most: str
    step: str
    weight: str


def criteria(judging: Judging, lang: Lang) -> list[Shown]:
    """The columns."""
    return [
        Shown(
            one.id,
            one.name_in(lang),
            written(one.max),
            written(one.step),
            "" if one.weight == 1 else written(one.weight),
        )
        for one in judging.criteria
    ]


def most(judging: Judging) -> str:
    """The most that a candidate can be given."""
    return written(sum((one.max * one.weight for one in judging.criteria), Fraction()))


def rows(
    running: Running,
    contest: str,
    judging: Judging,
    draft: Draft,
    lang: Lang,
    errors: Mapping[tuple[str, str], Wrong] = {},
    typed: Mapping[str, str] = {},
) -> list[Row]:
    """The rows; `typed` is what a form held that had errors."""
    found, known = [], told(errors)
    for code in evaluating.candidates(running, contest):
        given, candidate = draft.get(code, {}), running.campaign.candidate(contest, code)
        recused = f"recused-{code}" in typed if f"row-{code}" in typed else given.get("") == RECUSED
        marks = [
            Mark(
                one.id,
                one.name_in(lang),
                typed.get(f"mark-{code}-{one.id}", "" if recused else given.get(one.id, "")),
                said(errors[code, one.id], lang) if (code, one.id) in errors else "",
            )
            for one in judging.criteria
        ]
        total = "" if recused else _total(judging, given)
        seen = known.get(code) or typed.get(f"seen-{code}") or marking.row(judging, given)
        found.append(Row(code, candidate.name_in(lang), candidate.unit, recused, marks, total, seen))
    return found


def told(errors: Errors) -> dict[str, str]:
    """The rows of which a judge is told that they are others by now: saved again, they have been seen."""
    return {code: str(wrong.fill["stands"]) for (code, _), wrong in errors.items() if "stands" in wrong.fill}


def said(wrong: Wrong, lang: Lang) -> str:
    """What is wrong with points, and what to do."""
    wording = marking.WORDS[wrong.kind]
    return f"{wording.wrong.by(lang)} — {wording.right.by(lang)}".format_map(dict(wrong.fill))


def contest_name(running: Running, contest: str, lang: Lang) -> str:
    """A contest's name."""
    return running.campaign.contests_by_id[contest].name_in(lang)


def as_draft(sheet: Sheet) -> Draft:
    """A sheet that was submitted, as a draft is kept."""
    return {
        code: {"": RECUSED} if marks is None else {name: written(points) for name, points in marks.items()}
        for code, marks in sheet.marks.items()
    }


def others(
    running: Running, contest: str, judging: Judging, panel: Panel, own: str
) -> list[tuple[str, list[str]]]:
    """What the others have given in all, by judge, in the order of the rows; "–" where they were recused."""
    field = Field(contest, 0, {}, judging.plain)
    return [
        (sheet.judge, [_given(field, sheet, code) for code in evaluating.candidates(running, contest)])
        for sheet in panel.sheets.get(contest, ())
        if sheet.judge != own
    ]


def _given(field: Field, sheet: Sheet, code: str) -> str:
    marks = sheet.marks.get(code)
    return "–" if marks is None else written(field.total(marks))


def _total(judging: Judging, given: Mapping[str, str]) -> str:
    if any(one.id not in given for one in judging.criteria):
        return ""
    return written(
        Field("", 0, {}, judging.plain).total({name: Fraction(p) for name, p in given.items() if name})
    )
