"""Of which years a time may be that somebody else has written."""

from typing import Final

#: Times of these are after the epoch and within the calendar in every zone, days and weeks added. What is of
#: another year is no time: to show it would fail long after it was recorded.
YEARS: Final = range(1971, 9000)
