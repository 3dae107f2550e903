"""A command of our own, run beside the server: what takes long takes no time from votes, and its memory goes
when it is done."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Final

from config.problems import Lang

#: Below everything that serves votes.
_NICENESS: Final = 10


async def run(settings: Path | None, lang: Lang, *words: str) -> str:
    """Run it to its end: what it complained of in its last line, "" if nothing. Cancelled, we end it."""
    named = ("--settings", str(settings)) if settings is not None else ()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", *named, "--lang", lang, *words),
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=PIPE,
    )
    try:
        with contextlib.suppress(OSError):  # it may be over already
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
        _, said = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode == 0:
        return ""
    last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return last.removeprefix("Error: ") or str(process.returncode)
