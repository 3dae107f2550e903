"""Decides what the bytes of an SMS say, in the alphabets of GSM networks. What is no text is not guessed."""

import re
from typing import Final, Literal

from gateway.intake.payload import Reason, Unreadable

#: GSM 03.38's default alphabet, by septet. It looks like ASCII and is not: 0 is @, and { needs an escape.
_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: What a character means after the escape.
_EXTENDED: Final = dict(zip("\nΛ()/<=>¡e", "\f^{}\\[~]|€", strict=True))
_ESCAPED: Final = re.compile("\x1b(.?)", re.DOTALL)
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2})*")

#: The alphabets of one byte a character that senders name.
Codec = Literal[
    "ascii", "utf-8", "iso-8859-1", "iso-8859-5", "iso-8859-8", "iso-8859-15", "cp1252", "gb18030"
]


def gsm(data: bytes) -> str:
    """The default alphabet, one septet a byte. An escaped character that has no meaning is a blank."""
    if not data.isascii():
        raise Unreadable(Reason.BAD_CHARSET)
    return _ESCAPED.sub(lambda found: _EXTENDED.get(found[1], " "), "".join(map(_BASIC.__getitem__, data)))


def ucs2(data: bytes) -> str:
    """UTF-16BE. Half a character at the end of a cut message must not cost the rest of it."""
    try:
        return data.decode("utf-16-be", "surrogatepass")
    except UnicodeDecodeError:
        raise Unreadable(Reason.BAD_CHARSET) from None


def octets(data: bytes) -> str:
    """Bytes that are said to be no text: read if they are plain ASCII all the same."""
    text = coded(data, "ascii")
    if not all(char.isprintable() or char in "\t\r\n" for char in text):
        raise Unreadable(Reason.BAD_CHARSET)  # binary, or an encoding that has ASCII bytes in it
    return text


def coded(data: bytes, codec: Codec) -> str:
    """Text in one of the alphabets that have a name."""
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        raise Unreadable(Reason.BAD_CHARSET) from None


def from_hex(data: bytes) -> bytes:
    """Bytes written in hexadecimal."""
    if _HEX.fullmatch(data) is None:
        raise Unreadable(Reason.BAD_ESCAPE)
    return bytes.fromhex(data.decode("ascii"))
