"""Rows for `csv`: name -> (options, the log, what each record of it must become)."""

from typing import Any

COLUMNS = {"caller": "主叫号码", "choice": "按键", "start": "呼叫时间"}
MAPPED = {"columns": COLUMNS}
HEAD = "流水号,主叫号码,被叫号码,呼叫时间,通话时长,按键,结果\n"
EIGHT = "2018-07-09T08:00:00+08:00"
CALL = ("call", 2, "13800138000", "1", EIGHT)


def options(**more: Any) -> dict[str, Any]:
    return MAPPED | more


def mapped(**more: str) -> dict[str, Any]:
    return {"columns": COLUMNS | more}


def row(
    caller: str = "13800138000",
    choice: str = "1",
    start: str = "2018-07-09 08:00:00",
    uid: str = "77",
    duration: str = "5",
    called: str = "10690001",
) -> str:
    return f"{uid},{caller},{called},{start},{duration},{choice},接通\n"


def again(line: int, *parts: Any) -> tuple[Any, ...]:
    """The usual call on another line, with other (caller, choice, start)."""
    return ("call", line, *(parts + CALL[2 + len(parts) :]))


def starts(*written: str) -> str:
    return HEAD + "".join(row(start=f'"{text}"') for text in written)


SPOILT = "Excel has changed a number"
SHAPE = "the start time is not written as YYYY-MM-DD HH:MM:SS"

TABLE: dict[str, tuple[dict[str, Any], str | bytes, list[tuple[Any, ...]]]] = {
    "accepted": (MAPPED, HEAD + row() + row(choice="2"), [CALL, again(3, "13800138000", "2")]),
    "accepted: semicolon": (MAPPED, (HEAD + row()).replace(",", ";"), [CALL]),
    "accepted: tab": (MAPPED, (HEAD + row()).replace(",", "\t"), [CALL]),
    "accepted: bar": (MAPPED, (HEAD + row()).replace(",", "|"), [CALL]),
    "accepted: delimiter set": (options(delimiter=","), HEAD + row(), [CALL]),
    "accepted: titles before the header": (
        MAPPED,
        "sep=,\n通话记录 2018-07\n\n" + HEAD + row(),
        [again(5)],
    ),
    "accepted: header folded": (
        {"columns": {"caller": "Caller ID", "choice": "DTMF", "start": "Start Time"}},
        "ＣＡＬＬＥＲid , dtmf,START  TIME\n13800138000,1,2018-07-09 08:00:00\n",
        [CALL],
    ),
    "accepted: no header": (
        {"columns": {"caller": 1, "start": 2, "choice": 3}, "header": False},
        "13800138000;2018-07-09 08:00:00;1;x\n",
        [("call", 1, *CALL[2:])],
    ),
    "accepted: surplus empty cells": (MAPPED, HEAD + row()[:-1] + ",, \n", [CALL]),
    "accepted: times": (
        MAPPED,
        starts(
            "2018-07-09T08:00:00",
            "2018/07/09 08:00:00",
            "2018/7/9 8:00:00",
            "20180709080000",
            "2018年7月9日 8:00:00",
            "2018年07月09日08:00:00",
            "2018-07-09T00:00:00Z",
            "2018-07-09 09:00:00+09:00",
            "2018-07-09 09:00:00 +0900",
            "2018-07-08T19:00:00-05",
        ),
        [again(line) for line in range(2, 12)],
    ),
    "accepted: grain of times": (
        MAPPED,
        starts("2018/7/9 8:00", "2018-07-09 08:00:00.000", "2018-07-09T08:00:00.0Z"),
        [
            (*again(2), 60_000),
            (*again(3), 1),
            ("call", 4, "13800138000", "1", "2018-07-09T08:00:00+00:00", 100),
        ],
    ),
    "accepted: unix": (
        options(time="unix"),
        starts("1531094400", "1531094400.25", "1531094400000"),
        [again(2), again(3), ("unparsed", 4, "the start time is not in Unix time as")],
    ),
    "accepted: unix_ms": (
        options(time="unix_ms"),
        starts("1531094400000", "1531094400"),
        [(*again(2), 1), ("unparsed", 3, "the start time is not in Unix time as")],
    ),
    "accepted: excel quoting": (
        MAPPED,
        HEAD
        + row(caller='="13800138000"', choice="'1")
        + row(caller='"=""13800138000"""', choice='="1"')
        + row(caller="'13800138000")
        + row(caller="\u202a13800138000\u202c", choice=" 1\u3000"),
        [again(line) for line in (2, 3, 4, 5)],
    ),
    "accepted: landline": (
        MAPPED,
        HEAD + row(caller="0571-88157000") + row(caller="013800138000"),
        [again(2, "0571-88157000"), again(3, "013800138000")],
    ),
    "accepted: trunk prefix": (
        options(strip_prefix="9"),
        HEAD + row(caller="9 13800138000") + row(caller="913800138000") + row() + row(caller="9"),
        [again(2), again(3), again(4), again(5, "9")],
    ),
    "accepted: map": (
        {"columns": COLUMNS | {"choice": "被叫号码"}, "map": {"10690001": "A01"}, "form": "text"},
        HEAD + row() + row(called="10690002") + row(called=""),
        [
            again(2, "13800138000", "A01"),
            ("unparsed", 3, "the choice is not in this source's map"),
            again(4, "13800138000", ""),
        ],
    ),
    "empty choice": (MAPPED, HEAD + row(choice=""), [again(2, "13800138000", "")]),
    "withheld": (
        MAPPED,
        HEAD + row(caller="") + row(caller="anonymous"),
        [again(2, ""), again(3, "anonymous")],
    ),
    "duplicate": (MAPPED, HEAD + row() + row(uid="78"), [CALL, again(3)]),
    "duplicate: by id": (
        mapped(call_id="流水号"),
        HEAD + row() + row(choice="2"),
        [CALL, again(3, "13800138000", "2")],
    ),
    "duplicate: other date format": (
        mapped(called="被叫号码", duration="通话时长"),
        HEAD + row() + row(start="2018/7/9 8:00:00", caller="'13800138000"),
        [CALL, again(3)],
    ),
    "distinct: other choice": (MAPPED, HEAD + row() + row(choice="2"), [CALL, again(3, "13800138000", "2")]),
    "distinct: other duration": (
        mapped(called="被叫号码", duration="通话时长"),
        HEAD + row() + row(duration="6") + row(called="10690002"),
        [CALL, again(3), again(4)],
    ),
    "distinct: by id": (
        mapped(call_id="流水号"),
        HEAD + row() + row(uid="78") + row(uid=""),
        [CALL, again(3), again(4)],
    ),
    "not wanted": (
        options(
            columns=COLUMNS | {"disposition": "结果", "called": "被叫号码"},
            dispositions=["接 通"],
            called=["10690001"],
        ),
        HEAD + row() + row().replace("接通", "未接") + row(called="10690002"),
        [
            CALL,
            ("skipped", 3, "its disposition is not among those that count"),
            ("skipped", 4, "another number was dialled"),
        ],
    ),
    "totals": (
        options(skip_when_empty=["start"]),
        HEAD + row() + "合计,120,,,600,,\n合计：,120\n",
        [
            CALL,
            ("skipped", 3, "a row that skip_when_empty names"),
            ("skipped", 4, "a row that skip_when_empty names"),
        ],
    ),
    "the header again, where a program has started again": (
        options(map={"1": "A01"}),
        HEAD + row() + HEAD + row() + HEAD.replace("按键", "按 键 ") + HEAD.replace("按键", "键"),
        [
            again(2, "13800138000", "A01"),
            ("skipped", 3, "the header once more"),
            again(4, "13800138000", "A01"),
            ("skipped", 5, "the header once more"),
            ("unparsed", 6, "the choice is not in this source's map"),
        ],
    ),
    "totals not set up": (MAPPED, HEAD + row() + "合计,120,,,600,,\n", [CALL, ("unparsed", 3, SHAPE)]),
    "empty line": (
        MAPPED,
        HEAD + row() + "\n,,\n合计,,,,600,,\n" + row(),
        [CALL, *(("skipped", line, "an empty row") for line in (3, 4, 5)), again(6)],
    ),
    "crlf": (MAPPED, (HEAD + row()).replace("\n", "\r\n"), [CALL]),
    "cr": (MAPPED, (HEAD + row() * 2).replace("\n", "\r"), [CALL, again(3)]),
    "bom": (MAPPED, ("\ufeff" + HEAD + row()).encode(), [CALL]),
    "gb18030": (MAPPED, (HEAD + row()).encode("gb18030"), [CALL]),
    "utf16": (MAPPED, (HEAD + row()).replace(",", "\t").encode("utf-16"), [CALL]),
    "newline in quotes": (MAPPED, HEAD + row(uid='"7\n7"') + row(), [CALL, again(4)]),
    "wrong columns": (
        MAPPED,
        HEAD + row(uid="Smith, John") + row()[:-4] + "\n" + row(),
        [
            ("unparsed", 2, "8 columns where the log has 7: put cells with a separator in quotes"),
            ("unparsed", 3, "6 columns where the log has 7"),
            again(4),
        ],
    ),
    "bad time": (
        MAPPED,
        starts(
            "09/07/2018 08:00",
            "",
            "2018-07-09",
            "43290.33",
            "2018-02-30 08:00:00",
            "2018-07-09 24:00:00",
            "2018-07-09 08:00:60",
            "1969-12-31 08:00:00",
            "2018-07-09 08:00:00+99:00",
            "上午8点",
            "#######",
        ),
        [("unparsed", line, SHAPE) for line in range(2, 13)],
    ),
    "skipped hour": (
        options(timezone="America/New_York"),
        starts("2018-03-11 02:59:59", "2018-03-11 03:00:00"),
        [
            ("unparsed", 2, "the start time never was"),
            again(3, "13800138000", "1", "2018-03-11T03:00:00-04:00"),
        ],
    ),
    "repeated hour": (
        options(timezone="America/New_York"),
        starts("2018-11-04 01:30:00", "2018-11-04 01:30:00-05:00"),
        [
            ("call", 2, "13800138000", "1", "2018-11-04T01:30:00-04:00", 3_601_000),
            ("call", 3, "13800138000", "1", "2018-11-04T01:30:00-05:00"),
        ],
    ),
    "spoilt by excel": (
        mapped(call_id="流水号"),
        HEAD
        + row(caller="1.38E+10")
        + row(caller="13800138000.0")
        + row(choice="1.0")
        + row(uid="1.53E+15")
        + row(caller="######")
        + row(caller='"1,38E+10"'),
        [("unparsed", line, SPOILT) for line in range(2, 8)],
    ),
    "unclosed quote": (
        MAPPED,
        HEAD + row(uid='"7') + row(),
        [("unparsed", 2, "a quotation mark is not closed"), again(3)],
    ),
    "too long": (
        MAPPED,
        HEAD + row(uid="7" * 70_000) + row(),
        [("unparsed", 2, "the record is longer than 65,536 characters"), again(3)],
    ),
    "nul": (MAPPED, HEAD + row(uid="\0") + row(), [("unparsed", 2, "the record holds NUL bytes"), again(3)]),
    "undecodable": (
        MAPPED,
        (HEAD + row()).encode() + row(uid="X").encode().replace(b"X", b"\xff"),
        [CALL, ("unparsed", 3, "the record holds bytes that are no text in the file's encoding")],
    ),
    "half-written last line": (
        MAPPED,
        HEAD + row() + row()[:20],
        [CALL, ("unparsed", 3, "the last line has no line end and may be cut off")],
    ),
    "half-written last line: choice": (
        {"columns": {"caller": "a", "start": "b", "choice": "c"}},
        "a,b,c\n13800138000,2018-07-09 08:00:00,1",
        [("unparsed", 2, "the last line has no line end and may be cut off")],
    ),
    "half-written last line: not a totals row": (
        options(skip_when_empty=["start"]),
        HEAD + row() + row()[:14],
        [CALL, ("unparsed", 3, "the last line has no line end and may be cut off")],
    ),
    "whole last line without line end": (MAPPED, HEAD + row() + row()[:-1], [CALL, again(3)]),
}
