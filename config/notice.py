"""What follows the vote: the public notice (公示), how long objections have, and the award's timetable."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from config.fields import Table, Text, error_at, raise_all, refused

Days = Annotated[int, Field(ge=1, le=60)]

#: The steps that a timetable dates, in their order; voting itself is dated by the window.
STEPS: Final = ("nominations_open", "nominations_close", "tally_by", "notice_from", "final_by", "awards_on")


class PublicNotice(Table):
    """How the shortlist is put on public notice. Seven days, unless working days are counted.

    `basis` is the document that the award goes by; `holidays` the country whose holidays, and weekends that
    are worked instead, count for working days.
    """

    days: Days = 7
    working_days: Days | None = None
    answer_working_days: Days = 5
    basis: Text | None = None
    holidays: Literal["CN", "none"] = "CN"


class Timetable(Table):
    """When each step is due, as calendar days in the campaign's zone. A step without a day is not watched."""

    nominations_open: date | None = None
    nominations_close: date | None = None
    tally_by: date | None = None
    notice_from: date | None = None
    final_by: date | None = None
    awards_on: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        errors = [
            error_at((step,), refused("timetable_order", before=before)) for before, step in self._wrong()
        ]
        raise_all("Timetable", errors)
        return self

    def _wrong(self) -> Iterator[tuple[str, str]]:
        dated = [(step, day) for step in STEPS if (day := getattr(self, step)) is not None]
        for (before, earlier), (step, later) in pairwise(dated):
            if later < earlier:
                yield before, step
