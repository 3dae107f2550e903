"""The result as it is signed: standings, shortlist or winners, notices, objections, and who certified it.

One file of the export, for everybody: its SHA-256 stands in the signed manifest. Nothing in it but what the
ledger's public part tells.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tally import certification
from tally.certification import Progress
from tally.shortlist import Shortlist
from tally.verify import Checked

FORMAT: Final = "televote-result/1"


def digest(standings: Mapping[str, Any], listed: Shortlist) -> str:
    """What stands for a result in the ledger: the SHA-256 of its standings and shortlist, in hex."""
    return certification.digest(certification.result_of(standings, listed.listed))


def document(
    progress: Progress,
    standings: Mapping[str, Any],
    listed: Shortlist,
    acts: Sequence[Checked],
    stamp: Callable[[int], str],
) -> dict[str, Any]:
    """The result as JSON values. `stamp` writes an instant (Unix milliseconds) with the campaign's offset."""
    certified = [act.leaf for act in acts if act.leaf.kind == "certify"]
    signed = certified[-1] if progress.status == "certified" else None
    return {
        "format": FORMAT,
        "campaign": standings["campaign"],
        "name": standings["name"],
        "status": progress.status,
        "result": digest(standings, listed),
        "certified": None
        if signed is None
        else {
            "at": stamp(signed.at_ms),
            "by": [signed.detail["by"], signed.detail["second"]],
            "result": signed.detail["result"],
            "manifest": signed.detail["manifest"],
        },
        "reconciled": {"waived": progress.reconciled == "waived", "sources": dict(progress.reconciliations)},
        "contests": [_contest(contest, listed) for contest in standings["contests"]],
        "notices": [
            {
                "number": one.number,
                "first_day": one.first_day,
                "last_day": one.last_day,
                "listed": {contest: list(codes) for contest, codes in one.listed.items()},
                "holds": one == progress.notice,
            }
            for one in progress.notices
        ],
        "objections": [
            {
                "number": one.number,
                "at": stamp(one.at_ms),
                "channel": one.channel,
                "anonymous": one.anonymous,
                "verdict": one.verdict,
            }
            for one in progress.objections
        ],
    }


def _contest(contest: Mapping[str, Any], listed: Shortlist) -> dict[str, Any]:
    codes = listed.listed[contest["id"]]
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
            }
            for one in contest["candidates"]
        ],
    }
