"""When a source is silent, by the rule of `watching.vitals`, and what is kept of the flow of messages."""

from collections.abc import Iterable

import pytest

from gateway.watching.vitals import HOUR_MS, MINUTE_MS, Flow, Minute, Slice, hearing
from tests.pages import boards, rooms

OPEN, BEFORE, AFTER = (boards.MOMENTS[status] for status in ("open", "scheduled", "closing"))
OPENS = boards.ms(boards.OPENS)


def flow(*heard_ago: int, now_ms: int = OPEN) -> Flow:
    """A source that was heard so many minutes ago."""
    now = now_ms // MINUTE_MS * MINUTE_MS
    told = Flow()
    told.tell(Minute(now - ago * MINUTE_MS, "sim", 1, 0) for ago in heard_ago)
    return told


#: name: minutes ago in which it was heard, silence_minutes, now -> what it is.
HEARINGS: dict[str, tuple[Iterable[int], int | None, int, str]] = {
    "just now": (range(60), None, OPEN, "heard"),
    "never": ((), None, OPEN, "never"),
    "regular, and a pause that is no alarm yet": (range(15, 75), None, OPEN, "heard"),
    "regular, and silent": (range(16, 76), None, OPEN, "silent"),
    "regular is twelve minutes of an hour": (range(20, 80, 5), None, OPEN, "silent"),
    "eleven are not": (range(20, 75, 5), None, OPEN, "quiet"),
    "an hour before its last, not before now": (range(300, 312), None, OPEN, "silent"),
    "a log handed in, once": ((40, 41), None, OPEN, "quiet"),
    "set: exactly so long": ((30,), 30, OPEN, "quiet"),
    "set: longer": ((31,), 30, OPEN, "silent"),
    "set: never heard": ((), 30, OPEN, "silent"),
    "set: never heard, just opened": ((), 30, OPENS + 29 * MINUTE_MS, "never"),
    "set: the time before the opening is none": ((90,), 30, OPENS + 29 * MINUTE_MS, "quiet"),
    "set to none": (range(16, 76), 0, OPEN, "quiet"),
    "shorter than the pause of others": ((6,), 5, OPEN, "silent"),
    "before the opening": (range(16, 76), 1, BEFORE, "closed"),
    "after the close": (range(16, 76), 1, AFTER, "closed"),
    "a clock that was set back": ((-5,), None, OPEN, "heard"),
}


@pytest.mark.parametrize("name", HEARINGS)
def test_hearing(name: str) -> None:
    ago, set_to, now_ms, expected = HEARINGS[name]
    source = rooms.room(silence_minutes=set_to).sources["sim"]
    assert hearing(flow(*ago, now_ms=now_ms), source, now_ms) == expected


def test_an_early_close_ends_the_alarm() -> None:
    source = rooms.room().sources["sim"]
    assert hearing(flow(*range(16, 76)), source, OPEN) == "silent"
    source.running.close_early(OPEN)
    assert hearing(flow(*range(16, 76)), source, OPEN) == "closed"


def test_minutes_are_told_again() -> None:
    told = Flow()
    told.tell([Minute(0, "sim", 1, 0), Minute(0, "desk", 5, 1)])
    told.tell([Minute(0, "sim", 3, 2), Minute(MINUTE_MS, "sim", 1, 0)])
    assert told.slices(0, 2 * MINUTE_MS) == [Slice(0, 8, 3), Slice(MINUTE_MS, 1, 0)]
    assert (told.last_ms("sim"), told.last_ms("desk"), told.last_ms("none")) == (MINUTE_MS, 0, None)


@pytest.mark.parametrize("step", [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS])
@pytest.mark.parametrize("long", [1, 7, 59, 60, 61, 500])
def test_slices_are_without_gaps_and_lose_nothing(step: int, long: int) -> None:
    told = Flow()
    minutes = [Minute(n * MINUTE_MS, "sim", n % 3, n % 2) for n in range(0, long, 2)]
    told.tell(minutes)
    slices = told.slices(0, long * MINUTE_MS, step)
    assert [one.at_ms for one in slices] == list(range(0, long * MINUTE_MS, step))
    assert sum(one.counted for one in slices) == sum(one.counted for one in minutes)
    assert sum(one.others for one in slices) == sum(one.others for one in minutes)


async def test_the_projection_is_read_whole_once_and_then_its_end() -> None:
    room = rooms.room()
    room.hear("sim", range(600))
    await room.stage.board.refresh()
    assert room.read == [0]
    await room.stage.board.refresh()
    assert room.read == [0], "without a commit nothing is read"
    room.stage.now_ms += 90_000
    room.hear("sim", [0])
    await room.stage.board.refresh()
    (_, since_ms) = room.read
    assert 4 * MINUTE_MS < room.stage.now_ms - since_ms < 10 * MINUTE_MS
    (sim, desk) = room.stage.board.moment("beita-2018").vitals.sources
    assert (sim.hearing, sim.since_minutes, sim.last_hour) == ("heard", 0, 60)
    assert (desk.hearing, desk.last_ms, desk.last_hour) == ("never", None, 0)
