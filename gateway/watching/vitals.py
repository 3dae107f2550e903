"""How the count is doing, for those who watch it: votes per minute, who is still heard, what waits. Pure.

A source is `silent`, which is an alarm, while its channel's window is open and one of two things is true:

- its settings give `silence_minutes`, and it was not heard for so many minutes (since the opening, if that
  is later); 0 means that there is no alarm for it;
- they give none, it was heard regularly (in at least `REGULAR_MINUTES` different minutes of the hour that
  ended with its last message), and then not for `SILENT_MINUTES`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from gateway.intake.source import Source
from tally.outcome import Channel

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS

#: Heard in so many minutes of an hour, a source is expected to be heard again soon.
REGULAR_MINUTES: Final = 12
#: So long a regular source may pause.
SILENT_MINUTES: Final = 15

#: `closed`: its window is not open; `never`: not heard yet; `quiet`: it pauses, and that is no alarm.
Hearing = Literal["closed", "never", "heard", "quiet", "silent"]


class Minute(NamedTuple):
    """What one source brought in one minute of our clock, which begins at `at_ms`."""

    at_ms: int
    source: str
    counted: int
    others: int


class Slice(NamedTuple):
    """Messages of all sources in a stretch of time: those that counted, and the others."""

    at_ms: int
    counted: int
    others: int


class Heard(NamedTuple):
    """One source: when it was last heard (to the minute), since how many minutes not, messages in an hour."""

    name: str
    kind: str
    channel: Channel
    hearing: Hearing
    last_ms: int | None
    since_minutes: int | None
    last_hour: int


class Vitals(NamedTuple):
    """A campaign's state besides its figures. `unready` are the reasons why no votes are taken, if any."""

    sources: tuple[Heard, ...] = ()
    queued: int = 0
    unready: tuple[str, ...] = ()
    tempo: tuple[Slice, ...] = ()


class Flow:
    """The messages of a campaign by source and minute. Minutes may be told again: the latest word stands."""

    def __init__(self) -> None:
        self._minutes: defaultdict[str, dict[int, Slice]] = defaultdict(dict)
        self._last_ms: dict[str, int] = {}

    def tell(self, minutes: Iterable[Minute]) -> None:
        """Take minutes in."""
        for one in minutes:
            self._minutes[one.source][one.at_ms] = Slice(one.at_ms, one.counted, one.others)
            self._last_ms[one.source] = max(one.at_ms, self._last_ms.get(one.source, one.at_ms))

    def last_ms(self, source: str) -> int | None:
        """The last minute in which the source was heard."""
        return self._last_ms.get(source)

    def minutes_heard(self, source: str, since_ms: int, until_ms: int) -> int:
        """In how many minutes of [since, until) the source was heard."""
        return len(self._between(source, since_ms, until_ms))

    def messages(self, source: str, since_ms: int, until_ms: int) -> int:
        """How many messages the source brought in [since, until)."""
        return sum(one.counted + one.others for one in self._between(source, since_ms, until_ms))

    def slices(self, since_ms: int, until_ms: int, step_ms: int = MINUTE_MS) -> list[Slice]:
        """All sources together in stretches of `step_ms`, from the one that `since` is in, empty ones too."""
        first = since_ms // step_ms * step_ms
        sums = {at_ms: [0, 0] for at_ms in range(first, until_ms, step_ms)}
        for source in self._minutes:
            for one in self._between(source, first, until_ms):
                found = sums[one.at_ms // step_ms * step_ms]
                found[0] += one.counted
                found[1] += one.others
        return [Slice(at_ms, counted, others) for at_ms, (counted, others) in sums.items()]

    def _between(self, source: str, since_ms: int, until_ms: int) -> list[Slice]:
        known = self._minutes[source]
        first = -(-since_ms // MINUTE_MS) * MINUTE_MS
        if until_ms - first < len(known) * MINUTE_MS:
            return [known[at_ms] for at_ms in range(first, until_ms, MINUTE_MS) if at_ms in known]
        return [one for at_ms, one in known.items() if since_ms <= at_ms < until_ms]


def sources(flow: Flow, configured: Mapping[str, Source], campaign: str, now_ms: int) -> tuple[Heard, ...]:
    """Every source of the campaign, in the order of the settings."""
    return tuple(
        _heard(flow, source, now_ms) for source in configured.values() if source.running.id == campaign
    )


def _heard(flow: Flow, source: Source, now_ms: int) -> Heard:
    last_ms = flow.last_ms(source.name)
    return Heard(
        name=source.name,
        kind=source.kind,
        channel=source.channel,
        hearing=hearing(flow, source, now_ms),
        last_ms=last_ms,
        since_minutes=None if last_ms is None else max(0, now_ms - last_ms) // MINUTE_MS,
        last_hour=flow.messages(source.name, now_ms - HOUR_MS + 1, now_ms + MINUTE_MS),
    )


def hearing(flow: Flow, source: Source, now_ms: int) -> Hearing:
    """Whether the source is heard as it should be: the rule of the silence alarm."""
    window = source.running.window(source.channel)
    if not window.opens_ms <= now_ms < window.closes_ms:
        return "closed"
    last_ms = flow.last_ms(source.name)
    # A minute is kept by its beginning: only after one more is it certain that the pause is as long as that.
    since_ms = window.opens_ms if last_ms is None else max(window.opens_ms, last_ms + MINUTE_MS)
    paused = (now_ms - since_ms) // MINUTE_MS
    if source.silence_minutes is not None:
        alarm = 0 < source.silence_minutes <= paused
    else:
        alarm = paused >= SILENT_MINUTES and last_ms is not None and _regular(flow, source.name, last_ms)
    if alarm:
        return "silent"
    if last_ms is None:
        return "never"
    return "heard" if paused < SILENT_MINUTES else "quiet"


def _regular(flow: Flow, source: str, last_ms: int) -> bool:
    until_ms = last_ms + MINUTE_MS
    return flow.minutes_heard(source, until_ms - HOUR_MS, until_ms) >= REGULAR_MINUTES
