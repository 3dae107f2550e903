"""Rows for `asterisk-cdr`: name -> (options, the log, what each record of it must become)."""

from typing import Any


def cdr(
    src: str = "13800138000",
    start: str = "2018-07-09 08:00:00",
    told: str = "1",
    uid: str = "1531094400.1",
    dst: str = "10690001",
    disposition: str = "BUSY",
) -> str:
    """One record as cdr_csv writes it, with uniqueid and userfield."""
    return (
        f'"","{src}","{dst}","hotline","""{src}"" <{src}>","PJSIP/x-1","","Hangup","17",'
        f'"{start}",,"{start}",0,0,"{disposition}","DOCUMENTATION","{uid}","{told}"\n'
    )


EIGHT = "2018-07-09T08:00:00+08:00"
CALL = ("call", 1, "13800138000", "1", EIGHT)
PATTERN = {"choice": {"pattern": r"choice=(\d+)"}}
BY_NUMBER = {"choice": {"from": "dst", "map": {"10690101": "A01", "10690102": ""}}, "form": "text"}
CUSTOM = {"columns": ["clid", "src", "dst", "start", "disposition", "uniqueid", "userfield", "sequence"]}


def custom(told: str = "1", sequence: str = "7", dst: str = "10690001") -> str:
    return f'"","13800138000","{dst}","2018-07-09 08:00:00","ANSWERED","1531094400.1","{told}",{sequence}\n'


JSON: dict[str, Any] = {**CUSTOM, "format": "json"}
JSON_LINE = (
    r'{"clid":"\"Alice\" <13800138000>","src":"13800138000","dst":"10690001","start":"2018-07-09 08:00:00",'
    '"answer":null,"disposition":"ANSWERED","uniqueid":"1531094400.1","userfield":"1","sequence":7}\n'
)


TABLE: dict[str, tuple[dict[str, Any], str | bytes, list[tuple[Any, ...]]]] = {
    "accepted": ({}, cdr(), [CALL]),
    "accepted: pattern": (PATTERN, cdr(told="choice=12"), [("call", 1, "13800138000", "12", EIGHT)]),
    "accepted: pattern not found": (PATTERN, cdr(told="choice="), [("call", 1, "13800138000", "", EIGHT)]),
    "accepted: number dialled": (
        BY_NUMBER,
        cdr(dst="10690101") + cdr(dst="10690102") + cdr(dst="10690109"),
        [
            ("call", 1, "13800138000", "A01", EIGHT),
            ("call", 2, "13800138000", "", EIGHT),
            ("unparsed", 3, "the choice is not in this source's choice.map"),
        ],
    ),
    "accepted: text": ({"form": "text"}, cdr(told="A01"), [("call", 1, "13800138000", "A01", EIGHT)]),
    "accepted: UTC": (
        {"timezone": "UTC"},
        cdr(),
        [("call", 1, "13800138000", "1", "2018-07-09T08:00:00+00:00")],
    ),
    "accepted: new columns": (
        {"extra": ["newcdrcolumns", "uniqueid", "userfield"]},
        cdr()[:-1] + ',"","1531094400.1",12\n',
        [CALL],
    ),
    "accepted: userfield only": (
        {"extra": ["userfield"]},
        cdr().replace('"1531094400.1",', ""),
        [CALL],
    ),
    "accepted: columns of cdr_custom": (CUSTOM, custom(), [CALL]),
    "accepted: columns of no interest": (
        {"columns": ["-", "src", "start", "-", "userfield"]},
        '"x","13800138000","2018-07-09 08:00:00","","1"\n',
        [CALL],
    ),
    "accepted: cdr_custom with another separator": (
        {**CUSTOM, "delimiter": ";"},
        custom().replace(",", ";"),
        [CALL],
    ),
    "accepted: cdr_custom as JSON lines": (JSON, JSON_LINE, [CALL]),
    "accepted: JSON without a column": (
        JSON,
        JSON_LINE.replace('"userfield":"1",', ""),
        [("call", 1, "13800138000", "", EIGHT)],
    ),
    "JSON that is none": (
        JSON,
        "[1]\n" + JSON_LINE + '{"a":1,"a":2}\n' + "\n" + "\0" + JSON_LINE + JSON_LINE[:50],
        [
            ("unparsed", 1, "the line is no JSON object, or is cut off"),
            ("call", 2, *CALL[2:]),
            ("unparsed", 3, "the line is no JSON object, or is cut off"),
            ("skipped", 4, "an empty line"),
            ("unparsed", 5, "the record holds NUL bytes"),
            ("unparsed", 6, "the line is no JSON object, or is cut off"),
        ],
    ),
    "duplicate: as JSON": (JSON, JSON_LINE + JSON_LINE, [CALL, ("call", 2, *CALL[2:])]),
    "empty choice": ({}, cdr(told=""), [("call", 1, "13800138000", "", EIGHT)]),
    "withheld": (
        {},
        cdr(src="") + cdr(src="anonymous"),
        [("call", 1, "", "1", EIGHT), ("call", 2, "anonymous", "1", EIGHT)],
    ),
    "duplicate": ({}, cdr() + cdr(), [CALL, ("call", 2, *CALL[2:])]),
    "duplicate: with sequence": (CUSTOM, custom() + custom(), [CALL, ("call", 2, *CALL[2:])]),
    "duplicate: without id": ({}, cdr(uid="") * 2, [CALL, ("call", 2, *CALL[2:])]),
    "distinct: other sequence": (CUSTOM, custom() + custom(sequence="8"), [CALL, ("call", 2, *CALL[2:])]),
    "distinct: forked, no sequence": (
        {},
        cdr() + cdr(dst="10690002") + cdr(start="2018-07-09 08:00:01"),
        [CALL, ("call", 2, *CALL[2:]), ("call", 3, "13800138000", "1", "2018-07-09T08:00:01+08:00")],
    ),
    "distinct: without id": (
        {},
        cdr(uid="") + cdr(uid="", src="13800138001"),
        [CALL, ("call", 2, "13800138001", "1", EIGHT)],
    ),
    "not wanted": (
        {"dispositions": ["ANSWERED"], "called": ["10690001"]},
        cdr() + cdr(disposition="ANSWERED", dst="5169909") + cdr(disposition="ANSWERED"),
        [
            ("skipped", 1, "its disposition is not among those that count"),
            ("skipped", 2, "another number was dialled"),
            ("call", 3, *CALL[2:]),
        ],
    ),
    "empty line": (
        {},
        "\n" + cdr() + "  \n",
        [("skipped", 1, "an empty line"), ("call", 2, *CALL[2:]), ("skipped", 3, "an empty line")],
    ),
    "crlf": ({}, cdr().replace("\n", "\r\n") * 2, [CALL, ("call", 2, *CALL[2:])]),
    "bom": ({"columns": ["src", "start", "userfield"]}, "\ufeff13800138000,2018-07-09 08:00:00,1\n", [CALL]),
    "gb18030": ({}, cdr(told="1").replace('"""13800138000""', '"""张三""').encode("gb18030"), [CALL]),
    "utf16": ({}, cdr().encode("utf-16"), [CALL]),
    "newline in quotes": (
        {},
        cdr().replace("Hangup", "Hang\nup") + cdr(),
        [CALL, ("call", 3, *CALL[2:])],
    ),
    "wrong columns": (
        {},
        cdr().replace('"1531094400.1",', "") + cdr(),
        [
            ("unparsed", 1, "17 columns where the settings name 18: set extra or columns to match"),
            ("call", 2, *CALL[2:]),
        ],
    ),
    "bad time": (
        {},
        cdr(start="09/07/2018 08:00") + cdr(start="") + cdr(start="2018-02-30 08:00:00") + cdr(),
        [
            ("unparsed", 1, "the start time is not written as YYYY-MM-DD HH:MM:SS"),
            ("unparsed", 2, "the start time is not written"),
            ("unparsed", 3, "the start time is not written"),
            ("call", 4, *CALL[2:]),
        ],
    ),
    "skipped hour": (
        {"timezone": "Europe/Berlin"},
        cdr(start="2018-03-25 02:30:00") + cdr(start="2018-03-25 03:00:00"),
        [
            ("unparsed", 1, "the start time never was"),
            ("call", 2, "13800138000", "1", "2018-03-25T03:00:00+02:00"),
        ],
    ),
    "repeated hour": (
        {"timezone": "Europe/Berlin"},
        cdr(start="2018-10-28 02:30:00"),
        [("call", 1, "13800138000", "1", "2018-10-28T02:30:00+02:00", 3_601_000)],
    ),
    "unclosed quote": (
        {},
        cdr() + '"","13800\n' + cdr() + '"a"b,1\n' + cdr(),
        [
            CALL,
            ("unparsed", 2, "a quotation mark is not closed"),
            ("call", 3, *CALL[2:]),
            ("unparsed", 4, "a quotation mark is not closed, or text follows a closing one"),
            ("call", 5, *CALL[2:]),
        ],
    ),
    "too long": (
        {},
        cdr(told="1" * 70_000) + cdr(),
        [("unparsed", 1, "the record is longer than 65,536 characters"), ("call", 2, *CALL[2:])],
    ),
    "long choice": (
        PATTERN,
        cdr(told="choice=" + "1" * 250),
        [("unparsed", 1, "the column with the choice is longer than 256 characters")],
    ),
    "nul": (
        {},
        "\0" * 40 + cdr() + cdr(),
        [("unparsed", 1, "the record holds NUL bytes"), ("call", 2, *CALL[2:])],
    ),
    "undecodable": (
        {},
        cdr(told="1").replace("hotline", "投票").encode() * 3 + cdr().encode().replace(b"hotline", b"\xff"),
        [
            CALL,
            ("call", 2, *CALL[2:]),
            ("call", 3, *CALL[2:]),
            ("unparsed", 4, "the record holds bytes that are no text in the file's encoding"),
        ],
    ),
    "half-written last line": (
        {},
        cdr() + cdr()[:20],
        [CALL, ("unparsed", 2, "the last line has no line end and may be cut off")],
    ),
    "half-written last line: between cells": (
        {},
        cdr() + cdr()[:40],
        [CALL, ("unparsed", 2, "the last line has no line end and may be cut off")],
    ),
    "half-written line among others": (
        {},
        cdr() + cdr()[:-7] + cdr(),
        [CALL, ("unparsed", 2, "a quotation mark is not closed, or text follows a closing one")],
    ),
    "half-written last line: sequence": (
        CUSTOM,
        custom() + custom(sequence="12")[:-2],
        [CALL, ("unparsed", 2, "the last line has no line end and may be cut off")],
    ),
    "whole last line without line end": ({}, cdr() + cdr()[:-1], [CALL, ("call", 2, *CALL[2:])]),
}
