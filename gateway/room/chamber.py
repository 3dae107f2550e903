"""Carries motions out: by one member of the committee where one is enough, else by two.

Nothing is done but what was shown. Whoever acts sends back the digest of the act as they saw it; a proposal
keeps the digest of the act as it was proposed; and if the act would come to anything else by now, it is
refused.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from gateway.intake.decide import Verdict
from gateway.intake.recorder import NOT_NOW
from gateway.intake.revise import Refused
from gateway.intake.running import Running
from gateway.intake.schedule import TooEarly
from gateway.room import motion as motions
from gateway.room import outlook, proposals
from gateway.room.motion import RESULT, RULINGS, Motion
from gateway.room.outlook import Outlook
from gateway.room.proposals import Envelope, Proposal
from gateway.room.secretary import Secretary
from gateway.service import Service
from gateway.storage.store import Place

_NONCE_BYTES = 16
#: How often, and after how long, it is looked whether another node has ended what it does about a proposal.
_LOOKS, _LOOK_SECONDS = 50, 0.1


class Considered(NamedTuple):
    """A motion with its outlook. `digest` is what the page sends back, `two` whether two must agree."""

    motion: Motion
    outlook: Outlook
    digest: str
    two: bool


class Opened(NamedTuple):
    """An open proposal, and what it says."""

    proposal: Proposal
    motion: Motion
    outlook: Mapping[str, Any]


class Done(NamedTuple):
    """What was recorded: the entries, and for rulings how each message ended."""

    entries: tuple[int, ...]
    verdicts: tuple[Verdict, ...] = ()


class Chamber:
    """Every method raises `Refused`, and what `Recorder.submit` raises.

    `randomness(n)` gives n random bytes; `sits(login, campaign)` says whether that account is on the
    campaign's committee now; `secretary` knows what the result's acts come to.
    """

    def __init__(
        self,
        service: Service,
        randomness: Callable[[int], bytes],
        sits: Callable[[str, str], Awaitable[bool]],
        secretary: Secretary,
    ) -> None:
        self._service, self._randomness, self._sits, self._secretary = service, randomness, sits, secretary
        self._turns = {name: asyncio.Lock() for name in service.campaigns}
        self._envelopes = {name: Envelope(running) for name, running in service.campaigns.items()}

    async def consider(self, running: Running, motion: Motion) -> Considered:
        """What a motion comes to, before anybody has agreed to anything."""
        now_ms = self._service.now_ms()
        if motion.kind in RESULT:
            entries = self._service.recorder.head(running.id).entries
            state = motions.plain(await self._secretary.look(running, motion, now_ms))
            seen = Outlook(state, entries=entries)
        elif motion.kind == "lot":
            seen = Outlook(await self._secretary.scoring.drawn(running, motion.selections, motion.reason))
        else:
            seen = await outlook.look(self._service.recorder, running, motion, now_ms)
        digest = motions.digest(motions.pack(running.id, motion, seen.state))
        return Considered(motion, seen, digest, motions.needs_two(motion, running, now_ms))

    async def act(self, running: Running, motion: Motion, by: str, digest: str) -> Done | Proposal:
        """Do what one person may do, or propose what two must agree to. `digest` is of what they saw."""
        async with self._turns[running.id]:
            considered = await self.consider(running, motion)
            if digest != considered.digest:
                raise Refused("changed")
            if considered.two:
                return await self._propose(running, considered, by)
            return await self._carry_out(running, motion, considered.outlook, by, "")

    async def rule(self, running: Running, motion: Motion, by: str) -> Done | Proposal:
        """Rule on messages that wait. Nobody needs to have seen what it comes to: that they wait is asked."""
        async with self._turns[running.id]:
            if not motions.needs_two(motion, running, self._service.now_ms()):
                return await self._carry_out(running, motion, Outlook({}), by, "")
            return await self._propose(running, await self.consider(running, motion), by)

    async def approve(self, running: Running, number: int, second: str, digest: str) -> Done:
        """Agree to a proposal, and have it done: once, however often that is asked."""
        async with self._turns[running.id]:
            proposal = await self._find(running, number)
            if word := proposals.objection(proposal, second, digest, self._service.now_ms()):
                raise Refused(word)
            assert proposal is not None
            if not await self._sits(proposal.by, running.id):
                raise Refused("proposer_gone")
            opened = self._opened(running, proposal)
            if opened is None:
                raise Refused("other_parameters")
            considered = await self.consider(running, opened.motion)
            if motions.plain(considered.outlook.state) != opened.outlook:
                raise Refused("changed")
            return await self._carry_out_once(running, proposal, considered, second)

    async def decline(self, running: Running, number: int, who: str) -> proposals.State:
        """Decline a proposal of somebody else's, or withdraw one's own; returns which of the two it was."""
        async with self._turns[running.id]:
            proposal = await self._find(running, number)
            if word := proposals.ended(proposal, self._service.now_ms()):
                raise Refused(word)
            assert proposal is not None
            state: proposals.State = "withdrawn" if who == proposal.by else "declined"
            if not await self._service.store.run(proposals.close, number, state, who):
                raise await self._was_faster(running, number)
            return state

    async def open(self, running: Running) -> list[Opened]:
        """What waits for a second person, oldest first."""
        now_ms = self._service.now_ms()
        kept = await self._service.store.run(proposals.are_open, running.id, now_ms)
        return [opened for proposal in kept if (opened := self._opened(running, proposal))]

    async def latest(self, running: Running, limit: int) -> list[Proposal]:
        """How the last proposals ended, newest first."""
        return await self._service.store.run(proposals.latest, running.id, limit)

    def _opened(self, running: Running, proposal: Proposal) -> Opened | None:
        packed = self._envelopes[running.id].open(proposal)
        return Opened(proposal, *motions.unpack(packed)) if packed else None

    async def _propose(self, running: Running, considered: Considered, by: str) -> Proposal:
        said = _said(considered.motion, motions.plain(considered.outlook.state))
        # Once one of two that say the same is done, the other could only be refused.
        if any(_said(one.motion, one.outlook) == said for one in await self.open(running)):
            raise Refused("already_proposed")
        nonce = self._randomness(_NONCE_BYTES).hex()
        packed = motions.pack(running.id, considered.motion, considered.outlook.state, nonce)
        digest, sealed = motions.digest(packed), self._envelopes[running.id].seal(packed)
        kind, now_ms = considered.motion.kind, self._service.now_ms()
        number = await self._service.store.run(proposals.add, running.id, kind, digest, sealed, by, now_ms)
        return Proposal(number, kind, digest, sealed, by, now_ms, "open", "")

    async def _carry_out_once(
        self, running: Running, proposal: Proposal, considered: Considered, second: str
    ) -> Done:
        store = self._service.store
        if not await store.run(proposals.end, proposal.id, "approved", second):
            raise await self._was_faster(running, proposal.id)
        try:
            done = await self._carry_out(running, considered.motion, considered.outlook, proposal.by, second)
        except (Refused, *NOT_NOW):
            # If it was recorded all the same, its outlook is another one now: it is not done twice.
            await store.run(proposals.reopen, proposal.id)
            raise
        await store.run(proposals.forget, proposal.id)
        return done

    async def _find(self, running: Running, number: int) -> Proposal | None:
        """A proposal; one that another node may be carrying out just now, once that has ended."""
        store = self._service.store
        proposal = await store.run(proposals.find, running.id, number)
        for _ in range(_LOOKS if store.is_shared else 0):
            if proposal is None or not proposal.is_unrecorded:
                break
            await asyncio.sleep(_LOOK_SECONDS)
            proposal = await store.run(proposals.find, running.id, number)
        return proposal

    async def _was_faster(self, running: Running, number: int) -> Refused:
        """What somebody at another node has made of a proposal since it was looked at."""
        proposal = await self._service.store.run(proposals.find, running.id, number)
        if proposal is not None and proposal.state == "approved":
            return Refused("already_done")  # or it is being done just now
        return Refused(proposals.ended(proposal, self._service.now_ms()) or "changed")

    async def _carry_out(self, running: Running, motion: Motion, seen: Outlook, by: str, second: str) -> Done:
        if motion.kind in RULINGS:
            return await self._rule(running, motion, seen, by, second)
        if motion.kind in RESULT:
            place = await self._secretary.carry_out(running, motion, seen, by, second)
        else:
            place = await self._do(running, motion, by, second)
        return Done((place.seq,))

    async def _rule(self, running: Running, motion: Motion, seen: Outlook, by: str, second: str) -> Done:
        verdicts = await self._service.recorder.revise(
            running, motion.rulings(by, second), self._service.now_ms(), seen.foreseen
        )
        return Done(tuple(verdict.place.seq for verdict in verdicts), tuple(verdicts))

    async def _do(self, running: Running, motion: Motion, by: str, second: str) -> Place:
        acts, (_, reason, note, *_) = self._service.acts, motion
        match motion.kind:
            case "withdraw":
                return await acts.withdraw(running, motion.selections[0], by, reason, note)
            case "bar":
                return await acts.bar(running, motion.line, by, reason, note)
            case "unbar":
                return await acts.unbar(running, motion.line, by, reason, note)
            case "lot":
                return await acts.lot(running, motion.selections, by, second, reason, note)
            case "reschedule":
                return await acts.reschedule(running, dict(motion.closes_ms), by, second, reason, note)
            case _:
                return await self._close(running, motion, by, second)

    async def _close(self, running: Running, motion: Motion, by: str, second: str) -> Place:
        try:
            place = await self._service.schedule.close(
                running, by, motion.reason, bool(second), second, motion.note
            )
        except TooEarly as error:  # it was due when it was looked at
            raise Refused("changed") from error
        if place is None:
            raise Refused("not_open")
        return place


def _said(motion: Motion, outlook: Mapping[str, Any]) -> tuple[Motion, Mapping[str, Any]]:
    """What two proposals have in common that would do the same, whatever their notes say."""
    return motion._replace(note=""), outlook
