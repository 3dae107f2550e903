"""Verify and recount: one walk over the ledger's bytes, each entry checked before it is used."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from config.load import Loaded
from gateway import board, clock, entrances, service
from gateway.intake import schedule
from gateway.intake.running import Running
from gateway.storage.reader import Reader, open_reader
from gateway.storage.store import Head
from tally import count, entry, epochs, merkle, seal, standings
from tally import verify as verifying
from tally.acts import REVISIONS
from tally.certification import Progress
from tally.count import TotalKey
from tally.open_ballots import OpenCount
from tally.outcome import MessageOutcome
from tally.recount import Endings, Recount, ending
from tally.verify import Checked, Stored, Tampered, Verifier

OnRows = Callable[[int], None]


class Chunk(NamedTuple):
    """Some entries of one log in order: as stored, and as checked."""

    node: str
    rows: Sequence[Stored]
    entries: list[Checked]


class Unfit(RuntimeError):
    """The ledger does not hold what it must: a check failed; the message says which."""


@dataclass(frozen=True, slots=True)
class Checkable:
    """A campaign's ledger, open for reading from one snapshot. `published` is where its signed files stand,
    a folder for each node."""

    running: Running
    reader: Reader
    heads: list[Head]
    published: Path

    @property
    def entries(self) -> int:
        """How many entries there are, over all nodes."""
        return sum(head.size for head in self.heads)

    @property
    def roots(self) -> dict[str, str]:
        """The Merkle root of each node's log, in hex."""
        return {head.node: merkle.root(head.frontier).hex() for head in self.heads}

    async def follow(self) -> None:
        """Take up what the acts have changed: who withdrew, when it closes. Raises `store.Unsafe`."""
        schedule.resume(self.running, await self.reader.acts(self.running.id))

    async def endings(self) -> Endings:
        """How each message ended on which somebody has ruled, as the acts say.

        Raises `entry.BadEntry` if one does not open.
        """
        endings: Endings = {}
        for node, stored in await self.reader.acts(self.running.id):
            act = verifying.open_row(stored, self.sealer(node))
            if now := act.private.get("now"):
                place = (act.leaf.detail["node"], act.leaf.detail["entry"])
                endings[place] = (*ending(now), act.seq)
        return endings

    async def rulings(self) -> dict[tuple[str, int], str]:
        """Where the last ruling on a message stands, by the message's place."""
        found: dict[tuple[str, int], str] = {}
        for node, stored in await self.reader.acts(self.running.id):
            leaf = entry.read_leaf(stored.leaf)
            if leaf.kind in REVISIONS:
                found[leaf.detail["node"], leaf.detail["entry"]] = epochs.place(node, stored.seq)
        return found

    def sealer(self, node: str) -> seal.Sealer:
        """What opens the openings of a node's log."""
        return seal.Sealer(self.running.keys.sealing, f"{self.running.id}/{node}")

    async def walk(self, on_rows: OnRows) -> AsyncGenerator[Chunk, None]:
        """Every entry of every log, checked, in chunks; at the end of a log its root is compared too.

        `on_rows` hears how many entries were checked so far.

        Raises `Tampered` at the first bad entry.
        """
        done = 0
        for head in self.heads:
            name = f"{head.campaign}/{head.node}"
            verifier = Verifier(head.campaign, self.sealer(head.node))
            async with aclosing(self.reader.entries(head.log_id)) as chunks:
                async for rows in chunks:
                    yield Chunk(head.node, rows, [verifier.check(row) for row in rows])
                    done += len(rows)
                    on_rows(done)
            if verifier.size != head.size:
                raise Tampered(verifier.size, f"missing: the log of {name} should have {head.size} entries")
            if verifier.root() != merkle.root(head.frontier):
                raise Tampered(
                    verifier.size, f"the root of {name} is not the one recorded with its last commit"
                )


@asynccontextmanager
async def open_ledger(
    loaded: Loaded, campaign: str, database: Path | None = None
) -> AsyncIterator[Checkable]:
    """A campaign's ledger; `database` is another one than the settings'.

    Raises `KeyError` for an unknown campaign, `store.Unavailable`, `Unfit`.
    """
    running = entrances.run_campaigns(loaded)[campaign]
    async with open_reader(database or service.database(loaded)) as reader:
        check = await reader.key_check(campaign)
        if check is None:
            raise Unfit(f"nothing has been recorded for {campaign} yet")
        if check != running.keys.check:
            raise Unfit(
                f"{campaign}.key is not the secret this campaign was begun with: its entries cannot be opened"
            )
        yield Checkable(running, reader, await reader.logs(campaign), service.published(loaded) / campaign)


async def current(loaded: Loaded, campaign: str, now_ms: int) -> dict[str, Any]:
    """The standings from the kept totals, beside a running server or without one. Raises as `open_ledger`."""
    async with open_ledger(loaded, campaign) as ledger:
        await ledger.follow()
        totals = await ledger.reader.totals(campaign)
        return board.as_they_stand(ledger.running, totals, now_ms)


@dataclass(slots=True)
class Recounted:
    """What a recount found. `differences` are (what, kept, recounted); `endings`, `overridden`, `voters` and
    `progress` as in `Recount`."""

    entries: int
    roots: dict[str, str]
    standings: dict[str, Any]
    differences: list[tuple[str, int, int]]
    faults: list[str]
    acts: list[Checked] = field(default_factory=list)
    endings: Endings = field(default_factory=dict)
    overridden: list[tuple[str, int, str, str]] = field(default_factory=list)
    voters: int = 0
    progress: Progress = field(default_factory=Progress)

    @property
    def agrees(self) -> bool:
        """Whether the recount gives the kept numbers, and the caps were held."""
        return not self.differences and not self.faults and self.standings["balance"]["balanced"]


async def verify(ledger: Checkable, on_rows: OnRows) -> int:
    """Re-hash and open everything; returns the number of entries. Raises `Tampered`."""
    checked = 0
    async for chunk in ledger.walk(on_rows):
        checked += len(chunk.entries)
    return checked


async def recount(
    ledger: Checkable, on_rows: OnRows, see: Callable[[Chunk], None] = lambda _: None
) -> Recounted:
    """Count again from the ledger and compare with the kept totals and claims; `see` is shown every chunk.

    Raises `Tampered`.
    """
    targets = await ledger.reader.targets(ledger.running.id)
    counting, done, last_ms = Recount(ledger.running.rules(), targets), list[Checked](), 0
    openly = OpenCount(ledger.running.open_ballots, targets)
    async with aclosing(ledger.walk(on_rows)) as chunks:
        async for chunk in chunks:
            for checked in chunk.entries:
                last_ms = max(last_ms, checked.leaf.at_ms)
                openly.leaf(checked.seq, checked.leaf, chunk.node)
                if checked.opening is not None:
                    counting.message(checked.seq, checked.opening, chunk.node)
                elif checked.leaf.is_message:
                    counting.gone(checked.seq, chunk.node)
                else:
                    counting.act(checked, chunk.node)
                    done.append(checked)
            see(chunk)
    counting.finish()
    await ledger.follow()
    kept = await ledger.reader.totals(ledger.running.id)
    differences = [(_words(key), had, has) for key, had, has in count.differences(kept, counting.totals)]
    differences += openly.against(counting.totals)
    caps, ids = await ledger.reader.claims(ledger.running.id)
    messages = sum(counting.totals[key] for key in counting.totals if key.subject == "received")
    messages -= counting.erased
    for what, had, has in (("claims", caps, counting.claims), ("message ids", ids, messages)):
        if had != has:
            differences.append((what, had, has))
    return Recounted(
        entries=ledger.entries,
        roots=ledger.roots,
        standings=_standings(ledger.running, counting.totals, done, last_ms),
        differences=differences,
        faults=counting.faults + openly.faults + _kept(done, ledger.heads),
        acts=done,
        endings=counting.endings,
        overridden=list(counting.overridden()),
        voters=counting.voters,
        progress=counting.progress,
    )


def _words(key: TotalKey) -> str:
    return " ".join(part for part in key if part)


def _standings(
    running: Running, totals: dict[TotalKey, int], acts: list[Checked], last_ms: int
) -> dict[str, Any]:
    kinds = {act.leaf.kind for act in acts}
    status = "closed" if "close" in kinds else "open" if "open" in kinds else "scheduled"
    as_of = clock.stamp(last_ms, running.zone)
    return standings.build(running.roll, totals, status, as_of, _lost(acts))


def _lost(acts: list[Checked]) -> Counter[str]:
    """How many messages went with a lost database, by outcome."""
    gaps = [act.leaf.detail["lost"] for act in acts if act.leaf.kind == "gap"]
    return sum((Counter(epochs.messages(lost, MessageOutcome)) for lost in gaps), Counter[str]())


def _kept(acts: list[Checked], heads: list[Head]) -> list[str]:
    """What is wrong with the logs of earlier epochs: each must be as long as the newest gap says."""
    held, faults = {head.node: head.size for head in heads}, list[str]()
    for gap in [act for act in acts if act.leaf.kind == "gap"][-1:]:
        faults += [
            f"{node}: {held.get(node)} entries, and {past.kept} were kept when {gap.node} was begun"
            for node, past in epochs.read_gap(gap.leaf).items()
            if held.get(node) != past.kept
        ]
    for act in acts:
        two = act.leaf.detail.get("second", "") not in ("", act.leaf.detail["by"])
        if act.leaf.kind == "gap" and not (two and act.seq == 0 and epochs.split(act.node)[1] > 1):
            faults.append(f"entry {act.seq} of {act.node}: gap is out of place, or not by two people")
    begun = {act.node for act in acts if act.leaf.kind == "gap"}
    late = [head.node for head in heads if head.size and epochs.split(head.node)[1] > 1]
    return faults + [f"{node}: it does not begin with a gap" for node in late if node not in begun]
