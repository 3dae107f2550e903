"""One connection of our own: bytes there, and whatever comes back."""

import asyncio
import re
from typing import Final

from tests.fuzz.grammar import Case

#: What a machine that is busy may take; more is a hang.
PATIENCE: Final = 30.0
#: How long an answer that may never be due is waited for, before we hang up.
_QUIET: Final = 0.25
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r]*\r\n(?:[^\r\n]+\r\n)*\r\n")


class Hung(Exception):
    """No answer, or the connection was not closed."""


async def exchange(address: tuple[str, int] | str, case: Case) -> bytes:
    """Send a case; all that came back. `address` may be a Unix socket's path. Raises `Hung`.

    Where an answer is due it is waited for; else we hang up after a while, and the server must, too.
    """
    if isinstance(address, str):
        reader, writer = await asyncio.open_unix_connection(address)
    else:
        reader, writer = await asyncio.open_connection(*address)
    answer = bytearray()
    try:
        writer.write(case.sent)
        while True:
            async with asyncio.timeout(PATIENCE if case.whole and not _streams(answer) else _QUIET):
                piece = await reader.read(65_536)
            answer += piece
            if not piece:
                return bytes(answer)
    except TimeoutError:
        if case.whole and not _streams(answer):
            raise Hung(f"no answer, or no end of it, after {bytes(answer[:80])!r}") from None
        await _hang_up(reader, writer, answer)
        return bytes(answer)
    except ConnectionError:
        return bytes(answer)
    finally:
        writer.transport.abort()


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytearray) -> None:
    try:
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            while piece := await reader.read(65_536):
                answer += piece
    except TimeoutError:
        raise Hung("we have hung up, and the server has not") from None
    except OSError:
        pass  # it had closed already


def _streams(answer: bytes | bytearray) -> bool:
    return b"text/event-stream" in answer


def statuses(answer: bytes) -> list[int]:
    """The status of every answer in what came back."""
    return [int(found) for found in _STATUS.findall(answer)]


def wrong(case: Case, answer: bytes) -> str:
    """What is wrong with an answer, "" if nothing: a 5xx but 503 with Retry-After, none where one is due."""
    given = statuses(answer)
    if any(status >= 500 and status != 503 for status in given) or (
        429 in given and b"/receipt" not in case.sent
    ):
        return f"{given}"
    if 503 in given and b"Retry-After" not in answer:
        return "503 without Retry-After"
    if case.whole and not given:
        return f"no answer but {answer[:80]!r}"
    return ""
