"""Starts the real `televote serve` again and again: it is imported once, and each start is a forked process.

A request is a line of JSON on standard input, the answer a line on standard output:

    {"settings": path, "said": path, "patch": ""}   start a server, its words go to `said`: its process id
    {"end": id, "signal": number}                   send a signal (0: none) and wait: how it ended
    {"ask": id}                                     how it ended, null if it runs

At the end of the input all of them are killed. `patch` makes a server careless, for controls: "NORMAL" or
"OFF" is the `synchronous` that it runs with, behind the back of the check that refuses it.
"""

import json
import os
import signal
import sqlite3
import sys
from importlib import import_module
from pathlib import Path

from gateway import cli
from gateway.storage import sqlite, tail

#: Claims that may wait: few, so that they are settled in a short run, too.
_ROOM = 500


def careless(level: str) -> None:
    """Let databases be opened as the product says, and then run without the syncs."""
    as_it_is = sqlite._set_up

    def set_up(db: sqlite3.Connection, synchronous: str) -> None:
        as_it_is(db, synchronous)
        db.execute(f"PRAGMA synchronous = {level}")

    sqlite._set_up = set_up


def serve(settings: str, said: str, patch: str) -> None:
    """Become a server. Does not return."""
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for there, here in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(there, here)
    os.close(out)
    os.close(nothing)
    tail.ROOM = _ROOM
    if patch:
        careless(patch)
    os.chdir(Path(settings).parent)
    sys.argv = ["televote", "--lang", "en", "--settings", settings, "serve"]
    code = 1
    try:
        cli.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        os._exit(code)


def ended(child: int, flags: int, codes: dict[int, int | None]) -> int | None:
    """How a process ended, as `subprocess` has it; None if it runs."""
    if codes[child] is None:
        found, status = os.waitpid(child, flags)
        codes[child] = os.waitstatus_to_exitcode(status) if found else None
    return codes[child]


def answer(value: int | None) -> None:
    """A line of JSON."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answer requests until there are no more."""
    codes: dict[int, int | None] = {}
    import_module("gateway.commands.serving")  # else each server would, when its command runs
    try:
        for line in sys.stdin:
            asked = json.loads(line)
            if "ask" in asked:
                answer(ended(asked["ask"], os.WNOHANG, codes))
            elif "end" in asked:
                if asked["signal"]:
                    os.kill(asked["end"], asked["signal"])
                answer(ended(asked["end"], 0, codes))
            else:
                child = os.fork()
                if child == 0:
                    serve(**asked)
                codes[child] = None
                answer(child)
    finally:
        for child in codes:
            if ended(child, os.WNOHANG, codes) is None:
                os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
