"""The committee at work over a real service: messages come in, motions are made, proposed and carried out."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.checking import audit, judging
from gateway.exporting.exports import Exports
from gateway.intake import journey
from gateway.intake.inbound import Form, Inbound
from gateway.intake.revise import REFUSALS, Refused, Ruling
from gateway.intake.running import Running
from gateway.room import proposals
from gateway.room.chamber import Chamber, Done
from gateway.room.motion import Motion
from gateway.room.proposals import Proposal
from gateway.room.secretary import Secretary
from gateway.service import Service
from gateway.storage.store import Place
from tally import entry
from tally.outcome import Selection
from tests.conftest import House

CAMPAIGN = "beita-2018"
A01, A02, B03 = Selection("window", "A01"), Selection("window", "A02"), Selection("star", "B03")


@dataclass
class Room:
    """A running service, and its committee: wang, li and zhao, but for those who are `gone`."""

    house: House
    counting: Service
    chamber: Chamber
    gone: set[str]
    exports: Exports
    sent: int = 0

    @property
    def running(self) -> Running:
        return self.counting.campaigns[CAMPAIGN]

    async def send(self, caller: str, text: str, form: Form = Form.TEXT, raw: bytes = b"") -> Place:
        self.sent += 1
        source = self.counting.sources["sim"]
        inbound = Inbound(f"m{self.sent}", caller, text, form, raw=raw)
        prepared = journey.prepare(source, inbound, self.house.clock.ms)
        (verdict,) = await self.counting.recorder.submit(self.running, [prepared])
        return verdict.place

    async def propose(self, motion: Motion, by: str = "wang") -> Proposal:
        considered = await self.chamber.consider(self.running, motion)
        proposal = await self.chamber.act(self.running, motion, by, considered.digest)
        assert isinstance(proposal, Proposal)
        return proposal

    async def approve(self, proposal: Proposal, second: str = "li", digest: str | None = None) -> Done:
        shown = proposal.digest if digest is None else digest
        return await self.chamber.approve(self.running, proposal.id, second, shown)

    async def act(self, motion: Motion, by: str = "wang") -> Done:
        considered = await self.chamber.consider(self.running, motion)
        done = await self.chamber.act(self.running, motion, by, considered.digest)
        assert isinstance(done, Done)
        return done

    async def rule(self, *rulings: Ruling) -> None:
        await self.counting.recorder.revise(self.running, rulings, self.house.clock.ms)

    async def leaves(self) -> list[entry.Leaf]:
        return [entry.read_leaf(one.stored.leaf) for one in await self.counting.store.acts(CAMPAIGN)]

    async def kinds(self) -> Counter[str]:
        """How many acts of each kind the ledger has, beside those that time brings."""
        return Counter(leaf.kind for leaf in await self.leaves() if leaf.detail.get("by") != "system")

    async def votes(self) -> dict[str, int]:
        """Candidate -> counted votes, without the zeros."""
        found: Counter[str] = Counter()
        for key, n in (await self.counting.store.totals(CAMPAIGN)).items():
            if (key.subject, key.outcome) == ("selection", "counted") and n:
                found[key.candidate] += n
        return dict(found)


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[Room]:
    """The room; when it closes, the recount agrees with all that was done in it."""
    gone: set[str] = set()

    async def sits(login: str, campaign: str) -> bool:
        return login not in gone

    async with house.service() as counting:
        exports = Exports(house.load())
        chamber = Chamber(counting, lambda n: bytes(range(n)), sits, Secretary(counting, exports))
        yield Room(house, counting, chamber, gone, exports)
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        assert (await audit.recount(ledger, lambda _: None)).agrees
        assert not (await judging.judge(house.load(), ledger, lambda _: None)).otherwise


async def refused(doing: Any) -> str:
    """Why it was refused."""
    with pytest.raises(Refused) as caught:
        await doing
    assert caught.value.word in (*REFUSALS, *proposals.REFUSALS)
    return caught.value.word


def void(*targets: Place, **more: Any) -> Motion:
    return Motion(**{"kind": "void", "reason": "fraud", "targets": targets, **more})


def count(targets: Sequence[Place], *chosen: Selection, **more: Any) -> Motion:
    said = {"reason": "clear_to_a_person", "verdict": "count", **more}
    return Motion(kind="adjudicate", targets=tuple(targets), selections=chosen, **said)


def reject(*targets: Place) -> Motion:
    return Motion(kind="adjudicate", reason="no_clear_wish", targets=targets, verdict="reject")
