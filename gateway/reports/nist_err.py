"""The result as NIST SP 1500-100 revision 2 (ERR 2.0) writes it in JSON: totals by contest and channel."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import gateway
from config.campaign import Campaign
from config.wording import Said
from gateway.reporting import nist
from gateway.reporting.report import Options, ReportKind
from gateway.reporting.result import Result
from tally.outcome import CHANNELS, MessageOutcome, Selection

_CHANNELS: Final = {"sms": Said("短信", "SMS"), "hotline": Said("热线电话", "Hotline")}


def write(result: Result, _options: Options) -> Iterable[bytes]:
    """The report, whole: it does not grow with the votes."""
    campaign = result.campaign
    report = {
        **_typed("ElectionReport"),
        "Format": "summary-contest",
        "GeneratedDate": nist.time(result.standings["as_of"]),
        "Issuer": campaign.organiser.name or campaign.name,
        "IssuerAbbreviation": campaign.id,
        "SequenceStart": 1,
        "SequenceEnd": 1,
        "Status": result.stage,
        "VendorApplicationId": f"televote {gateway.__version__}",
        "IsTest": False,
        "Notes": _notes(result),
        "GpUnit": _units(result),
        "Election": [_election(result)],
    }
    return [(json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")]


def _typed(name: str) -> dict[str, Any]:
    return {"@type": f"ElectionResults.{name}"}


def _notes(result: Result) -> str:
    roots = ", ".join(f"{node} {root}" for node, root in result.roots.items())
    return f"ledger: {result.entries} entries, root {roots}; rules sha-256 {result.campaign.rules_hash}"


def _words(zh: str, en: str | None) -> dict[str, Any]:
    told = [("zh-CN", zh), *([("en", en)] if en else [])]
    return {
        **_typed("InternationalizedText"),
        "Text": [{**_typed("LanguageString"), "Content": text, "Language": lang} for lang, text in told],
    }


def _units(result: Result) -> list[dict[str, Any]]:
    campaign = result.campaign
    unit = {
        **_typed("ReportingUnit"),
        "@id": nist.ELECTORATE,
        "Type": "other",
        "OtherType": "electorate",
        "Name": _words(campaign.organiser.name or campaign.name, None),
        "ComposingGpUnitIds": [nist.device(channel) for channel in CHANNELS],
    }
    if result.voters is not None:
        unit["VotersParticipated"] = result.voters
    devices = [
        {**_typed("ReportingDevice"), "@id": nist.device(channel), "Name": _words(*_CHANNELS[channel])}
        for channel in CHANNELS
    ]
    return [unit, *devices]


def _election(result: Result) -> dict[str, Any]:
    campaign, windows = result.campaign, [result.window(channel) for channel in CHANNELS]
    opens, closes = min(one.opens_ms for one in windows), max(one.closes_ms for one in windows)
    election = {
        **_typed("Election"),
        "ElectionScopeId": nist.ELECTORATE,
        "StartDate": _date(opens, result),
        "EndDate": _date(closes, result),
        "Name": _words(campaign.name, campaign.name_en),
        "Type": "other",
        "OtherType": "public award vote",
        "BallotCounts": _ballots(result),
        "CountStatus": [_count_status(result)],
        "Candidate": [
            _candidate(result, contest, one)
            for contest in result.standings["contests"]
            for one in contest["candidates"]
        ],
        "Contest": [_contest(result, contest) for contest in result.standings["contests"]],
    }
    if contact := _contact(campaign):
        election["ContactInformation"] = contact
    return election


def _date(ms: int, result: Result) -> str:
    return datetime.fromtimestamp(ms / 1000, result.zone).date().isoformat()


def _ballots(result: Result) -> list[dict[str, Any]]:
    """Messages by how they ended; those that wait are known for all channels together. What is disputed goes
    on counting until it is ruled on."""
    balance = result.standings["balance"]
    received, counted = (balance["messages"].get(key, 0) for key in ("received", "counted"))
    last = {(one.node, one.about): one for one in result.rulings}
    disputed = sum(one.kind == "dispute" and one.now[0] == "counted" for one in last.values())
    outstanding = result.waiting - disputed
    total = {
        **_typed("BallotCounts"),
        "Type": "total",
        "GpUnitId": nist.ELECTORATE,
        "BallotsCast": counted,
        "BallotsRejected": received - counted - outstanding,
        "BallotsOutstanding": outstanding,
    }
    parts = [
        {
            **_typed("BallotCounts"),
            "Type": "other",
            "OtherType": channel,
            "GpUnitId": nist.device(channel),
            "BallotsCast": balance["by_channel"][channel]["messages"].get("counted", 0),
        }
        for channel in CHANNELS
    ]
    return [total, *parts]


def _count_status(result: Result) -> dict[str, Any]:
    status = "completed" if result.counted else "in-process"
    if result.stage == "pre-election":
        status = "not-processed"
    return {**_typed("CountStatus"), "Type": "total", "Status": status}


def _candidate(result: Result, contest: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    rules = result.campaign.candidate(contest["id"], one["code"])
    written = {
        **_typed("Candidate"),
        "@id": nist.candidate(contest["id"], one["code"]),
        "BallotName": _words(rules.name, rules.name_en),
        "ExternalIdentifier": [
            {
                **_typed("ExternalIdentifier"),
                "Type": "other",
                "OtherType": nist.VOTE_CODE,
                "Value": one["code"],
            }
        ],
    }
    fate = result.fates.get(Selection(contest["id"], one["code"]))
    if one.get("withdrawn") or fate:
        written["PostElectionStatus"] = "withdrawn" if one.get("withdrawn") else fate
    return written


def _contest(result: Result, contest: Mapping[str, Any]) -> dict[str, Any]:
    rules = result.campaign.contests_by_id[contest["id"]]
    written = {
        **_typed("CandidateContest"),
        "@id": nist.contest(rules.id),
        "ElectionDistrictId": nist.ELECTORATE,
        "Name": rules.name,
        "VotesAllowed": rules.selections.max,
        "NumberElected": rules.seats,
        "VoteVariation": nist.variation(rules),
        "CountStatus": [_count_status(result)],
        "ContestSelection": [_selection(rules.id, one) for one in contest["candidates"]],
    }
    if len(result.campaign.contests) == 1:  # of several, nobody can tell which one such a message was for
        ended = result.standings["balance"]["messages"]
        written["OtherCounts"] = [
            {
                **_typed("OtherCounts"),
                "GpUnitId": nist.ELECTORATE,
                "Overvotes": ended.get(MessageOutcome.OVERVOTE, 0),
                "Undervotes": ended.get(MessageOutcome.UNDERVOTE, 0),
                "WriteIns": 0,
            }
        ]
    return written


def _selection(contest: str, one: Mapping[str, Any]) -> dict[str, Any]:
    counts = [{**_typed("VoteCounts"), "Type": "total", "GpUnitId": nist.ELECTORATE, "Count": one["votes"]}]
    counts += [
        {
            **_typed("VoteCounts"),
            "Type": "other",
            "OtherType": channel,
            "GpUnitId": nist.device(channel),
            "Count": one["by_channel"][channel],
        }
        for channel in CHANNELS
    ]
    return {
        **_typed("CandidateSelection"),
        "@id": nist.selection(contest, one["code"]),
        "CandidateIds": [nist.candidate(contest, one["code"])],
        "VoteCounts": counts,
    }


def _contact(campaign: Campaign) -> dict[str, Any]:
    """Whom to turn to, {} if nothing is said of it."""
    organiser = campaign.organiser
    phones = [("enquiries", organiser.enquiries), ("complaints", organiser.complaints)]
    written: dict[str, Any] = {
        "Name": organiser.name,
        "AddressLine": [organiser.address] if organiser.address else None,
        "Email": [_annotated("AnnotatedString", "", organiser.email)] if organiser.email else None,
        "Phone": [_annotated("AnnotatedString", what, phone) for what, phone in phones if phone] or None,
        "Uri": [_annotated("AnnotatedUri", "", organiser.rules_url)] if organiser.rules_url else None,
    }
    told = {key: value for key, value in written.items() if value}
    return {**_typed("ContactInformation"), **told} if told else {}


def _annotated(kind: str, what: str, content: str) -> dict[str, Any]:
    return {**_typed(kind), **({"Annotation": what} if what else {}), "Content": content}


report = ReportKind(
    kind="nist-err",
    suffix="json",
    audience="public",
    title=Said("结果（NIST ERR）", "The result (NIST ERR)"),
    about=Said("各候选各渠道票数，标准格式", "votes by candidate and channel, in the standard format"),
    write=write,
)
