"""What the parts of one message come to."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake.inbound import Form, Inbound, Part
from gateway.parts import joining


def part(number: int, of: int, text: str = "", name: str = "", sent_ms: int | None = None) -> Inbound:
    raw = f"part {number}: {text}".encode()
    return Inbound(
        name or f"m{number}",
        "13812345678",
        text,
        sent_ms=sent_ms,
        raw=raw,
        part=Part("106/4", number, of, 60_000),
    )


@given(st.lists(st.text(max_size=20), min_size=2, max_size=9), st.randoms())
def test_parts_in_any_order_are_one_message(texts: list[str], order: random.Random) -> None:
    parts = [part(number, len(texts), text, sent_ms=1000 + number) for number, text in enumerate(texts, 1)]
    whole = joining.whole(parts)
    assert whole is not None
    assert (whole.text, whole.caller, whole.sent_ms) == ("".join(texts), "13812345678", 1001)
    assert whole.part is None
    order.shuffle(parts)
    assert joining.whole(parts) == whole


@pytest.mark.parametrize(
    "numbers",
    [[1], [2], [1, 3], [2, 3], [1, 1, 2], [1, 2, 2, 3], [1, 2, 3, 3], [1, 1, 1]],
)
def test_a_part_missing_or_twice_makes_none(numbers: list[int]) -> None:
    parts = [part(number, 3, name=f"m{at}") for at, number in enumerate(numbers)]
    assert joining.whole(parts) is None
    broken = joining.broken(parts)
    assert (broken.form, broken.text, broken.caller) == (Form.UNPARSED, "message_part", "")
    assert broken.raw.count(b"part ") == len(numbers), "a person sees all of it"


def test_other_parts_are_another_message() -> None:
    ids = {
        joining.whole([part(1, 2, name=first), part(2, 2, name=second)]).message_id  # type: ignore[union-attr]
        for first, second in (("a", "b"), ("b", "a"), ("a", "a"), ("ab", ""), ("", "ab"))
        if first and second
    }
    assert len(ids) == 3


def test_a_message_too_long_is_kept_unread() -> None:
    whole = joining.whole([part(1, 2, "A" * 4000), part(2, 2, "B" * 97)])
    assert whole is not None
    assert (whole.form, whole.text) == (Form.UNPARSED, "text_too_long")


def test_a_time_that_one_part_lacks_is_none() -> None:
    whole = joining.whole([part(1, 2, sent_ms=5), part(2, 2)])
    assert whole is not None
    assert whole.sent_ms is None


@given(st.text(), st.text(), st.binary(), st.none() | st.integers(0, 2**53))
def test_what_is_kept_is_what_came(name: str, text: str, raw: bytes, sent_ms: int | None) -> None:
    one = Inbound(name, "1", text, Form.TEXT, sent_ms, 1, raw, Part("106/4", 2, 3, 60_000))
    assert joining.unpack(joining.pack(one)) == one
