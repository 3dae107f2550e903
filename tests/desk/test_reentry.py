"""Entering a call twice: the lot, and whether two operators heard the same."""

import os

import pytest

from gateway.desk import reentry
from gateway.desk.reentry import DRAW_BYTES, Entered
from tests.pages import boards

ENGINES = ("sqlite", "postgresql")

BOOK = boards.campaign().codebook
LINE, OTHER = "+8613800138000", "+8613800138001"


@pytest.mark.parametrize(
    ("share", "randomness", "drawn"),
    [
        (0.0, bytes(DRAW_BYTES), False),
        (0.0, b"\xff" * DRAW_BYTES, False),
        (1.0, bytes(DRAW_BYTES), True),
        (1.0, b"\xff" * DRAW_BYTES, True),
        (0.5, b"\x7f" + b"\xff" * (DRAW_BYTES - 1), True),
        (0.5, b"\x80" + bytes(DRAW_BYTES - 1), False),
    ],
)
def test_the_lot(share: float, randomness: bytes, drawn: bool) -> None:
    assert reentry.drawn(share, randomness) is drawn


def test_the_lot_falls_on_about_the_share_that_was_set() -> None:
    drawn = sum(reentry.drawn(0.2, os.urandom(DRAW_BYTES)) for _ in range(20_000))
    assert 3_600 < drawn < 4_400  # seven standard deviations


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (Entered(LINE, "", "text", "A01"), Entered(LINE, "", "text", "A01"), ()),
        (Entered(LINE, "", "text", "A01 B01"), Entered(LINE, "", "text", "B01 A01"), ()),
        (Entered(LINE, "", "text", "A01"), Entered(LINE, "", "text", "a1"), ()),
        (Entered(LINE, "", "text", "A01"), Entered(LINE, "", "text", "A02"), ("choice",)),
        (Entered(LINE, "", "text", "A01"), Entered(LINE, "", "text", "A01 B01"), ("choice",)),
        (Entered(LINE, "", "text", "A01"), Entered(LINE, "", "text", ""), ("choice",)),
        (Entered(LINE, "", "text", "A01"), Entered(LINE, "", "spoken", "that girl"), ("choice",)),
        (Entered(LINE, "", "spoken", "the one"), Entered(LINE, "", "spoken", "that girl"), ()),
        (Entered(LINE, "", "text", "Z98"), Entered(LINE, "", "text", "Z99"), ("choice",)),
        (Entered(LINE, "", "text", "Z99"), Entered(LINE, "", "text", "z99"), ()),
        (Entered(LINE, "", "text", ""), Entered(LINE, "", "text", ""), ()),
        (Entered(LINE, "", "text", "A01"), Entered(OTHER, "", "text", "A01"), ("caller",)),
        (Entered(LINE, "", "text", "A01"), Entered("", "", "text", "A02"), ("caller", "choice")),
        (Entered("", "", "text", "A01"), Entered("", "", "text", "A01"), ()),
        (Entered("", "123", "text", "A01"), Entered("", "１２３", "text", "A01"), ()),
        (Entered("", "123", "text", "A01"), Entered("", "", "text", "A01"), ("caller",)),
    ],
)
def test_differences(first: Entered, second: Entered, found: tuple[str, ...]) -> None:
    assert reentry.differences(first, second, BOOK) == found
    assert reentry.differences(second, first, BOOK) == found
