"""Which bytes a disk may hold when the power went at one moment. Pure: events in, files out.

What a sync had returned for is there. Everything after it is open, and drawn: each sector of 512 or 4,096
bytes that was written to since holds any one of its versions, or, where it was being written, garbage in just
those bytes; a file's size lies between the synced one and the newest; each entry of a folder (a file made,
renamed, removed) that was not followed by a sync of that folder may be missing. After a sync that failed,
what it was to write is not made durable by the next one: the system has forgotten that it is to be written.

Not covered: disks that say they have written what they have not; bytes that go bad beside those being written
(SQLite's "power-safe overwrite" is taken for granted); folders that are themselves renamed (none is).
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.power.trace import Event

#: What is below a folder: bytes for a file, None for a folder.
Files = Mapping[str, bytes | None]

#: How likely a sector's newer versions are to be there: from "nothing was written" to "all of it was".
_KEEPING: Final = (0.0, 0.1, 0.5, 0.9, 1.0)
_PAGE: Final = 4096


@dataclass(slots=True)
class _File:
    """A file by itself, whatever its name: `cached` is what a reader sees, `synced` what the disk surely has,
    `since` what was asked for after that."""

    cached: bytearray = field(default_factory=bytearray)
    synced: bytearray = field(default_factory=bytearray)
    since: list[Event] = field(default_factory=list)

    def take(self, event: Event) -> None:
        _apply(self.cached, event)
        self.since.append(event)

    def sync(self, event: Event) -> None:
        for one in self.since:
            if one.end <= event.at:
                _apply(self.synced, one if one.kind == "size" else self._pages(one))
        self.since = [one for one in self.since if one.end > event.at]

    def _pages(self, event: Event) -> Event:
        """A write as the system does it: whole pages, with what else the cache has in them."""
        first = event.offset // _PAGE * _PAGE
        last = -(-(event.offset + len(event.data)) // _PAGE) * _PAGE
        return Event(event.at, event.end, "write", event.path, first, bytes(self.cached[first:last]))

    def fail(self, rng: random.Random, sector: int) -> None:
        """What was to be written was or was not; the system will not try again."""
        self.synced = bytearray(_torn(self, rng, sector, rng.choice(_KEEPING), garbage=False))
        self.since = []


@dataclass(slots=True)
class _Folder:
    """A folder's entries: as they are, as `synced`, and changes since; None takes a name away."""

    now: dict[str, object] = field(default_factory=dict)
    synced: dict[str, object] = field(default_factory=dict)
    since: list[tuple[Event, dict[str, object | None]]] = field(default_factory=list)

    def take(self, event: Event, change: dict[str, object | None]) -> None:
        _change(self.now, change)
        self.since.append((event, change))

    def left(self, kept: Sequence[bool]) -> dict[str, object]:
        names = dict(self.synced)
        for (_, change), stays in zip(self.since, kept, strict=True):
            if stays:
                _change(names, change)
        return names

    def sync(self, event: Event) -> None:
        for one, change in self.since:
            if one.end <= event.at:
                _change(self.synced, change)
        self.since = [(one, change) for one, change in self.since if one.end > event.at]


def _change(names: dict[str, object], change: Mapping[str, object | None]) -> None:
    for name, what in change.items():
        if what is None:
            names.pop(name, None)
        else:
            names[name] = what


class Disk:
    """A disk that held `before`, durably. `play` events up to a moment, then draw what `is_left`."""

    def __init__(self, before: Files, rng: random.Random, sector: int) -> None:
        self._rng, self._sector = rng, sector
        self._root = _Folder()
        self._folders: dict[str, _Folder] = {"": self._root}
        for path, content in sorted(before.items()):
            what = _Folder() if content is None else _File(bytearray(content), bytearray(content))
            if isinstance(what, _Folder):
                self._folders[path] = what
            folder, name = self._place(path)
            folder.now[name] = folder.synced[name] = what

    def _place(self, path: str) -> tuple[_Folder, str]:
        parent, _, name = path.rpartition("/")
        return self._folders[parent], name

    def play(self, events: Iterable[Event]) -> None:
        """Let calls happen, in order."""
        for event in events:
            self._play(event)

    def _play(self, event: Event) -> None:
        if event.path in self._folders and event.kind in ("sync", "failed"):
            if event.kind == "sync":
                self._folders[event.path].sync(event)
            return
        folder, name = self._place(event.path)
        if event.kind == "make":
            folder.take(event, {name: _File()})
        elif event.kind == "folder":
            self._folders[event.path] = _Folder()
            folder.take(event, {name: self._folders[event.path]})
        elif event.kind == "remove":
            self._folders.pop(event.path, None)
            folder.take(event, {name: None})
        elif event.kind == "rename":
            other, new = self._place(event.other)
            assert other is folder, "a rename into another folder"
            folder.take(event, {name: None, new: folder.now[name]})
        else:
            file = folder.now.get(name)
            if file is None:  # removed while it is open
                return
            assert isinstance(file, _File)
            if event.kind == "sync":
                file.sync(event)
            elif event.kind == "failed":
                file.fail(self._rng, self._sector)
            else:
                file.take(event)

    def shows(self) -> dict[str, bytes | None]:
        """What a process sees that is started now: with the power on, the system forgets nothing."""
        shown: dict[str, bytes | None] = {}

        def walk(folder: _Folder, at: str) -> None:
            for name, what in sorted(folder.now.items()):
                if isinstance(what, _Folder):
                    shown[f"{at}{name}"] = None
                    walk(what, f"{at}{name}/")
                elif isinstance(what, _File):
                    shown[f"{at}{name}"] = bytes(what.cached)

        walk(self._root, "")
        return shown

    def is_left(self) -> dict[str, bytes | None]:
        """One of the states in which the power may have left the disk."""
        rng, sector = self._rng, self._sector
        keep, garbage = rng.choice(_KEEPING), rng.random() < 0.3
        left: dict[str, bytes | None] = {}

        def walk(folder: _Folder, at: str) -> None:
            kept = _kept(rng, keep, len(folder.since))
            for name, what in sorted(folder.left(kept).items()):
                path = f"{at}{name}"
                if isinstance(what, _Folder):
                    left[path] = None
                    walk(what, f"{path}/")
                else:
                    assert isinstance(what, _File)
                    left[path] = _torn(what, rng, sector, keep, garbage=garbage)

        walk(self._root, "")
        return left


def crash(before: Files, events: Sequence[Event], moment: int, rng: random.Random, sector: int) -> Files:
    """A state that the disk may be in if the power goes just before line `moment`.

    A sync that had not returned by then has done nothing for certain.
    """
    disk = Disk(before, rng, sector)
    disk.play(until(events, moment))
    return disk.is_left()


def until(events: Sequence[Event], moment: int) -> list[Event]:
    """What had been asked for just before line `moment`; of syncs, what had been done."""
    return [
        event
        for event in events
        if event.at < moment and (event.end < moment or event.kind not in ("sync", "failed"))
    ]


def _kept(rng: random.Random, keep: float, changes: int) -> list[bool]:
    """Changes of a folder: mostly the first so many, as a journal has them; else any of them."""
    if rng.random() < 0.5:
        first = rng.randint(0, changes) if 0 < keep < 1 else round(changes * keep)
        return [at < first for at in range(changes)]
    return [rng.random() < keep for _ in range(changes)]


def _apply(content: bytearray, event: Event) -> None:
    if event.kind == "size":
        del content[event.offset :]
        content.extend(bytes(event.offset - len(content)))
        return
    end = event.offset + len(event.data)
    content.extend(bytes(max(0, event.offset - len(content))))
    content[event.offset : end] = event.data


def _torn(file: _File, rng: random.Random, sector: int, keep: float, *, garbage: bool) -> bytes:
    """A file's bytes: of each sector any version since the sync, of its size any that it had."""
    content, newest = bytearray(file.synced), bytearray(file.synced)
    versions: dict[int, list[tuple[bytes, int, int]]] = {}
    sizes = sum(event.kind == "size" for event in file.since)
    kept_sizes = rng.randint(0, sizes)
    for event in file.since:
        if event.kind == "size":
            if kept_sizes > 0:
                kept_sizes -= 1
                _apply(content, event)
                _apply(newest, event)
                versions = {at: some for at, some in versions.items() if (at + 1) * sector <= event.offset}
            continue
        _apply(newest, event)
        end = event.offset + len(event.data)
        for at in range(event.offset // sector, -(-end // sector)):
            start = at * sector
            piece = bytes(newest[start : start + sector])
            inside = max(event.offset - start, 0), min(end - start, sector)
            versions.setdefault(at, []).append((piece, *inside))
    for at, some in versions.items():
        if rng.random() >= keep:
            continue
        piece, first, last = some[-1] if rng.random() < 0.5 else rng.choice(some)
        if garbage and rng.random() < 0.05:
            piece = piece[:first] + rng.randbytes(last - first) + piece[last:]
        _apply(content, Event(0, 0, "write", "", at * sector, piece))
    if rng.random() < 0.5 and len(content) < len(newest):  # the size was noted, the bytes not
        content.extend(bytes(len(newest) - len(content)))
    return bytes(content)
