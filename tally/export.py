"""The files of an export: the same ledger gives the same bytes, wherever and whenever.

No file holds a whole telephone number, a text, or a caller's pseudonym, but the openings, which are written
only when they are asked for, and elsewhere. Every time in them comes
from the ledger or the campaign, never from the clock of the machine that exports.
"""

import base64
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from tally.entry import Selected
from tally.epochs import Place
from tally.outcome import MessageOutcome
from tally.verify import Checked


class Last(NamedTuple):
    """The last act about a message, as its leaf tells it: where it stands, and what the message is by it."""

    place: Place
    kind: str
    verdict: str
    outcome: str


#: A message's outcome and selections as they stand, and the last act about it, if there is one.
Standing = tuple[str, Selected, Last | None]

BOM: Final = "\ufeff"
#: A cell that begins so would be run as a formula by a spreadsheet.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")

#: What an outcome means, in words for the people who read an export: Chinese, English.
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    MessageOutcome.COUNTED: ("已计票", "counted"),
    MessageOutcome.REPEAT: ("重复投票，以先前的为准", "voted before; the earlier vote stands"),
    MessageOutcome.UNKNOWN_CODE: ("没有这个编号", "no such code"),
    MessageOutcome.NO_CODE: ("没有写编号", "no code in it"),
    MessageOutcome.UNCLEAR: ("意思不明确，待人工裁定", "unclear; a person rules"),
    MessageOutcome.OVERVOTE: ("超过可选人数", "more selections than a ballot may have"),
    MessageOutcome.UNDERVOTE: ("少于应选人数", "fewer selections than a ballot must have"),
    MessageOutcome.WITHDRAWN: ("候选对象已退出", "the candidate has withdrawn"),
    MessageOutcome.EARLY: ("投票尚未开始", "before the vote opened"),
    MessageOutcome.LATE: ("投票已经截止", "at or after the close"),
    MessageOutcome.IN_TRANSIT: (
        "截止前发出、截止后才收到，待人工裁定",
        "sent in time, received too late; a person rules",
    ),
    MessageOutcome.WITHHELD_CALLER: ("隐藏号码", "the number was withheld"),
    MessageOutcome.INVALID_CALLER: ("号码无效或不在范围内", "not a number that may vote"),
    MessageOutcome.BARRED_CALLER: ("号码在禁投名单上", "the number is barred"),
    MessageOutcome.TEST: ("测试线路", "a test line"),
    MessageOutcome.UNPARSED: ("无法读取，原文已保存", "could not be read; kept as it came"),
}


def safe(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def to_csv(rows: Iterable[Iterable[object]], begin: bool = True) -> Iterator[bytes]:
    """CSV as Excel reads it: UTF-8, CRLF, one chunk a row; `begin` puts the byte order mark first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write(BOM if begin else "")
    for row in rows:
        writer.writerow([safe(cell) for cell in row])
        yield buffer.getvalue().encode("utf-8", "replace")
        buffer.seek(0)
        buffer.truncate()


def to_json(value: Mapping[str, Any]) -> bytes:
    """JSON for people and programs: two spaces, keys as given, one newline at the end."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def standings_rows(standings: Mapping[str, Any]) -> Iterator[list[object]]:
    """`standings.csv`: a row a candidate."""
    yield [
        "contest",
        "contest_name",
        "rank",
        "code",
        "name",
        "unit",
        "votes",
        "sms",
        "hotline",
        "withdrawn",
        "status",
    ]
    for contest in standings["contests"]:
        for candidate in contest["candidates"]:
            channels = candidate["by_channel"]
            yield [
                contest["id"], contest["name"], candidate["rank"] or "", candidate["code"], candidate["name"],
                candidate["unit"], candidate["votes"], channels["sms"], channels["hotline"],
                "yes" if candidate.get("withdrawn") else "", standings["status"],
            ]  # fmt: skip


MESSAGE_HEADER: Final = [
    "entry",
    "received_at",
    "sent_at",
    "channel",
    "source",
    "caller",
    "outcome",
    "selections",
    "ruling",
]
OUTCOME_HEADER: Final = [*MESSAGE_HEADER, "原因", "reason"]


def message_row(
    checked: Checked,
    place: Place,
    standing: Standing,
    mask: Callable[[str], str],
    stamp: Callable[[int], str],
) -> list[object]:
    """`messages.csv`: a row a message, as it stands. `stamp` writes Unix milliseconds in the campaign's zone.

    `place` is where its entry stands. An erased message keeps its row, without what was erased.
    """
    opening, (outcome, selections, last) = checked.opening, standing
    ruling = last.place if last else ""
    if opening is None:
        return [place, stamp(checked.leaf.at_ms), "", "", "", "erased", outcome, "", ruling]
    sent = "" if opening.sent_ms is None else stamp(opening.sent_ms)
    named = " ".join(f"{candidate}:{ended}" for _, candidate, ended in selections)
    return [
        place, stamp(opening.received_ms), sent, opening.channel, opening.source,
        mask(opening.line), outcome, named, ruling,
    ]  # fmt: skip


def is_uncounted(standing: Standing) -> bool:
    """Whether `outcomes.csv` must explain a message: it, or one of its selections, did not count."""
    outcome, selections, last = standing
    taken_back = last is not None and last.kind in _BY_AN_ACT
    return outcome != MessageOutcome.COUNTED or taken_back or any(e != "counted" for *_, e in selections)


def outcome_row(checked: Checked, row: list[object], standing: Standing) -> list[object]:
    """`outcomes.csv`: the message's row of `messages.csv` and, in words, why it was not counted."""
    return [*row, *_why(checked, *standing)]


def as_it_came(checked: Checked) -> Standing:
    """How a message stands about which there is no act."""
    opening = checked.opening
    return (checked.leaf.kind, (), None) if opening is None else (opening.outcome, opening.selections, None)


def _why(checked: Checked, outcome: str, selections: Selected, last: Last | None) -> tuple[str, str]:
    kind = last.kind if last else ""
    if kind in _BY_AN_ACT:
        return _BY_AN_ACT[kind]
    if last and last.verdict == "reject":
        return "经人工裁定不计票", "a person ruled: not counted"
    if any(ended == "voided" for *_, ended in selections):
        return "同一号码后来的超额投票使其作废", "voided by a later message of the same line, over the cap"
    if outcome == MessageOutcome.COUNTED:
        return "部分选择未计票", "some selections did not count"
    if outcome == MessageOutcome.REPEAT and checked.opening is not None and checked.opening.voids:
        return "超额，并使该号码先前的票作废", "over the cap; it has voided the earlier votes of its line"
    return WORDS[outcome]


_BY_AN_ACT: Final[Mapping[str, tuple[str, str]]] = {
    "void": ("经裁定作废", "voided by a ruling"),
    "undo": ("接线员已撤回", "taken back by its operator"),
    "dispute": ("两次登记不同，待人工裁定", "two operators heard different things; a person rules"),
}


def opening_header(campaign: str) -> bytes:
    """The first line of a file of openings: whose it is, and that it is no part of what is published."""
    told = "secret: whole telephone numbers, texts and choices; for the auditor alone, never to be published"
    return _line({"format": "televote-openings/1", "campaign": campaign, "audience": told})


def opening_line(node: str, seq: int, blinding: bytes, packed: bytes) -> bytes:
    """What an entry commits to, as a line of that file: HMAC-SHA-256 of it is the commitment."""
    told = base64.b64encode(blinding).decode()
    return _line({"node": node, "entry": seq, "blinding": told, "opening": packed.decode("ascii")})


def given(line: Mapping[str, Any]) -> bytes:
    """What such a line tells: blinding key and opening in a row. Raises `ValueError`, `KeyError`."""
    return base64.b64decode(line["blinding"], validate=True) + str(line["opening"]).encode("ascii")


def _line(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value) + "\n").encode()


def act_rows(
    acts: Iterable[Checked], place: Callable[[str, int], Place], stamp: Callable[[int], str]
) -> Iterator[list[object]]:
    """`acts.csv`: a row for each thing that a person, or the schedule, did. Notes stay in the ledger.

    `place` says where an entry stands, by its log and number.
    """
    yield ["entry", "at", "act", "by", "second", "reason", "about_entry", "candidate", "verdict"]
    for act in acts:
        detail = act.leaf.detail
        told = [detail.get(key, "") for key in ("by", "second", "reason", "entry", "candidate", "verdict")]
        if "entry" in detail:
            told[3] = place(detail["node"], detail["entry"])
        yield [place(act.node, act.seq), stamp(act.leaf.at_ms), act.leaf.kind, *told]
