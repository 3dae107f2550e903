"""An answer as bytes: what a vote gets on a kept-alive connection, at half the usual cost.

aiohttp builds, checks and signals a response step by step; ours is short and whole. On HTTP/1.0 and
`Connection: close` it takes aiohttp's way.
"""

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from gateway.intake.provider import Answer

#: After these the connection is of no use: what came in on it is broken, or more is on its way.
_CLOSING: Final = (400, 413)
#: A header with which it ends after any answer.
CLOSE: Final = ("Connection", "close")
#: Answers that are the same many times in a second.
_OFTEN: Final = (200, 503)


def closes(answer: Answer) -> bool:
    """Whether the connection ends with the answer."""
    return answer.status in _CLOSING or CLOSE in answer.headers


def respond(request: web.BaseRequest, answer: Answer, now_ms: int) -> web.StreamResponse:
    """The response for an answer; `now_ms` dates it."""
    kept = request.keep_alive and request.version == HttpVersion11 and not closes(answer)
    if kept and request.method != "HEAD":
        return _Whole(answer.status, whole(answer, now_ms))
    headers = {"Content-Type": answer.content_type, **dict(answer.headers)}
    response = web.Response(body=answer.body, status=answer.status, headers=headers)
    if closes(answer):
        response.force_close()
    return response


def whole(answer: Answer, now_ms: int) -> bytes:
    """An answer to HTTP/1.1, head and body; `now_ms` dates it."""
    make = _again if answer.status in _OFTEN else _bytes
    return make(answer, now_ms // 1000)


def _bytes(answer: Answer, second: int) -> bytes:
    own = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    length = f"Content-Length: {len(answer.body)}\r\n" if answer.status != 204 else ""
    end = "Connection: close\r\n" if answer.status in _CLOSING else ""
    head = (
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
        f"Content-Type: {answer.content_type}\r\n{own}{length}"
        f"Date: {formatdate(second, usegmt=True)}\r\n{end}\r\n"
    )
    return head.encode("ascii") + answer.body


_again = lru_cache(maxsize=256)(_bytes)


class _Whole(web.StreamResponse):
    """What the protocol asks of a response, and no more."""

    def __init__(self, status: int, sent: bytes) -> None:
        super().__init__(status=status)
        self._sent = sent

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if request.transport is None:
            raise ConnectionResetError("the sender has gone")
        request.transport.write(self._sent)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        assert not data, "the answer was whole"

    @property
    def keep_alive(self) -> bool:
        return True
