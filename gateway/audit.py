"""Verify, recount and export: one walk over the ledger's bytes, each entry checked before it is used."""

import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import gateway
from config.load import Loaded
from dedup import caller
from gateway import board, clock, entrances, service
from gateway.intake import schedule
from gateway.intake.running import Running
from gateway.storage.sqlite import Reader, open_reader
from gateway.storage.store import Head
from tally import count, export, merkle, seal, standings
from tally import verify as verifying
from tally.count import TotalKey
from tally.recount import Endings, Recount, ending
from tally.verify import Checked, Tampered, Verifier

OnRows = Callable[[int], None]


class Unfit(RuntimeError):
    """The ledger does not hold what it must: a check failed; the message says which."""


@dataclass(frozen=True, slots=True)
class Checkable:
    """A campaign's ledger, open for reading from one snapshot."""

    running: Running
    reader: Reader
    heads: list[Head]

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
            act = verifying.open_row(
                stored, seal.Sealer(self.running.keys.sealing, f"{self.running.id}/{node}")
            )
            if now := act.private.get("now"):
                place = (act.leaf.detail["node"], act.leaf.detail["entry"])
                endings[place] = (*ending(now), act.seq)
        return endings

    async def walk(self, on_rows: OnRows) -> AsyncGenerator[tuple[str, list[Checked]], None]:
        """Every entry of every log, checked, in chunks; at the end of a log its root is compared too.
        With each chunk comes the node whose log it is from.

        `on_rows` hears how many entries were checked so far.

        Raises `Tampered` at the first bad entry.
        """
        done = 0
        for head in self.heads:
            name = f"{head.campaign}/{head.node}"
            verifier = Verifier(head.campaign, seal.Sealer(self.running.keys.sealing, name))
            async with aclosing(self.reader.entries(head.log_id)) as chunks:
                async for rows in chunks:
                    yield head.node, [verifier.check(row) for row in rows]
                    done += len(rows)
                    on_rows(done)
            if verifier.size != head.size:
                raise Tampered(verifier.size, f"missing: the log of {name} should have {head.size} entries")
            if verifier.root() != merkle.root(head.frontier):
                raise Tampered(
                    verifier.size, f"the root of {name} is not the one recorded with its last commit"
                )


@asynccontextmanager
async def open_ledger(loaded: Loaded, campaign: str) -> AsyncIterator[Checkable]:
    """A campaign's ledger. Raises `KeyError` for an unknown campaign, `store.Unavailable`, `Unfit`."""
    running = entrances.run_campaigns(loaded)[campaign]
    async with open_reader(service.database(loaded)) as reader:
        check = await reader.key_check(campaign)
        if check is None:
            raise Unfit(f"nothing has been recorded for {campaign} yet")
        if check != running.keys.check:
            raise Unfit(
                f"{campaign}.key is not the secret this campaign was begun with: its entries cannot be opened"
            )
        yield Checkable(running, reader, await reader.logs(campaign))


async def current(loaded: Loaded, campaign: str, now_ms: int) -> dict[str, Any]:
    """The standings from the kept totals, beside a running server or without one. Raises as `open_ledger`."""
    async with open_ledger(loaded, campaign) as ledger:
        await ledger.follow()
        totals = await ledger.reader.totals(campaign)
        return board.as_they_stand(ledger.running, totals, now_ms)


@dataclass(slots=True)
class Recounted:
    """What a recount found. `differences` are (what, kept, recounted); `endings` as in `Recount`."""

    entries: int
    roots: dict[str, str]
    standings: dict[str, Any]
    differences: list[tuple[str, int, int]]
    faults: list[str]
    acts: list[Checked] = field(default_factory=list)
    endings: Endings = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Whether the recount gives the kept numbers, and the caps were held."""
        return not self.differences and not self.faults and self.standings["balance"]["balanced"]


async def verify(ledger: Checkable, on_rows: OnRows) -> int:
    """Re-hash and open everything; returns the number of entries. Raises `Tampered`."""
    checked = 0
    async for _, entries in ledger.walk(on_rows):
        checked += len(entries)
    return checked


async def recount(
    ledger: Checkable, on_rows: OnRows, see: Callable[[str, list[Checked]], None] = lambda *_: None
) -> Recounted:
    """Count again from the ledger and compare with the kept totals and claims. Raises `Tampered`."""
    targets = await ledger.reader.targets(ledger.running.id)
    counting, done, last_ms = Recount(ledger.running.rules(), targets), list[Checked](), 0
    async with aclosing(ledger.walk(on_rows)) as chunks:
        async for node, entries in chunks:
            for checked in entries:
                last_ms = max(last_ms, checked.leaf.at_ms)
                if checked.opening is not None:
                    counting.message(checked.seq, checked.opening, node)
                elif not checked.leaf.is_message:
                    counting.act(checked)
                    done.append(checked)
            see(node, entries)
    await ledger.follow()
    kept = await ledger.reader.totals(ledger.running.id)
    differences = [(_words(key), had, has) for key, had, has in count.differences(kept, counting.totals)]
    caps, ids = await ledger.reader.claims(ledger.running.id)
    messages = sum(counting.totals[key] for key in counting.totals if key.subject == "received")
    for what, had, has in (("claims", caps, counting.claims), ("message ids", ids, messages)):
        if had != has:
            differences.append((what, had, has))
    return Recounted(
        entries=ledger.entries,
        roots=ledger.roots,
        standings=_standings(ledger.running, counting.totals, done, last_ms),
        differences=differences,
        faults=counting.faults,
        acts=done,
        endings=counting.endings,
    )


def _words(key: TotalKey) -> str:
    return " ".join(part for part in key if part)


def _standings(
    running: Running, totals: dict[TotalKey, int], acts: list[Checked], last_ms: int
) -> dict[str, Any]:
    kinds = {act.leaf.kind for act in acts}
    status = "closed" if "close" in kinds else "open" if "open" in kinds else "scheduled"
    return standings.build(running.roll, totals, status, clock.stamp(last_ms, running.zone))


#: Who may be given which file: the committee's hold times and masked numbers of single messages.
_AUDIENCE: Final = {
    "standings.json": "public",
    "standings.csv": "public",
    "outcomes.csv": "committee",
    "messages.csv": "committee",
    "acts.csv": "committee",
}


async def export_to(folder: Path, ledger: Checkable, on_rows: OnRows) -> dict[str, Any]:
    """Write a campaign's export into an existing folder, its manifest last; returns the manifest.

    Raises `Tampered` or `Unfit` before anything is left in the folder under its own name.
    """
    running = ledger.running
    messages, outcomes = _File(folder, "messages.csv"), _File(folder, "outcomes.csv")
    messages.write(export.to_csv([export.MESSAGE_HEADER]))
    outcomes.write(export.to_csv([export.OUTCOME_HEADER]))

    def stamp(ms: int) -> str:
        return clock.stamp(ms, running.zone)

    endings = await ledger.endings()

    def see(node: str, entries: list[Checked]) -> None:
        rows = [
            (checked, export.message_row(checked, endings.get((node, checked.seq)), caller.mask, stamp))
            for checked in entries
            if checked.leaf.is_message
        ]
        messages.write(export.to_csv((row for _, row in rows), begin=False))
        missed = (
            export.outcome_row(row)
            for checked, row in rows
            if export.is_uncounted(checked, endings.get((node, checked.seq)))
        )
        outcomes.write(export.to_csv(missed, begin=False))

    files = [messages, outcomes]
    try:
        counted = await recount(ledger, on_rows, see)
        if not counted.agrees or counted.endings != endings:
            raise Unfit(
                "the recount does not agree with the kept totals: run `televote recount` to see where"
            )
        acts = _File(folder, "acts.csv")
        files.append(acts)
        acts.write(export.to_csv(export.act_rows(counted.acts, stamp)))
        table, tree = _File(folder, "standings.csv"), _File(folder, "standings.json")
        files += [table, tree]
        table.write(export.to_csv(export.standings_rows(counted.standings)))
        tree.write([export.to_json(counted.standings)])
        manifest = _manifest(ledger, counted, sorted(files, key=lambda file: file.name))
        last = _File(folder, "manifest.json")
        files.append(last)
        last.write([export.to_json(manifest)])
        for file in files:
            file.keep()
    finally:
        for file in files:
            file.discard()
    return manifest


def _manifest(ledger: Checkable, counted: Recounted, files: "list[_File]") -> dict[str, Any]:
    running, closes = ledger.running, [act.leaf for act in counted.acts if act.leaf.kind == "close"]
    moved = [act.leaf.detail["closes_ms"]["sms"] for act in counted.acts if act.leaf.kind == "schedule"]
    pending = counted.standings["balance"]["waiting"]
    return {
        "format": "televote-export/1",
        "stamp": "final" if closes and not pending else "provisional",
        "closed": bool(closes),
        "waiting_for_a_ruling": pending,
        "campaign": running.id,
        "rules_sha256": running.campaign.rules_hash,
        "software": {"name": "televote", "version": gateway.__version__},
        "times": {
            "opens_at": clock.stamp(running.campaign.window_for("sms").opens_ms, running.zone),
            "closes_at": clock.stamp(
                [running.campaign.window_for("sms").closes_ms, *moved][-1], running.zone
            ),
            "closed_at": clock.stamp(closes[-1].at_ms, running.zone) if closes else None,
            "last_entry_at": counted.standings["as_of"],
        },
        "ledger": [
            {"node": head.node, "entries": head.size, "root": counted.roots[head.node]}
            for head in ledger.heads
        ],
        "balanced": counted.standings["balance"]["balanced"],
        "recount": "agrees",
        "files": [
            {"name": file.name, "audience": _AUDIENCE[file.name], "bytes": file.size, "sha256": file.sha256}
            for file in files
        ],
    }


class _File:
    """A file that appears under its name only when the whole export is done."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.size = name, 0
        self._path, self._hash = folder / name, hashlib.sha256()
        self._part = folder / f".{name}.part"
        self._handle = self._part.open("wb")

    def write(self, chunks: Iterable[bytes] | Iterator[bytes]) -> None:
        for chunk in chunks:
            self._handle.write(chunk)
            self._hash.update(chunk)
            self.size += len(chunk)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def keep(self) -> None:
        self._handle.flush()
        os.fsync(self._handle.fileno())
        self._handle.close()
        self._part.replace(self._path)

    def discard(self) -> None:
        self._handle.close()
        self._part.unlink(missing_ok=True)
