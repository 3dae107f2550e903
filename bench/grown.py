"""A ledger of many messages, made by the recorder itself, in arrays as large as memory allows.

By a log's import it would take three times as long: in small batches, new claims touch pages all over their
table. `python -m bench.grown FOLDER ROWS` makes one to be kept, or lets one that was made before grow on.
"""

import argparse
import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bench import campaign, votes
from bench.campaign import Campaign
from config import load
from gateway import service
from gateway.intake.inbound import Form, Inbound
from gateway.watching import watch

#: Messages in one transaction: some 1.5 KB each while they wait.
_ARRAY: Final = 500_000
_SOURCE: Final = "calls"
_DAY_MS: Final = 23 * 3_600_000


class NotAllCounted(RuntimeError):
    """Every message is a vote that counts, yet the recorder says otherwise."""


def grow(place: Campaign, rows: int, tell: Callable[[str], None]) -> None:
    """Record votes until there are `rows`, of as many callers. Raises `NotAllCounted`."""
    asyncio.run(_grow(place, rows, tell))


async def _grow(place: Campaign, rows: int, tell: Callable[[str], None]) -> None:
    loaded = load.everything(place.settings, {})
    begun_ms = int(campaign.now().timestamp() * 1000) - _DAY_MS
    async with service.open_service(loaded, watch.Metrics()) as counting:
        source = counting.sources[_SOURCE]
        there = sum((await counting.messages(source.running.id)).values())
        for first in range(there + 1, rows + 1, _ARRAY):
            numbers = range(first, min(first + _ARRAY, rows + 1))
            landed = await counting.take(source, list(_messages(numbers, begun_ms, _DAY_MS // rows)))
            if bad := [one for one in landed if one.before or one.outcome != "counted"]:
                raise NotAllCounted(f"{len(bad)} of {len(landed)}, the first: {bad[0]}")
            await counting.publisher.tick()  # it has had no turn, and would fall far behind
            tell(f"recorded {numbers.stop - 1:,} of {rows:,} messages")


def _messages(numbers: range, begun_ms: int, apart_ms: int) -> Iterator[Inbound]:
    for number in numbers:
        keys, sent_ms = votes.KEYS[number % len(votes.KEYS)], begun_ms + number * apart_ms
        yield Inbound(f"pbx1-{number:09d}", votes.line(number), keys, Form.DIGITS, sent_ms, 1000, b"-")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.grown", description="Make a ledger to be kept.")
    parser.add_argument("folder", type=Path, help="where it is made, or was made before and is to grow on")
    parser.add_argument("rows", type=int, help="so many votes are in it at the end")
    asked = parser.parse_args(arguments)
    settings = asked.folder / "televote.toml"
    place = Campaign(settings) if settings.exists() else campaign.write(asked.folder)
    grow(place, asked.rows, lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
