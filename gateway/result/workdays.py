"""Calendar days and working days: when a notice ends, and when an answer is due. Pure; the holidays are a
library's."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from config.notice import PublicNotice

_ONE: Final = timedelta(days=1)


def last_day(first: date, notice: PublicNotice) -> date:
    """The last day of a notice that begins on `first`, which counts."""
    if notice.working_days is None:
        return first + (notice.days - 1) * _ONE
    return _working(first, notice.working_days, notice)


def answer_day(received: date, notice: PublicNotice) -> date:
    """The day by whose end an objection is answered; the day it came does not count."""
    return _working(received + _ONE, notice.answer_working_days, notice)


def end_of(day: date, zone: ZoneInfo) -> int:
    """The first instant after a day, in Unix milliseconds."""
    return int(datetime.combine(day + _ONE, time(), zone).timestamp() * 1000)


def day_of(at_ms: int, zone: ZoneInfo) -> date:
    """The calendar day of an instant in a zone."""
    return datetime.fromtimestamp(at_ms / 1000, zone).date()


def is_working(day: date, notice: PublicNotice) -> bool:
    """Whether offices work on a day."""
    if notice.holidays == "none":
        return day.weekday() < 5
    return bool(_china(day.year).is_working_day(day))


def is_known(last: date, notice: PublicNotice) -> bool:
    """Whether the calendar up to a day is known: the State Council sets holidays, and the weekends that are
    worked instead, a year ahead at the most."""
    return notice.holidays == "none" or any(
        day.year == last.year for day in _china(last.year).weekend_workdays
    )


def _working(first: date, days: int, notice: PublicNotice) -> date:
    """The day on which so many working days are full, counted from `first` on."""
    day, left = first, days
    while True:
        left -= is_working(day, notice)
        if not left:
            return day
        day += _ONE


@lru_cache(maxsize=16)
def _china(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=year)
