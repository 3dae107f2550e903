"""Collects a `Result` in one walk over the ledger, which recounts it: what does not agree is not reported.

Records go to a temporary file and are read from it, so that memory does not grow with the votes.
"""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Final

from dedup import keys
from gateway import clock
from gateway.checking import audit
from gateway.checking.audit import Checkable, OnRows, Recounted, Unfit
from gateway.checking.walking import Chunk
from gateway.intake.running import Running
from gateway.panel import evaluating
from gateway.reporting.result import HOUR_MS, Act, Fate, Hour, Record, Result, Ruling, Stage
from tally import standings
from tally.acts import REVISIONS
from tally.certification import Progress
from tally.entry import Opening
from tally.outcome import CHANNELS, Channel, MessageOutcome, Selection
from tally.rulings import ending
from tally.verify import Checked

#: What a person has yet to rule on, whatever the message had come to.
_DISPUTED: Final = "dispute"


def before(running: Running, now_ms: int) -> Result:
    """What there is to report of a campaign without a ledger: its rules, and no votes."""
    nothing = standings.build(running.roll, {}, running.status(now_ms), clock.stamp(now_ms, running.zone))
    return Result(
        campaign=running.campaign,
        roll=running.roll,
        windows={channel: running.window(channel) for channel in CHANNELS},
        standings=nothing,
        stage=_stage(running.status(now_ms), Progress()),
        at_ms=now_ms,
    )


@asynccontextmanager
async def collected(ledger: Checkable, on_rows: OnRows) -> AsyncIterator[Result]:
    """A campaign's result, as the ledger stands. Its records can be read while the context lasts.

    Raises `Tampered`, and `Unfit` if the recount does not agree with what was kept.
    """
    seen = _Seen(ledger, _Spool())
    with closing(seen.spool):
        counted = await audit.recount(ledger, on_rows, seen.see)
        if not counted.agrees:
            raise Unfit(
                "the recount does not agree with the kept totals: run `televote recount` to see where"
            )
        yield seen.result(counted)


@dataclass(slots=True)
class _Seen:
    """What a walk over the ledger has shown so far."""

    ledger: Checkable
    spool: "_Spool"
    sources: dict[str, Channel] = field(default_factory=dict)
    hours: Counter[tuple[int, Channel | None, bool]] = field(default_factory=Counter)
    acts: list[Act] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    erased: int = 0
    last_ms: int = 0

    def see(self, chunk: Chunk) -> None:
        """Take up some entries."""
        records = []
        for row, checked in zip(chunk.rows, chunk.entries, strict=True):
            self.last_ms = max(self.last_ms, checked.leaf.at_ms)
            if checked.opening is not None:
                records.append(self._record(chunk.node, checked, checked.opening, row.leaf_hash.hex()))
            elif checked.leaf.is_message:
                self.erased += 1
                self._came(checked.leaf.at_ms, None, checked.leaf.kind)
            else:
                self._act(checked)
        self.spool.add(records)

    def _record(self, node: str, checked: Checked, opening: Opening, leaf_hash: str) -> Record:
        running, channel = self.ledger.running, _channel(opening.channel)
        self.sources[opening.source] = channel
        outcome, received_ms, sent_ms = opening.outcome, opening.received_ms, opening.sent_ms
        self._came(received_ms, channel, outcome)
        return Record(
            id=_name(running, node, checked.seq),
            node=node,
            entry=checked.seq,
            channel=channel,
            source=opening.source,
            received_ms=received_ms,
            sent_ms=sent_ms,
            decided_ms=sent_ms if opening.decided_by == "provider" and sent_ms is not None else received_ms,
            voter=opening.voter,
            raw_sha256=opening.raw_sha256,
            leaf_hash=leaf_hash,
            first=(outcome, opening.selections),
            waits=outcome in running.pending,
        )

    def _came(self, received_ms: int, channel: Channel | None, outcome: str) -> None:
        self.hours[received_ms // HOUR_MS * HOUR_MS, channel, outcome == MessageOutcome.COUNTED] += 1

    def _act(self, act: Checked) -> None:
        detail, kind = act.leaf.detail, act.leaf.kind
        by, second, reason = (str(detail.get(key, "")) for key in ("by", "second", "reason"))
        place, about = self.ledger.place(act.node, act.seq), detail.get("candidate", "")
        if "entry" in detail:
            about = self.ledger.place(detail["node"], detail["entry"])
        self.acts.append(Act(place, act.leaf.at_ms, kind, by, second, reason, str(about)))
        if kind in REVISIONS and act.private:
            self.rulings.append(
                Ruling(
                    place, act.leaf.at_ms, kind, str(detail.get("verdict", "")), reason, by, second,
                    detail["node"], detail["entry"], ending(act.private["was"]), ending(act.private["now"]),
                )
            )  # fmt: skip

    def result(self, counted: Recounted) -> Result:
        """The result, once everything was seen."""
        running = self.ledger.running
        rulings: dict[tuple[str, int], tuple[Ruling, ...]] = {}
        for ruling in self.rulings:
            place = (ruling.node, ruling.about)
            rulings[place] = (*rulings.get(place, ()), ruling)
        self.spool.rulings = rulings
        for node, entry, contest, code in counted.overridden:
            over = self.spool.over.get((node, entry), frozenset())
            self.spool.over[node, entry] = over | {Selection(contest, code)}
        panel = evaluating.read(counted.acts)
        return Result(
            campaign=running.campaign,
            roll=running.roll,
            windows={channel: running.window(channel) for channel in CHANNELS},
            standings=counted.standings,
            stage=_stage(counted.standings["status"], counted.progress),
            fates=_fates(counted),
            evaluation=evaluating.document(running, counted.standings, panel),
            at_ms=self.last_ms,
            entries=counted.entries,
            roots=counted.roots,
            sources=dict(sorted(self.sources.items())),
            hours=tuple(self._hours()),
            rulings=tuple(self.rulings),
            acts=tuple(self.acts),
            records=self.spool,
            voters=None if self.erased else counted.voters,
            erased=self.erased,
        )

    def _hours(self) -> Iterator[Hour]:
        came = {(at_ms, channel) for at_ms, channel, _ in self.hours}
        for at_ms, channel in sorted(came, key=lambda one: (one[0], one[1] or "")):
            counted, others = (self.hours[at_ms, channel, counts] for counts in (True, False))
            yield Hour(at_ms, channel, counted + others, counted)


class _Spool:
    """Records in a file, in the order of their ids. What came of them later is put on as they are read.

    The file has no name: SQLite unlinks it as it makes it, so that none is left, whatever happens.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE record (id TEXT PRIMARY KEY, packed TEXT NOT NULL) WITHOUT ROWID")
        self.rulings: Mapping[tuple[str, int], tuple[Ruling, ...]] = {}
        self.over: dict[tuple[str, int], frozenset[Selection]] = {}

    def add(self, records: list[Record]) -> None:
        """Keep some."""
        self._db.execute("BEGIN")
        rows = ((one.id, json.dumps(one[1:13])) for one in records)
        self._db.executemany("INSERT INTO record VALUES (?, ?)", rows)
        self._db.execute("COMMIT")

    def __iter__(self) -> Iterator[Record]:
        with closing(self._db.execute("SELECT id, packed FROM record ORDER BY id")) as rows:
            for name, packed in rows:
                *fields, (outcome, selections), waits = json.loads(packed)
                first = (outcome, tuple((contest, code, ended) for contest, code, ended in selections))
                yield self._settled(Record._make((name, *fields, first, waits, (), frozenset())))

    def _settled(self, record: Record) -> Record:
        place = (record.node, record.entry)
        rulings = self.rulings.get(place, ())
        over = self.over.get(place, frozenset())
        if not rulings and not over:
            return record
        waits = rulings[-1].kind == _DISPUTED if rulings else record.waits
        return record._replace(rulings=rulings, over=over, waits=waits)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _name(running: Running, node: str, entry: int) -> str:
    """A message's name in what is published: nobody without the secret can tell its entry, hence its time."""
    key = keys.derive(running.keys.sealing, "records")
    return hashlib.blake2b(f"{node}/{entry}".encode(), key=key, digest_size=16).hexdigest()


def _stage(status: str, progress: Progress) -> Stage:
    """The machine's status, which knows nothing of the time before the vote."""
    return "pre-election" if status == "scheduled" else progress.status


def _fates(counted: Recounted) -> dict[Selection, Fate]:
    """What became of candidates: what was certified, or what stands on the notice that holds."""
    progress = counted.progress
    if progress.status == "certified":
        winners = [act.leaf.detail["winners"] for act in counted.acts if act.leaf.kind == "certify"][-1]
        ranked = {
            contest["id"]: [one["code"] for one in contest["candidates"]]
            for contest in counted.standings["contests"]
        }
        defeated: dict[Selection, Fate] = dict.fromkeys(_selections(ranked), "defeated")
        won: dict[Selection, Fate] = dict.fromkeys(_selections(winners), "winner")
        return won | {one: fate for one, fate in defeated.items() if one not in won}
    if progress.notice is None:
        return {}
    gone = {
        Selection(contest["id"], one["code"])
        for contest in counted.standings["contests"]
        for one in contest["candidates"]
        if one.get("withdrawn")
    }
    listed = _selections(progress.notice.listed)
    return {one: "withdrawn" if one in gone else "projected-winner" for one in listed}


def _selections(listed: Mapping[str, Sequence[str]]) -> list[Selection]:
    return [Selection(contest, code) for contest, codes in listed.items() for code in codes]


def _channel(name: str) -> Channel:
    (channel,) = (one for one in CHANNELS if one == name)
    return channel
