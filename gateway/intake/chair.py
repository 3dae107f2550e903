"""What the committee may do to a campaign after it opened: acts, each an entry of the ledger (docs/rules.md).

Who may do them, and that two people agree where two must, is checked again here, whatever asked. What the
rules say of an act before it is done (`withdrawal`, `line_to_bar`, `new_closes` …) is pure.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from dedup import caller
from dedup.caller import Standing
from gateway.intake.recorder import Recorder
from gateway.intake.revise import Act, Case, Refused
from gateway.intake.running import Running
from gateway.storage.store import Place
from tally import acts, certification
from tally.certification import NotAllowed
from tally.outcome import CHANNELS, Channel, Selection

#: What compares our record with others' is done once it is whole.
_AFTER_CLOSE: Final = frozenset({"backfill", "reconcile", "waive"})


class Cases(Protocol):
    """Where messages are looked up (the casebook)."""

    async def case(self, campaign: str, place: Place) -> Case | None:
        """One message, None if none stands there."""
        ...


def withdrawal(running: Running, gone: Selection) -> None:
    """Whether a candidate can withdraw. Raises `Refused`."""
    if gone not in running.rules().candidates:
        raise Refused("no_candidate")
    if gone in running.withdrawn:
        raise Refused("already_withdrawn")


def line_to_bar(running: Running, number: str) -> str:
    """The line (E.164) that a number names, if it can be barred. Raises `Refused`."""
    found = line(running, number)
    if found in running.barred:
        raise Refused("already_barred")
    return found


def line_to_unbar(running: Running, number: str) -> str:
    """The line that a number names, if it is barred. Raises `Refused`."""
    found = line(running, number)
    if found not in running.barred:
        raise Refused("not_barred")
    return found


def new_closes(running: Running, closes_ms: Mapping[Channel, int], now_ms: int) -> dict[Channel, int]:
    """Every channel's close once some are others. What has closed stays closed, and a close lies ahead: a
    vote is judged by the close that was announced when it came. Raises `Refused`."""
    if not running.opened or running.closed or running.closed_ms is not None:
        raise Refused("not_open")
    closes: dict[Channel, int] = {channel: running.window(channel).closes_ms for channel in CHANNELS}
    changed = {channel: at for channel, at in closes_ms.items() if at != closes[channel]}
    if not changed:
        raise Refused("nothing_changes")
    if any(closes[channel] <= now_ms or at <= now_ms for channel, at in changed.items()):
        raise Refused("too_late")
    return {**closes, **changed}


class Chair:
    """Checks and records acts, one at a time; each returns where its entry stands. Each raises
    `revise.Refused`, or what `Recorder.act` raises.

    `reason` is a word of `acts.REASONS`, public; `note` is sealed; `by` and `second` are account names.
    """

    def __init__(self, recorder: Recorder, cases: Cases, now_ms: Callable[[], int]) -> None:
        self._recorder, self._cases, self._now_ms = recorder, cases, now_ms
        self._turn = asyncio.Lock()

    async def withdraw(
        self, running: Running, gone: Selection, by: str, reason: str, note: str = ""
    ) -> Place:
        """A candidate withdraws: its votes stay counted and shown, it is ranked no more (docs/rules.md)."""
        async with self._turn:
            withdrawal(running, gone)
            release = running.campaign.withdrawal == "release"
            detail = {
                "by": by,
                "reason": reason,
                "contest": gone.contest,
                "candidate": gone.candidate,
                "release": release,
            }
            return await self._act(running, "withdraw", detail, {"note": note}, (gone,) if release else ())

    async def bar(self, running: Running, number: str, by: str, reason: str, note: str = "") -> Place:
        """A line may vote no more. What it has voted stays: that is for two people to void."""
        async with self._turn:
            private = {"line": line_to_bar(running, number), "note": note}
            return await self._act(running, "bar", {"by": by, "reason": reason}, private)

    async def unbar(self, running: Running, number: str, by: str, reason: str, note: str = "") -> Place:
        """A line may vote again."""
        async with self._turn:
            private = {"line": line_to_unbar(running, number), "note": note}
            return await self._act(running, "unbar", {"by": by, "reason": reason}, private)

    async def reschedule(
        self,
        running: Running,
        closes_ms: Mapping[Channel, int],
        by: str,
        second: str,
        reason: str,
        note: str = "",
    ) -> Place:
        """Other closes for some channels (Unix milliseconds)."""
        self._two(by, second)
        async with self._turn:
            closes = new_closes(running, closes_ms, self._now_ms())
            detail = {"by": by, "second": second, "reason": reason, "closes_ms": closes}
            return await self._act(running, "schedule", detail, {"note": note})

    async def reveal(self, running: Running, place: Place, by: str, reason: str, note: str = "") -> str:
        """The whole number behind a message, once the ledger has who asked and why; "" if it had none."""
        case = await self._cases.case(running.id, place)
        if case is None:
            raise Refused("no_such_message")
        if case.opening is None:
            raise Refused("erased")
        detail = {"by": by, "reason": reason, "node": case.node, "entry": place.seq}
        await self._act(running, "reveal", detail, {"note": note})
        return case.opening.line or case.opening.given

    async def score(
        self,
        running: Running,
        contest: str,
        judge: str,
        marks: Mapping[str, Mapping[str, str] | None],
        followed: int | None = None,
    ) -> Place:
        """A judge's sheet, whole: points by candidate and criterion, None for whom the judge is recused.

        `followed` is how many acts the campaign had taken up when it was looked whether there is one already.
        """
        async with self._turn:
            if followed not in (None, running.followed):
                raise Refused("changed")
            detail = {"by": judge, "reason": "points_given", "contest": contest}
            return await self._act(running, "score", detail, {"marks": marks})

    async def lot(
        self, running: Running, order: Sequence[Selection], by: str, second: str, reason: str, note: str = ""
    ) -> Place:
        """A lot that was drawn among candidates who are equal by every other rule, in this order."""
        self._two(by, second)
        async with self._turn:
            detail = {
                "by": by,
                "second": second,
                "reason": reason,
                "contest": order[0].contest,
                "order": [one.candidate for one in order],
            }
            return await self._act(running, "lot", detail, {"note": note})

    async def of_the_result(
        self,
        running: Running,
        kind: acts.Kind,
        detail: Mapping[str, Any],
        private: Mapping[str, Any],
        verdict: str = "",
        size: int | None = None,
    ) -> Place:
        """An act of the result's own machine (`tally/certification.py`), or before it.

        `verdict` is that of an answer, `size` how long the log must be.

        Its gates were looked at by whoever worked it out.
        """
        if kind in _AFTER_CLOSE and not running.closed:
            raise Refused("not_closed")
        if certification.needs_two(kind, verdict):
            self._two(detail["by"], detail.get("second", ""))
        async with self._turn:
            try:
                certification.after(running.progress, kind, detail, self._now_ms())
            except NotAllowed as error:
                raise Refused(error.word) from error
            return await self._act(running, kind, detail, private, reasons=verdict or kind, size=size)

    @staticmethod
    def _two(by: str, second: str) -> None:
        if not second:
            raise Refused("needs_two")
        if by == second:
            raise Refused("same_person")

    async def _act(
        self,
        running: Running,
        kind: acts.Kind,
        detail: Mapping[str, Any],
        private: Mapping[str, Any],
        released: tuple[Selection, ...] = (),
        reasons: str = "",
        size: int | None = None,
    ) -> Place:
        if running.certified and kind not in certification.AFTER_CERTIFICATION:
            raise Refused("certified")
        if detail["reason"] not in acts.REASONS[reasons or kind]:
            raise Refused("no_reason")
        return await self._recorder.act(
            Act(running, kind, self._now_ms(), detail, private, released, size=size)
        )


def line(running: Running, number: str) -> str:
    """The line (E.164) that a number names. Raises `Refused`."""
    found = caller.normalise(number, running.campaign.caller.numbering())
    if found.standing is not Standing.KNOWN:
        raise Refused("not_a_line")
    return found.line
