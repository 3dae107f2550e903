"""Verify and recount: one walk over the ledger's bytes, each entry checked before it is used."""

import re
import secrets
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from config.load import Loaded
from gateway import clock, entrances
from gateway.checking.arrivals import Arrivals
from gateway.checking.looking import Looking
from gateway.checking.projections import Projections
from gateway.checking.sharing import Here, Shares, shared
from gateway.checking.walking import Chunk, Log, walk
from gateway.intake import schedule
from gateway.intake.running import Running
from gateway.ledger import marks, publisher, signed
from gateway.ledger.folder import Folder, published
from gateway.ledger.signed import Bound
from gateway.storage.opening import open_reader
from gateway.storage.reader import Reader
from gateway.storage.reader import open_reader as open_file
from gateway.storage.store import Head
from gateway.watching import board
from tally import count, entry, epochs, export, merkle, seal, standings
from tally import verify as verifying
from tally.acts import REVISIONS
from tally.certification import Progress
from tally.count import TotalKey
from tally.note import BadNote, Checkpoint
from tally.open_ballots import OpenCount
from tally.outcome import MessageOutcome
from tally.recount import Endings, Recount
from tally.rulings import ending
from tally.verify import Checked, Tampered

OnRows = Callable[[int], None]

#: More differences than these tell nothing more.
_TOLD: Final = 10
#: Under so many entries nothing is shared out: to start a process takes as long as to check them.
WORTH_SHARING: Final = 50_000


class Unfit(RuntimeError):
    """The ledger does not hold what it must: a check failed; the message says which."""


@dataclass(frozen=True, slots=True)
class Checkable:
    """A campaign's ledger, open for reading from one snapshot. `published` is where its signed files stand,
    a folder for each node; `signed` what they said of each node before the snapshot."""

    running: Running
    reader: Reader
    heads: list[Head]
    published: Path
    signed: Mapping[str, Checkpoint | BadNote]
    #: What `walk` has found to be other than signed, without knowing where.
    doubts: list[Tampered] = field(default_factory=list)

    @property
    def entries(self) -> int:
        """How many entries there are, over all nodes."""
        return sum(head.size for head in self.heads)

    @property
    def roots(self) -> dict[str, str]:
        """The Merkle root of each node's log, in hex."""
        return {head.node: merkle.root(head.frontier).hex() for head in self.heads}

    @property
    def unsigned(self) -> int:
        """How many entries, the last ones of each log, were not signed before this was opened."""
        told = [(head.size, self.signed.get(head.node)) for head in self.heads]
        return sum(size - min(size, one.size if isinstance(one, Checkpoint) else 0) for size, one in told)

    def place(self, node: str, seq: int) -> epochs.Place:
        """Where an entry stands, for people to read."""
        return epochs.place(node, seq, len(self.heads))

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

    async def rulings(self) -> dict[tuple[str, int], export.Last]:
        """The last act about each message about which there is one, by the message's place."""
        found: dict[tuple[str, int], export.Last] = {}
        for node, stored in await self.reader.acts(self.running.id):
            leaf = entry.read_leaf(stored.leaf)
            if leaf.kind in REVISIONS:
                place, verdict = self.place(node, stored.seq), leaf.detail.get("verdict", "")
                about = leaf.detail["node"], leaf.detail["entry"]
                found[about] = export.Last(place, leaf.kind, verdict, leaf.detail["outcome"])
        return found

    def sealer(self, node: str) -> seal.Sealer:
        """What opens the openings of a node's log."""
        return seal.Sealer(self.running.keys.sealing, f"{self.running.id}/{node}")

    def is_over(self, node: str) -> bool:
        """Whether a log has gone on in another epoch, and is signed no more."""
        own, epoch = epochs.split(node)
        return epochs.newest((head.node for head in self.heads), own) > epoch

    def _bound(self, head: Head, told: Checkpoint | BadNote | None) -> Bound:
        signed = told if isinstance(told, Checkpoint) else Checkpoint("", 0, merkle.EMPTY_ROOT)
        folder = Folder(self.published / head.node)
        if not self.is_over(head.node):
            return Bound(signed, folder)
        key = publisher.signer(self.running, head.node).verifier
        return Bound(signed, folder, head.size, marks.before(folder, key))

    async def looking(self, salt: bytes = b"") -> Looking:
        """What must be known to look at entries by themselves; `salt` as there."""
        running, rules = self.running, self.running.rules()
        apart = defaultdict[str, set[int]](set)
        for node, seq in await self.reader.targets(running.id):
            apart[node].add(seq)
        caps = [(contest, *cap) for contest, several in rules.caps.items() for cap in several]
        return Looking(
            campaign=running.id,
            sealing=running.keys.sealing,
            message=running.keys.message,
            apart={node: frozenset(seqs) for node, seqs in apart.items()},
            pending=frozenset(running.pending),
            has_receipts=running.receipts,
            votes={(where, per): most for where, per, most in [*caps, *(("", *cap) for cap in rules.total)]},
            salt=salt,
        )

    def shared(self, looking: Looking, jobs: int) -> AbstractAsyncContextManager[Shares[Looking]]:
        """What looks at entries: so many processes, if there is enough to look at."""
        return shared(looking, jobs if self.entries >= WORTH_SHARING else 1)

    async def walk(
        self, on_rows: OnRows, shares: Shares[Looking] | None = None, *, signed: bool = False
    ) -> AsyncGenerator[Chunk, None]:
        """Every entry of every log, checked, in chunks (`gateway/checking/walking.py`).

        `on_rows` hears how many entries were checked so far; `shares` looks at them, else this process;
        `signed` compares with what was signed, too, and an older copy has less.

        Raises `Tampered` at the first bad entry.
        """
        done, acts = 0, await self.reader.acts(self.running.id)
        shares = shares or Here(await self.looking())
        logs = [
            Log(
                head,
                self.sealer(head.node),
                self._bound(head, self.signed.get(head.node) if signed else None),
            )
            for head in self.heads
        ]
        async with aclosing(walk(logs, self.reader, acts, shares)) as chunks:
            async for chunk in chunks:
                yield chunk
                done += len(chunk.rows)
                on_rows(done)
        self.doubts.extend(log.bound.doubt for log in logs if log.bound.doubt is not None)


@asynccontextmanager
async def open_ledger(
    loaded: Loaded, campaign: str, database: Path | None = None
) -> AsyncIterator[Checkable]:
    """A campaign's ledger; `database` is an SQLite file to read instead of the settings' database.

    Raises `KeyError` for an unknown campaign, `store.Unavailable`, `Unfit`.
    """
    running = entrances.run_campaigns(loaded)[campaign]
    logs = published(loaded.settings) / campaign
    # Before the snapshot: what is signed is committed, so the snapshot has at least as much.
    told = signed.read(logs, lambda node: publisher.signer(running, node).verifier)
    opened = open_file(database) if database else open_reader(loaded.settings)
    async with opened as reader:
        check = await reader.key_check(campaign)
        if check is None:
            raise Unfit(f"nothing has been recorded for {campaign} yet")
        if check != running.keys.check:
            raise Unfit(
                f"{campaign}.key is not the secret this campaign was begun with: its entries cannot be opened"
            )
        for node, text in (await reader.checkpoints(campaign)).items():  # those of nodes elsewhere
            told.setdefault(node, signed.of(text, publisher.signer(running, node).verifier))
        yield Checkable(running, reader, await reader.logs(campaign), logs, told)


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


async def verify(ledger: Checkable, on_rows: OnRows, jobs: int = 1) -> int:
    """Re-hash and open everything, hold it against what was signed, count again, and compare with all that is
    kept beside it, in so many processes; returns the number of entries.

    Raises `Tampered` at the first bad entry, `Unfit` if no entry is bad by itself, `sharing.Died`.
    """
    looking = await ledger.looking(secrets.token_bytes(32))
    async with ledger.shared(looking, jobs) as shares:
        return await _verify(ledger, on_rows, looking, shares)


async def _verify(ledger: Checkable, on_rows: OnRows, looking: Looking, shares: Shares[Looking]) -> int:
    damage = await ledger.reader.damage()
    projections, arrivals = Projections(ledger.running, looking), Arrivals(ledger.running, looking)

    def see(chunk: Chunk) -> None:
        if chunk.beside is not None:
            projections.take(chunk.node, chunk.beside)
            arrivals.take(chunk.node, chunk.beside)
        for stored, checked in zip(chunk.rows, chunk.one_by_one, strict=False):
            with _sensible(checked):
                projections.see(chunk.node, checked)
                if checked.leaf.is_message:
                    arrivals.see(chunk.node, checked, stored.leaf_hash)

    counting, acts = await _count(ledger, ledger.walk(on_rows, shares, signed=True), see)
    if gone := [*_kept(ledger, acts), *_not_as_told(ledger, acts)]:
        raise Unfit("; ".join(gone))
    if fault := await projections.acts_and_cases(ledger.reader):
        raise fault
    if counting.faults:
        raise _first_of(counting.faults)
    if fault := await projections.claims(ledger.reader, shares, counting, _entries(ledger)):
        raise fault
    sizes = {head.node: head.size for head in ledger.heads}
    lost = {node: past.size for node, past in epochs.told(acts).items()}
    receipts = await arrivals.receipts(ledger.reader, sizes, lost)
    if isinstance(receipts, Tampered):
        raise receipts
    if ledger.doubts:
        raise ledger.doubts[0]
    differences = [
        *await _differences(ledger, counting),
        *await arrivals.tempo(ledger.reader),
        *([receipts] if receipts else []),
    ]
    if wrong := [*_in_words(differences, damage), *_unsigned(ledger)]:
        raise Unfit("; ".join(wrong))
    return ledger.entries


def _in_words(differences: Sequence[tuple[str, int, int]], damage: str) -> Iterator[str]:
    for what, had, has in differences[:_TOLD]:
        yield f"{what}: {had} kept, {has} by the ledger"
    if damage:
        yield f"the database file is damaged: {damage}"


def _first_of(faults: Sequence[str]) -> Tampered:
    """The fault of a recount that is about the earliest entry."""
    named = (re.fullmatch(r"entry (\d+): (.*)", fault, re.DOTALL) for fault in faults)
    return min((Tampered(int(one[1]), one[2]) for one in named if one), key=lambda found: found.seq)


def _unsigned(ledger: Checkable) -> Iterator[str]:
    for head in ledger.heads:
        told, path = ledger.signed.get(head.node), ledger.published / head.node / "checkpoint"
        if told is None and not (head.size == 0 and ledger.is_over(head.node)):
            yield f"{path} is missing: what was signed of this log before cannot be compared"
        elif isinstance(told, BadNote):
            yield f"{path} is not as it was signed: {told}"


def _kept(ledger: Checkable, acts: Sequence[Checked]) -> list[str]:
    return epochs.faults(acts, {head.node: head.size for head in ledger.heads})


def _not_as_told(ledger: Checkable, acts: Sequence[Checked]) -> Iterator[str]:
    """Where what was signed of an earlier epoch is not what the newest gap tells of it."""
    for node, past in epochs.told(acts).items():
        signed = ledger.signed.get(node)
        if isinstance(signed, Checkpoint) and (signed.size, signed.root) != (past.size, past.root):
            path = ledger.published / node / "checkpoint"
            yield f"{path} is not the one that the newest gap tells of, with {past.size} entries"


async def _entries(ledger: Checkable) -> AsyncGenerator[Checked, None]:
    async with aclosing(ledger.walk(lambda _: None)) as chunks:
        async for chunk in chunks:
            for checked in chunk.entries:
                yield checked


@contextmanager
def _sensible(checked: Checked) -> Iterator[None]:
    """An entry that is whole, but says what no entry of ours says, is a bad one."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Tampered(checked.seq, "it says what no entry can say") from error


async def _count(
    ledger: Checkable, walked: AsyncGenerator[Chunk, None], see: Callable[[Chunk], None]
) -> tuple[Recount, list[Checked]]:
    """Count from the ledger alone; also its acts. Raises `Tampered`."""
    targets = await ledger.reader.targets(ledger.running.id)
    counting, acts = Recount(ledger.running.rules(), targets), list[Checked]()
    async with aclosing(walked) as chunks:
        async for chunk in chunks:
            if chunk.said is not None:
                counting.messages(chunk.rows[0].seq, chunk.said, chunk.node)
            for checked in chunk.one_by_one:
                with _sensible(checked):
                    counting.feed(checked, chunk.node)
                    if not checked.leaf.is_message:
                        acts.append(checked)
            see(chunk)
    counting.finish()
    return counting, acts


async def _differences(ledger: Checkable, counting: Recount) -> list[tuple[str, int, int]]:
    """Where what is kept is not what was counted: what, kept, counted."""
    kept = await ledger.reader.totals(ledger.running.id)
    differences = [(_words(key), had, has) for key, had, has in count.differences(kept, counting.totals)]
    caps, ids = await ledger.reader.claims(ledger.running.id)
    messages = sum(counting.totals[key] for key in counting.totals if key.subject == "received")
    messages -= counting.erased
    for what, had, has in (("claims", caps, counting.holdings.claims), ("message ids", ids, messages)):
        if had != has:
            differences.append((what, had, has))
    return differences


async def recount(
    ledger: Checkable, on_rows: OnRows, see: Callable[[Chunk], None] = lambda _: None, jobs: int = 1
) -> Recounted:
    """Count again from the ledger, in so many processes, and compare with the kept totals and claims; `see`
    is shown every chunk.

    Raises `Tampered`, `sharing.Died`.
    """
    last_ms = 0
    targets = await ledger.reader.targets(ledger.running.id)
    openly = OpenCount(ledger.running.open_ballots, targets)

    def shown(chunk: Chunk) -> None:
        nonlocal last_ms
        last_ms = max(last_ms, chunk.last_ms)
        if chunk.said is not None:
            openly.messages(chunk.rows[0].seq, chunk.said)
        for checked in chunk.one_by_one:
            with _sensible(checked):
                openly.leaf(checked.seq, checked.leaf, chunk.node)
        see(chunk)

    async with ledger.shared(await ledger.looking(), jobs) as shares:
        counting, acts = await _count(ledger, ledger.walk(on_rows, shares), shown)
    await ledger.follow()
    return Recounted(
        entries=ledger.entries,
        roots=ledger.roots,
        standings=_standings(ledger.running, counting.totals, acts, last_ms),
        differences=await _differences(ledger, counting) + openly.against(counting.totals),
        faults=counting.faults + openly.faults + _kept(ledger, acts),
        acts=acts,
        endings=counting.endings,
        overridden=list(counting.holdings.overridden()),
        voters=counting.holdings.voters,
        progress=counting.progress,
    )


def _words(key: TotalKey) -> str:
    return " ".join(str(part) for part in key if part)


def _standings(
    running: Running, totals: dict[TotalKey, int], acts: list[Checked], last_ms: int
) -> dict[str, Any]:
    kinds = {act.leaf.kind for act in acts}
    status = "closed" if "close" in kinds else "open" if "open" in kinds else "scheduled"
    as_of = clock.stamp(last_ms, running.zone)
    return standings.build(running.roll, totals, status, as_of, epochs.lost(acts, MessageOutcome))
