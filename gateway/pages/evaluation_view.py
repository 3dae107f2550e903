"""The evaluation as the committee's page shows it, from its JSON values (`tally/evaluated.py`). Pure."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from config.evaluation import Evaluation
from config.problems import Lang
from gateway.intake.running import Running
from gateway.pages import case_view
from gateway.pages.words_panel import EVALUATION
from gateway.panel import evaluating
from gateway.panel.evaluating import Panel
from tally.evaluation import fixed, rounded

#: The picture, in its own units: all of it, and where the lines begin and end.
WIDTH: Final = 960
LEFT: Final = 130
RIGHT: Final = 830
_TOP, _LINE = 24, 17
_LEAST: Final = 220


class Line(NamedTuple):
    """A candidate in the picture: from the panel's score at the left to the public's at the right, and
    where its names stand, which may not cover each other."""

    code: str
    name: str
    listed: bool
    left: str
    right: str
    left_name: str
    right_name: str


class Picture(NamedTuple):
    """The lines, the declared weight, and where the shortlist changes (x, y); y of the axis at the bottom."""

    lines: list[Line]
    declared: str
    changes: list[tuple[str, str]]
    bottom: int
    height: int
    ticks: list[tuple[str, str]]


def words(lang: Lang) -> Mapping[str, str]:
    """The catalogue in one language."""
    return {key: said.by(lang) for key, said in EVALUATION.items()}


def method(evaluation: Evaluation, lang: Lang) -> str:
    """The declared method in a sentence."""
    say, public = words(lang), evaluation.public_weight
    return say["method_text"].format(
        public=percent(public),
        panel=percent(1 - public),
        votes=say[f"votes_{evaluation.votes}"],
        mean=say[f"panel_{evaluation.panel}"].format(trim=evaluation.trim),
        rounded=say[f"rounded_{evaluation.rounded}"],
        places=evaluation.places,
        rounding=say[f"rounding_{evaluation.rounding}"],
    )


def contest(running: Running, told: Mapping[str, Any], panel: Panel, lang: Lang) -> dict[str, Any]:
    """One contest: how many sheets are in, and once all are, everything else."""
    evaluation = running.campaign.evaluation
    assert evaluation is not None, "the contest is one that is judged"
    say, name, judges = words(lang), told["id"], panel.judges(told["id"])
    who = "、".join(judges) or say["sheets_none"]
    shown: dict[str, Any] = {
        "id": name,
        "name": running.campaign.contests_by_id[name].name_in(lang),
        "sheets": say["sheets_in"].format(n=len(judges), of=evaluation.judges, who=who),
        "missing": list(dict.fromkeys(_missing(say, one) for one in told["missing"])),
        "rows": [],
    }
    if not told["rows"]:
        return shown
    named = {one["code"]: case_view.named(running, name, one["code"], lang) for one in told["rows"]}
    seated = [judge for judge in judges if any(judge in row["judges"] for row in told["rows"])]
    return {
        **shown,
        "judges": seated,
        "rows": [_row(say, row, named, seated) for row in told["rows"]],
        "picture": _picture(told, named, evaluation.public_weight),
        "breakpoints": [_breakpoint(say, one) for one in told["sweep"]["breakpoints"]],
        "tenths": [_tenth(one, evaluation.public_weight) for one in told["sweep"]["table"]],
        "smallest": _smallest(say, told, named),
        "ties": [
            {"codes": " ".join(tie), "names": "、".join(f"{code} {named[code]}" for code in tie)}
            for tie in told["unresolved"]
        ],
        "matrix": _matrix(say, told["agreement"], seated),
        "top": max((one["top"] for one in told["agreement"]), default=0),
    }


def hidden(running: Running, panel: Panel, name: str) -> bool:
    """Whether the contest's points are not to be seen yet."""
    return not evaluating.in_the_open(running, panel, name)


def percent(share: Fraction) -> str:
    """A share as people write it."""
    return f"{fixed(rounded(share * 100, 2, 'half_up'), 2).rstrip('0').rstrip('.')}%"


def _missing(say: Mapping[str, str], one: Mapping[str, str]) -> str:
    if one["judge"]:
        return say["missing_marks"].format(judge=one["judge"], code=one["candidate"])
    return say["missing_judges"].format(code=one["candidate"]) if one["candidate"] else say["missing_sheets"]


def _row(
    say: Mapping[str, str], row: Mapping[str, Any], named: Mapping[str, str], judges: Sequence[str]
) -> dict[str, Any]:
    notes = []
    if row["settled_by"]:
        rules = "、".join(say[f"tie_{rule}"] for rule in row["settled_by"])
        notes.append(say["settled"].format(rules=rules))
    if row["tied"]:
        notes.append(say["tied"])
    exact, last = row["sum"]["exact"], row["composite"]["exact"]
    if exact != last:
        notes.append(say["before_rounding"].format(sum=exact))
    return {
        **row,
        "name": named[row["code"]],
        "votes": f"{row['votes']:,}",
        "marks": [row["judges"].get(judge) for judge in judges],
        "listed": row["shortlisted"],
        "notes": notes,
    }


def _breakpoint(say: Mapping[str, str], one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": say["change_at"].format(**one["weight"]),
        "pairs": "、".join(" ↔ ".join(pair) for pair in one["pairs"]),
        "shortlist": one["shortlist_changes"],
    }


def _tenth(one: Mapping[str, Any], declared: Fraction) -> dict[str, Any]:
    return {
        "weight": percent(Fraction(one["weight"]["exact"])),
        "declared": Fraction(one["weight"]["exact"]) == declared,
        "ranking": " › ".join(" = ".join(tier) for tier in one["ranking"]),
        "shortlist": "、".join(one["shortlist"]),
    }


def _smallest(say: Mapping[str, str], told: Mapping[str, Any], named: Mapping[str, str]) -> list[str]:
    if told["undecided"]:
        return [say["smallest_undecided"]]
    found = []
    for kind, change in told["smallest"].items():
        if change is None:
            found.append(say[f"smallest_none_{kind}"])
            continue
        amount = Fraction(change["amount"])
        n = (
            f"{int(amount):,}"
            if kind != "panel"
            else f"{'+' if amount > 0 else '−'}{change['amount'].lstrip('-')}"
        )
        whom = {
            key: f"{change[at]} {named[change[at]]}" if change[at] else ""
            for key, at in (("to", "to"), ("from_", "from"))
        }
        found.append(say[f"smallest_{kind}"].format(n=n, judge=change["judge"], **whom))
    return found


def _matrix(
    say: Mapping[str, str], pairs: Sequence[Mapping[str, Any]], judges: Sequence[str]
) -> list[tuple[str, list[dict[str, Any] | None]]]:
    """A row for each judge, a field for each other one; None on the diagonal."""
    by_pair = {frozenset(one["judges"]): one for one in pairs}

    def field(one: str, other: str) -> dict[str, Any] | None:
        if one == other:
            return None
        pair = by_pair[frozenset((one, other))]
        if pair["p"] is None:
            return {"shared": say["agreement_untested"], "p": "", "flagged": False}
        p = Fraction(pair["adjusted"])
        shown = fixed(rounded(p, 4, "half_up"), 4) if p >= Fraction(1, 10_000) else "< 0.0001"
        return {"shared": f"{pair['shared']}/{pair['top']}", "p": shown, "flagged": pair["flagged"]}

    return [(one, [field(one, other) for other in judges]) for one in judges]


# The picture


def _picture(told: Mapping[str, Any], named: Mapping[str, str], declared: Fraction) -> Picture:
    ends = {row["code"]: (_of(row["panel"]), _of(row["public"])) for row in told["rows"]}
    values = [value for both in ends.values() for value in both]
    low, high = min(values), max(values)
    height = max(_LEAST, _LINE * len(ends))
    bottom = _TOP + height

    def y(value: Fraction) -> float:
        return float(_TOP + (high - value) / (high - low) * height) if high > low else _TOP + height / 2

    places = [_apart({code: y(both[side]) for code, both in ends.items()}, _TOP, bottom) for side in (0, 1)]
    listed = {row["code"] for row in told["rows"] if row["shortlisted"]}
    lines = [
        Line(
            code,
            named[code],
            code in listed,
            _px(y(panel)),
            _px(y(public)),
            _px(places[0][code]),
            _px(places[1][code]),
        )
        for code, (panel, public) in ends.items()
    ]
    changes = [
        (_px(_x(weight)), _px(y(weight * ends[pair[0]][1] + (1 - weight) * ends[pair[0]][0])))
        for one in told["sweep"]["breakpoints"]
        if one["shortlist_changes"]
        for weight in [Fraction(one["weight"]["exact"])]
        for pair in one["pairs"]
    ]
    ticks = [(_px(_x(Fraction(n, 4))), f"{25 * n}%") for n in range(5)]
    return Picture(lines, _px(_x(declared)), changes, bottom, bottom + 44, ticks)


def _of(figure: Mapping[str, str]) -> Fraction:
    return Fraction(figure["exact"])


def _x(weight: Fraction) -> float:
    return float(LEFT + weight * (RIGHT - LEFT))


def _px(value: float) -> str:
    return f"{value:.1f}"


def _apart(wanted: Mapping[str, float], top: float, bottom: float) -> dict[str, float]:
    """Where names stand: as near as can be to where they belong, a line apart."""
    places: dict[str, float] = {}
    last = top - _LINE
    for code in sorted(wanted, key=lambda one: wanted[one]):
        places[code] = last = max(wanted[code], last + _LINE)
    limit = bottom
    for code in sorted(places, key=lambda one: -places[one]):
        places[code] = limit = min(places[code], limit)
        limit -= _LINE
    return places
