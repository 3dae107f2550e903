"""What the tables do not say: real logs, settings that are refused, and any text at all."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.calllogs import asterisk_cdr, generic_csv
from gateway.intake import logfile
from gateway.intake.calllog import CallLogKind, Row, UnreadableLog
from gateway.intake.choice import Choice
from gateway.intake.inbound import Form

DATA = Path(__file__).parents[1] / "data" / "calllogs"
COLUMNS = {"caller": "主叫号码", "choice": "按键", "start": "呼叫时间"}
BY_NUMBER = {"columns": {"caller": 1, "start": 2, "choice": 3}, "header": False, "delimiter": ","}
CUSTOM = (
    *("clid", "src", "dst", "start", "answer", "end", "duration", "billsec", "disposition"),
    *("uniqueid", "linkedid", "userfield", "sequence"),
)
PATTERN = {"pattern": r"choice=(\d+)"}


def read(kind: CallLogKind, options: dict[str, Any], lines: list[str]) -> list[Row]:
    return list(kind.build(kind.options.model_validate(options)).read(lines))


def sample(name: str, options: dict[str, Any]) -> list[Row]:
    with logfile.opened(DATA / name) as text:
        return read(asterisk_cdr.calllog, options, list(text.lines))


def test_asterisks_own_log_is_read_whole() -> None:
    calls = [row.inbound for row in sample("asterisk-Master.csv", {"choice": PATTERN, "timezone": "UTC"})]
    assert len(calls) == 60
    assert [call.text for call in calls] == [str(n % 5 + 1) for n in range(60)]
    assert [call.caller for call in calls] == [f"86138000000{n:02}" for n in range(60)]
    assert len({call.message_id for call in calls}) == 60
    assert calls[0].sent_ms == datetime.fromisoformat("2026-11-23T03:42:13Z").timestamp() * 1000
    assert {call.form for call in calls} == {Form.DIGITS}
    assert b"\n".join(call.raw for call in calls) + b"\n" == (DATA / "asterisk-Master.csv").read_bytes()


def test_asterisks_own_log_gives_the_same_by_number_dialled() -> None:
    codes = {f"1069010{n}": f"A0{n}" for n in range(1, 6)}
    rows = sample("asterisk-Master.csv", {"choice": {"from": "dst", "map": codes}, "form": "text"})
    assert [row.inbound.text for row in rows] == [f"A0{n % 5 + 1}" for n in range(60)]


def test_asterisks_custom_log_is_read_by_its_columns() -> None:
    rows = sample("asterisk-cdr_custom.csv", {"columns": CUSTOM, "choice": PATTERN})
    calls = [row.inbound for row in rows]
    assert [call.text for call in calls] == ["", "", "", "", "", "", "3", "3", "3", "1", "2", "3"]
    assert calls[0].caller == "+8613800138000"
    assert calls[0].message_id == "1795405227.6/2"
    assert len({call.message_id for call in calls}) == 12


def test_the_wrong_columns_are_named_in_every_row() -> None:
    rows = sample("asterisk-cdr_custom.csv", {})
    assert {row.note[:39] for row in rows} == {"13 columns where the settings name 18: "}


@pytest.mark.parametrize(
    ("extra", "width"),
    [
        ([], 16),
        (["uniqueid"], 17),
        (["userfield"], 17),
        (["userfield", "uniqueid"], 18),
        (["newcdrcolumns"], 19),
        (["newcdrcolumns", "uniqueid"], 20),
        (["newcdrcolumns", "userfield"], 20),
        (["newcdrcolumns", "uniqueid", "userfield"], 21),
    ],
)
def test_the_switches_of_cdr_conf_give_sixteen_to_twentyone_columns(extra: list[str], width: int) -> None:
    options = asterisk_cdr.Options.model_validate({"extra": extra, "choice": {"from": "dst"}})
    assert len(options.layout) == width


REFUSED = [
    (asterisk_cdr, {"extra": ["uniqueid"]}, "userfield"),
    (asterisk_cdr, {"extra": ["sequence"]}, "uniqueid"),
    (asterisk_cdr, {"columns": ["src", "start", "userfield"], "extra": []}, "not both"),
    (asterisk_cdr, {"columns": ["src", "src", "start", "userfield"]}, "twice"),
    (asterisk_cdr, {"columns": ["src", "userfield"]}, "start"),
    (asterisk_cdr, {"columns": ["src", "start", "-"], "choice": {"from": "-"}}, "needs a column -"),
    (asterisk_cdr, {"columns": ["src", "start", "userfield"], "called": ["1"]}, "dst"),
    (asterisk_cdr, {"columns": ["src", "start", "userfield"], "dispositions": ["BUSY"]}, "disposition"),
    (asterisk_cdr, {"dispositions": ["ANSWERD"]}, "ANSWERED"),
    (asterisk_cdr, {"timezone": "China"}, "no such time zone"),
    (asterisk_cdr, {"form": "voice"}, "digits"),
    (asterisk_cdr, {"choise": {}}, "Extra inputs"),
    (asterisk_cdr, {"choice": {"pattern": "("}}, "not a regular expression"),
    (asterisk_cdr, {"choice": {"pattern": r"\d+"}}, "exactly one group"),
    (asterisk_cdr, {"choice": {"pattern": "x" * 101}}, "100"),
    *(
        (asterisk_cdr, {"choice": {"pattern": pattern}}, "for ever")
        for pattern in (
            *(r"(\d+)+", r"(?:a+)+(b)", r"(a*)*", r"(a){9}", r"(?:a|aa){2,}(b)", r"(a)\1", r"(?=a+)(b)"),
            *(r"a*a*a*(b)", r"a?" * 5 + "(b)", r"[)]+x+y+(b)", r"\)*a*a*(b)", "}?" * 20 + "(b)", r"(?P<n>a)"),
        )
    ),
    (generic_csv, {}, "columns"),
    (generic_csv, {"columns": {"caller": "a", "choice": "b"}}, "start"),
    (generic_csv, {"columns": {"caller": "a", "choice": "b", "start": 3}}, "columns.start must be a name"),
    (generic_csv, {"columns": {"caller": "a", "choice": "b", "start": " "}}, "columns.start must be a name"),
    (generic_csv, {"columns": COLUMNS, "header": False}, "columns.caller must be a number"),
    (generic_csv, {"columns": {"caller": 0, "choice": 1, "start": 2}, "header": False}, "greater than"),
    (generic_csv, {"columns": {"caller": True, "choice": 1, "start": 2}, "header": False}, "valid integer"),
    (generic_csv, {"columns": COLUMNS, "called": ["1"]}, "columns.called is needed"),
    (generic_csv, {"columns": COLUMNS, "dispositions": ["ok"]}, "columns.disposition is needed"),
    (generic_csv, {"columns": COLUMNS, "skip_when_empty": ["call_id"]}, "columns.call_id is needed"),
    (generic_csv, {"columns": COLUMNS, "skip_when_empty": ["x"]}, "caller"),
    (generic_csv, {"columns": COLUMNS, "delimiter": "x"}, "delimiter"),
    (generic_csv, {"columns": COLUMNS, "time": "dmy"}, "unix"),
]


@pytest.mark.parametrize(("module", "options", "message"), REFUSED)
def test_settings_that_cannot_be_meant_are_refused(
    module: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        module.Options.model_validate(options)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "pattern",
    [r"choice=(\d+)", r"^vote\.(\d{1,3})#?$", r"(?:choice|vote) ?= ?([0-9*#]+?);", r"([^|]*)\|", r"[]a](b)"],
)
def test_plain_patterns_are_taken(pattern: str) -> None:
    assert Choice.model_validate({"pattern": pattern}).pattern == pattern


HEADERS = [
    pytest.param([], "The file is empty", id="empty"),
    pytest.param(["\n", " \n"], "The file is empty", id="blank"),
    pytest.param(
        ["主叫号码,呼叫时间,结果\n"],
        "主叫号码, 按键, 呼叫时间; it has 主叫号码, 呼叫时间, 结果",
        id="missing",
    ),
    pytest.param(["x\n"] * 10 + ["主叫号码,呼叫时间,按键\n"], "it has x", id="too late"),
    pytest.param(
        ["主叫号码,呼叫时间,按键,按键\n"], "Two columns have the name set in columns.choice", id="twice"
    ),
    pytest.param(["13800138000,2018-07-09 08:00:00,1\n"], "do not look like one", id="no header"),
    pytest.param(["138 0013 8000;x;张三\n"], "do not look like one", id="no header, spaced"),
    pytest.param(['"\n'], "do not look like one", id="open quotation mark"),
]


@pytest.mark.parametrize(("lines", "message"), HEADERS)
def test_a_file_without_the_columns_is_unreadable(lines: list[str], message: str) -> None:
    with pytest.raises(UnreadableLog, match=re.escape(message)) as unreadable:
        read(generic_csv.calllog, {"columns": COLUMNS}, lines)
    assert "138" not in str(unreadable.value)


@pytest.mark.parametrize("lines", [["a;b,c;d,e\n"], ["a,b\n"], ["a\n"]], ids=["two ways", "too few", "one"])
def test_without_a_header_the_columns_must_be_plain(lines: list[str]) -> None:
    options = {"columns": {"caller": 1, "start": 2, "choice": 3}, "header": False}
    with pytest.raises(UnreadableLog, match="set delimiter"):
        read(generic_csv.calllog, options, lines)
    assert read(generic_csv.calllog, options, []) == []


@pytest.mark.parametrize("module", [asterisk_cdr, generic_csv], ids=["asterisk-cdr", "csv"])
def test_options_of_another_kind_are_a_type_error(module: Any) -> None:
    with pytest.raises(TypeError, match="needs the options of"):
        module.calllog.build(Choice())


@pytest.mark.parametrize("module", [asterisk_cdr, generic_csv], ids=["asterisk-cdr", "csv"])
def test_a_kind_tells_how_to_set_it_up(module: Any) -> None:
    assert module.calllog.channel == "hotline"
    assert module.calllog.gives_time
    assert len(module.calllog.configure) > 200


ANY_LINE = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from("0123456789,\"\n\r\0:- ='Ee.+;\ufeff\ufffd\ud800年"), max_size=60),
    st.lists(
        st.sampled_from(["13800138000", '"2018-07-09 08:00:00"', "1", "", '="1"', "1E+05", "x"]), max_size=20
    ).map(lambda cells: ",".join(cells) + "\n"),
)
KINDS = [
    pytest.param(asterisk_cdr.calllog, {"choice": PATTERN}, [], id="asterisk-cdr"),
    pytest.param(
        asterisk_cdr.calllog, {"columns": ["src", "start", "userfield"]}, [], id="asterisk-cdr-custom"
    ),
    pytest.param(generic_csv.calllog, {"columns": COLUMNS}, ["主叫号码,呼叫时间,按键\n"], id="csv"),
    pytest.param(
        generic_csv.calllog,
        {"columns": COLUMNS, "skip_when_empty": ["start"], "map": {"1": "A01"}, "strip_prefix": "9"},
        ["主叫号码,呼叫时间,按键\n"],
        id="csv-more",
    ),
    pytest.param(generic_csv.calllog, BY_NUMBER | {"time": "unix"}, ["1,2,3\n"] * 10, id="csv-by-number"),
]


@pytest.mark.parametrize(("kind", "options", "head"), KINDS)
@settings(deadline=None, max_examples=150)
@given(st.lists(ANY_LINE, max_size=30))
def test_any_text_is_read(
    kind: CallLogKind, options: dict[str, Any], head: list[str], lines: list[str]
) -> None:
    rows = read(kind, options, head + lines)
    assert rows == read(kind, options, head + lines)
    numbers = [row.line for row in rows]
    assert numbers == sorted(set(numbers))
    assert len(rows) <= len(head) + len(lines)
    for row in rows:
        assert row.inbound or row.note
        if row.inbound and row.inbound.form is not Form.UNPARSED:
            assert row.note == ""
            assert row.inbound.sent_ms is not None
        elif row.inbound:
            assert row.inbound.text == row.note != ""


@settings(deadline=None, max_examples=100)
@given(st.lists(ANY_LINE, max_size=12))
def test_any_file_is_a_log_or_unreadable(lines: list[str]) -> None:
    why = ""
    try:
        read(generic_csv.calllog, {"columns": COLUMNS}, lines)
    except UnreadableLog as unreadable:
        why = str(unreadable)
    assert not re.search(r"\d{4}", why)
