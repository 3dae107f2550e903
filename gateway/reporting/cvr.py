"""Cast vote records as NIST SP 1500-103 (CVR 1.0) writes them in JSON: a record a message.

No record tells whose it is or when it came: no time, no number, no pseudonym, no hash of what was sent (a
number can be found by trying all), no batch. Ids and order are random to whoever has not the campaign's
secret; an auditor gets the rest in the sidecar. One record at a time is in memory.

The public ledger has how each message ended, and every ruling, beside the entry; not whom it chose, unless
ballots are open. So the public's records leave out what would lead from one to the other: choices that do not
count, which may be the only ones that ended so, and that people have ruled on a message, and why.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import gateway
from config.contest import Candidate, Contest
from gateway.reporting import nist
from gateway.reporting.report import Options
from gateway.reporting.result import Record, Result
from tally.entry import Selected
from tally.outcome import MessageOutcome

_NOTES: Final = (
    "{stage}. One record a stored message or call, of {entries} ledger entries, in random order. {left_out} "
    "{erased} messages have been erased and have no record."
)
_TO_AUDITORS: Final = "Times, callers, hashes of payloads, who ruled and when are in the sidecar."
_TO_ALL: Final = "Times, callers, hashes, rulings, and choices that do not count are for an auditor alone."
#: Why a selection is in nobody's count, in the words of the format's other users.
_OTHER: Final = {
    "over_cap": "over-cap",
    "same_candidate": "duplicate-candidate",
    "withdrawn": "candidate-withdrawn",
    "rejected": "rejected",
    "voided": "voided",
    "pending": "awaiting-ruling",
}
_CONTEST: Final = {MessageOutcome.OVERVOTE: "overvoted", MessageOutcome.UNDERVOTE: "undervoted"}


def write(result: Result, _options: Options, *, whole: bool) -> Iterator[bytes]:
    """The report's head, and then a record a line: `whole` for an auditor, or as the public may have them."""
    whole = whole or result.campaign.ballots == "open"
    notes = _NOTES.format(
        stage=result.stage,
        entries=result.entries,
        erased=result.erased,
        left_out=_TO_AUDITORS if whole else _TO_ALL,
    )
    head = json.dumps(_head(result, notes), ensure_ascii=False, indent=1).removesuffix("\n}")
    yield f'{head},\n "CVR": ['.encode("utf-8", "replace")
    for place, record in enumerate(result.records):
        written = json.dumps(_cvr(result, record, whole=whole), ensure_ascii=False, separators=(",", ":"))
        yield f"{',' if place else ''}\n{written}".encode("utf-8", "replace")
    yield b"\n ]\n}\n"


def _head(result: Result, notes: str) -> dict[str, Any]:
    campaign = result.campaign
    return {
        "@type": "CVR.CastVoteRecordReport",
        "Version": "1.0.0",
        "GeneratedDate": nist.time(result.standings["as_of"]),
        "ReportType": ["adjudicated" if result.rulings else "originating-device-export"],
        "Notes": notes,
        "ReportGeneratingDeviceIds": [nist.TALLY],
        "ReportingDevice": _devices(result),
        "GpUnit": [
            {
                "@type": "CVR.GpUnit",
                "@id": nist.ELECTORATE,
                "Type": "other",
                "OtherType": "electorate",
                "Name": campaign.organiser.name or campaign.name,
                "ReportingDeviceIds": [nist.device(name) for name in result.sources],
            }
        ],
        "Election": [
            {
                "@type": "CVR.Election",
                "@id": _election(result),
                "Name": campaign.name,
                "ElectionScopeId": nist.ELECTORATE,
                "Candidate": [
                    _candidate(contest.id, one) for contest in campaign.contests for one in contest.candidates
                ],
                "Contest": [_candidate_contest(contest) for contest in campaign.contests],
            }
        ],
    }


def _devices(result: Result) -> list[dict[str, Any]]:
    """What counted, and what the messages came by."""
    tally = {
        "@type": "CVR.ReportingDevice",
        "@id": nist.TALLY,
        "Application": f"televote {gateway.__version__}",
    }
    sources = [
        {
            "@type": "CVR.ReportingDevice",
            "@id": nist.device(name),
            "SerialNumber": name,
            "Notes": [f"channel={channel}"],
        }
        for name, channel in result.sources.items()
    ]
    return [tally, *sources]


def _candidate(contest: str, candidate: Candidate) -> dict[str, Any]:
    return {
        "@type": "CVR.Candidate",
        "@id": nist.candidate(contest, candidate.code),
        "Name": candidate.name,
        "Code": [
            {
                "@type": "CVR.Code",
                "Type": "other",
                "OtherType": nist.VOTE_CODE,
                "Value": candidate.code,
            }
        ],
    }


def _candidate_contest(contest: Contest) -> dict[str, Any]:
    return {
        "@type": "CVR.CandidateContest",
        "@id": nist.contest(contest.id),
        "Name": contest.name,
        "NumberElected": contest.seats,
        "VotesAllowed": contest.selections.max,
        "VoteVariation": nist.variation(contest),
        "ContestSelection": [
            {
                "@type": "CVR.CandidateSelection",
                "@id": nist.selection(contest.id, one.code),
                "CandidateIds": [nist.candidate(contest.id, one.code)],
            }
            for one in contest.candidates
        ],
    }


def _election(result: Result) -> str:
    return f"election.{result.campaign.id}"


def _cvr(result: Result, record: Record, *, whole: bool) -> dict[str, Any]:
    snapshots = list(_snapshots(record)) if whole else [_published(record)]
    return {
        "@type": "CVR.CVR",
        "ElectionId": _election(result),
        "UniqueId": record.id,
        "CreatingDeviceId": nist.device(record.source),
        "CurrentSnapshotId": snapshots[-1]["@id"],
        "CVRSnapshot": snapshots,
    }


def _published(record: Record) -> dict[str, Any]:
    """How it ended, and what of it counts."""
    outcome, selections = record.ending
    counted = tuple(one for one in selections if one[2] == "counted")
    return _snapshot(f"{record.id}-1", "interpreted", (outcome, counted), [], waits=record.waits)


def _snapshots(record: Record) -> Iterator[dict[str, Any]]:
    """What it said, if people have ruled on it; what the rules made of it; and what each ruling did."""
    steps: list[tuple[str, tuple[str, Selected], list[str]]] = []
    if record.rulings:
        outcome, selections = record.first
        steps.append(("original", (outcome, tuple((*one[:2], "") for one in selections)), []))
    steps.append(("interpreted", record.first if record.rulings else record.ending, []))
    for number, ruling in enumerate(record.rulings, 1):
        said = " ".join(filter(None, (ruling.kind, ruling.verdict, ruling.reason)))
        last = number == len(record.rulings)
        steps.append(("modified", record.ending if last else ruling.now, [said]))
    for number, (kind, ending, messages) in enumerate(steps, 1):
        waits = record.waits and number == len(steps)
        yield _snapshot(f"{record.id}-{number}", kind, ending, messages, waits=waits)


def _snapshot(
    name: str, kind: str, ending: tuple[str, Selected], messages: list[str], *, waits: bool
) -> dict[str, Any]:
    outcome, selections = ending
    snapshot: dict[str, Any] = {"@type": "CVR.CVRSnapshot", "@id": name, "Type": kind}
    status = ["needs-adjudication"] if waits else []
    if kind != "original" and outcome != MessageOutcome.COUNTED:
        status.append("other")
        snapshot["OtherStatus"] = outcome.replace("_", "-")
    if status:
        snapshot["Status"] = status
    if messages:
        snapshot["Annotation"] = [{"@type": "CVR.Annotation", "Message": messages}]
    by_contest: dict[str, list[tuple[str, str]]] = {}
    for contest, code, ended in selections:
        by_contest.setdefault(contest, []).append((code, ended))
    if by_contest:
        snapshot["CVRContest"] = [
            _contest(contest, chosen, outcome, by_person=kind == "modified")
            for contest, chosen in sorted(by_contest.items())
        ]
    return snapshot


def _contest(contest: str, chosen: list[tuple[str, str]], outcome: str, *, by_person: bool) -> dict[str, Any]:
    written: dict[str, Any] = {"@type": "CVR.CVRContest", "ContestId": nist.contest(contest)}
    endings = {ended for _, ended in chosen}
    status = [_CONTEST[MessageOutcome(outcome)]] if outcome in _CONTEST else []
    if not endings & {"counted", "pending", ""}:
        status.append("invalidated-rules")
    if status and endings != {""}:
        written["Status"] = status
    written["CVRContestSelection"] = [_selection(contest, *one, by_person=by_person) for one in chosen]
    return written


def _selection(contest: str, code: str, ended: str, *, by_person: bool) -> dict[str, Any]:
    position: dict[str, Any] = {"@type": "CVR.SelectionPosition", "HasIndication": "yes", "NumberVotes": 1}
    position["IsAllocable"] = {"counted": "yes", "pending": "unknown", "": "unknown"}.get(ended, "no")
    written = {
        "@type": "CVR.CVRContestSelection",
        "ContestSelectionId": nist.selection(contest, code),
        "SelectionPosition": [position],
    }
    status = ["adjudicated"] if by_person else []
    if ended in _OTHER:
        if ended == "pending":
            written["Status"] = ["needs-adjudication"]
        else:
            written["Status"] = ["invalidated-rules"]
            status.append("invalidated-rules")
        status.append("other")
        position["OtherStatus"] = _OTHER[ended]
    if status:
        position["Status"] = status
    return written
