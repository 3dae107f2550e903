"""The campaign's rules as they stood at each entry of its ledger, and messages read by them once more."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple, cast

from config.load import Loaded
from gateway import entrances
from gateway.intake import journey
from gateway.intake.inbound import Form, Inbound
from gateway.intake.journey import Prepared
from gateway.intake.running import Running
from gateway.intake.source import Source
from tally.entry import Opening
from tally.outcome import Channel
from tally.verify import Checked


class Rulebook:
    """The rules as they stood at each entry.

    People who close early are obeyed before it is recorded. So there are two books then: one that is cut
    short from the beginning, for what came after that, and one for what came before.
    """

    def __init__(self, loaded: Loaded, campaign: str, cut_ms: int | None, apart_ms: int) -> None:
        """`cut_ms` is when people closed early, if they did; by so much nodes' clocks may be apart.

        Raises `Problems` if the settings of a source are wrong.
        """
        self._apart_ms = apart_ms
        self._cut_ms = cut_ms
        self._book = _book(loaded, campaign)
        self._cut = None if cut_ms is None else _book(loaded, campaign)
        self._to_bring_in = Counter[str]()
        self._cut_short()

    @property
    def running(self) -> Running:
        """The campaign as it stands."""
        return self._book.running

    @property
    def sources(self) -> Collection[str]:
        """The sources that the settings name."""
        return self._book.sources

    def is_brought_in(self, opening: Opening) -> bool:
        """Whether the next message is one of those that people brought in from a statement, and the
        statement's time decides. An act has said before how many of a source would come: no more are
        believed, or any vote that came too late could be in time by a statement that nobody handed in."""
        if opening.decided_by != "statement" or not self._to_bring_in[opening.source]:
            return False
        self._to_bring_in[opening.source] -= 1
        return True

    def prepared(self, opening: Opening, *, brought_in: bool) -> list[Prepared]:
        """A message by the rules as they stand; before an early close is recorded, by those of afterwards,
        too: people are obeyed at once."""
        books = [self._book, self._cut] if self._cut is not None and not self.running.closed else [self._book]
        return [book.prepared(opening, brought_in=brought_in) for book in books]

    def is_past_cut(self, at_ms: int) -> bool:
        """Whether people had closed early by then, and it is not recorded yet."""
        return self._cut_ms is not None and not self.running.closed and at_ms > self._cut_ms + self._apart_ms

    def follow(self, act: Checked) -> None:
        """Take up an act. Raises `Unsafe` if the campaign was opened with other rules."""
        for book in (self._book, self._cut):
            if book is not None:
                book.running.take_up(act.leaf.kind, act.leaf.detail, act.private, act.leaf.at_ms)
        self._cut_short()
        if act.leaf.kind == "backfill":
            self._to_bring_in[act.leaf.detail["source"]] += act.leaf.detail["messages"]

    def _cut_short(self) -> None:
        if self._cut is not None and self._cut_ms is not None:
            self._cut.running.close_early(self._cut_ms)


class _Book(NamedTuple):
    """A campaign as it stood, and its sources."""

    running: Running
    sources: dict[str, Source]

    def prepared(self, opening: Opening, *, brought_in: bool) -> Prepared:
        """A message as it came, normalised, mapped and placed once more."""
        source = self.sources.get(opening.source) or self._unknown(opening)
        if brought_in:
            source = replace(source, clock="statement")
        form = Form(opening.form)
        message = Inbound(
            opening.message_id,
            opening.line or opening.given,
            opening.note if form is Form.UNPARSED else opening.text,
            form,
            opening.sent_ms,
        )
        return journey.prepare(source, message, opening.received_ms)

    def _unknown(self, opening: Opening) -> Source:
        return Source(
            name=opening.source,
            kind="",
            channel=cast("Channel", opening.channel),
            running=self.running,
            clock="provider" if opening.decided_by == "provider" else "arrival",
            numbering=self.running.campaign.caller.numbering(),
        )


def _book(loaded: Loaded, campaign: str) -> _Book:
    campaigns = entrances.run_campaigns(loaded)
    running = campaigns[campaign]
    sources = entrances.open_all(loaded, campaigns)
    return _Book(running, {name: one for name, one in sources.items() if one.running is running})
