"""A call log handed in at a page: looked at and tried first, then brought in as `televote import` does it."""

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from dedup import caller
from gateway.calllogs.generic_csv import GenericCsv
from gateway.desk.desk import masked
from gateway.intake import importer, logfile
from gateway.intake.calllog import Row
from gateway.intake.dryrun import DryRun
from gateway.intake.importer import Landed, Summary
from gateway.intake.inbound import Inbound
from gateway.intake.recorder import Busy
from gateway.intake.source import Source
from gateway.service import Service

#: The largest log that a page takes; larger ones go in by `televote import`.
MOST_BYTES: Final = 8 * 1024 * 1024
_FIRST: Final = 8
#: Votes go first: a log waits this long before it asks again, and so often.
_BUSY_SECONDS, _BUSY_TIMES = 0.5, 120


class Shown(NamedTuple):
    """One of the first rows as it was read: the number masked, "" if withheld."""

    line: int
    number: str
    sent_ms: int | None
    choice: str
    note: str


@dataclass(frozen=True, slots=True)
class Log:
    """A file, the source it is for, and other names for its columns than the source's settings have."""

    source: Source
    content: bytes
    columns: Mapping[str, str]

    @property
    def seal(self) -> str:
        """What tells this file, read in this way, from any other."""
        how = "\0".join(
            [self.source.name, *(f"{word}={name}" for word, name in sorted(self.columns.items()))]
        )
        return hashlib.sha256(how.encode("utf-8", "replace") + b"\0" + self.content).hexdigest()

    def rows(self) -> Iterator[Row]:
        """Its rows. Raises `UnreadableLog`."""
        reader = self.source.calllog
        assert reader is not None
        if self.columns and isinstance(reader, GenericCsv):
            reader = reader.with_columns(self.columns)
        with logfile.held(self.content) as log:
            yield from reader.read(log.lines)

    def header(self) -> list[str]:
        """The names in its header; none if its columns are not found by names. Raises `UnreadableLog`."""
        if not by_name(self.source):
            return []
        assert isinstance(self.source.calllog, GenericCsv)
        with logfile.held(self.content) as log:
            return self.source.calllog.header(log.lines)

    def first(self) -> list[Shown]:
        """The first rows. Raises `UnreadableLog`."""
        return [_shown(row, self.source) for row in islice(_calls(self.rows()), _FIRST)]


def by_name(source: Source) -> bool:
    """Whether a source finds its columns by their names, so that a file may name them otherwise."""
    return isinstance(source.calllog, GenericCsv) and source.calllog.by_name


def _calls(rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if row.inbound is not None)


def _shown(row: Row, source: Source) -> Shown:
    assert row.inbound is not None
    if row.note:
        return Shown(row.line, "", None, "", row.note)
    given = row.inbound.caller
    line = caller.normalise(given, source.numbering).line
    return Shown(row.line, masked(line, given), row.inbound.sent_ms, row.inbound.text[:60], "")


async def tried(service: Service, log: Log) -> Summary:
    """How its rows would end if they were recorded now. Raises `UnreadableLog`, `Unavailable`."""
    head = service.recorder.head(log.source.running.id)
    dry = DryRun(log.source, head, service.store.recall, service.now_ms())
    return await importer.import_rows(log.rows(), dry.take)


async def recorded(service: Service, log: Log) -> Summary:
    """Bring it in. Raises `UnreadableLog`, and as `Recorder.submit`: what is in by then stays in, and the
    same file can be handed in again."""

    async def take(inbound: Sequence[Inbound]) -> list[Landed]:
        for _ in range(_BUSY_TIMES):
            try:
                return await service.take(log.source, inbound)
            except Busy:
                await asyncio.sleep(_BUSY_SECONDS)
        return await service.take(log.source, inbound)

    return await importer.import_rows(log.rows(), take)
