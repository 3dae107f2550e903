"""Records and times of delimited logs: a broken record costs itself only, and no time is guessed."""

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from gateway.intake import csvrows
from gateway.intake.options import ZoneName

ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


def lines_of(text: str) -> list[str]:
    return list(io.StringIO(text, newline=""))


def faults(text: str) -> list[tuple[int, str]]:
    return [(line, fault) for line, _, _, fault in csvrows.records(lines_of(text))]


@pytest.mark.parametrize("before", [0, 1, 254, 255, 256, 600])
def test_a_broken_record_costs_none_of_its_neighbours(before: int) -> None:
    text = "a,b\n" * before + 'a,"b\n' + "a,b\n" * 300
    assert [fault for _, fault in faults(text)] == [""] * before + [csvrows.QUOTES] + [""] * 300
    assert [line for line, _ in faults(text)] == list(range(1, before + 302))


@pytest.mark.parametrize("before", [0, 253, 254, 255, 256])
def test_a_record_may_span_lines_wherever_it_stands(before: int) -> None:
    records = list(csvrows.records(lines_of("a,b\n" * before + 'a,"b\nc"\nd,e\n')))[before:]
    assert records == [
        (before + 1, 'a,"b\nc"', ["a", "b\nc"], ""),
        (before + 3, "d,e", ["d", "e"], ""),
    ]


def test_a_record_spans_no_more_than_the_lines_allowed() -> None:
    good = '"' + "a\n" * (csvrows.MAX_LINES - 1) + '",b\n'
    assert faults(good + "x\n") == [(1, ""), (csvrows.MAX_LINES + 1, "")]
    bad = '"' + "a\n" * csvrows.MAX_LINES + '",b\n'
    assert faults(bad)[0] == (1, csvrows.QUOTES)


def test_a_long_record_is_cut_and_named() -> None:
    (record,) = csvrows.records(["x" * 200_000 + "\n"])
    assert record == (1, "x" * csvrows.MAX_RECORD, [], csvrows.TOO_LONG)


def test_quotes_that_never_close_do_not_cost_more_than_their_share() -> None:
    """Each of these lines opens a quotation mark and none after it closes it."""
    found = faults('a","b\n' * 2000)
    assert len(found) == 2000
    assert {fault for _, fault in found} == {csvrows.QUOTES}


@pytest.mark.parametrize("lines", [[], [""], ["\ufeff"], ["a"], ["a\rb"], ["\ud800,\n"], ["a\nb\n"], ['"']])
def test_odd_lines_are_read(lines: list[str]) -> None:
    assert len(list(csvrows.records(lines))) == len(lines)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.text(st.sampled_from('ab,"\n\r\0\ufffd\ud800中;'), max_size=12), max_size=20), st.data())
def test_every_line_is_in_exactly_one_record(lines: list[str], data: st.DataObject) -> None:
    lines = [line.replace("\n", "").replace("\r", "") + "\n" for line in lines]
    records = list(csvrows.records(lines, data.draw(st.sampled_from([",", ";"]))))
    starts = [line for line, _, _, _ in records]
    assert starts == sorted(set(starts))
    ends = [*starts[1:], len(lines) + 1] if lines else []
    for (start, text, _, _), end in zip(records, ends, strict=True):
        whole = "".join(lines[start - 1 : end - 1])
        assert text == (whole.removeprefix("\ufeff") if start == 1 else whole).rstrip("\n")
    assert starts[:1] == [1][: len(lines)]


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd\ufeff\r"), max_size=8)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=30), st.booleans())
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]], batched: bool) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    broken = "" if batched else '"x"y\n'  # it makes the batch be read record by record
    records = list(csvrows.records(lines_of(broken + written.getvalue())))
    assert [cells for _, _, cells, _ in records][bool(broken) :] == rows


@pytest.mark.parametrize("zone", ZONES)
@settings(deadline=None, max_examples=150)
@given(st.integers(40_000_000, 4_000_000_000))
def test_a_written_time_is_the_instant_it_was(zone: str, second: int) -> None:
    """Or, of the two instants with that local time, the first, with a grain that reaches the second."""
    local = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone))
    clock = csvrows.Clock(zone)
    for text in (f"{local:%Y-%m-%d %H:%M:%S}", f"{local:%Y/%m/%d %H:%M:%S}.0", f"{local:%Y%m%d%H%M%S}"):
        ms, grain = clock.read(text)
        assert ms <= second * 1000 < ms + grain
        assert clock.read(text) == (ms, grain)
        assert (ms == second * 1000) or local.fold == 1
    assert clock.read(local.isoformat()) == (second * 1000, 1000)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Europe/Berlin", "2018-03-25 02:00:00"),
        ("Europe/Berlin", "2018-03-25 02:59:59"),
        ("Australia/Lord_Howe", "2018-10-07 02:29:59"),
        ("Asia/Shanghai", "1986-05-04 02:30:00"),
    ],
)
def test_a_time_that_never_was_is_refused(zone: str, text: str) -> None:
    clock = csvrows.Clock(zone)
    for _ in range(2):
        with pytest.raises(csvrows.BadTime, match="never was"):
            clock.read(text)


def test_an_hour_with_a_change_in_it_is_not_remembered_as_a_whole() -> None:
    clock = csvrows.Clock("Australia/Lord_Howe")
    first, _ = clock.read("2018-10-07 02:30:00")
    assert first == int(datetime(2018, 10, 6, 15, 30, tzinfo=UTC).timestamp() * 1000)
    with pytest.raises(csvrows.BadTime):
        clock.read("2018-10-07 02:10:00")


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "2018-07-09", "08:00:00", "2018-07-09 08", "2018-07-09 08:0:00", "2018-07-09 08:00:0"),
        *("2018-07-09 08+08:00:05:09", "2018070908:05:09", "２０１８-07-09 08:00:00", "18-07-09 08:00:00"),
        *("2018-13-09 08:00:00", "2018-07-09 25:00:00", "2018-07-09 08:00:00+15:00", "2018-07-09 08:60:00"),
        *(
            "9999-12-31 23:59:60",
            "0000-00-00 00:00:00",
            "1970-12-31 23:59:59",
            "1531094400",
            "2018.07.09 08:00",
        ),
        "2018-07-09 08:00:00" + " " * 100,
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    clock = csvrows.Clock("Asia/Shanghai")
    for written in ("2018-07-09 08:00:00", "20180709080000", "2018-07-09 08:00:00+08:00"):
        clock.read(written)
    with pytest.raises(csvrows.BadTime):
        clock.read(text)


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("0123456789-/: TZ+.年月日٣"), max_size=24))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        ms, grain = csvrows.Clock("Europe/Berlin").read(text)
    except csvrows.BadTime:
        return
    assert 0 < ms < 1 << 48
    assert grain > 0


def test_the_clock_forgets_rather_than_grows() -> None:
    clock = csvrows.Clock("UTC")
    for year in range(2000, 2200):
        for day in range(1, 29):
            assert clock.read(f"{year}-02-{day:02} 08:00:00")[0] % 3_600_000 == 0
    assert len(clock._hours) <= 4096


@pytest.mark.parametrize(
    "zone", ["", "Asia", "Asia/Peking", "../etc/passwd", "/etc/localtime", "x" * 300, "\0"]
)
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="no such time zone"):
        TypeAdapter(ZoneName).validate_python(zone)


def test_the_id_of_a_call_stays_what_it_is() -> None:
    """A log imported before an upgrade and again after it must not count twice."""
    assert csvrows.synthesised("13800138000\0\x001531094400000\0\x001") == "#9b959c003d0bd9f3a91540623f25012b"
    row = csvrows.unread(1, "张三", "why")
    assert row.inbound is not None
    assert row.inbound.message_id == "!d243046ef9020743c43e35cca0f855a6"
