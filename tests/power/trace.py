"""What a traced server did to its disk and told its senders, in order, from the text of `strace -f -y -xx`.

Time is the number of a line in that text. A call has two times: it may reach the disk as soon as it is made
(`at`), and a sync has done its work only when it has returned (`end`). An answer counts from when it is
handed to the system: whoever sent the vote may have it from then on.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

#: Calls that are traced. What SQLite or Python would do by another call would be missed: see `UNKNOWN`.
CALLS: Final = (
    "openat,open,creat,close,read,recvfrom,write,writev,sendto,sendmsg,pwrite64,fdatasync,fsync,ftruncate,"
    "rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat"
)
#: Calls that change files in ways that are not modelled: a trace with one of them is refused.
UNKNOWN: Final = (
    "pwritev,pwritev2,fallocate,link,linkat,symlink,symlinkat,truncate,sync_file_range,msync,copy_file_range,"
    "sendfile,syncfs,sync"
)
#: The wal-index is made again from the write-ahead log: no disk need keep it. A lock has no bytes.
FLEETING: Final = ("-shm", ".lock", ".sock")
_REQUEST: Final = re.compile(rb"(?:GET|POST) /(?:in/\w+/[\w-]+\?id=(\w+)&)?")


@dataclass(frozen=True, slots=True)
class Event:
    """A call on a file or folder; `path` is relative to the traced folder, "" is the folder itself.

    `kind`: write (`offset`, `data`), size (`offset` is the new one), sync, failed (a sync that was), make (a
    file), folder, remove, rename (to `other`).
    """

    at: int
    end: int
    kind: str
    path: str
    offset: int = 0
    data: bytes = b""
    other: str = ""


@dataclass(slots=True)
class Trace:
    """Events, and when which vote was acknowledged: (line, message id)."""

    events: list[Event] = field(default_factory=list)
    acknowledged: list[tuple[int, str]] = field(default_factory=list)
    lines: int = 0


@dataclass(slots=True)
class _Call:
    at: int
    name: str
    arguments: bytes


@dataclass(slots=True)
class _Reader:
    folder: bytes
    known: set[str]
    trace: Trace = field(default_factory=Trace)
    places: dict[str, int] = field(default_factory=dict)
    requests: dict[bytes, list[str]] = field(default_factory=dict)

    def inside(self, path: bytes) -> str | None:
        """A path relative to the folder; None for one elsewhere, or one that no disk need keep."""
        if path != self.folder and not path.startswith(self.folder + b"/"):
            return None
        relative = path[len(self.folder) + 1 :].decode()
        return None if relative.endswith(FLEETING) else relative

    def take(self, call: _Call, end: int, result: int) -> None:
        parts = call.arguments.split(b'"')
        texts = [_unhex(part) for part in parts[1::2]]
        handle, _, rest = parts[0].partition(b">")
        on = _unhex(handle.partition(b"<")[2])
        if rest.startswith(b"(deleted)"):
            return
        if on.startswith(b"socket:"):
            self._socket(call, handle, result, texts)
        elif call.name in ("openat", "open", "creat"):
            self._open(call, end, result, texts, parts[-1])
        elif call.name in UNKNOWN.split(","):
            assert self.inside(on) is None, f"{call.name} is not modelled"
            assert not any(self.inside(text) for text in texts), f"{call.name} is not modelled"
        elif call.name.startswith(("mkdir", "unlink", "rmdir", "rename")):
            self._entry(call, end, result, texts)
        elif (path := self.inside(on)) is not None:
            self._file(call, end, result, path, texts, parts)

    def _socket(self, call: _Call, handle: bytes, result: int, texts: list[bytes]) -> None:
        if call.name == "close":
            self.requests.pop(handle, None)
        elif call.name in ("read", "recvfrom") and result > 0:
            for found in _REQUEST.finditer(texts[0]):
                self.requests.setdefault(handle, []).append((found[1] or b"").decode())
        elif texts and texts[0].startswith(b"HTTP/"):
            name = self.requests[handle].pop(0)
            if name and texts[0][9:12] == b"200":
                self.trace.acknowledged.append((call.at, name))

    def _open(self, call: _Call, end: int, result: int, texts: list[bytes], flags: bytes) -> None:
        path = self.inside(texts[0])
        if path is None or result < 0:
            return
        if b"O_CREAT" in flags and path not in self.known:
            self.known.add(path)
            self._add(call, end, "make", path)
        elif b"O_TRUNC" in flags:
            self._add(call, end, "size", path, 0)
        self.places[path] = 0

    def _entry(self, call: _Call, end: int, result: int, texts: list[bytes]) -> None:
        paths = [self.inside(text) for text in texts]
        if result < 0 or not any(path is not None for path in paths):
            return
        path, other = (*paths, "")[:2]
        assert path is not None, f"{call.name} from another folder"
        assert other is not None, f"{call.name} to another folder"
        if call.name.startswith("mkdir"):
            self._add(call, end, "folder", path)
        elif call.name.startswith("rename"):
            self.known.discard(path)
            self.known.add(other)
            self._add(call, end, "rename", path, other=other)
        else:
            self.known.discard(path)
            self._add(call, end, "remove", path)

    def _file(
        self, call: _Call, end: int, result: int, path: str, texts: list[bytes], parts: list[bytes]
    ) -> None:
        if call.name in ("fsync", "fdatasync"):
            self._add(call, end, "sync" if result == 0 else "failed", path)
        elif call.name == "ftruncate" and result == 0:
            self._add(call, end, "size", path, int(parts[0].rpartition(b",")[2]))
        elif call.name == "pwrite64":
            self._add(
                call, end, "write", path, int(parts[-1].rpartition(b",")[2]), texts[0][: max(result, 0)]
            )
        elif call.name == "write":
            self._add(call, end, "write", path, self.places[path], texts[0][: max(result, 0)])
            self.places[path] += max(result, 0)
        else:
            assert call.name in ("read", "close"), f"{call.name} on a file is not modelled"

    def _add(
        self, call: _Call, end: int, kind: str, path: str, offset: int = 0, data: bytes = b"", other: str = ""
    ) -> None:
        self.trace.events.append(Event(call.at, end, kind, path, offset, data, other))


def read(lines: Iterable[bytes], folder: Path, known: Iterable[str] = (), first: int = 0) -> Trace:
    """The trace of what happened below `folder`, whose files were `known` before. `first` is the number of
    the first line."""
    reader = _Reader(str(folder).encode(), set(known))
    open_calls: dict[bytes, _Call] = {}
    marks = _hex(str(folder).encode()), _hex(b"socket:"), b" resumed>"
    for number, line in enumerate(lines, first):
        reader.trace.lines = number + 1
        if not any(mark in line for mark in marks):
            continue
        process, _, rest = line.partition(b" ")
        if (begun := rest.lstrip()).startswith(b"<... "):
            call = open_calls.pop(process, None)
            if call is None:
                continue
            rest = begun.partition(b" resumed>")[2]
            call.arguments += rest.rpartition(b" = ")[0].rstrip().removesuffix(b")")
        elif line.rstrip().endswith(b"<unfinished ...>"):
            name, _, arguments = begun.partition(b"(")
            open_calls[process] = _Call(number, name.decode(), arguments.rpartition(b"<unfinished")[0])
            continue
        else:
            name, bracket, arguments = begun.partition(b"(")
            if not bracket:
                continue
            call = _Call(number, name.decode(), arguments.rpartition(b" = ")[0].rstrip().removesuffix(b")"))
        assert b'"...' not in call.arguments, "strace has cut a string: -s is too small"
        result = rest.rpartition(b" = ")[2].split(maxsplit=1)[0].partition(b"<")[0]
        reader.take(call, number, -1 if result == b"?" else int(result, 0))
    for call in open_calls.values():  # cut off by the end of the process: they may have reached the disk
        reader.take(call, reader.trace.lines, _whole(call))
    reader.trace.events.sort(key=lambda event: event.at)
    return reader.trace


def _whole(call: _Call) -> int:
    """What an unfinished call would have returned: all was written; nothing else is known."""
    texts = call.arguments.split(b'"')[1::2]
    return len(_unhex(texts[0])) if call.name in ("pwrite64", "write") and texts else -1


def _hex(text: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in text)


def _unhex(text: bytes) -> bytes:
    if not text.startswith(b"\\x"):
        return text
    return bytes.fromhex(text.replace(b"\\x", b"").decode())


def lines_from(log: Path, offset: int) -> Iterator[bytes]:
    """The lines of a growing log from a byte on."""
    with log.open("rb") as file:
        file.seek(offset)
        yield from file
