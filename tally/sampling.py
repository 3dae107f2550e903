"""A sample for a hand audit, drawn from a public seed: who knows the seed draws the same (VVSG 9.4).

The n-th draw is SHA-256 of the text `seed,n`, as a whole number, modulo how many there are to draw from: the
well-known scheme of ballot-level audits. Draws are with replacement, so one item may come twice. The seed
must be made in public once the manifest is fixed: by dice, for instance.

A drawn item that has no record counts as the worst error there can be: as if it had been a vote for the
losing side. Who leaves records out gains nothing.
"""

import csv
import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

COLUMNS: Final = ("Container", "Tabulator", "Batch Name", "Number of Ballots")


class BadManifest(ValueError):
    """A manifest that cannot be drawn from; the message says the line, and what is wrong with it."""


class Batch(NamedTuple):
    """A line of a manifest: so many ballots that lie together."""

    container: str
    tabulator: str
    name: str
    ballots: int


class Draw(NamedTuple):
    """One draw: its number from 1, the batch, and which ballot of it, from 1."""

    number: int
    batch: Batch
    ballot: int


def read_manifest(lines: Iterable[str]) -> list[Batch]:
    """The batches of a manifest with Arlo's columns. Raises `BadManifest`."""
    rows = csv.DictReader(lines)
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise BadManifest(f"line 1: there is no column {missing[0]}: the columns are {', '.join(COLUMNS)}")
    batches, seen = [], set[tuple[str, str]]()
    for number, row in enumerate(rows, 2):
        container, tabulator, name, ballots = ((row[column] or "").strip() for column in COLUMNS)
        if not ballots.isascii() or not ballots.isdigit() or not int(ballots[:10]) or len(ballots) > 10:
            raise BadManifest(f"line {number}: the number of ballots is a whole number, 1 or more")
        if (tabulator, name) in seen:
            raise BadManifest(f"line {number}: this tabulator has a batch of that name already")
        seen.add((tabulator, name))
        batches.append(Batch(container, tabulator, name, int(ballots)))
    if not batches:
        raise BadManifest("line 2: there is no batch")
    return batches


def draw(batches: Sequence[Batch], seed: str, many: int) -> Iterator[Draw]:
    """So many draws from the batches, in the order in which they are drawn."""
    ends = list(accumulate(batch.ballots for batch in batches))
    for number in range(1, many + 1):
        digest = hashlib.sha256(f"{seed},{number}".encode()).digest()
        place = int.from_bytes(digest, "big") % ends[-1]
        index = bisect_right(ends, place)
        yield Draw(number, batches[index], place - ends[index] + batches[index].ballots + 1)
