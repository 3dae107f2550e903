"""Compares a statement with the ledger, beside a running server or without one. It only reads."""

import asyncio
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from config.spreadsheet.faults import Cell, Fault, Faulty
from dedup import caller, keys
from dedup.caller import Numbering, Standing
from gateway.intake.inbound import Form
from gateway.intake.running import Running
from gateway.intake.source import Source
from gateway.reconcile.columns import WORDS
from gateway.reconcile.statement import Given, Statement
from gateway.storage import cases
from gateway.storage.blocks import LEDGER
from gateway.storage.reader import Reader
from tally import entry, folding, hourly
from tally.entry import Opening
from tally.hourly import Overlapping
from tally.matching import Matcher
from tally.outcome import MessageOutcome
from tally.reconciliation import KINDS, NOBODY, Compared, Entry, Finding, Row
from tally.seal import Sealer
from tally.verify import Tampered

OnRows = Callable[[int], None]

#: Differences that are listed one by one; all are counted.
MOST_LISTED: Final = 20_000
#: A log's number and an entry's in one.
_SEQ_BITS: Final = 40
_OUTCOMES: Final = frozenset(outcome.value for outcome in MessageOutcome)
_STARS: Final = re.compile(r"(?:\+?86)?([0-9]{3})[0-9*xX＊]*?([0-9]{4})", re.ASCII)


class Listed(NamedTuple):
    """A difference, to be shown: `where` is the statement's row in words, `place` (log, entry) ours. Numbers
    are masked; `theirs` and `ours` are the texts."""

    finding: Finding
    where: str = ""
    place: tuple[int, int] | None = None
    number: str = ""
    other_number: str = ""
    theirs: str = ""
    ours: str = ""


@dataclass(slots=True)
class Report:
    """A comparison of one source. `hashes` are the SHA-256 of the files in hex; `size` is the length of the
    newest log then, `messages` how many messages the source had, `erased` how many of the campaign's say
    nothing any more. `whole` is whether missing messages could be brought in: number and text are there;
    texts are in the `form` that the source's are."""

    source: str
    hashes: list[str]
    counts: bool
    compared: Compared
    size: int
    messages: int
    erased: int = 0
    whole: bool = False
    form: Form = Form.TEXT
    listed: list[Listed] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, int]:
        """What is entered of it."""
        compared = self.compared
        return {
            "rows": compared.rows,
            "recorded": compared.recorded,
            "matched": compared.matched,
            **{kind: compared.count(kind) for kind in KINDS},
        }

    @property
    def seal(self) -> str:
        """What tells this outcome from any other."""
        groups = sorted((kind, reason, n) for (kind, reason), n in self.compared.groups.items())
        listed = [(one.finding.row, one.finding.place) for one in self.listed]
        told = [self.source, self.hashes, self.figures, groups, listed]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


async def compare(
    running: Running,
    source: Source,
    others: list[str],
    statement: Statement,
    reader: Reader,
    on_rows: OnRows = lambda _: None,
) -> Report:
    """Compare a source's messages with a statement; `others` are the campaign's other sources.

    `on_rows` hears how many entries were read. Raises `Faulty`, `OSError`, `store.Unavailable`.
    """
    record = _Record(running, source)
    counts = await asyncio.to_thread(statement.is_counts)
    matcher, times = Matcher(), list[int]()
    masked = not counts and await asyncio.to_thread(statement.is_masked)
    who = _Who(running, source.numbering, masked=masked)
    if counts:
        await record.read(reader, lambda one, _: times.append(_time(one)), on_rows)
        compared = await asyncio.to_thread(_by_counts, statement, source.name, others, times)
    else:
        await record.read(reader, lambda one, place: matcher.record(who.entry(one, place)), on_rows)
        matcher.erased(chain.from_iterable(record.erased))
        compared = await asyncio.to_thread(
            lambda: matcher.compare(who.row(given) for given in statement.messages())
        )
    report = Report(
        source.name,
        statement.hashes,
        counts,
        compared,
        sum(head.size for head in await reader.logs(running.id)),
        (await reader.run(cases.by_source, running.id)).get(source.name, 0),
        len(record.erased),
        not counts and not masked,
        record.form,
    )
    report.listed = await _listed(report, record, statement, reader, who)
    if not counts:
        report.whole = report.whole and all(
            given.text is not None for given in await asyncio.to_thread(_first, statement)
        )
    return report


def _first(statement: Statement) -> list[Given]:
    return list(islice(statement.messages(strict=False), 1))


def _times(leaf: entry.Leaf) -> list[int]:
    """All that is known of when an erased message came: when we received it, and the sender's time."""
    return [leaf.at_ms] if leaf.event == "-" else [leaf.at_ms, round(float(leaf.event) * 1000)]


def _by_counts(statement: Statement, source: str, others: list[str], times: list[int]) -> Compared:
    try:
        return hourly.compare(statement.periods(source, others), times)
    except Overlapping as error:
        raise Faulty(
            [Fault(Cell("", int(statement.where(error.row).rpartition(":")[2])), "period_twice")], WORDS
        ) from None


def _time(opening: Opening) -> int:
    return opening.received_ms if opening.sent_ms is None else opening.sent_ms


class _Record:
    """The source's messages in the ledger. `erased` are the times of each that says nothing any more,
    of this source or another."""

    def __init__(self, running: Running, source: Source) -> None:
        self._running, self._source = running, source
        self._sealers: dict[int, Sealer] = {}
        self._forms = Counter[str]()
        self.erased: list[list[int]] = []

    @property
    def form(self) -> Form:
        """What most of the texts are."""
        forms = [Form(form) for form, _ in self._forms.most_common()]
        return next((form for form in forms if form in (Form.TEXT, Form.DIGITS)), Form.TEXT)

    async def read(self, reader: Reader, see: Callable[[Opening, int], None], on_rows: OnRows) -> None:
        """Show every message, and where it stands."""
        done = 0
        for head in await reader.logs(self._running.id):
            self._sealers[head.log_id] = Sealer(self._running.keys.sealing, f"{self._running.id}/{head.node}")
            async for rows in reader.entries(head.log_id):
                await asyncio.to_thread(self._see, head.log_id, rows, see)
                done += len(rows)
                on_rows(done)

    def _see(self, log_id: int, rows: Any, see: Callable[[Opening, int], None]) -> None:
        sealer = self._sealers[log_id]
        for row in rows:
            if row.kind not in _OUTCOMES:
                continue
            if row.sealed is None:
                self.erased.append(_times(entry.read_leaf(row.leaf)))
                continue
            opening = _opened(sealer, row.seq, row.sealed)
            if opening.source == self._source.name:
                self._forms[opening.form] += 1
                see(opening, log_id << _SEQ_BITS | row.seq)

    async def at(self, reader: Reader, place: int) -> Opening:
        """One message."""
        log_id, seq = apart(place)
        row = await reader.run(lambda db: db.execute(LEDGER["entry"], (log_id, seq)).fetchone())
        return _opened(self._sealers[log_id], seq, row[4])


def _opened(sealer: Sealer, seq: int, sealed: bytes) -> Opening:
    """Raises `Tampered`: with an entry that cannot be read nothing can be said to be missing, or not."""
    try:
        return entry.unpack(sealer.open(seq, sealed)[1])
    except entry.BadEntry as error:
        raise Tampered(seq, "it cannot be opened") from error


def apart(place: int) -> tuple[int, int]:
    """A log's number, and an entry's in it."""
    return place >> _SEQ_BITS, place & ((1 << _SEQ_BITS) - 1)


class _Who:
    """Makes callers and texts of both sides comparable: by keyed hash, and by what of a number is shown where
    the statement shows no more."""

    def __init__(self, running: Running, numbering: Numbering, *, masked: bool) -> None:
        self._key, self._numbering, self._masked = running.keys.voter, numbering, masked
        self.text = lru_cache(maxsize=65_536)(folded)

    def row(self, given: Given) -> Row:
        """A row of the statement."""
        text = None if given.text is None else self.text(given.text)
        return Row(given.row, given.message, self._caller(given.caller), text, given.at_ms)

    def entry(self, opening: Opening, place: int) -> Entry:
        """A message of ours."""
        unread = opening.form == Form.UNPARSED.value
        if not opening.line:
            who = NOBODY
        else:
            who = self._hidden(caller.mask(opening.line)) if self._masked else bytes.fromhex(opening.voter)
        return Entry(
            place,
            opening.message_id,
            who,
            self.text(opening.text),
            opening.sent_ms,
            opening.received_ms,
            unread,
            opening.decided_by == "statement",
        )

    def shown(self, number: str) -> str:
        """A number of the statement, masked."""
        line = caller.normalise(number, self._numbering).line
        return caller.mask(line) or ("****" if number else "")

    def _caller(self, number: str) -> bytes:
        if self._masked and (found := _STARS.fullmatch(number.replace(" ", ""))):
            return self._hidden(f"{found[1]}****{found[2]}")
        who = caller.normalise(number, self._numbering)
        if who.standing is not Standing.KNOWN:
            return NOBODY
        return (
            self._hidden(caller.mask(who.line)) if self._masked else keys.voter_key(self._key, who.line, "")
        )

    def _hidden(self, mask: str) -> bytes:
        return keys.voter_key(self._key, "", f"masked {mask}")


def folded(text: str) -> str:
    """A text without what carriers change in it: width, blanks, signatures, the key that ends an input."""
    return re.sub(r"\s+", "", folding.unsigned(folding.fold(text))[0]).removesuffix("#")


async def _listed(
    report: Report, record: _Record, statement: Statement, reader: Reader, who: _Who
) -> list[Listed]:
    findings = report.compared.findings[:MOST_LISTED]
    if report.counts:
        return [Listed(one, statement.where(one.row) if one.row else "") for one in findings]
    wanted = {one.row for one in findings if one.row}
    rows = await asyncio.to_thread(_rows, statement, wanted)
    listed = []
    for one in findings:
        given, opening = rows.get(one.row), await record.at(reader, one.place) if one.place >= 0 else None
        theirs = who.shown(given.caller) if given else ""
        ours = (caller.mask(opening.line) or ("****" if opening.given else "")) if opening else ""
        listed.append(
            Listed(
                one,
                statement.where(one.row) if given else "",
                apart(one.place) if opening else None,
                theirs or ours,
                ours if given and "caller" in one.differs else "",
                (given.text or "") if given else "",
                opening.text if opening and opening.form != Form.UNPARSED.value else "",
            )
        )
    return listed


def _rows(statement: Statement, wanted: set[int]) -> dict[int, Given]:
    return {given.row: given for given in chosen(statement, wanted)} if wanted else {}


def chosen(statement: Statement, wanted: set[int]) -> Iterator[Given]:
    """Some rows of a list."""
    return (given for given in statement.messages() if given.row in wanted)


def as_json(report: Report, place: Callable[[tuple[int, int]], Mapping[str, Any]]) -> dict[str, Any]:
    """A report as JSON values: numbers masked, no text. `place` names an entry."""
    compared = report.compared
    return {
        "format": "televote-reconciliation/1",
        "source": report.source,
        "statement_sha256": report.hashes,
        "by": "counts" if report.counts else "messages",
        **report.figures,
        "slip_ms": compared.slip_ms,
        "erased": report.erased,
        "groups": [
            {"kind": kind, "reason": reason, "n": n} for (kind, reason), n in sorted(compared.groups.items())
        ],
        "findings": [
            {
                "kind": one.finding.kind,
                "reason": one.finding.reason,
                "n": one.finding.rows,
                "row": one.where or None,
                **(place(one.place) if one.place else {}),
                "number": one.number,
                "theirs_ms": one.finding.theirs_ms,
                "ours_ms": one.finding.ours_ms,
                "differs": list(one.finding.differs),
            }
            for one in report.listed
        ],
        "unlisted": max(0, len(compared.findings) - len(report.listed)),
    }
