"""One seed, one run: a drawn campaign on the real service and a real database, in virtual time.

Senders, operators and a committee work at once while things break; then what is in the ledger, in the totals
and in what was acknowledged is compared with the oracle.
"""

import asyncio
import gc
import hashlib
import logging
import math
import os
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest import mock

import structlog
from aiohttp import streams
from aiohttp.test_utils import make_mocked_request

from config import load
from gateway import audit
from gateway.desk.desk import Desk, NotDue
from gateway.desk.form import Call, Wish
from gateway.exports import Exports
from gateway.intake import recorder as recorders
from gateway.intake import schedule as schedules
from gateway.intake.importer import import_rows
from gateway.intake.receive import Door
from gateway.intake.recorder import Busy, Stopping
from gateway.intake.revise import Refused, Ruling
from gateway.intake.schedule import TooEarly
from gateway.ledger import publisher as publishers
from gateway.parts import assembly as assemblies
from gateway.result.secretary import Secretary
from gateway.room import motion as motions
from gateway.room.chamber import Chamber
from gateway.room.motion import Motion
from gateway.room.proposals import Proposal
from gateway.service import Service, open_service
from gateway.storage import connection as connections
from gateway.storage import sqlite as stores
from gateway.storage.store import Place, Unavailable
from gateway.watch import Metrics
from tally import merkle, note
from tally.outcome import Selection
from tests.simulation import campaigns, faults, senders
from tests.simulation.campaigns import CAMPAIGN, HOUR, MINUTE, START_MS
from tests.simulation.loop import NoThread, Queue, VirtualLoop
from tests.simulation.oracle import Message, Oracle
from tests.simulation.senders import Sender, Sent

#: Texts, what the rules make of them, and whom they name.
TEXTS = (
    ("A01", "codes", "A01"), ("投A02！", "codes", "A02"), ("a3", "codes", "A03"), ("Ａ０４", "codes", "A04"),
    ("B01", "codes", "B01"), ("支持 B-02", "codes", "B02"), ("B3", "codes", "B03"), ("A01 B01", "codes", "A01 B01"),
    ("A02、B02", "codes", "A02 B02"), ("A01A02", "codes", "A01 A02"), ("B01 B02 B03", "codes", "B01 B02 B03"),
    ("A03 A01 B02", "codes", "A03 A01 B02"), ("A01,A02,A03,A04", "codes", "A01 A02 A03 A04"),
    ("A04 B03", "codes", "A04 B03"), ("A01 A01", "codes", "A01"), ("你好", "no_code", ""), ("A99", "unknown_code", ""),
    ("不要A01", "unclear", "A01"), ("改 B02", "unclear", "B02"),
)  # fmt: skip
PEOPLE = ("wang", "li", "zhao")
OPERATORS = ("op1", "op2")


class Diverged(AssertionError):
    """The product and the oracle, or a promise, differ; the message has the seed and how to replay it."""


def contest_of(code: str) -> str:
    return "window" if code.startswith("A") else "star"


def chosen_of(codes: str) -> tuple[tuple[str, str], ...]:
    return tuple((contest_of(code), code) for code in codes.split())


@dataclass
class Mail:
    """A message under way: what it is, when it was tried, what its sender heard."""

    message: Message
    tried: list[list[int]] = field(default_factory=list)
    acknowledged: bool = False
    gave_up: bool = False


@dataclass
class Asked:
    """An act that was asked for. `answer` is "done", "refused", or "unknown"."""

    kind: str
    told: dict[str, Any]
    answer: str = "unknown"


class Result(NamedTuple):
    """What a run came to: `trace` is the same for the same seed."""

    trace: str
    met: Counter[str]
    messages: int
    acts: int
    crashes: int


class World:
    def __init__(self, seed: int, folder: Path) -> None:
        self.seed, self.folder = seed, folder
        self.rng = Random(seed)
        self.drawn = campaigns.draw(self.rng, folder)
        self.faults = faults.Faults(Random(seed ^ 0x5EED), folder)
        self.faults.on_crash = self._died
        self.loop = VirtualLoop(self.faults.latency, self.faults.before_file_job)
        self.entropy = Random(seed + 1)
        self.skew_ms, self.skews = 0, {0}
        self.mails: dict[tuple[str, str], Mail] = {}
        self.asked: dict[str, Asked] = {}
        self.checkpoints: set[str] = set()
        self.service: Service | None = None
        self.crashed = asyncio.Event()
        self.crashes = 0
        self.heard: list[str] = []
        self.places: list[Place] = []
        self.moved_on = 0
        self.ending = False

    # ---- time ------------------------------------------------------------------------------------

    @property
    def true_ms(self) -> int:
        return START_MS + int(self.loop.now * 1000)

    def now_ms(self) -> int:
        """Our clock, which may be wrong."""
        return self.true_ms + self.skew_ms

    async def until(self, ms: float) -> None:
        await asyncio.sleep(max(0.0, (ms - START_MS) / 1000 - self.loop.now))

    # ---- the service -----------------------------------------------------------------------------

    def _died(self) -> None:
        self.crashes += 1
        self.crashed.set()

    async def serve(self) -> None:
        """Run the service; when it was killed, start it again on what it left, after a while."""
        while not self.ending:
            self.crashed.clear()
            self.faults.starting = True
            self.loaded = load.everything(self.drawn.settings, {})
            try:
                async with open_service(self.loaded, Metrics(), self.now_ms) as service:
                    self.faults.starting = False
                    self._opened(service)
                    await self.crashed.wait()
                    self.service = None
            except (Unavailable, OSError):
                self.service = None
            self.faults.starting = False
            if self.faults.dead:
                self.faults.thaw()
                self.crashed.clear()
            if not self.ending:
                await asyncio.sleep(self.rng.choice([0.1, 5, 90]))

    def _opened(self, service: Service) -> None:
        async def sits(login: str, campaign: str) -> bool:
            return True

        self.door = Door(service.sources, service.recorder, service.assembly, service_observer(), self.now_ms)
        self.chamber = Chamber(service, self.entropy.randbytes, sits, Secretary(service, Exports(self.loaded)))
        self.desk = Desk(service, self.entropy.randbytes)
        self.service = service

    # ---- messages --------------------------------------------------------------------------------

    def _mail(self, source: str, name: str, number: str, text: tuple[str, str, str], sent: int | None) -> Mail:
        """The message as the oracle knows it. One without an id is known by what it says."""
        standing = {"anonymous": "withheld_caller", "12345": "invalid_caller"}.get(number, "")
        line = "" if standing else campaigns.line(number)
        message = Message(source, name, line, standing, text[1], chosen_of(text[2]), sent)
        return self.mails.setdefault((source, name), Mail(message))

    @contextmanager
    def trying(self, *mails: Mail) -> Iterator[None]:
        """Note from when to when messages were on their way into the service."""
        began = self.true_ms
        tries = [[began, began] for _ in mails]
        for mail, one in zip(mails, tries, strict=True):
            mail.tried.append(one)
        try:
            yield
        finally:
            for one in tries:
                one[1] = self.true_ms

    async def attempt(self, mail: Mail, sender: Sender, sent: Sent) -> int | None:
        """One request; its status, None if no answer came."""
        service = self.service
        if service is None or self.rng.random() < 0.06:
            self.faults.met["request_lost"] += service is not None
            return None
        wire = sender.wire(sent, self.true_ms)
        request = _request(wire)
        crashes = self.crashes
        with self.trying(mail):
            response = await self.door.handle(request)
        if self.crashes != crashes or self.faults.dead:
            return None
        if self.rng.random() < 0.06:
            self.faults.met["response_lost"] += 1
            return None
        if 200 <= response.status < 300:
            mail.acknowledged = True
        elif response.status not in (503, 401, 403):
            raise Diverged(f"{sender.name}: an answer {response.status} to a good message")
        return response.status

    async def send(self, sender: Sender, sent: Sent, text: tuple[str, str, str], number: str) -> None:
        """A provider with one message, from the first try to the last."""
        rng = self.rng
        known = sent.id or f"{sent.caller}|{sent.text}|{sent.sent_ms}"
        mail = self._mail(sender.name, known, number, text, sent.sent_ms if sender.grain_ms else None)
        delay = rng.choice([0, 0, 0, 0, rng.uniform(0, 5), rng.uniform(0, 600), rng.uniform(0, 26 * 3600)])
        self.faults.met["delayed_over_an_hour"] += delay > 3600
        await asyncio.sleep(delay)
        if sent.sent_ms < self.moved_on:
            self.faults.met["reordered"] += 1
        self.moved_on = max(self.moved_on, sent.sent_ms)
        for wait in [*sender.waits(), None]:
            tries = [self.attempt(mail, sender, sent)]
            if rng.random() < 0.1:
                self.faults.met["duplicate"] += 1
                tries += [self.attempt(mail, sender, sent) for _ in range(rng.randrange(1, 4))]
            statuses = await asyncio.gather(*tries)
            self.heard.append(f"{sender.name} {known} {statuses}")
            if not any(not sender.again(status) for status in statuses):
                if wait is None:
                    break
                await asyncio.sleep(wait)
            else:
                return
        mail.gave_up = True
        self.faults.met["gave_up"] += 1

    def callers(self) -> list[str]:
        return [*self.rng.sample(campaigns.MOBILES, self.rng.randrange(2, 6)), campaigns.FIXED]

    def letters(self) -> Iterator[Awaitable[None]]:
        """All SMS of the run, each a provider's task that waits for its time."""
        rng, drawn, pool = self.rng, self.drawn, self.callers()
        for number in range(rng.randrange(10, 45)):
            sender = rng.choice(senders.SENDERS)
            near = rng.random()
            at = (
                rng.randrange(drawn.opens_ms - HOUR, drawn.closes_ms + HOUR)
                if near < 0.6
                else drawn.closes_ms + rng.randrange(-4000, 2000)
                if near < 0.8
                else drawn.opens_ms + rng.randrange(-2000, 30 * MINUTE)
            )
            if rng.random() < 0.1:
                at = drawn.closes_ms + rng.choice([-1000, -1, 0, 1])
            for _ in range(1 if rng.random() < 0.9 else rng.randrange(2, 6)):
                yield self._letter(sender, f"m{number}-{rng.randrange(10**6)}", at, pool)

    def _letter(self, sender: Sender, name: str, at: int, pool: list[str]) -> Awaitable[None]:
        rng = self.rng
        who = rng.random()
        caller = rng.choice(pool) if who < 0.9 else rng.choice(["anonymous", "12345", campaigns.TESTER, campaigns.BARRED])
        text = rng.choice(TEXTS)
        spelling = campaigns.spelled(caller, rng) if caller[0] in "15" and len(caller) != 5 else caller
        if sender.name == "tencent":
            name, spelling = "", caller if caller[0] == "1" and len(caller) == 11 else campaigns.MOBILES[0]
            caller = spelling
        elif sender.name == "twilio":
            name = "SM" + hashlib.md5(name.encode()).hexdigest()
        stamp = at // (sender.grain_ms or 1) * (sender.grain_ms or 1)
        self.faults.met["two_at_once"] += 1
        sent = Sent(name, spelling, text[0], stamp)

        async def go() -> None:
            await self.until(at)
            await self.send(sender, sent, text, caller)

        return go()

    # ---- operators, and the log of calls -----------------------------------------------------------

    async def call(self, number: int, at: int, pool: list[str]) -> None:
        """A call that an operator types in; the form is sent again until it is taken, and perhaps taken back."""
        rng = self.rng
        caller, text, login = rng.choice(pool), rng.choice(TEXTS[:15]), rng.choice(OPERATORS)
        codes = tuple(text[2].split())
        waited = rng.choice([None, 0, 1500, 40_000])
        form = Call(f"form-{number:016}", campaigns.spelled(caller, rng), Wish.VOTE, codes, waited_ms=waited)
        await self.until(at)
        mail = self._mail("desk", f"{login}/{form.id}", caller, ("", text[1], text[2]), None if waited is None else -waited)
        for _ in range(6):
            if await self._taken(mail, login, form):
                break
            await asyncio.sleep(20)
        else:
            mail.gave_up = True
            return
        if rng.random() < 0.4:
            await asyncio.sleep(rng.choice([2, 30, 100, 130]))
            await self._undo(login, form)
        elif rng.random() < 0.6:
            await asyncio.sleep(rng.uniform(150, 4000))
            await self._enter_again(pool)

    async def _taken(self, mail: Mail, login: str, form: Call) -> bool:
        if self.service is None:
            return False
        source = self.service.sources["desk"]
        crashes = self.crashes
        try:
            with self.trying(mail):
                await self.desk.record(source, login, form)
        except (Unavailable, Busy, Stopping):
            return False
        if self.crashes != crashes or self.faults.dead:
            return False
        mail.acknowledged = True
        return self.rng.random() < 0.9  # else the answer is lost, and the form is sent again

    async def _undo(self, login: str, form: Call) -> None:
        if self.service is not None:
            source = self.service.sources["desk"]
            target = {"form": f"{login}/{form.id}"}
            await self._ask("undo", target, lambda mark: self.desk.undo(source, login, form.id, "wrong_choice", mark))

    async def _enter_again(self, pool: list[str]) -> None:
        """A second operator enters what was drawn for it; where it differs, a dispute is made."""
        if self.service is None:
            return
        source = self.service.sources["desk"]
        for login in OPERATORS:
            try:
                due = await self.desk.due(source, login, 1)
                for one in due:
                    text = self.rng.choice(TEXTS[:15])
                    again = Call("again-0000000000000", self.rng.choice(pool), Wish.VOTE, tuple(text[2].split()))
                    await self.desk.reenter(source, login, one.place, again)
            except (NotDue, Refused, Unavailable, Busy, Stopping):
                continue

    async def log(self, at: int, rows: list[tuple[str, str, str, int]]) -> None:
        """A call log is handed in: some rows again each time, until it is in."""
        await self.until(at)
        for first in (0, len(rows) // 2, 0):
            lines = ["id,caller,choice,start\n", *(f"{a},{b},{c},{d}\n" for a, b, c, d in rows[: max(first, 1) if first else None])]
            self.faults.met["log_overlaps"] += 1
            for _ in range(8):
                if await self._handed_in(rows, lines):
                    break
                await asyncio.sleep(300)
            await asyncio.sleep(self.rng.uniform(1, 4 * 3600))

    async def _handed_in(self, rows: list[tuple[str, str, str, int]], lines: list[str]) -> bool:
        service = self.service
        if service is None:
            return False
        source, crashes = service.sources["log"], self.crashes
        assert source.calllog is not None
        ids = {line.split(",")[0] for line in lines[1:]}
        try:
            with self.trying(*(self.mails["log", name] for name in sorted(ids))):
                summary = await import_rows(source.calllog.read(lines), lambda found: service.take(source, found))
        except (Unavailable, Busy, Stopping):
            return False
        if self.crashes != crashes or self.faults.dead:
            return False
        if summary.unread or summary.rows != len(ids):
            raise Diverged(f"the log was not read: {summary}")
        for name in ids:
            self.mails["log", name].acknowledged = True
        return True

    def log_rows(self, pool: list[str]) -> list[tuple[str, str, str, int]]:
        rows = []
        for number in range(self.rng.randrange(0, 8)):
            caller, text = self.rng.choice(pool), self.rng.choice(TEXTS[:8])
            at = self.rng.randrange(self.drawn.opens_ms - HOUR, self.drawn.closes_ms + 2 * HOUR) // 1000
            rows.append((f"c{number}", campaigns.spelled(caller, self.rng), text[2].replace(" ", " "), at))
            self._mail("log", f"c{number}", caller, text, at * 1000)
        return rows

    # ---- the committee -----------------------------------------------------------------------------

    async def _ask(self, kind: str, told: dict[str, Any], do: Callable[[str], Awaitable[Any]]) -> bool:
        """Ask for an act, marked with a note of its own; note what was answered."""
        mark = f"act-{len(self.asked)}"
        asked = self.asked[mark] = Asked(kind, told)
        crashes = self.crashes
        try:
            await do(mark)
        except (Refused, TooEarly) as refused:
            asked.answer = "refused"
            self.heard.append(f"{mark} {kind} {refused}")
            return False
        except (Unavailable, Busy, Stopping):
            return False
        if self.crashes == crashes and not self.faults.dead:
            asked.answer = "done"
        self.heard.append(f"{mark} {kind} {asked.answer}")
        return asked.answer == "done"

    async def _carry(self, motion: Motion, by: str, second: str) -> None:
        assert self.service is not None
        running, chamber = self.service.campaigns[CAMPAIGN], self.chamber
        considered = await chamber.consider(running, motion)
        done = await chamber.act(running, motion, by, considered.digest)
        if isinstance(done, Proposal):
            if self.rng.random() < 0.3:
                await asyncio.sleep(self.rng.uniform(0, 1000))
            await self.chamber.approve(running, done.id, second, done.digest)

    async def committee(self, at: int) -> None:
        """One act at some time, whatever the committee may do or must not."""
        rng = self.rng
        await self.until(at)
        service = self.service
        if service is None:
            return
        running = service.campaigns[CAMPAIGN]
        kind = rng.choice("count count count reject reject keep void void dispute dispute withdraw bar unbar reschedule".split())
        by, second = rng.sample(PEOPLE, 2)
        if rng.random() < 0.08:
            second = by
        if kind in ("withdraw", "bar", "unbar", "reschedule"):
            await self._campaign_act(kind, by, second)
            return
        targets = await self._targets(kind)
        if not targets:
            return
        target, nameless = targets[0]
        codes = rng.choice(TEXTS[:15])[2] if rng.random() < 0.8 else rng.choice(["A01", "B02"])
        chosen = chosen_of(codes)
        selections = tuple(Selection(*one) for one in chosen)
        line = campaigns.line(rng.choice(campaigns.MOBILES[:4])) if nameless and rng.random() < 0.6 else ""
        told = {"place": target, "chosen": chosen, "line": line if kind == "count" else ""}
        if kind == "dispute":
            ruling = Ruling("dispute", target, by, reason="entries_differ", selections=selections[:1])
            await self._ask(kind, told, lambda mark: service.recorder.revise(running, [ruling._replace(note=mark)], self.now_ms()))
            return
        if kind == "void":
            told["release"] = rng.random() < 0.5
            motion = Motion("void", "fraud", targets=(target,), release=told["release"])
        else:
            reason = {"count": "clear_to_a_person", "reject": "no_clear_wish", "keep": "first_entry_right"}[kind]
            count = kind == "count"
            motion = Motion("adjudicate", reason, targets=(target,), verdict=kind, selections=selections if count else (),
                            line=told["line"])  # fmt: skip
        self.faults.met["act_raced"] += 1
        await self._ask(kind, told, lambda mark: self._carry(motion._replace(note=mark), by, second))

    async def _targets(self, kind: str) -> list[tuple[Place, bool]]:
        """Messages that this can be done to; sometimes any message, to which it cannot."""
        assert self.service is not None
        try:
            waiting = await self.service.casebook.waiting(CAMPAIGN)
            head = self.service.recorder.head(CAMPAIGN)
            if kind in ("count", "reject", "keep") and self.rng.random() < 0.9:
                found = [case.place for case in waiting]
            else:
                found = [Place(head.log_id, seq) for seq in range(head.size)]
            if not found:
                return []
            place = self.rng.choice(found)
            case = await self.service.casebook.case(place)
        except Unavailable:
            return []
        return [(place, case is not None and case.opening is not None and not case.opening.line)]

    async def _campaign_act(self, kind: str, by: str, second: str) -> None:
        rng = self.rng
        if kind == "withdraw":
            code = rng.choice(["A02", "B03"])
            motion = Motion("withdraw", "at_own_wish", selections=(Selection(contest_of(code), code),))
            told: dict[str, Any] = {"candidate": (contest_of(code), code)}
        elif kind in ("bar", "unbar"):
            number = rng.choice(campaigns.MOBILES[:3])
            told = {"line": campaigns.line(number)}
            reason = "fraud" if kind == "bar" else "barred_by_mistake"
            motion = Motion(kind, reason, line=told["line"])  # type: ignore[arg-type]
        else:
            channel = rng.choice(["sms", "hotline"])
            closes = self.drawn.closes_ms + rng.randrange(-30, 30) * 6 * MINUTE
            told = {"closes": {channel: closes}}
            motion = Motion("reschedule", "network_failure", closes_ms=((channel, closes),))  # type: ignore[arg-type]
        self.faults.met["act_raced"] += 1
        named = {"reschedule": "schedule"}.get(kind, kind)
        await self._ask(named, told, lambda mark: self._carry(motion._replace(note=mark), by, second))

    async def close_early(self, at: int, pool: list[str]) -> None:
        """The committee closes now, while votes arrive."""
        await self.until(at)
        if self.service is None:
            return
        motion = Motion("close", "vote_compromised")
        self.faults.met["early_close_raced"] += 1
        await self._ask("close", {}, lambda mark: self._carry(motion._replace(note=mark), "wang", "li"))

    # ---- what breaks -------------------------------------------------------------------------------

    async def trouble(self, kind: str, at: int) -> None:
        await self.until(at)
        rng, broken = self.rng, self.faults
        if kind == "crash":
            if self.service is not None and not broken.dead:
                broken.met["crash"] += 1
                try:
                    broken.crash()
                except Exception:  # noqa: BLE001 -- it is told to whoever has a statement under way
                    return
        elif kind == "outage":
            broken.outage(True)
            await asyncio.sleep(rng.uniform(0.5, 600))
            broken.outage(False)
        elif kind == "slow_disk":
            broken.slow = rng.choice([0.05, 1.0])
            broken.met[kind] += 1
            await asyncio.sleep(rng.uniform(10, 900))
            broken.slow = 0.0
        elif kind == "clock_jump":
            self.skew_ms = rng.choice([-HOUR, HOUR, -4 * MINUTE, 4 * MINUTE])
            self.skews.add(self.skew_ms)
            broken.met[kind] += 1
            await asyncio.sleep(rng.uniform(60, 4 * 3600))
            self.skew_ms = 0
        else:
            broken.arm(kind)

    async def sign(self) -> None:
        """Whoever watches keeps every checkpoint that was ever published."""
        path = self.folder / "ledger" / CAMPAIGN / "n1" / "checkpoint"
        while not self.ending:
            if path.exists():
                self.checkpoints.add(path.read_text("utf-8"))
            await asyncio.sleep(1200)

    # ---- the whole -----------------------------------------------------------------------------------

    async def run(self) -> Result:
        rng, drawn, pool = self.rng, self.drawn, self.callers()
        rows = self.log_rows(pool)
        span = (drawn.opens_ms - HOUR, drawn.last_ms + 3 * HOUR)
        when = [lambda: rng.randrange(*span), lambda: drawn.closes_ms + rng.randrange(-20 * MINUTE, 20 * MINUTE)]
        work: list[Awaitable[None]] = list(self.letters())
        work += [self.call(n, rng.randrange(drawn.opens_ms - HOUR, drawn.closes_ms + 10 * MINUTE), pool) for n in range(rng.randrange(0, 9))]
        work += [self.log(rng.randrange(*span), rows)] if rows else []
        work += [self.committee(rng.choice(when)()) for _ in range(rng.randrange(0, 22))]
        if rng.random() < 0.15:
            work.append(self.close_early(rng.choice(when)(), pool))
        breaks = [kind for kind in faults.KINDS[:12] for _ in range(rng.choice([0, 0, 0, 1, 1, 2]))]
        work += [self.trouble(kind, rng.choice(when)()) for kind in breaks]
        serving = asyncio.create_task(self.serve())
        watching = asyncio.create_task(self.sign())
        working = asyncio.gather(*work)
        await asyncio.wait([working, serving], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            serving.result()
        working.result()
        self.faults._armed.clear()
        await self.until(drawn.last_ms + 6 * HOUR)
        while self.service is None or not self.service.recorder.healthy:
            await asyncio.sleep(60)
        await self.service.schedule.tick()
        self.ending = True
        self.crashed.set()
        await serving
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        return await self.compare()

    # ---- what should have come of it -----------------------------------------------------------------

    async def compare(self) -> Result:
        """Raises `Diverged` if anything is not as it should be."""
        loaded = load.everything(self.drawn.settings, {})
        async with audit.open_ledger(loaded, CAMPAIGN) as ledger:
            counted = await audit.recount(ledger, lambda _: None)
            if not counted.agrees:
                self.fail(f"the recount differs: {counted.differences} {counted.faults}")
            chunks = [chunk async for chunk in ledger.walk(lambda _: None)]
            rows = [row for chunk in chunks for row in chunk.rows]
            entries = [entry for chunk in chunks for entry in chunk.entries]
            totals = dict(await ledger.reader.totals(CAMPAIGN))
            self._checkpoints(ledger.running, [row.leaf_hash for row in rows])
        self._judge(entries, totals)
        heads = hashlib.sha256(b"".join(row.leaf_hash for row in rows) + "\n".join(self.heard).encode())
        return Result(heads.hexdigest(), self.faults.met, len(self.mails), len(self.asked), self.crashes)

    def fail(self, what: str) -> None:
        raise Diverged(f"{what}\nseed {self.seed}; again: python -m tests.simulation {self.seed}")

    def _checkpoints(self, running: Any, hashes: list[bytes]) -> None:
        """Everything ever signed is a beginning of this ledger."""
        verifier = publishers.signer(running, "n1").verifier
        for text in sorted(self.checkpoints):
            signed = note.read_checkpoint(note.open_note(text, [verifier]))
            _, frontier = merkle.extend(0, (), hashes[: signed.size])
            if signed.size > len(hashes) or merkle.root(frontier) != signed.root:
                self.fail(f"a checkpoint of {signed.size} was signed that this ledger does not go on from")

    def _judge(self, entries: list[Any], totals: dict[Any, int]) -> None:
        cuts = [one.leaf.detail["closes_ms"] for one in entries if one.leaf.kind == "close" and one.leaf.detail["early"]]
        oracle = Oracle(self.drawn.rules, cuts[0] if cuts else None)
        there: dict[int, Message] = {}
        seen: set[tuple[str, str]] = set()
        marks: Counter[str] = Counter()
        for one in entries:
            if one.opening is not None:
                mail = self._of(one.opening)
                key = (mail.message.source, mail.message.id)
                if key in seen:
                    self.fail(f"entry {one.seq}: {key} is there twice")
                seen.add(key)
                there[one.seq] = mail.message
                self._message(oracle, one, mail)
            elif mark := self._mark(one):
                marks[mark] += 1
                self._act(oracle, one, self.asked[mark], there)
            elif one.leaf.kind == "dispute":  # by the desk itself
                self._ruled(oracle, one, there[one.leaf.detail["entry"]], "dispute", {})
            elif one.leaf.kind == "close":
                oracle.act("close", {})
        self._all_there(seen, marks)
        self._totals(there, totals)

    def _of(self, opening: Any) -> Mail:
        """The message that was sent, by what the ledger calls it."""
        name = opening.message_id
        if opening.source == "tencent":
            found = [
                mail
                for (source, _), mail in self.mails.items()
                if source == "tencent" and mail.message.line == opening.line and mail.message.sent == opening.sent_ms
                and mail.message.id.split("|")[1] == opening.text
            ]  # fmt: skip
            if len(found) == 1:
                return found[0]
        elif (opening.source, name) in self.mails:
            return self.mails[opening.source, name]
        self.fail(f"nobody sent {opening.source} {name}")
        raise AssertionError

    def _mark(self, one: Any) -> str:
        return one.private.get("note", "") if one.private.get("note", "") in self.asked else ""

    def _message(self, oracle: Oracle, one: Any, mail: Mail) -> None:
        message, opening = mail.message, one.opening
        received = [opening.received_ms - skew for skew in self.skews]
        if not any(first <= at <= last for first, last in mail.tried for at in received):
            self.fail(f"entry {one.seq}: {message} was received at {opening.received_ms}, tried {mail.tried}")
        message.received = opening.received_ms
        if message.source == "desk" and message.sent is not None:
            message.sent += message.received  # it tells how long ago
        oracle.message(message)
        told = [tuple(selection) for selection in opening.selections]
        if (message.outcome, message.ended, message.line) != (opening.outcome, told, opening.line):
            self.fail(f"entry {one.seq}: {opening} should be {message}")

    def _act(self, oracle: Oracle, one: Any, asked: Asked, there: dict[int, Message]) -> None:
        kind, told = asked.kind, asked.told
        if one.leaf.kind != {"count": "adjudicate", "reject": "adjudicate", "keep": "adjudicate"}.get(kind, kind):
            self.fail(f"entry {one.seq}: {one.leaf.kind} where {kind} was asked for")
        if asked.answer == "refused":
            self.fail(f"entry {one.seq}: {kind} was refused, and is there")
        if "place" in told or kind == "undo":
            target = there[one.leaf.detail["entry"]]
            named = told["place"].seq if "place" in told else one.leaf.detail["entry"]
            if named != one.leaf.detail["entry"] or (kind == "undo" and target.id != told["form"]):
                self.fail(f"entry {one.seq}: {kind} of another message")
            self._ruled(oracle, one, target, kind, told)
        else:
            oracle.act(kind, told)

    def _ruled(self, oracle: Oracle, one: Any, target: Message, kind: str, told: dict[str, Any]) -> None:
        keep = kind == "void" and not told["release"]
        verdict = kind if kind in ("count", "keep") else ""
        oracle.rule(target, kind, verdict, told.get("chosen", ()), keep, told.get("line", ""))
        now = one.private["now"]
        if (target.outcome, target.ended) != (now["outcome"], [tuple(selection) for selection in now["selections"]]):
            self.fail(f"entry {one.seq}: {kind} {told} came to {now}, and should to {target}")

    def _all_there(self, seen: set[tuple[str, str]], marks: Counter[str]) -> None:
        for key, mail in self.mails.items():
            if mail.acknowledged and key not in seen:
                self.fail(f"{key} was acknowledged and is not there")
        for mark, asked in self.asked.items():
            if marks[mark] != 1 and (asked.answer == "done" or marks[mark] > 1):
                self.fail(f"{asked} is there {marks[mark]} times")

    def _totals(self, there: dict[int, Message], totals: dict[Any, int]) -> None:
        """By the oracle's messages as they stand at the end, against what is kept."""
        should: Counter[tuple[str, ...]] = Counter()
        for message in there.values():
            channel = self.drawn.rules.sources[message.source][0]
            should["received", channel, "", "", ""] += 1
            should["message", channel, "", "", message.outcome] += 1
            should["waiting", channel, "", "", message.outcome] += message.waits
            for contest, code, end in self.oracle_now(message):
                should["made", channel, "", "", ""] += 1
                should["selection", channel, contest, code, end] += 1
        kept = {tuple(key): n for key, n in totals.items() if n and key[0] != "act"}
        if kept != {key: n for key, n in should.items() if n}:
            wrong = {key: (kept.get(key, 0), should[key]) for key in {*kept, *should} if kept.get(key, 0) != should[key]}
            self.fail(f"totals (kept, should be): {wrong}")
        self._balance(kept)

    @staticmethod
    def oracle_now(message: Message) -> list[tuple[str, str, str]]:
        return Oracle.now(None, message)  # type: ignore[arg-type]

    def _balance(self, kept: dict[Any, int]) -> None:
        for channel in ("sms", "hotline"):
            sums = Counter[str]()
            for (subject, where, *_), n in kept.items():
                sums[subject] += n if where == channel else 0
            if sums["received"] != sums["message"] or sums["made"] != sums["selection"] or min(kept.values()) < 0:
                self.fail(f"{channel} does not balance: {sums}")


class service_observer:  # noqa: N801
    def answered(self, source: str, status: int, reason: str) -> None: ...


def _request(wire: senders.Wire) -> Any:
    """The request as aiohttp hands it to the door, its body already here."""
    protocol = mock.Mock(_reading_paused=False)
    content = streams.StreamReader(protocol, 2**16, loop=asyncio.get_running_loop())
    content.feed_data(wire.body)
    content.feed_eof()
    return make_mocked_request("POST", wire.path, wire.headers, payload=content)


@contextmanager
def in_one_thread(world: World) -> Iterator[None]:
    """The product with its threads and its chance taken away, and its own pauses made longer."""
    faulty = faults.connection_of(world.faults)
    really = connections.Connection.__init__

    def single(self: Any, *args: Any, **kwargs: Any) -> None:
        really(self, *args, **kwargs)
        self._tx, self._thread = Queue(world.loop), NoThread()

    def breakable(path: Path) -> Any:
        if world.faults.dead:
            raise faults.sqlite3.OperationalError("the process was killed")
        return faults.sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=faulty)

    with ExitStack() as stack:
        for owner, name, value in (
            (connections.Connection, "__init__", single),
            (stores, "_open", breakable),
            (schedules, "_TICK_SECONDS", 1200.0),
            (assemblies, "_TICK_SECONDS", 3600.0),
            (publishers, "INTERVAL_SECONDS", 1500.0),
            (os, "urandom", world.entropy.randbytes),
            (os, "fsync", lambda _: None),
        ):
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


def play(seed: int) -> Result:
    """Run one seed. Raises `Diverged`, with the command that replays it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 -- memory, if there is any
    with tempfile.TemporaryDirectory(dir=base) as folder:
        world = World(seed, Path(folder))
        with in_one_thread(world), asyncio.Runner(loop_factory=lambda: world.loop) as runner:
            try:
                return runner.run(world.run())
            except Diverged:
                raise
            except Exception as error:
                raise Diverged(f"{error!r}\nseed {seed}; again: python -m tests.simulation {seed}") from error
            finally:
                structlog.reset_defaults()


__all__ = ["Diverged", "Result", "play"]
_UNUSED = (gc, math, motions)
