"""Reading a form as browsers send it: texts in UTF-8, and files.

What no browser sends is not taken apart. aiohttp's own `post` decodes a text by whatever its part's head
says, of which some codecs take a second for a few kilobytes, or give text that nothing can write again; and a
head of a few kilobytes takes as long to parse.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import ExitStack
from io import BufferedReader
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import Final, cast

from aiohttp import BodyPartReader, web
from aiohttp.hdrs import CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TRANSFER_ENCODING, CONTENT_TYPE
from multidict import MultiDict

Field = str | web.FileField

_READ: Final = web.RequestKey[MultiDict[Field]]("form", MultiDict)
_URLENCODED: Final = re.compile(r"(?:application/x-www-form-urlencoded(?:; ?charset=utf-8)?)?", re.IGNORECASE)
_MULTIPART: Final = re.compile(
    r"multipart/form-data; ?boundary=[\"A-Za-z0-9'()+_,./:=?-]{1,80}", re.IGNORECASE
)
#: Our forms with files have some forty parts, and a file's name 255 characters.
_PARTS: Final = 200
_LONGEST_HEAD: Final = 1000
_IN_MEMORY: Final = 1 << 20


def is_urlencoded(request: web.Request) -> bool:
    """Whether a form without files was sent."""
    return _URLENCODED.fullmatch(request.headers.get(CONTENT_TYPE, "")) is not None


async def read(request: web.Request) -> MultiDict[Field]:
    """The fields of a form, in their order; it is read once.

    Raises `ValueError` for what is no form, `web.HTTPRequestEntityTooLarge`, and what reading a body raises.
    """
    if _READ not in request:
        if is_urlencoded(request):
            fields = MultiDict(cast("Mapping[str, Field]", await request.post()))
            for text in chain(*fields.items()):
                _sound(cast("str", text))
        elif _MULTIPART.fullmatch(request.headers.get(CONTENT_TYPE, "")):
            fields = await _parts(request)
        else:
            raise ValueError("no form")
        request[_READ] = fields
    return request[_READ]


def close(request: web.Request) -> None:
    """Close the files of a form that was read."""
    for one in request[_READ].values() if _READ in request else ():
        if isinstance(one, web.FileField):
            one.file.close()


def is_sound(text: str) -> bool:
    """Whether a text can be kept anywhere and written again: no NUL, and no half of a character."""
    return "\0" not in text and text == text.encode("utf-8", "replace").decode()


def _sound(text: str) -> str:
    if not is_sound(text):
        raise ValueError("a character that is none")
    return text


async def _parts(request: web.Request) -> MultiDict[Field]:
    fields, left = MultiDict[Field](), request.client_max_size
    if (request.content_length or 0) > left:
        raise web.HTTPRequestEntityTooLarge(left)
    reader = await request.multipart()
    with ExitStack() as files:
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or len(fields) == _PARTS:
                raise ValueError("no part of a form")
            if len(part.headers.get(CONTENT_DISPOSITION, "")) > _LONGEST_HEAD or part.name is None:
                raise ValueError("no name of a field")
            if CONTENT_TRANSFER_ENCODING in part.headers or CONTENT_ENCODING in part.headers:
                raise ValueError("no browser encodes a part")
            content = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 -- or it would be closed at once
            files.callback(content.close)
            left -= await _copy(part, content, left, request.client_max_size)
            fields.add(_sound(part.name), _field(part, content))
        files.pop_all()  # `close` closes them
    return fields


async def _copy(part: BodyPartReader, content: "SpooledTemporaryFile[bytes]", left: int, most: int) -> int:
    size = 0
    while chunk := await part.read_chunk(1 << 16):
        size += len(chunk)
        if size > left:
            raise web.HTTPRequestEntityTooLarge(most)
        if size > _IN_MEMORY:  # on the disk it may have to wait
            await asyncio.to_thread(content.write, chunk)
        else:
            content.write(chunk)
    content.seek(0)
    return size


def _field(part: BodyPartReader, content: "SpooledTemporaryFile[bytes]") -> Field:
    """Raises `ValueError`."""
    if part.filename is None:
        with content:
            return _sound(content.read().decode())
    name = part.filename if is_sound(part.filename) else ""
    file = cast("BufferedReader", content)
    return web.FileField(part.name or "", name, file, "application/octet-stream", part.headers)
