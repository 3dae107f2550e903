"""An evaluation as JSON values: the one shape that command, page and export share (docs/evaluation.md).
Pure."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from tally.evaluation import Contest, Evaluation, Method, Row, fixed, rounded, written
from tally.margins import Change, Smallest, smallest
from tally.panel import Pair, agreement
from tally.sensitivity import Span, Step, Sweep, Tiers, sweep


class Named(NamedTuple):
    """What people call things: candidates by code, criteria by id."""

    candidates: Mapping[str, str]
    criteria: Mapping[str, str]


def document(contest: Contest, named: Named) -> dict[str, Any]:
    """A contest: the table with every step, the sweep, the smallest changes, the panel's agreement."""
    table = contest.evaluate()
    return {
        "id": contest.field.contest,
        "shortlist": contest.field.shortlist,
        "criteria": [
            {
                "id": one.id,
                "name": named.criteria[one.id],
                "max": written(one.most),
                "weight": written(one.weight),
                "step": written(one.step),
            }
            for one in contest.field.criteria
        ],
        "missing": [one._asdict() for one in table.missing],
        "complete": table.complete,
        "rows": [_row(contest.method, row, named) for row in table.rows],
        "unresolved": [_sorted(tie, contest) for tie in table.unresolved],
        **(_hangs_on(contest, table) if table.rows else {}),
    }


def _hangs_on(contest: Contest, table: Evaluation) -> dict[str, Any]:
    totals = {
        sheet.judge: {code: by[sheet.judge].total for code, by in contest.judged.items() if sheet.judge in by}
        for sheet in contest.sheets
    }
    return {
        "undecided": _sorted(table.undecided, contest),
        "sweep": _sweep(contest, sweep(contest)),
        "smallest": _smallest(smallest(contest)),
        "agreement": [_pair(pair) for pair in agreement(totals)],
    }


def _row(method: Method, row: Row, named: Named) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": named.candidates[row.code],
        "votes": row.votes,
        "public": _figure(method, row.public),
        "judges": {
            judge: {"total": written(one.total), "score": _figure(method, one.score), "kept": one.kept}
            for judge, one in row.judged.items()
        },
        "panel": _figure(method, row.panel),
        "public_part": _figure(method, row.public_part),
        "panel_part": _figure(method, row.panel_part),
        "sum": _figure(method, row.exact),
        "composite": _figure(method, row.composite),
        "rank": row.rank,
        "settled_by": list(row.settled),
        "tied": row.open,
        "shortlisted": row.shortlisted,
    }


def _figure(method: Method, value: Fraction) -> dict[str, str]:
    return {"exact": written(value), "shown": fixed(method.last(value), method.places)}


def _weight(value: Fraction) -> dict[str, str]:
    return {"exact": written(value), "shown": f"{fixed(rounded(value * 100, 2, 'half_up'), 2)}%"}


def _sweep(contest: Contest, told: Sweep) -> dict[str, Any]:
    return {
        "breakpoints": [
            {
                "weight": _weight(one.weight),
                "pairs": [list(pair) for pair in one.pairs],
                "shortlist_changes": one.shortlist,
            }
            for one in told.breakpoints
        ],
        "spans": [_span(contest, one) for one in told.spans],
        "table": [_step(contest, one) for one in told.table],
    }


def _span(contest: Contest, span: Span) -> dict[str, Any]:
    return {
        "from": _weight(span.low),
        "to": _weight(span.high),
        "ranking": _tiers(span.tiers),
        "shortlist": _sorted(span.shortlist, contest),
    }


def _step(contest: Contest, step: Step) -> dict[str, Any]:
    return {
        "weight": _weight(step.weight),
        "ranking": _tiers(step.tiers),
        "shortlist": _sorted(step.shortlist, contest),
        "composites": {code: _figure(contest.method, value) for code, value in step.composites.items()},
    }


def _tiers(tiers: Tiers) -> list[list[str]]:
    """Best first; those who are equal in one list."""
    return [list(tier) for tier in tiers]


def _smallest(found: Smallest) -> dict[str, Any]:
    return {kind: _change(change) for kind, change in found._asdict().items()}


def _change(change: Change | None) -> dict[str, str] | None:
    if change is None:
        return None
    return {
        "amount": written(change.amount),
        "from": change.source,
        "to": change.target,
        "judge": change.judge,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "judges": [pair.first, pair.second],
        "top": pair.top,
        "of": pair.of,
        "shared": pair.shared,
        "p": None if pair.p is None else written(pair.p),
        "adjusted": None if pair.adjusted is None else written(pair.adjusted),
        "flagged": pair.flagged,
    }


def _sorted(codes: Iterable[str], contest: Contest) -> list[str]:
    order: Sequence[str] = list(contest.field.votes)
    return sorted(codes, key=order.index)
