"""What the live page shows, as plain values for its template. Pure: values in, values out."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from config.problems import Lang
from gateway.pages import flow_view
from gateway.pages.figures import Audience, Seen, figures_of
from gateway.pages.flow_view import Span
from gateway.pages.words_room import CHOICES
from gateway.reporting import view
from gateway.watching.vitals import Slice
from tally import export
from tally.outcome import CHANNELS, MessageOutcome, SelectionOutcome


class Line(NamedTuple):
    """An outcome's line in the balance; `pends` if it waits for a person."""

    key: str
    words: str
    pends: bool


def page(
    now: Seen,
    audience: Audience,
    lang: Lang,
    chosen: Span,
    slices: Sequence[Slice],
) -> dict[str, Any]:
    """The values of `live.html`; `slices` are the messages of the chosen stretch of time."""
    running = now.running
    return {
        "f": figures_of(now),
        "name": running.campaign.name_in(lang),
        "campaign": running.id,
        "audience": audience,
        "status": now.status,
        "final": now.final,
        "provisional": "final_live"
        if now.final
        else f"provisional_{'closed' if now.status == 'closed' else 'live'}",
        "lost": sum(running.lost.values()),
        "shown": now.shown is not None,
        "kept_back": "kept_back" if audience == "committee" else "embargo",
        "daily_as_of": (
            view.as_of(now.shown["as_of"])
            if audience == "observer" and now.shown is not None and running.campaign.publish.mode == "daily"
            else ""
        ),
        "charts": view.charts(running, now.shown, lang),
        "sources": now.sources,
        "outcomes": _outcome_lines(now, lang),
        "choices": _choice_lines(now, lang),
        "channels": CHANNELS,
        "columns": (*CHANNELS, "all"),
        "span": chosen,
        "spans": flow_view.SPANS,
        "flow": flow_view.flow(slices, running.zone),
        "zone": running.campaign.timezone,
        "offset": view.offset(running),
        "reasons": ("draining", "store_unavailable", "queue_full", "task_ended"),
    }


def _outcome_lines(now: Seen, lang: Lang) -> list[Line]:
    words = 0 if lang == "zh" else 1
    return [
        Line(outcome, export.WORDS[outcome][words], outcome in now.running.pending)
        for outcome in MessageOutcome
        if outcome == "counted" or now.balance["messages"].get(outcome)
    ]


def _choice_lines(now: Seen, lang: Lang) -> list[Line]:
    return [
        Line(outcome, CHOICES[outcome].by(lang), outcome == "pending")
        for outcome in SelectionOutcome
        if outcome == "counted" or now.balance["selections"].get(outcome)
    ]
