"""The machine of the result: every edge and no other, days, and the timetable."""

from datetime import UTC, date, datetime
from typing import Any, cast, get_args
from zoneinfo import ZoneInfo

import pytest

from config.notice import PublicNotice
from gateway.result import timetable, workdays
from tally import certification, reconciliation, shortlist
from tally.certification import EDGES, STATUSES, Act, NotAllowed, Progress
from tests.conftest import House

DETAIL: dict[str, dict[str, Any]] = {
    "complete": {"result": "r"},
    "publish": {
        "notice": {
            "number": 1,
            "first_day": "2018-07-25",
            "last_day": "2018-07-31",
            "until_ms": 9,
            "listed": {},
        }
    },
    "object": {"objection": 1, "channel": "phone", "anonymous": False, "due_ms": 5},
    "answer": {"objection": 1, "verdict": "rejected"},
}
OPEN = certification.Objection(1, 0, "phone", False, 5)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("act", get_args(Act))
def test_no_edge_but_the_declared_ones(status: certification.Status, act: Act) -> None:
    before = Progress(status=status, objections=(OPEN,))
    if (status, act) in EDGES:
        assert certification.after(before, act, DETAIL.get(act, {}), 7).status == EDGES[status, act]
    else:
        with pytest.raises(NotAllowed):
            certification.after(before, act, DETAIL.get(act, {}), 7)


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        ("unofficial-complete", "correction"),
        ("correction", "correction"),
        ("recount", "correction"),
        ("certified", "certified"),  # what is certified is corrected by two, in an act of its own
    ],
)
def test_an_upheld_objection_is_a_correction(status: certification.Status, becomes: str) -> None:
    before = Progress(status=status, objections=(OPEN,))
    upheld = certification.after(before, "answer", {"objection": 1, "verdict": "upheld"}, 7)
    assert (upheld.status, upheld.open_objections) == (becomes, ())


def test_an_objection_is_ruled_on_once() -> None:
    before = Progress(status="unofficial-complete", objections=(OPEN,))
    ruled = certification.after(before, "answer", DETAIL["answer"], 7)
    for number in (1, 2):
        with pytest.raises(NotAllowed):
            certification.after(ruled, "answer", {"objection": number, "verdict": "rejected"}, 8)


def test_a_correction_overtakes_the_notice() -> None:
    progress = Progress(status="unofficial-complete")
    progress = certification.after(progress, "publish", DETAIL["publish"], 1)
    assert progress.notice is not None
    recounting = certification.after(progress, "recount", {}, 2)
    assert (recounting.notice, len(recounting.notices)) == (None, 1)
    again = certification.after(certification.after(recounting, "complete", {"result": "r"}, 3), "publish",
                                DETAIL["publish"], 4)  # fmt: skip
    assert again.notice == again.notices[-1]


RECONCILED = {"source": "sim", "messages": 7}


def test_nothing_is_reconciled_or_waived_before_the_close() -> None:
    before = Progress()
    for kind in ("waive", "reconcile"):
        assert certification.after(before, kind, RECONCILED, 1) == before, (
            "old ledgers have it: it means nothing"
        )
    closed = certification.after(before, "close", {}, 2)
    assert certification.after(closed, "waive", {}, 3).is_reconciled({"sim": 7, "sms": 1})


def test_every_source_is_compared_as_it_is() -> None:
    progress = certification.after(Progress(closed=True), "reconcile", RECONCILED, 3)
    assert progress.is_reconciled({"sim": 7})
    assert not progress.is_reconciled({"sim": 8}), "a message has come since"
    assert not progress.is_reconciled({"sim": 6}), "a message has gone since"
    assert not progress.is_reconciled({"sim": 7, "sms": 0}), "nobody has looked at the other"
    both = certification.after(progress, "reconcile", {"source": "sms", "messages": 0}, 4)
    assert both.is_reconciled({"sim": 7, "sms": 0})
    assert certification.after(progress, "waive", {}, 5).is_reconciled({"sim": 9, "sms": 3})
    for kind in reconciliation.KINDS:
        differs = certification.after(progress, "reconcile", {**RECONCILED, kind: 1}, 4)
        assert not differs.is_reconciled({"sim": 7}), "explained by one person, and for two to accept"
        assert certification.after(differs, "waive", {}, 5).is_reconciled({"sim": 7})
        assert certification.after(differs, "reconcile", RECONCILED, 5).is_reconciled({"sim": 7})


def test_other_acts_are_none_of_its_business() -> None:
    progress = Progress(status="certified")
    assert certification.after(progress, "reveal", {}, 1) is progress


CN, NONE = PublicNotice(), PublicNotice(holidays="none")


@pytest.mark.parametrize(
    ("first", "notice", "last"),
    [
        ("2018-07-25", PublicNotice(days=7), "2018-07-31"),
        ("2018-07-25", PublicNotice(working_days=5), "2018-07-31"),
        # National Day 2018: 1 to 7 October off, 29 and 30 September (a weekend) worked instead
        ("2018-09-28", PublicNotice(working_days=5), "2018-10-09"),
        ("2018-09-28", PublicNotice(working_days=5, holidays="none"), "2018-10-04"),
        ("2018-07-28", PublicNotice(working_days=1), "2018-07-30"),  # a Saturday
    ],
)
def test_the_last_day_of_a_notice(first: str, notice: PublicNotice, last: str) -> None:
    assert workdays.last_day(date.fromisoformat(first), notice) == date.fromisoformat(last)


def test_an_answer_is_due_after_whole_working_days() -> None:
    assert workdays.answer_day(date(2018, 7, 27), CN) == date(2018, 8, 3)  # a Friday, and five days
    assert workdays.answer_day(date(2018, 7, 27), NONE) == date(2018, 8, 3)


def test_a_day_ends_by_the_campaigns_clock() -> None:
    end = datetime(2018, 7, 31, 16, tzinfo=UTC)
    assert workdays.end_of(date(2018, 7, 31), ZoneInfo("Asia/Shanghai")) == end.timestamp() * 1000


def test_a_year_whose_holidays_are_not_set_is_known_to_be_unknown() -> None:
    assert workdays.is_known(date(2018, 10, 9), CN)
    assert not workdays.is_known(date(2090, 10, 9), CN)
    assert workdays.is_known(date(2090, 10, 9), NONE)


def row(code: str, votes: int, rank: int | None) -> dict[str, Any]:
    return {"code": code, "votes": votes, "rank": rank}


@pytest.mark.parametrize(
    ("rows", "listed", "tied"),
    [
        ([row("A", 9, 1), row("B", 7, 2), row("C", 1, 3)], ("A", "B"), ()),
        ([row("A", 9, 1), row("B", 7, 2), row("C", 7, 2)], ("A",), ("B", "C")),
        ([row("A", 9, 1), row("B", 9, 1), row("C", 7, 3)], ("A", "B"), ()),
        ([row("A", 9, 1), row("B", 9, 1), row("C", 9, 1)], (), ("A", "B", "C")),
        ([row("A", 9, None), row("B", 7, 1), row("C", 0, 2)], ("B",), ()),
        ([], (), ()),
    ],
)
def test_the_shortlist(rows: list[dict[str, Any]], listed: tuple[str, ...], tied: tuple[str, ...]) -> None:
    found = shortlist.by_votes({"contests": [{"id": "w", "seats": 2, "candidates": rows}]})
    assert (found.listed["w"], found.tied.get("w", ())) == (listed, tied)


def at(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+08:00").timestamp() * 1000)


TABLE = """
[timetable]
nominations_open = 2018-06-01
nominations_close = 2018-06-30
tally_by = 2018-07-24
notice_from = 2018-07-25
final_by = 2018-08-10
awards_on = 2018-08-20

[caller]
"""


def test_the_timetable(house: House) -> None:
    house.edit(house.campaign, "[caller]\n", TABLE)
    from gateway.entrances import run_campaigns

    def states(now: str, **done: Any) -> dict[str, str]:
        running = run_campaigns(house.load())["beita-2018"]
        running.opened, running.closed = done.get("opened", False), done.get("closed", False)
        running.progress = done.get("progress", Progress())
        return {one.name: one.state for one in timetable.steps(running, at(now))}

    june, july = states("2018-06-10T12:00"), states("2018-06-30T12:00")
    assert (june["nominations"], june["voting"], june["tally"]) == ("now", "coming", "coming")
    assert july["nominations"] == "due"
    voting = states("2018-07-19T12:00", opened=True)
    assert (voting["nominations"], voting["voting"], voting["tally"]) == ("done", "now", "coming")
    late = states("2018-07-25T12:00", opened=True, closed=True)
    assert (late["voting"], late["tally"], late["notice"]) == ("done", "late", "blocked")
    notice = certification.Notice(1, 0, "2018-07-25", "2018-07-31", at("2018-08-01T00:00"), {})
    listed = Progress(status="unofficial-complete", notices=(notice,))
    on = states("2018-07-31T12:00", opened=True, closed=True, progress=listed)
    assert (on["tally"], on["notice"], on["final"]) == ("done", "due", "blocked")
    over = states("2018-08-01T12:00", opened=True, closed=True, progress=listed)
    assert (over["notice"], over["final"]) == ("done", "now")
    done = Progress(status="certified", notices=(notice,))
    assert states("2018-08-05T12:00", opened=True, closed=True, progress=done)["final"] == "done"
    reminded = timetable.reminders(
        [
            timetable.Step(cast("Any", "final"), None, None, cast("Any", state))
            for state in ("due", "late", "now")
        ]
    )
    assert [one.state for one in reminded] == ["due", "late"]
