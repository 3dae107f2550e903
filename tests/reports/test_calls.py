"""Calls by hour and source: all that came, and how many of them brought a vote."""

from gateway.intake.inbound import Form, Inbound
from gateway.reporting import report
from gateway.reporting.report import Options
from tests.conftest import House
from tests.reports.conftest import result_of

HOUR_MS = 3_600_000


async def test_calls_without_a_vote_are_counted_as_calls(house: House) -> None:
    first = house.clock.ms // HOUR_MS * HOUR_MS
    pressed = [
        (0, "101"), (0, "101*201"), (0, ""), (0, "999"),  # two votes, no key, a code nobody has
        (1, ""), (1, ""), (2, "102"),
    ]  # fmt: skip
    async with house.service() as counting:
        house.clock.ms = first + 3 * HOUR_MS  # a log comes later than its calls
        calls = [
            Inbound(f"c{n}", f"138{n:08d}", keys, Form.DIGITS, sent_ms=first + hour * HOUR_MS + n)
            for n, (hour, keys) in enumerate(pressed)
        ]
        await counting.take(counting.sources["hotline"], calls)
        await counting.take(counting.sources["sim"], [Inbound("m1", "13900000000", "A01")])
    async with result_of(house) as result:
        made = b"".join(report.kinds()["calls"].write(result, Options())).decode("utf-8-sig")
    head, *rows = [line.split(",")[1:] for line in made.splitlines()]
    assert head == ["source", "calls", "counted", "without_choice", "other"]
    assert rows == [
        ["hotline", "4", "2", "1", "1"],
        ["hotline", "2", "0", "2", "0"],
        ["hotline", "1", "1", "0", "0"],
    ]
    assert "138" not in made
