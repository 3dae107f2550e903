"""The award's timetable: which step is done, under way, due, late, or waits for the one before. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal, NamedTuple

from config.notice import Timetable
from gateway.intake.running import Running
from gateway.result import workdays

Name = Literal["nominations", "voting", "tally", "notice", "final", "awards"]
State = Literal["done", "now", "due", "late", "blocked", "coming"]
STEPS: Final[tuple[Name, ...]] = ("nominations", "voting", "tally", "notice", "final", "awards")


class Step(NamedTuple):
    """One step: from when it is under way, by when it is due (calendar days, None if nobody set one)."""

    name: Name
    begins: date | None
    due: date | None
    state: State


def steps(running: Running, now_ms: int) -> list[Step]:
    """The steps of a campaign, in their order."""
    today = workdays.day_of(now_ms, running.zone)
    dated = _dated(running, running.campaign.timetable)
    done = _done(running, now_ms, running.campaign.timetable, today)
    found: list[Step] = []
    for name in STEPS:
        begins, due = dated[name]
        before = all(one.state == "done" for one in found)
        found.append(Step(name, begins, due, _state(begins, due, today, done=done[name], before=before)))
    return found


def reminders(found: Sequence[Step]) -> list[Step]:
    """The steps that somebody should be reminded of: due today, or late."""
    return [one for one in found if one.state in ("due", "late")]


def _state(begins: date | None, due: date | None, today: date, *, done: bool, before: bool) -> State:
    if done:
        return "done"
    if due is not None and today > due:
        return "late"
    if not before:
        return "coming" if begins is not None and today < begins else "blocked"
    if due is not None and today == due:
        return "due"
    return "coming" if begins is not None and today < begins else "now"


def _dated(running: Running, table: Timetable) -> dict[Name, tuple[date | None, date | None]]:
    zone, notice = running.zone, running.progress.notice
    voting = workdays.day_of(running.opens_ms, zone), workdays.day_of(running.closes_ms - 1, zone)
    return {
        "nominations": (table.nominations_open, table.nominations_close),
        "voting": voting,
        "tally": (voting[1], table.tally_by),
        "notice": (
            (date.fromisoformat(notice.first_day), date.fromisoformat(notice.last_day))
            if notice
            else (table.notice_from, table.notice_from)
        ),
        "final": (None, table.final_by),
        "awards": (table.awards_on, table.awards_on),
    }


def _done(running: Running, now_ms: int, table: Timetable, today: date) -> dict[Name, bool]:
    progress = running.progress
    complete = progress.status in ("unofficial-complete", "certified")
    return {
        "nominations": running.opened
        or (table.nominations_close is not None and today > table.nominations_close),
        "voting": running.closed,
        "tally": complete,
        "notice": complete and progress.notice is not None and now_ms >= progress.notice.until_ms,
        "final": progress.status == "certified",
        "awards": progress.status == "certified" and table.awards_on is not None and today > table.awards_on,
    }
