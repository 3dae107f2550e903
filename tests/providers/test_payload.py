"""Strict decoding: what can be read in one way is read; everything else is `Unreadable`, and never worse."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import caller
from dedup.caller import Numbering
from gateway.intake import payload
from gateway.intake.payload import Reason, Unreadable
from tally.years import YEARS

wild = st.text(st.characters() | st.sampled_from("\ud800\udbff\udc00\udfff"))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | wild,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(wild, inner, max_size=4),
    max_leaves=12,
)
blanks = st.text(" \t\r\n", max_size=3)


def reason(why: pytest.ExceptionInfo[Unreadable]) -> Reason:
    return why.value.reason


# ---- JSON -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("9007199254740992", 2**53),
        ("-9007199254740992", -(2**53)),
        ("9007199254740993", Reason.NUMBER_TOO_LARGE),
        ("-9007199254740993", Reason.NUMBER_TOO_LARGE),
        ("000", Reason.NOT_JSON),
        ("1e308", 1e308),
        ("1e309", Reason.NUMBER_TOO_LARGE),
        ("NaN", Reason.NOT_A_NUMBER),
        ("-Infinity", Reason.NOT_A_NUMBER),
        ('{"a":1,"a":1}', Reason.DUPLICATE_KEY),
        (r'{"a":1,"\u0061":2}', Reason.DUPLICATE_KEY),
        ('[[{"a":1,"a":2}]]', Reason.DUPLICATE_KEY),
        ("[" * 8 + "]" * 8, [[[[[[[[]]]]]]]]),
        ("[" * 9 + "]" * 9, Reason.TOO_DEEP),
        ("[" * 8 + "{}" + "]" * 8, Reason.TOO_DEEP),
        ('{"a":' * 9 + "1" + "}" * 9, Reason.TOO_DEEP),
        ('["[[[[[[[[["]', ["[[[[[[[[["]),
        ("[" + "[]," * 20 + "[]]", [[]] * 21),
        ("[" * 100_000, Reason.TOO_DEEP),
        ("", Reason.NOT_JSON),
        ("[1,]", Reason.NOT_JSON),
        ("1 2", Reason.NOT_JSON),
        ("'a'", Reason.NOT_JSON),
        ('"a\nb"', Reason.NOT_JSON),
        ("\ufeff1", Reason.NOT_JSON),
    ],
)
def test_json_value(source: str, expected: object) -> None:
    if isinstance(expected, Reason):
        with pytest.raises(Unreadable) as why:
            payload.json_value(source)
        assert reason(why) is expected
    else:
        assert payload.json_value(source) == expected


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("13125550123", "+13125550123"),
        ("8613812345678", "+8613812345678"),
        ("１３１２５５５０１２３", "+１３１２５５５０１２３"),
        ("+13125550123", "+13125550123"),
        ("013125550123", "013125550123"),
        ("106900", "106900"),
        ("1234567890123456", "1234567890123456"),
        ("Infobip", "Infobip"),
        ("", ""),
    ],
)
def test_a_plus_that_was_left_out_is_put_back(given: str, read: str) -> None:
    assert payload.international(given) == read


def test_a_number_abroad_is_no_mobile_in_china() -> None:
    china = Numbering("CN")
    assert caller.normalise("13125550123", china).line == "+8613125550123"
    assert caller.normalise(payload.international("13125550123"), china) == caller.INVALID
    assert caller.normalise(payload.international("8613125550123"), china).line == "+8613125550123"


@settings(deadline=None)
@given(json_values, st.integers(0, 2))
def test_json_agrees_with_the_library(value: object, indent: int) -> None:
    source = json.dumps(value, indent=indent or None)
    with suppress(Unreadable):  # deeper than eight
        assert payload.json_value(source) == json.loads(source) == value


@settings(deadline=None)
@given(st.lists(st.tuples(blanks, json_values, blanks), max_size=6), blanks)
def test_items_keep_their_own_bytes(items: list[tuple[str, Any, str]], outside: str) -> None:
    sources = [json.dumps(value, ensure_ascii=False) for _, value, _ in items]
    spaced = [before + source + after for (before, _, after), source in zip(items, sources, strict=True)]
    read = payload.json_items(f"{outside}[{','.join(spaced)}]{outside}", depth=1000)
    assert read == [(source, value) for source, (_, value, _) in zip(sources, items, strict=True)]
    members = {str(number): source for number, source in enumerate(sources)}
    written = ",".join(
        f'{outside}"{name}"{outside}:{text}' for name, text in zip(members, spaced, strict=True)
    )
    assert payload.json_members(f"{{{written}{outside}}}") == members


@settings(deadline=None)
@given(wild | st.text('[]{}",:\\0129tnu \n', max_size=30))
def test_nothing_but_unreadable_is_raised(source: str) -> None:
    for read in (payload.json_value, payload.json_items, payload.json_members):
        with suppress(Unreadable):
            read(source)


@pytest.mark.parametrize(
    "source", ["[1", "[1}", "[,1]", "[1,]", "[1 2]", "[1]]", "[1]x", "", "1", "{}", '["a]', "[" * 99_999]
)
def test_a_broken_list_is_not_read_in_part(source: str) -> None:
    with pytest.raises(Unreadable):
        payload.json_items(source)


@pytest.mark.parametrize(
    "source", ["{", '{"a"}', '{"a":}', '{"a":1,}', '{"a" 1}', "{1:2}", "{NaN:1}", '{"a":1}{', "[]", ""]
)
def test_a_broken_object_is_not_read_in_part(source: str) -> None:
    with pytest.raises(Unreadable):
        payload.json_members(source)


# ---- forms ----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), min_size=1, max_size=20))
def test_a_form_says_what_was_put_into_it(pairs: list[tuple[bytes, bytes]]) -> None:
    read = payload.fields(urlencode(pairs).encode())
    assert list(zip(read.names, read.values, strict=True)) == pairs
    assert read.last == dict(pairs)


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text("&=%+26dD3zA\0", max_size=40).map(str.encode))
def test_a_form_agrees_with_the_library_or_is_not_read(data: bytes) -> None:
    with suppress(Unreadable):
        names, values, _ = payload.fields(data)
        theirs = parse_qsl(data.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
        nothing = (b"", b"")  # what stands between `&&` is no field to them, `=` is one
        assert [pair for pair in zip(names, values, strict=True) if pair != nothing] == [
            pair
            for name, value in theirs
            if (pair := (name.encode("latin-1"), value.encode("latin-1"))) != nothing
        ]


@pytest.mark.parametrize("data", [b"a=%", b"a=%4", b"a=%zz", b"%g1=a", b"a=%+1", b"a=1%26%", b"a=%\xc3\xa4"])
def test_a_broken_escape_is_not_passed_on(data: bytes) -> None:
    with pytest.raises(Unreadable) as why:
        payload.fields(data)
    assert reason(why) is Reason.BAD_ESCAPE


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"a=1", b"1"),
        (b"a=", b""),
        (b"a", b""),
        (b"b=1", None),
        (b"", None),
        (b"a=1&a=1&b=2", b"1"),
        (b"%61=1&a=%31", b"1"),
        (b"&&a=1&&", b"1"),
        (b"a=1=2", b"1=2"),
        (b"a%3D=1", None),
        (b"a%3d=1", None),
        (b"b=1%26a=2", None),
        (b"a=1&A=2", b"1"),
        (b"a=1&a=2", Reason.REPEATED_FIELD),
        (b"a=1&b=2&b=3", b"1"),
    ],
)
def test_one_value(data: bytes, value: object) -> None:
    if isinstance(value, Reason):
        with pytest.raises(Unreadable) as why:
            payload.fields(data).one(b"a")
        assert reason(why) is value
    else:
        assert payload.fields(data).one(b"a") == value


# ---- text and ids ---------------------------------------------------------------------------------


@given(wild)
def test_clean_text_can_be_stored(text: str) -> None:
    cleaned = payload.clean(text)
    assert cleaned.encode().decode() == cleaned == payload.clean(cleaned)
    with suppress(UnicodeEncodeError):
        assert text.encode() == cleaned.encode(), "what could be stored is left alone"


@given(wild)
def test_wire_bytes_are_total(text: str) -> None:
    with suppress(UnicodeEncodeError):
        assert payload.wire_bytes(text) == text.encode("utf-8", "surrogateescape")
    assert isinstance(payload.wire_bytes(text), bytes)


@given(wild, wild)
def test_ids_are_bounded_and_differ_where_the_given_ones_do(one: str, other: str) -> None:
    ids = []
    for given_id in ("x" + one, "x" + other, "y" * 200 + one, "y" * 200 + other):
        ids.append(payload.message_id(given_id))
        assert 0 < len(ids[-1].encode()) <= 4 * payload.MAX_ID
        assert len(ids[-1]) <= payload.MAX_ID
    assert (ids[0] == ids[1]) == (ids[2] == ids[3]) == (one == other)


@pytest.mark.parametrize("given_id", ["\ud800", "7" * 201, "投" * 200 + "\udc00"])
def test_an_id_that_cannot_be_kept_is_hashed(given_id: str) -> None:
    made = payload.message_id(given_id)
    assert made.startswith("sha256:")
    assert made == payload.message_id(given_id) != payload.message_id(given_id + "\ud801")


def test_an_id_is_kept_up_to_its_bound() -> None:
    assert payload.message_id("投" * 200) == "投" * 200
    with pytest.raises(Unreadable):
        payload.message_id("")


def test_a_synthesised_id_knows_its_parts() -> None:
    made = {
        payload.synthesised_id(*parts)
        for parts in (("ab", "c"), ("a", "bc"), ("abc", ""), ("abc",), ("ab", '", "c'))
    }
    assert len(made) == 5
    assert all(one.startswith("sha256:") and len(one) == 71 for one in made)
    assert payload.synthesised_id("\ud800") != payload.synthesised_id("\ud801")


# ---- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", ["0001", "1970", "9000", "9999"])
def test_a_year_that_no_zone_could_show_is_no_time(year: str) -> None:
    for read in (payload.instant_ms, lambda text: payload.local_ms(text[:19], ZoneInfo("Asia/Shanghai"))):
        with pytest.raises(payload.Unreadable):
            read(f"{year}-12-31 23:59:59Z")


_offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(deadline=None)
@given(
    st.datetimes(datetime(1971, 1, 1), datetime(8999, 12, 31), timezones=_offsets),  # noqa: DTZ001 -- bounds
    st.sampled_from(["auto", "seconds", "milliseconds", "microseconds"]),
)
def test_an_instant_is_where_the_library_puts_it(when: datetime, fineness: str) -> None:
    written = when.isoformat(timespec=fineness)
    exact = datetime.fromisoformat(written) - datetime(1970, 1, 1, tzinfo=UTC)
    grain = 1000 if "." not in written else 1
    assert payload.instant_ms(written) == (exact // timedelta(milliseconds=1), grain)


@settings(deadline=None)
@given(
    st.datetimes().filter(lambda when: when.year in YEARS),
    st.sampled_from(["Asia/Shanghai", "Europe/Paris", "Australia/Lord_Howe", "UTC"]),
)
def test_a_wall_clock_is_where_the_library_puts_it_or_nowhere(when: datetime, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    early, late = (when.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    expected = (early - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * 1000
    for written in (when.isoformat(" ", "seconds"), when.strftime("%Y%m%d%H%M%S").rjust(14, "0")):
        if early.utcoffset() == late.utcoffset():
            assert payload.local_ms(written, zone) == expected
        else:
            with pytest.raises(Unreadable):
                payload.local_ms(written, zone)


@settings(deadline=None)
@given(wild | st.text("0123456789-: TZ+.", max_size=30))
def test_no_other_time_is_guessed(written: str) -> None:
    for read in (payload.instant_ms, payload.epoch_ms, lambda text: payload.local_ms(text, ZoneInfo("UTC"))):
        with suppress(Unreadable):
            read(written)


@pytest.mark.parametrize("written", ["1971-01-01 00:00:00", "8999-12-31 23:59:59"])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_ends_of_the_calendar_break_nothing(written: str, zone: str) -> None:
    with suppress(Unreadable):
        payload.local_ms(written, ZoneInfo(zone))
    for offset in ("+23:59", "-23:59"):
        assert payload.instant_ms(written.replace(" ", "T") + offset)


@pytest.mark.parametrize("written", ["", "-1", "+1", "1.0", "1e3", " 1", "1_0", "١٢", "²", "1" * 12])
def test_epoch_seconds_are_plain_digits(written: str) -> None:
    with pytest.raises(Unreadable):
        payload.epoch_ms(written)
    assert payload.epoch_ms("1531965598") == 1_531_965_598_000


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-06-06T07:52:37.386Z", (1_717_660_357_386, 1)),
        ("2024-06-06T09:52:37.386+02:00", (1_717_660_357_386, 1)),
        ("2018-07-13T13:57:23.741000", (1_531_490_243_741, 1)),
        ("2018-07-13 13:57:23", (1_531_490_243_000, 1000)),
    ],
)
def test_a_time_without_a_zone_is_utc_where_the_sender_says_so(
    written: str, instant: tuple[int, int]
) -> None:
    assert payload.utc_ms(written) == instant
    for spoilt in (f"{written}ZZ", f"{written} UTC", ""):
        with pytest.raises(Unreadable):
            payload.utc_ms(spoilt)


def test_a_field_as_text() -> None:
    form = payload.fields("a=投&b=%FF".encode())
    assert form.text(b"a", Reason.NO_TEXT) == "投"
    for name, why in ((b"b", Reason.NOT_UTF8), (b"c", Reason.NO_CALLER)):
        with pytest.raises(Unreadable) as caught:
            form.text(name, Reason.NO_CALLER)
        assert reason(caught) is why
