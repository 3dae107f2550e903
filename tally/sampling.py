"""A sample for a hand audit, drawn from a public seed: who knows the seed draws the same (VVSG 9.4).

The n-th draw is SHA-256 of the text `seed,n`, as a whole number, modulo how many there are to draw from: the
well-known scheme of ballot-level audits. Draws are with replacement, so one item may come twice. The seed
must be made in public once the manifest is fixed: by dice, for instance.

A drawn item that has no record counts as the worst error there can be: as if it had been a vote for the
losing side. Who leaves records out gains nothing.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

COLUMNS: Final = ("Container", "Tabulator", "Batch Name", "Number of Ballots")


class BadManifest(ValueError):
    """A manifest that cannot be drawn from: its line, and what is wrong with it, in English and Chinese."""

    def __init__(self, line: int, en: str, zh: str) -> None:
        super().__init__(f"line {line}: {en}")
        self.en, self.zh = f"line {line}: {en}", f"第 {line} 行：{zh}"


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


def read_manifest(rows: Iterable[tuple[int, Sequence[str]]]) -> list[Batch]:
    """The batches of a manifest with Arlo's columns, from its lines: number from 1, and cells.

    Raises `BadManifest`.
    """
    lines = iter(rows)
    first, titles = next(lines, (1, ()))
    missing = [column for column in COLUMNS if column not in titles]
    if missing:
        lacks, there = missing[0], ", ".join(COLUMNS)
        raise BadManifest(
            first, f"there is no column {lacks}: the columns are {there}", f"缺少 {lacks} 列：须有 {there}"
        )
    places = [titles.index(column) for column in COLUMNS]
    batches, seen = [], set[tuple[str, str]]()
    for number, cells in lines:
        container, tabulator, name, ballots = (cells[at].strip() if at < len(cells) else "" for at in places)
        if not ballots.isascii() or not ballots.isdigit() or not int(ballots[:10]) or len(ballots) > 10:
            raise BadManifest(
                number, "the number of ballots is a whole number, 1 or more", "票数须为不小于 1 的整数"
            )
        if (tabulator, name) in seen:
            raise BadManifest(
                number, "this tabulator has a batch of that name already", "该计票设备已有同名批次"
            )
        seen.add((tabulator, name))
        batches.append(Batch(container, tabulator, name, int(ballots)))
    if not batches:
        raise BadManifest(first + 1, "there is no batch", "没有批次")
    return batches


def draw(batches: Sequence[Batch], seed: str, many: int) -> Iterator[Draw]:
    """So many draws from the batches, in the order in which they are drawn."""
    ends = list(accumulate(batch.ballots for batch in batches))
    for number in range(1, many + 1):
        digest = hashlib.sha256(f"{seed},{number}".encode()).digest()
        place = int.from_bytes(digest, "big") % ends[-1]
        index = bisect_right(ends, place)
        yield Draw(number, batches[index], place - ends[index] + batches[index].ballots + 1)
