"""The desk at work: calls are recorded, taken back, and some entered a second time by another operator."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

import phonenumbers

from dedup import caller
from dedup.caller import Standing
from gateway.casebook import Earlier
from gateway.desk import records, reentry, report
from gateway.desk.form import Call, Wish, clean
from gateway.desk.records import Due, Taken
from gateway.desk.reentry import Difference, Entered
from gateway.desk.report import Skew, Worked
from gateway.intake import journey
from gateway.intake.decide import Verdict
from gateway.intake.inbound import Form
from gateway.intake.revise import UNDO_MS, Case, Refused, Ruling
from gateway.intake.running import Running
from gateway.intake.source import Source
from gateway.service import Service
from gateway.storage.store import Place, Unavailable
from tally import selections
from tally.entry import Selected
from tally.outcome import MessageOutcome, Selection
from tally.selections import Finding

#: Endings that what was heard has no part in: such a call is not entered again.
_UNHEARD: Final = frozenset(
    {
        *(MessageOutcome.EARLY, MessageOutcome.LATE, MessageOutcome.IN_TRANSIT),
        *(MessageOutcome.TEST, MessageOutcome.BARRED_CALLER),
    }
)
#: Earlier messages of a caller that an operator is shown.
_EARLIER: Final = 6


class Told(NamedTuple):
    """A call, as its operator is told of it. `id` is its form's, `number` masked, `text` what was entered.

    `undo_ms` is how long it may still be taken back; `undone` why it was, "" if it was not.
    """

    id: str
    at_ms: int
    number: str
    form: Form
    text: str
    outcome: MessageOutcome
    selections: Selected
    undone: str
    undo_ms: int


class Looked(NamedTuple):
    """What a typed number is, and how earlier messages of that line ended, the newest first."""

    standing: Standing
    shown: str
    earlier: Sequence[Earlier]


class NotDue(RuntimeError):
    """The call is not to be entered again, or no more, or not by this operator."""


class Desk:
    """The desks of all campaigns. `randomness(n)` gives n bytes that nobody can foresee."""

    def __init__(self, service: Service, randomness: Callable[[int], bytes]) -> None:
        self._service, self._randomness = service, randomness
        self._sources = {
            source.running.id: source for source in service.sources.values() if source.desk is not None
        }
        self._turns: WeakValueDictionary[tuple[str, ...], asyncio.Lock] = WeakValueDictionary()

    @property
    def now_ms(self) -> int:
        """The time."""
        return self._service.now_ms()

    def source(self, campaign: str) -> Source | None:
        """The campaign's desk, None if it has none."""
        return self._sources.get(campaign)

    async def record(self, source: Source, login: str, call: Call, raw: bytes = b"") -> Told:
        """Record a call, or find that its form was sent before: then the answer is that of the first time.

        Raises as `Recorder.submit`: the call must be sent again.
        """
        service, running = self._service, source.running
        async with self._turn(running.id, login, call.id):
            known = await service.store.run(records.find, running.id, login, call.id)
            if known is not None:
                return await self._told(source.running, known)
            now_ms = service.now_ms()
            prepared = journey.prepare(source, call.inbound(login, now_ms, raw), now_ms)
            (verdict,) = await service.recorder.submit(running, [prepared])
            taken = Taken(
                verdict.place, login, call.id, await self._received_ms(running, verdict, now_ms), ""
            )
            await self._remember(source, taken, verdict)
            if verdict.redelivered:
                return await self._told(source.running, taken)
            return Told(
                call.id,
                now_ms,
                masked(prepared.caller.line, call.caller),
                call.form,
                call.text,
                verdict.outcome,
                verdict.selections,
                "",
                UNDO_MS,
            )

    async def undo(self, source: Source, login: str, form: str, reason: str, note: str) -> Told:
        """Take back a call of one's own. Raises `Refused`, and as `Recorder.submit`."""
        service, running = self._service, source.running
        async with self._turn(running.id, login, form):
            taken = await service.store.run(records.find, running.id, login, form)
            if taken is None:
                raise Refused("no_such_message")
            if not taken.undone:
                reason = await self._take_back(running, taken, reason, note)
                taken = taken._replace(undone=reason)
                await service.store.run(records.undo, running.id, login, form, reason)
            return await self._told(source.running, taken)

    async def latest(self, source: Source, login: str, limit: int) -> list[Told]:
        """An operator's last calls, the newest first."""
        taken = await self._service.store.run(records.latest, source.running.id, login, limit)
        cases = {
            case.place: case
            for case in await self._service.casebook.cases(source.running.id, [one.place for one in taken])
        }
        now_ms = self._service.now_ms()
        return [told(one, cases[one.place], now_ms) for one in taken if one.place in cases]

    async def find(self, source: Source, login: str, form: str) -> Told | None:
        """One call of an operator's."""
        taken = await self._service.store.run(records.find, source.running.id, login, form)
        return None if taken is None else await self._told(source.running, taken)

    async def look(self, source: Source, typed: str) -> Looked:
        """What a number is before the call is recorded. Totals and choices are nobody's business here."""
        who = caller.normalise(clean(typed[: caller.LONGEST + 1]), source.numbering)
        if who.standing is not Standing.KNOWN:
            return Looked(who.standing, "", ())
        earlier = await self._service.casebook.earlier(source.running, who.line)
        newest = sorted(earlier, key=lambda one: one.at_ms, reverse=True)[:_EARLIER]
        return Looked(who.standing, written(who.line), newest)

    async def due(self, source: Source, login: str, limit: int) -> list[Due]:
        """Calls of others that this operator may enter again: those that cannot be taken back any more."""
        before_ms = self._service.now_ms() - UNDO_MS
        return await self._service.store.run(records.due, source.running.id, before_ms, login, limit)

    async def number_of(self, source: Source, due: Due) -> str:
        """The masked number by which a call is found among the notes and recordings."""
        opening = (await self._case(source.running, due.place)).opening
        return "" if opening is None else masked(opening.line, opening.given)

    async def reenter(
        self, source: Source, login: str, place: Place, call: Call | None
    ) -> tuple[Difference, ...]:
        """A call entered again; None if there is neither note nor recording of it.

        Where the two differ, a person rules. Raises `NotDue`, and as `Recorder.submit`.
        """
        store, campaign = self._service.store, source.running.id
        async with self._turn(campaign, str(place)):
            due = await store.run(records.reentry, campaign, place)
            if due is None or due.operator == login:
                raise NotDue(f"entry {place.seq} is not to be entered again by {login}")
            found = None if call is None else await self._compare(source, login, place, call)
            result = "missing" if found is None else "differed" if found else "agreed"
            await store.run(records.close_reentry, campaign, place, result, login)
            return found or ()

    async def report(self, running: Running) -> tuple[list[Worked], list[Skew]]:
        """How the campaign's operators differ."""
        candidates = [
            Selection(one.id, each.code) for one in running.roll.contests for each in one.candidates
        ]
        worked = await self._service.store.run(records.worked, running.id)
        choices = await self._service.store.run(records.choices, running.id)
        return worked, report.skews(choices, candidates)

    @asynccontextmanager
    async def _turn(self, *what: str) -> AsyncIterator[None]:
        """One at a time for each form: whatever is sent twice at once is answered one after the other."""
        lock = self._turns.setdefault(what, asyncio.Lock())
        async with lock:
            yield

    async def _received_ms(self, running: Running, verdict: Verdict, now_ms: int) -> int:
        """When the call was received: earlier, if we were stopped before we could remember it here."""
        if not verdict.redelivered:
            return now_ms
        opening = (await self._case(running, verdict.place)).opening
        return now_ms if opening is None else opening.received_ms

    async def _remember(self, source: Source, taken: Taken, verdict: Verdict) -> None:
        assert source.desk is not None
        lot = reentry.drawn(source.desk.reentry_share, self._randomness(reentry.DRAW_BYTES))
        again = lot and verdict.outcome not in _UNHEARD
        chosen = [Selection(contest, code) for contest, code, _ in verdict.selections]
        await self._service.store.run(records.add, source.running.id, taken, chosen, again)

    async def _take_back(self, running: Running, taken: Taken, reason: str, note: str) -> str:
        """Why it was taken back, as the ledger has it."""
        ruling = Ruling("undo", taken.place, taken.operator, reason=reason, note=note)
        try:
            await self._service.recorder.revise(running, [ruling], self._service.now_ms())
        except Refused:
            for act in (await self._case(running, taken.place)).acts:
                # Another tab was faster, or we were stopped before we could remember it here.
                if act.leaf.kind == "undo":
                    return str(act.leaf.detail["reason"])
            raise
        return reason

    async def _compare(
        self, source: Source, login: str, place: Place, call: Call
    ) -> tuple[Difference, ...] | None:
        """In what they differ; None if there is nothing to compare with any more."""
        case = await self._case(source.running, place)
        if case.opening is None:
            return None
        book = source.running.codebook
        who = caller.normalise(call.caller, source.numbering)
        first = Entered(case.opening.line, case.opening.given, case.opening.form, case.opening.text)
        found = reentry.differences(first, reentry.entered(who, call.caller, call.form, call.text), book)
        if found and not case.waits:
            note = f"other number: {caller.mask(who.line) or '-'}" if "caller" in found else ""
            whom = heard(source.running, call)
            await self._dispute(
                source.running,
                Ruling("dispute", place, login, reason="entries_differ", note=note, selections=whom),
            )
        return found

    async def _dispute(self, running: Running, ruling: Ruling) -> None:
        try:
            await self._service.recorder.revise(running, [ruling], self._service.now_ms())
        except Refused as refused:
            if refused.word != "already_waiting":
                raise

    async def _told(self, running: Running, taken: Taken) -> Told:
        return told(taken, await self._case(running, taken.place), self._service.now_ms())

    async def _case(self, running: Running, place: Place) -> Case:
        case = await self._service.casebook.case(running.id, place)
        if case is None:
            raise Unavailable("an entry cannot be read: run televote verify")
        return case


def told(taken: Taken, case: Case, now_ms: int) -> Told:
    """A call as it ended when it was taken; whether it was taken back since is said beside it."""
    opening = case.opening
    if opening is None:
        return Told(taken.form, taken.at_ms, "", Form.UNPARSED, "", case.outcome, (), taken.undone, 0)
    return Told(
        taken.form,
        taken.at_ms,
        masked(opening.line, opening.given),
        Form(opening.form),
        opening.text,
        MessageOutcome(opening.outcome),
        opening.selections,
        taken.undone,
        0 if taken.undone else max(0, taken.at_ms + UNDO_MS - now_ms),
    )


def masked(line: str, given: str) -> str:
    """A call's number for the screen: "" if it was withheld, stars alone if it is no line at all."""
    return caller.mask(line) or ("****" if given else "")


def heard(running: Running, call: Call) -> tuple[Selection, ...]:
    """Whom a second operator heard, as a ballot; nobody, if it is none."""
    reading = selections.read_text(running.codebook, call.text)
    if call.wish is not Wish.VOTE or reading.finding is not Finding.CODES:
        return ()
    made = [one.contest for one in reading.selections]
    fits = all(made.count(contest) <= running.ballots[contest].max for contest in made)
    return reading.selections if fits else ()


def written(line: str) -> str:
    """A number as people read it: "138 1234 5678", with its country's code if it is abroad."""
    parsed = phonenumbers.parse(line)
    shape = (
        phonenumbers.PhoneNumberFormat.NATIONAL
        if parsed.country_code == 86
        else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(parsed, shape)
