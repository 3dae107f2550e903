"""The alphabets of GSM networks: what is published is read so, and anything else is only ever refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake import charsets
from gateway.intake.payload import Reason, Unreadable


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"A01 b9", "A01 b9"),
        (b"\x05v\x05nement", "événement"),
        (b"\x00\x02\x11\x24\x40\x60", "@$_¤¡¿"),
        (bytes(range(0x20, 0x24)), ' !"#'),
        (b"\x1b\x28\x1b\x29\x1b\x3c\x1b\x3e\x1b\x3d\x1b\x2f\x1b\x40\x1b\x14\x1be", "{}[]~\\|^€"),
        (b"A\x1bB", "A "),
        (b"A\x1b", "A "),
        (b"\x1b\x1b\x28", " ("),
        (b"A\x80", None),
    ],
)
def test_the_default_alphabet(data: bytes, text: str | None) -> None:
    if text is None:
        with pytest.raises(Unreadable) as why:
            charsets.gsm(data)
        assert why.value.reason is Reason.BAD_CHARSET
    else:
        assert charsets.gsm(data) == text


def test_the_default_alphabet_is_whole() -> None:
    """3GPP TS 23.038, table 1: 127 characters and the escape, none of them twice."""
    everything = bytes(byte for byte in range(128) if byte != 0x1B)
    assert len(set(charsets.gsm(everything))) == 127
    kept = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    assert charsets.gsm(kept.encode()) == kept


@given(st.text("投票你好🙂 A01１\r\n"))
def test_ucs2_is_utf_16(text: str) -> None:
    assert charsets.ucs2(text.encode("utf-16-be")) == text


def test_ucs2_that_is_cut() -> None:
    assert charsets.ucs2(bytes.fromhex("6295003153F7")) == "投1号"
    assert charsets.ucs2(b"\0A\xd8\x3d") == "A\ud83d"
    with pytest.raises(Unreadable):
        charsets.ucs2(b"\0A\0")


@given(st.binary())
def test_anything_is_text_or_unreadable(data: bytes) -> None:
    for read in (charsets.gsm, charsets.ucs2, charsets.octets, charsets.from_hex):
        with suppress(Unreadable):
            read(data)
    for codec in ("ascii", "utf-8", "iso-8859-8", "cp1252", "gb18030"):
        with suppress(Unreadable):
            charsets.coded(data, codec)  # type: ignore[arg-type]


@given(st.binary())
def test_hexadecimal(data: bytes) -> None:
    assert charsets.from_hex(data.hex().encode()) == charsets.from_hex(data.hex().upper().encode()) == data


@pytest.mark.parametrize("data", [b"0", b"0g", b"00 41", b"0x41", "００".encode(), b"41\n"])
def test_what_is_no_hexadecimal(data: bytes) -> None:
    with pytest.raises(Unreadable):
        charsets.from_hex(data)
