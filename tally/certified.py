"""The result as it is signed: standings, shortlist or winners, notices, objections, and who certified it.

One file of the export, for everybody: its SHA-256 stands in the signed manifest. Nothing in it but what is
public by then.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tally import certification, export
from tally.certification import Notice, Objection, Progress
from tally.entry import Leaf
from tally.shortlist import Shortlist
from tally.verify import Checked

FORMAT: Final = "televote-result/1"


def digest(standings: Mapping[str, Any], listed: Shortlist, weighed: Mapping[str, Any] | None) -> str:
    """What stands for a result in the ledger: the SHA-256 of standings, shortlist and evaluation, in hex.

    The evaluation stands in it by the SHA-256 of `evaluation.json`, so that nobody finds out from the digest
    who is listed by trying.
    """
    told = "" if weighed is None else hashlib.sha256(export.to_json(weighed)).hexdigest()
    return certification.digest(certification.result_of(standings, listed.listed, told))


def document(
    progress: Progress,
    standings: Mapping[str, Any],
    listed: Shortlist,
    acts: Sequence[Checked],
    stamp: Callable[[int], str],
    weighed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The result as JSON values. `stamp` writes an instant (Unix milliseconds) with the campaign's offset.

    Who is listed is told once two people have published it, and not while that is being corrected. `weighed`
    is the evaluation (docs/evaluation.md), of which composites and ranks are told then, no judge's points.
    """
    composites = {
        (told["id"], row["code"]): row for told in (weighed or {}).get("contests", ()) for row in told["rows"]
    }
    is_published = progress.notice is not None or progress.status == "certified"
    told_of = (listed, composites) if is_published else (Shortlist({}, {}), {})
    certified = [act.leaf for act in acts if act.leaf.kind == "certify"]
    return {
        "format": FORMAT,
        "campaign": standings["campaign"],
        "name": standings["name"],
        "status": progress.status,
        "result": digest(standings, listed, weighed),
        "certified": _certification(certified[-1], stamp) if progress.status == "certified" else None,
        "reconciled": {"waived": progress.reconciled == "waived", "sources": dict(progress.reconciliations)},
        "contests": [_contest(contest, *told_of) for contest in standings["contests"]],
        "notices": [_notice(one, holds=one == progress.notice) for one in progress.notices],
        "objections": [_objection(one, stamp) for one in progress.objections],
    }


def _certification(signed: Leaf, stamp: Callable[[int], str]) -> dict[str, Any]:
    return {
        "at": stamp(signed.at_ms),
        "by": [signed.detail["by"], signed.detail["second"]],
        "result": signed.detail["result"],
        "manifest": signed.detail["manifest"],
    }


def _notice(notice: Notice, *, holds: bool) -> dict[str, Any]:
    return {
        "number": notice.number,
        "first_day": notice.first_day,
        "last_day": notice.last_day,
        "listed": {contest: list(codes) for contest, codes in notice.listed.items()},
        "holds": holds,
    }


def _objection(objection: Objection, stamp: Callable[[int], str]) -> dict[str, Any]:
    return {
        "number": objection.number,
        "at": stamp(objection.at_ms),
        "channel": objection.channel,
        "anonymous": objection.anonymous,
        "verdict": objection.verdict,
    }


def _contest(
    contest: Mapping[str, Any], listed: Shortlist, composites: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[str, Any]:
    codes = listed.listed.get(contest["id"], ())
    return {
        "id": contest["id"],
        "name": contest["name"],
        "seats": contest["seats"],
        "listed": list(codes),
        "tied": list(listed.tied.get(contest["id"], ())),
        "candidates": [
            {
                "code": one["code"],
                "name": one["name"],
                "unit": one["unit"],
                "votes": one["votes"],
                "rank": one["rank"],
                "listed": one["code"] in codes,
                **_composite(composites.get((contest["id"], one["code"]))),
            }
            for one in contest["candidates"]
        ],
    }


def _composite(row: Mapping[str, Any] | None) -> dict[str, Any]:
    """What votes and panel come to together; nothing where no panel judges, or not all points are in."""
    if row is None:
        return {}
    scores = {score: row[score]["shown"] for score in ("public", "panel", "composite")}
    return {"evaluation": {**scores, "rank": row["rank"]}}
