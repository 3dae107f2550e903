"""Messages in batches, as a hand audit takes them: by source and hour, in the order of their times. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gateway import clock
from gateway.reporting.result import HOUR_MS, Record, Result
from tally.sampling import Batch, Draw

HEADER: Final = (
    "draw", "container", "tabulator", "batch", "ballot", "record", "unique_id", "node", "entry",
    "received_at", "provider_time", "outcome", "selections",
)  # fmt: skip


def batches(result: Result) -> Iterator[Batch]:
    """Every hour of every source in which anything came."""
    counts = Counter((one.source, hour_of(one)) for one in result.records)
    for (source, hour), many in sorted(counts.items(), key=lambda one: (one[0][1], one[0][0])):
        name = batch_name(result, hour)
        yield Batch(name[:10], source, name, many)


def batch_name(result: Result, hour_ms: int) -> str:
    """An hour's name: its beginning with the offset, for some hours come twice on the clock."""
    return clock.stamp(hour_ms, result.zone)


def looked_up(result: Result, draws: Sequence[Draw]) -> Iterator[list[object]]:
    """Each draw with its record; one without a record is to be counted as the worst error there can be."""
    wanted = {(one.batch.tabulator, one.batch.name) for one in draws}
    held: dict[tuple[str, str], list[tuple[int, str, int, Record]]] = {place: [] for place in wanted}
    for one in result.records:
        if (place := (one.source, batch_name(result, hour_of(one)))) in held:
            held[place].append((one.counted_ms, one.node, one.entry, one))
    for rows in held.values():
        rows.sort(key=lambda row: row[:3])
    for one_draw in draws:
        batch = one_draw.batch
        records = [record for *_, record in held[batch.tabulator, batch.name]]
        head = (one_draw.number, batch.container, batch.tabulator, batch.name, one_draw.ballot)
        yield [*head, *_row(result, records[one_draw.ballot - 1 : one_draw.ballot])]


def _row(result: Result, found: Iterable[Record]) -> list[object]:
    for one in found:
        outcome, selections = one.ending
        return [
            "found", one.id, one.node, one.entry, clock.stamp(one.received_ms, result.zone),
            "" if one.sent_ms is None else clock.stamp(one.sent_ms, result.zone), outcome,
            " ".join(f"{contest}/{code}:{ended}" for contest, code, ended in selections),
        ]  # fmt: skip
    return ["missing: count as the worst error", "", "", "", "", "", "", ""]


def hour_of(record: Record) -> int:
    """When the hour began that a message belongs to (Unix milliseconds)."""
    return record.counted_ms // HOUR_MS * HOUR_MS
