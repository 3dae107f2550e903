"""People at work: operators at the desk, whoever hands in the log of calls, and the committee in its room."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gateway.desk.desk import NotDue
from gateway.desk.form import Call, Wish
from gateway.intake.importer import import_rows
from gateway.intake.revise import Refused, Ruling
from gateway.intake.schedule import TooEarly
from gateway.room.motion import Motion
from gateway.room.proposals import Proposal
from gateway.storage.store import Place, Unavailable
from tally.outcome import Selection
from tests.simulation import campaigns
from tests.simulation.campaigns import CAMPAIGN, HOUR, MINUTE
from tests.simulation.post import BALLOTS, contest_of, known
from tests.simulation.world import LATER, Asked, Mail, World

PEOPLE, OPERATORS = ("wang", "li", "zhao"), ("op1", "op2")
#: What the committee does, and how often. Each may be refused.
ACTS = "count count count reject reject keep void void dispute dispute withdraw bar unbar schedule".split()
REASONS = {"count": "clear_to_a_person", "reject": "no_clear_wish", "keep": "first_entry_right"}

Row = tuple[str, str, str, int]


async def ask(world: World, kind: str, told: dict[str, Any], do: Callable[[str], Awaitable[Any]]) -> None:
    """Ask for an act, marked with a note of its own; remember what was answered."""
    mark, crashes = f"act-{len(world.asked)}", world.crashes
    asked = world.asked[mark] = Asked(kind, told, world.true_ms)
    try:
        await do(mark)
    except (Refused, TooEarly):
        asked.answer = "refused"
    except LATER:
        return
    else:
        if world.lives(crashes):
            asked.answer = "done"
    finally:
        asked.answered_ms = world.true_ms
    world.heard.append(f"{mark} {kind} {asked.answer}")


# ---- the desk ----------------------------------------------------------------------------------------


async def call(world: World, number: int, at: int, pool: list[str]) -> None:
    """A call is typed in; the form is sent until it is taken. Perhaps it is taken back, or entered again."""
    rng = world.rng
    caller, text, login = rng.choice(pool), rng.choice(BALLOTS), rng.choice(OPERATORS)
    waited = rng.choice([None, 0, 1500, 40_000])
    spelling, codes = campaigns.spelled(caller, rng), tuple(text.codes.split())
    form = Call(f"form-{number:016}", spelling, Wish.VOTE, codes, waited_ms=waited)
    await world.until(at)
    mail = known(world, "desk", f"{login}/{form.id}", caller, text, None if waited is None else -waited)
    for _ in range(6):
        if await _taken(world, mail, login, form):
            break
        await asyncio.sleep(20)
    else:
        return
    if rng.random() < 0.4:
        await asyncio.sleep(rng.choice([2, 30, 100, 130]))
        if world.service is not None:
            source = world.service.sources["desk"]
            told = {"form": f"{login}/{form.id}"}
            await ask(
                world,
                "undo",
                told,
                lambda mark: world.desk.undo(source, login, form.id, "wrong_choice", mark),
            )
    elif rng.random() < 0.6:
        await asyncio.sleep(rng.uniform(150, 4000))
        await _enter_again(world, pool)


async def _taken(world: World, mail: Mail, login: str, form: Call) -> bool:
    if world.service is None:
        return False
    source, crashes = world.service.sources["desk"], world.crashes
    try:
        with world.trying(mail):
            await world.desk.record(source, login, form)
    except LATER:
        return False
    if not world.lives(crashes):
        return False
    mail.acknowledged = True
    return world.rng.random() < 0.9  # else the answer is lost, and the form is sent again


async def _enter_again(world: World, pool: list[str]) -> None:
    """Others enter what the lot drew for them; where it differs, that makes a dispute."""
    for login in OPERATORS:
        if world.service is None:
            return
        source, text = world.service.sources["desk"], world.rng.choice(BALLOTS)
        again = Call("again-0000000000000", world.rng.choice(pool), Wish.VOTE, tuple(text.codes.split()))
        try:
            for one in await world.desk.due(source, login, 1):
                await world.desk.reenter(source, login, one.place, again)
        except (NotDue, Refused, *LATER):
            continue


# ---- the log of calls --------------------------------------------------------------------------------


def log_rows(world: World, pool: list[str]) -> list[Row]:
    """The calls of the hotline's machine: id, caller, choice, when (Unix seconds)."""
    rng, rows = world.rng, list[Row]()
    for number in range(rng.randrange(0, 8)):
        caller, text = rng.choice(pool), rng.choice(BALLOTS)
        at = rng.randrange(world.drawn.opens_ms - HOUR, world.drawn.closes_ms + 2 * HOUR) // 1000
        rows.append((f"c{number}", campaigns.spelled(caller, rng), text.codes, at))
        known(world, "log", f"c{number}", caller, text, at * 1000)
    return rows


async def log(world: World, at: int, rows: list[Row]) -> None:
    """The log is handed in: a part of it, all of it, and all of it again; each until it is in."""
    await world.until(at)
    for part in (rows[: len(rows) // 2 + 1], rows, rows):
        world.faults.met["log_overlaps"] += 1
        for _ in range(8):
            if await _handed_in(world, part):
                break
            await asyncio.sleep(300)
        await asyncio.sleep(world.rng.uniform(1, 4 * 3600))


async def _handed_in(world: World, rows: list[Row]) -> bool:
    service, crashes = world.service, world.crashes
    if service is None:
        return False
    source, mails = service.sources["log"], [world.mails["log", name] for name, *_ in rows]
    assert source.calllog is not None
    lines = ["id,caller,choice,start\n", *(",".join(map(str, row)) + "\n" for row in rows)]
    try:
        with world.trying(*mails):
            summary = await import_rows(source.calllog.read(lines), lambda found: service.take(source, found))
    except LATER:
        return False
    if not world.lives(crashes):
        return False
    if summary.unread or summary.rows != len(rows):
        world.fail(f"the log was not read: {summary}")
    for mail in mails:
        mail.acknowledged = True
    return True


# ---- the committee -----------------------------------------------------------------------------------


async def committee(world: World, at: int) -> None:
    """One act, whether the rules allow it or not."""
    await world.until(at)
    if world.service is None:
        return
    rng, kind = world.rng, world.rng.choice(ACTS)
    by, second = rng.sample(PEOPLE, 2)
    if rng.random() < 0.08:
        second = by
    if kind in ("withdraw", "bar", "unbar", "schedule"):
        motion, told = _of_the_campaign(world, kind)
    else:
        target = await _target(world, kind)
        if target is None or world.service is None:
            return
        motion, told = _of_a_message(world, kind, *target)
    if kind == "dispute":
        service, running = world.service, world.service.campaigns[CAMPAIGN]
        heard = (Selection(*told["chosen"][0]),)
        ruling = Ruling("dispute", told["place"], by, reason="entries_differ", selections=heard)
        at_ms = world.now_ms()
        await ask(
            world,
            kind,
            told,
            lambda mark: service.recorder.revise(running, [ruling._replace(note=mark)], at_ms),
        )
    else:
        await ask(world, kind, told, lambda mark: _carry(world, motion._replace(note=mark), by, second))


async def close_early(world: World, at: int) -> None:
    """The committee closes now, while votes arrive."""
    await world.until(at)
    if world.service is not None:
        world.faults.met["early_close_raced"] += 1
        motion = Motion("close", "vote_compromised")
        await ask(world, "close", {}, lambda mark: _carry(world, motion._replace(note=mark), "wang", "li"))


async def _carry(world: World, motion: Motion, by: str, second: str) -> None:
    """Have it looked at and done; where two must agree, the other one does, perhaps later."""
    assert world.service is not None
    running = world.service.campaigns[CAMPAIGN]
    considered = await world.chamber.consider(running, motion)
    done = await world.chamber.act(running, motion, by, considered.digest)
    if isinstance(done, Proposal):
        if world.rng.random() < 0.3:
            await asyncio.sleep(world.rng.uniform(0, 1000))
        if world.service is None:
            raise Unavailable("it is being started")
        running = world.service.campaigns[CAMPAIGN]  # it may have been started again meanwhile
        await world.chamber.approve(running, done.id, second, done.digest)


async def _target(world: World, kind: str) -> tuple[Place, bool] | None:
    """A message that this can be done to, or sometimes any entry; and whether it has no number."""
    assert world.service is not None
    service = world.service
    try:
        waiting = await service.casebook.waiting(CAMPAIGN)
        head = service.recorder.head(CAMPAIGN)
        found = [Place(head.log_id, seq) for seq in range(head.size)]
        if kind in REASONS and world.rng.random() < 0.9:
            found = [case.place for case in waiting]
        if not found:
            return None
        place = world.rng.choice(found)
        case = await service.casebook.case(CAMPAIGN, place)
    except Unavailable:
        return None
    return place, case is not None and case.opening is not None and not case.opening.line


def _of_a_message(world: World, kind: str, place: Place, nameless: bool) -> tuple[Motion, dict[str, Any]]:
    rng, count = world.rng, kind == "count"
    chosen = rng.choice(BALLOTS).chosen
    line = (
        campaigns.line(rng.choice(campaigns.MOBILES[:4])) if count and nameless and rng.random() < 0.6 else ""
    )
    told = {"place": place, "chosen": chosen, "line": line, "release": rng.random() < 0.5}
    if kind == "void":
        return Motion("void", "fraud", targets=(place,), release=told["release"] is True), told
    picked = tuple(Selection(*one) for one in chosen) if count else ()
    reason = REASONS.get(kind, "")
    return Motion("adjudicate", reason, targets=(place,), verdict=kind, selections=picked, line=line), told  # type: ignore[arg-type]


def _of_the_campaign(world: World, kind: str) -> tuple[Motion, dict[str, Any]]:
    rng = world.rng
    if kind == "withdraw":
        code = rng.choice(["A02", "B03"])
        gone = (contest_of(code), code)
        return Motion("withdraw", "at_own_wish", selections=(Selection(*gone),)), {"candidate": gone}
    if kind == "schedule":
        channel, closes = (
            rng.choice(["sms", "hotline"]),
            world.drawn.closes_ms + rng.randrange(-30, 30) * 6 * MINUTE,
        )
        motion = Motion("reschedule", "network_failure", closes_ms=((channel, closes),))  # type: ignore[arg-type]
        return motion, {"closes": {channel: closes}}
    line = campaigns.line(rng.choice(campaigns.MOBILES[:3]))
    if kind == "bar":
        return Motion("bar", "fraud", line=line), {"line": line}
    return Motion("unbar", "barred_by_mistake", line=line), {"line": line}
