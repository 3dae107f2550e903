"""Photos as they may be published: known by their bytes, whole, of bearable size, without metadata. Pure.

Position, camera, date, comments, thumbnails, and whatever stands behind the end of the picture are taken out;
the pixels are not touched. Of a JPEG only which way up it is stays.
"""

import struct
import zlib
from typing import Final, NamedTuple

MOST_BYTES: Final = 8 << 20
LEAST_SIDE: Final = 200
MOST_SIDE: Final = 8_000
MOST_PIXELS: Final = 40_000_000

_PNG: Final = b"\x89PNG\r\n\x1a\n"
#: What makes up the picture, and its colours. All other chunks are text, times, or metadata.
_PNG_KEPT: Final = (b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"IDAT", b"IEND")
_SOI, _EOI, _SOS, _APP0, _APP1, _APP14, _COM = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xEE, 0xFE
#: Frames: baseline, extended, progressive. The others no browser shows.
_FRAMES: Final = (0xC0, 0xC1, 0xC2)
_OTHER_FRAMES: Final = (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
_ALONE: Final = (0x01, *range(0xD0, 0xD8))


class Picture(NamedTuple):
    """A picture as it may be shown."""

    media: str
    content: bytes
    width: int
    height: int


class NoPicture(ValueError):
    """It is none that is taken; the message is a word of the catalogue."""


def clean(data: bytes) -> Picture:
    """The picture without its metadata. Raises `NoPicture`."""
    if len(data) > MOST_BYTES:
        raise NoPicture("picture_large")
    try:
        if data.startswith(_PNG):
            picture = _png(data)
        elif data.startswith(b"\xff\xd8\xff"):
            picture = _jpeg(data)
        else:
            raise NoPicture("picture_kind")
    except (struct.error, IndexError) as error:
        raise NoPicture("picture_damaged") from error
    if min(picture.width, picture.height) < LEAST_SIDE:
        raise NoPicture("picture_small")
    if max(picture.width, picture.height) > MOST_SIDE or picture.width * picture.height > MOST_PIXELS:
        raise NoPicture("picture_wide")
    return picture


def _png(data: bytes) -> Picture:
    at, kept, seen = len(_PNG), [_PNG], list[bytes]()
    while b"IEND" not in seen:
        size, kind = struct.unpack_from(">I4s", data, at)
        whole = data[at : at + 12 + size]
        if len(whole) < 12 + size or zlib.crc32(whole[4:-4]) != struct.unpack(">I", whole[-4:])[0]:
            raise NoPicture("picture_damaged")
        if not seen and (kind, size) != (b"IHDR", 13):
            raise NoPicture("picture_damaged")
        if kind not in _PNG_KEPT and not kind[0] & 0x20:
            raise NoPicture("picture_kind")  # a part that must be understood, and is not
        if kind in _PNG_KEPT:
            kept.append(whole)
        seen.append(kind)
        at += 12 + size
    if b"IDAT" not in seen:
        raise NoPicture("picture_damaged")
    width, height = struct.unpack_from(">II", data, 16)
    return Picture("image/png", b"".join(kept), width, height)


def _jpeg(data: bytes) -> Picture:
    kept, at, size, turned = [], 2, None, 1
    while True:
        marker, at = _marker(data, at)
        if marker == _EOI:
            break
        if marker in _ALONE:
            continue
        if marker == _SOI or marker in _OTHER_FRAMES:
            raise NoPicture("picture_kind" if marker != _SOI else "picture_damaged")
        (length,) = struct.unpack_from(">H", data, at)
        body = data[at + 2 : at + length]
        if len(body) != length - 2:
            raise NoPicture("picture_damaged")
        at += length
        if marker == _APP1 and turned == 1:
            turned = _orientation(body)
        if marker in _FRAMES:
            if size is not None:
                raise NoPicture("picture_damaged")
            size = struct.unpack_from(">HH", body, 1)
        if (not _APP0 < marker <= 0xEF and marker != _COM) or marker == _APP14:
            kept.append(struct.pack(">BBH", 0xFF, marker, length) + _bare(marker, body))
        if marker == _SOS:
            end = _scan(data, at)
            kept.append(data[at:end])
            at = end
    if size is None or _SOS not in [one[1] for one in kept if one[:1] == b"\xff"]:
        raise NoPicture("picture_damaged")
    height, width = size
    return Picture(
        "image/jpeg", b"".join([b"\xff\xd8", *_upright(turned), *kept, b"\xff\xd9"]), width, height
    )


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """The marker at a place, and where it ends."""
    if data[at] != 0xFF:
        raise NoPicture("picture_damaged")
    while data[at] == 0xFF:
        at += 1
    return data[at], at + 1


def _scan(data: bytes, at: int) -> int:
    """Where the coded picture that begins here ends."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise NoPicture("picture_damaged")
        if data[at + 1] not in (0x00, 0xFF, *_ALONE[1:]):
            return at
        at += 1 if data[at + 1] == 0xFF else 2


def _bare(marker: int, body: bytes) -> bytes:
    """A segment as it is kept: of JFIF's the thumbnail is blanked."""
    if marker == _APP0:
        return body[:12] + b"\0" * (len(body) - 12) if body.startswith(b"JFIF\0") else b"\0" * len(body)
    return body


def _orientation(body: bytes) -> int:
    """Which way up an Exif segment says the picture is, 1 to 8; 1 if it does not say."""
    if not body.startswith(b"Exif\0\0") or len(body) < 14:
        return 1
    tiff, order = body[6:], "<" if body[6:8] == b"II" else ">"
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, first)
        for n in range(min(entries, 200)):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * n)
            if (tag, kind, count) == (0x0112, 3, 1):
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _upright(turned: int) -> list[bytes]:
    """An Exif segment that says which way up, and nothing else."""
    if turned == 1:
        return []
    tiff = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, turned, 0, 0)
    return [b"\xff\xe1" + struct.pack(">H", 2 + 6 + len(tiff)) + b"Exif\0\0" + tiff]
