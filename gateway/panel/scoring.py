"""Entering points, submitting them, and what they come to: over the store and the recorder."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from config.evaluation import Judging
from gateway.intake.revise import Refused
from gateway.intake.running import Running
from gateway.panel import drafts, evaluating, marking
from gateway.panel.drafts import Draft
from gateway.panel.evaluating import Panel
from gateway.panel.marking import Marks
from gateway.service import Service
from gateway.storage.store import Acted, Place
from gateway.watching.board import as_they_stand
from tally import acts, entry, verify
from tally.evaluation import Contest
from tally.outcome import Selection
from tally.seal import Sealer
from tally.verify import Checked

#: Another node records an act while a sheet is looked at: then it is looked at again.
_ATTEMPTS: Final = 10


class Scoring:
    """Every method raises `Refused`, and what the store and `Recorder.act` raise."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turns = {name: asyncio.Lock() for name in service.campaigns}
        self._working = {name: asyncio.Lock() for name in service.campaigns}
        self._known: dict[str, tuple[Mapping[str, Contest], dict[str, Any] | None]] = {}

    async def panel(self, running: Running) -> Panel:
        """What has been submitted, and drawn."""
        return evaluating.read(opened(running, await self._service.store.acts(running.id)))

    async def draft(self, running: Running, contest: str, judge: str) -> Draft:
        """What a judge has entered."""
        return await self._service.store.run(drafts.draft, running.id, contest, judge)

    async def enter(self, running: Running, contest: str, judge: str, marks: Marks) -> int:
        """Keep marks, all or none; returns how many are others than before."""
        judging_of(running, contest)
        async with self._turns[running.id]:
            await self._may(running, contest, judge)
            now_ms = self._service.now_ms()
            return await self._service.store.run(drafts.enter, running.id, contest, judge, marks, now_ms)

    async def submit(self, running: Running, contest: str, judge: str, digest: str) -> Place:
        """Make a judge's sheet final: an entry of the ledger. `digest` tells what the judge has looked at."""
        judging = judging_of(running, contest)
        async with self._turns[running.id]:
            for _ in range(_ATTEMPTS):
                followed = running.followed
                await self._may(running, contest, judge)
                draft = await self.draft(running, contest, judge)
                marks = complete(judging, evaluating.candidates(running, contest), draft)
                if marks is None:
                    raise Refused("unfinished")
                if digest != digest_of(draft):
                    raise Refused("not_reviewed")
                try:
                    # What another node has recorded meanwhile may be this judge's sheet, or the last one.
                    return await self._service.acts.score(running, contest, judge, marks, followed)
                except Refused as refused:
                    if refused.word != "changed":
                        raise
            raise Refused("changed")

    async def drawn(self, running: Running, order: Sequence[Selection], reason: str) -> dict[str, Any]:
        """What a lot comes to, as JSON values: who is equal, and the order that was drawn."""
        if reason not in acts.REASONS["lot"]:
            raise Refused("no_reason")
        if not running.closed:
            raise Refused("not_closed")
        if running.certified:
            raise Refused("certified")
        document = await self.document(running)
        told = document["contests"] if document else []
        ties = [tie for one in told if order and one["id"] == order[0].contest for tie in one["unresolved"]]
        codes = [one.candidate for one in order]
        if not ties:
            raise Refused("no_tie")
        if sorted(codes) not in [sorted(tie) for tie in ties]:
            raise Refused("not_the_tied")
        return {"contest": order[0].contest, "order": codes}

    async def _may(self, running: Running, contest: str, judge: str) -> None:
        if not running.opened:
            raise Refused("not_open_yet")
        if running.certified:
            raise Refused("certified")
        evaluation = running.campaign.evaluation
        assert evaluation is not None, "the contest is one that is judged"
        done = (await self.panel(running)).judges(contest)
        if judge in done:
            raise Refused("submitted")
        if len(done) >= evaluation.judges:
            raise Refused("panel_full")

    async def document(self, running: Running) -> dict[str, Any] | None:
        """The evaluation as it stands, None if the campaign has none. It is worked out beside the loop, and
        again only when votes, sheets or lots are others than before."""
        if running.campaign.evaluation is None:
            return None
        async with self._working[running.id]:
            panel, now_ms = await self.panel(running), self._service.now_ms()
            standings = as_they_stand(running, await self._service.store.totals(running.id), now_ms)
            found = evaluating.contests(running, standings, panel)
            known, document = self._known.get(running.id, (None, None))
            if found != known:
                document = await asyncio.to_thread(evaluating.document_of, running, found)
                self._known[running.id] = (found, document)
            return document


def judging_of(running: Running, contest: str) -> Judging:
    """How a contest is judged. Raises `Refused`."""
    evaluation = running.campaign.evaluation
    if evaluation is None or contest not in evaluation.contests:
        raise Refused("not_judged")
    return evaluation.contests[contest]


def complete(judging: Judging, codes: list[str], draft: Draft) -> dict[str, Mapping[str, str] | None] | None:
    """A whole sheet as it is submitted, None for whom the judge is recused; None if a mark is missing."""
    found: dict[str, Mapping[str, str] | None] = {}
    for code in codes:
        given = draft.get(code, {})
        if given.get("") == marking.RECUSED:
            found[code] = None
        elif all(one.id in given for one in judging.criteria):
            found[code] = {one.id: given[one.id] for one in judging.criteria}
        else:
            return None
    return found


def digest_of(draft: Draft) -> str:
    """What tells one draft from another, in hex."""
    return hashlib.sha256(json.dumps(draft, sort_keys=True).encode()).hexdigest()


def opened(running: Running, recorded: Sequence[Acted]) -> list[Checked]:
    """The sheets and lots among acts as they are stored, opened; a damaged one is left out, for `verify` to
    name."""
    found = []
    for node, stored in recorded:
        if stored.kind in ("score", "lot"):
            try:
                found.append(verify.open_row(stored, Sealer(running.keys.sealing, f"{running.id}/{node}")))
            except entry.BadEntry:
                continue
    return found
