"""Call logs on their way in: whole, once, in order, and by the same rules as everything else."""

import asyncio
import base64
import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import load
from config.settings import Settings
from gateway import entrances, setup
from gateway.asking import calling, control
from gateway.asking.asked import Message
from gateway.asking.calling import NotServing
from gateway.checking import audit, judging
from gateway.intake import importer, logfile
from gateway.intake.calllog import Row, UnreadableLog
from gateway.intake.importer import BATCH_ROWS, Landed, Summary
from gateway.intake.inbound import Form, Inbound
from gateway.service import Service
from tally import entry, merkle
from tests.conftest import OPENS_MS, House

CAMPAIGN = "beita-2018"
DATA = Path(__file__).parents[1] / "data/calllogs"
HEADER = "流水号,主叫号码,呼叫时间,选择"
#: Noon of the first day, as the log writes it and as the clock shows it.
NOON, NOON_MS = "2018-07-09 12:00:00", OPENS_MS + 4 * 3_600_000


def page(house: House, lines: Sequence[str], encoding: str = "utf-8", name: str = "log.csv") -> Path:
    path = house.folder / name
    path.write_text("\n".join([HEADER, *lines, ""]), encoding)
    return path


async def bring_in(counting: Service, file: Path, source: str = "hotline") -> Summary:
    """An import, as the command does it."""
    own = counting.sources[source]
    assert own.calllog is not None
    with logfile.opened(file) as log:
        return await importer.import_rows(own.calllog.read(log.lines), lambda rows: counting.take(own, rows))


async def hand_over(house: House, file: Path) -> Summary:
    """An import beside a server, as the command does it."""
    loaded = house.load()
    own = entrances.open_all(loaded, entrances.run_campaigns(loaded))["hotline"]
    assert own.calllog is not None
    async with calling.connect(house.load().settings) as client:
        with logfile.opened(file) as log:
            return await importer.import_rows(
                own.calllog.read(log.lines), lambda rows: client.take("hotline", rows)
            )


def root(counting: Service) -> tuple[int, bytes]:
    head = counting.recorder.head(CAMPAIGN)
    return head.size, merkle.root(head.frontier)


async def openings(house: House) -> list[entry.Opening]:
    """What the ledger says of every message, in order; a recount agrees with it."""
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        assert (await audit.recount(ledger, lambda _: None)).agrees
        assert not (await judging.judge(house.load(), ledger, lambda _: None)).otherwise
        chunks = [chunk.entries async for chunk in ledger.walk(lambda _: None)]
    return [one.opening for chunk in chunks for one in chunk if one.opening is not None]


LINES = [
    f"c1,13812345678,{NOON},A01",
    f"c2,13812345678,{NOON},A02",
    f"c3,5169909,{NOON},B03",
    f"c4,0739-5169909,{NOON},B03",
    f"c5,匿名,{NOON},A01",
    f"c6,13912345678,{NOON},A99",
    "c7,13712345678,today,A01",
    "c8,13612345678",
    f"c9,10086,{NOON},A01",
    "c10,13512345678,2018-07-09 07:59:59,A01",
    f"c11,13412345678,{NOON},你好",
]
ENDED = {
    "counted": 2,
    "repeat": 2,
    "withheld_caller": 1,
    "unknown_code": 1,
    "unparsed": 2,
    "invalid_caller": 1,
    "early": 1,
    "no_code": 1,
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
async def test_an_import_and_again(house: House, encoding: str) -> None:
    house.clock.ms = NOON_MS
    file = page(house, LINES, encoding)
    async with house.service() as counting:
        first = await bring_in(counting, file)
        assert (first.rows, first.skipped, first.before, first.outcomes) == (11, 0, 0, ENDED)
        assert [line for line, _ in first.bad] == [8, 9]
        before, totals = root(counting), await counting.store.totals(CAMPAIGN)
        house.clock.ms += 3_600_000
        second = await bring_in(counting, file)
        assert (second.rows, second.before, second.outcomes) == (11, 11, {})
        assert second.bad == first.bad
        assert root(counting) == before
        assert await counting.store.totals(CAMPAIGN) == totals
    async with house.service() as counting:
        assert (await bring_in(counting, file)).before == 11, "and after a restart"
        assert root(counting) == before
    assert Counter(one.outcome for one in await openings(house)) == ENDED


async def test_a_page_that_has_grown_is_brought_in_where_it_left_off(house: House) -> None:
    house.clock.ms = NOON_MS
    async with house.service() as counting:
        assert (await bring_in(counting, page(house, LINES[:4]))).outcomes == {"counted": 2, "repeat": 2}
        grown = await bring_in(counting, page(house, LINES))
        assert (grown.before, sum(grown.outcomes.values())) == (4, 7)


async def test_a_bad_row_is_kept_as_it_came_and_counted_once(house: House) -> None:
    house.clock.ms = NOON_MS
    file = page(house, LINES)
    async with house.service() as counting:
        for _ in range(2):
            summary = await bring_in(counting, file)
            assert summary.unread == 2
            assert "13712345678" not in str(summary.bad)
    kept = [one for one in await openings(house) if one.outcome == "unparsed"]
    assert [base64.b64decode(one.raw) for one in kept] == [LINES[6].encode(), LINES[7].encode()]
    assert [one.note for one in kept] == [note for _, note in summary.bad]
    assert {(one.form, one.text, one.selections) for one in kept} == {("unparsed", "", ())}


async def test_a_row_put_right_is_a_new_message(house: House) -> None:
    house.clock.ms = NOON_MS
    async with house.service() as counting:
        await bring_in(counting, page(house, ["c7,13712345678,today,A01"]))
        summary = await bring_in(counting, page(house, [f"c7,13712345678,{NOON},A01"]))
        assert summary.outcomes == {"counted": 1}


async def test_beside_a_server_the_same_rows_end_the_same(house: House, tmp_path: Path) -> None:
    """More than one batch, and the last row, in a small batch of its own, is a repeat of the first."""
    many = [f"m{n},137{n:08d},{NOON},A{n % 11 + 1:02d}" for n in range(1, BATCH_ROWS - len(LINES))]
    lines = [f"first,13612345678,{NOON},A01", *many, *LINES, f"last,13612345678,{NOON},A02"]
    assert len(lines) == BATCH_ROWS + 1
    house.clock.ms = NOON_MS
    file = page(house, lines)
    async with house.serve() as visitor:
        handed = await hand_over(house, file)
        assert (await hand_over(house, file)).before == len(lines)
        totals = await visitor.service.store.totals(CAMPAIGN)
    beside = [(one.message_id, one.outcome, one.selections) for one in await openings(house)]
    assert beside[-1][:2] == ("last", "repeat")
    for left in house.folder.glob("televote.db*"):
        left.unlink()
    shutil.rmtree(house.folder / "ledger")
    async with house.service() as counting:
        alone = await bring_in(counting, file)
        assert await counting.store.totals(CAMPAIGN) == totals
    assert [(one.message_id, one.outcome, one.selections) for one in await openings(house)] == beside
    assert (handed.outcomes, handed.bad) == (alone.outcomes, alone.bad)


async def test_what_the_server_does_not_know_or_cannot_do_is_said(house: House) -> None:
    async with house.serve() as visitor, calling.connect(house.load().settings) as client:
        with pytest.raises(NotServing):
            await client.take("nobody", [Inbound("1", "13812345678", "A01")])
        with pytest.raises(NotServing, match="before these"):
            await client.take("hotline", [Inbound("1", "13812345678", "A01")])
        assert await visitor.outcomes() == {}
        assert (await client.status())["ready"] is True
        with pytest.raises(NotServing, match="say --now"):
            await client.close(CAMPAIGN, "chair", "a test", now=False)
    async with calling.connect(house.load().settings) as client:
        with pytest.raises(NotServing, match="does not answer"):
            await client.status()


async def test_the_control_socket_is_the_owners_alone(house: House) -> None:
    async with house.serve():
        assert (house.folder / "control.sock").stat().st_mode & 0o777 == 0o600


def test_a_folder_too_deep_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotServing, match="use a shorter data folder"):
        control.listen(Settings(data=str(tmp_path / ("x" * 120))))


@given(
    st.builds(
        Inbound,
        st.text(),
        st.text(),
        st.text(alphabet=st.characters()),
        st.sampled_from(Form),
        st.none() | st.integers(0, 2**53),
        st.integers(0, 10**7),
        st.binary(),
    )
)
@settings(deadline=None, max_examples=50)
def test_a_message_handed_over_is_the_same_message(inbound: Inbound) -> None:
    assert Message.model_validate_json(json.dumps(calling._plain(inbound))).inbound() == inbound


# The samples that Asterisk wrote, by its own clock, which was set to UTC.


def asterisk(tmp_path: Path, closes: str, options: str) -> House:
    """A campaign of that day, with a source for such logs."""
    folder = tmp_path / "var"
    opens = datetime.fromisoformat("2026-11-20T08:00:00+08:00")
    setup.write(folder, setup.Dates(opens, datetime.fromisoformat(closes)), "127.0.0.1:0")
    house = House(folder)
    house.clock.ms = int(datetime.fromisoformat("2026-11-23T12:00:00+08:00").timestamp() * 1000)
    with house.settings.open("a", encoding="utf-8") as file:
        file.write(
            f'\n[sources.pbx]\nkind = "asterisk-cdr"\ncampaign = "{CAMPAIGN}"\nclock = "provider"\n'
            f'timezone = "UTC"\n[sources.pbx.options]\nform = "text"\n{options}\n'
        )
    return house


def cells(name: str) -> Iterator[list[str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


DIALLED = "\n".join(
    ["choice.from = 'dst'", "[sources.pbx.options.choice.map]"]
    + [f"'1069010{n}' = 'A0{n}'" for n in range(1, 6)]
)


async def test_asterisks_own_log_from_end_to_end(tmp_path: Path) -> None:
    """Sixty callers, each by the number dialled, half of them after the close of the vote."""
    house = asterisk(tmp_path, "2026-11-23T11:42:14+08:00", DIALLED)
    expected: Counter[tuple[str, str]] = Counter()
    for row in cells("asterisk-Master.csv"):
        late = row[9] >= "2026-11-23 03:42:14"
        expected["late" if late else "counted", "" if late else f"A0{row[2][-1]}"] += 1
    assert {outcome for outcome, _ in expected} == {"counted", "late"}
    async with house.service() as counting:
        summary = await bring_in(counting, DATA / "asterisk-Master.csv", "pbx")
        assert (summary.rows, summary.skipped, summary.unread) == (60, 0, 0)
        before = root(counting)
        assert (await bring_in(counting, DATA / "asterisk-Master.csv", "pbx")).before == 60
        assert root(counting) == before
    ended = await openings(house)
    found = Counter((one.outcome, "".join(code for _, code, _ in one.selections)) for one in ended)
    assert found == expected
    assert {one.decided_by for one in ended} == {"provider"}
    assert {one.channel for one in ended} == {"hotline"}


CUSTOM = """
columns = ["clid", "src", "dst", "start", "answer", "end", "duration", "billsec", "disposition",
           "uniqueid", "linkedid", "userfield", "sequence"]
choice.pattern = 'choice=(\\d+)'
[sources.pbx.options.choice.map]
'1' = 'A01'
'2' = 'A02'
'3' = 'A03'
"""


async def test_asterisks_custom_log_from_end_to_end(tmp_path: Path) -> None:
    house = asterisk(tmp_path, "2026-11-24T18:00:00+08:00", CUSTOM)
    async with house.service() as counting:
        summary = await bring_in(counting, DATA / "asterisk-cdr_custom.csv", "pbx")
        assert summary.outcomes == {"no_code": 6, "counted": 6}
        totals = await counting.store.totals(CAMPAIGN)
    votes = {key.candidate: count for key, count in totals.items() if key.subject == "selection"}
    assert votes == {"A01": 1, "A02": 1, "A03": 4}


def test_settings_of_these_sources_are_sound(tmp_path: Path) -> None:
    loaded = load.everything(asterisk(tmp_path, "2026-11-24T18:00:00+08:00", DIALLED).settings, {})
    assert loaded.warnings == ()


# The importer by itself.


def row(number: int, note: str = "", called: bool = True) -> Row:
    form = Form.UNPARSED if note else Form.TEXT
    return Row(number, Inbound(f"m{number}", "", "", form) if called else None, note)


class Taken:
    """A recorder that only writes down what it was given, and may fail at a batch, counted from 1."""

    def __init__(self, fails_at: int = 0) -> None:
        self.batches: list[Sequence[Inbound]] = []
        self.under_way = self.most = self.asked = 0
        self._fails_at = fails_at

    async def submit(self, inbound: Sequence[Inbound]) -> list[Landed]:
        self.asked += 1
        mine = self.asked
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        self.under_way -= 1
        if self._fails_at and mine >= self._fails_at:
            raise OSError("disk full")
        self.batches.append(inbound)
        return [Landed("counted", before=False) for _ in inbound]


async def test_batches_are_in_order_bounded_and_told() -> None:
    taken, told, read = Taken(), list[int](), 0

    def rows() -> Iterator[Row]:
        nonlocal read
        for number in range(1, 5 * BATCH_ROWS + 2):
            assert number - len(taken.batches) * BATCH_ROWS <= 3 * BATCH_ROWS, "no more is read than needed"
            read = number
            yield row(number)

    summary = await importer.import_rows(rows(), taken.submit, told.append)
    names = [one.message_id for batch in taken.batches for one in batch]
    assert names == [f"m{number}" for number in range(1, read + 1)]
    assert [len(batch) for batch in taken.batches] == [BATCH_ROWS] * 5 + [1]
    assert taken.most == 2
    assert told == sorted(told)
    assert (told[-1], summary.rows, summary.outcomes["counted"]) == (read, read, read)


async def test_skipped_and_unreadable_rows_are_told_apart() -> None:
    rows = [row(1), row(2, called=False), row(3, "a bad time"), row(4, "a totals row", called=False)]
    taken = Taken()
    summary = await importer.import_rows(rows, taken.submit)
    assert (summary.rows, summary.skipped, summary.unread) == (4, 2, 1)
    assert summary.bad == [(3, "a bad time")]
    assert [one.message_id for one in taken.batches[0]] == ["m1", "m3"]


async def test_an_empty_log_is_nothing() -> None:
    taken = Taken()
    assert await importer.import_rows([], taken.submit) == Summary()
    assert taken.asked == 0


@pytest.mark.parametrize("fails_at", [1, 2, 3, 6])
async def test_a_failure_is_raised_and_leaves_nothing_under_way(fails_at: int) -> None:
    loose: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: loose.append(context))
    taken = Taken(fails_at)
    rows = [row(number) for number in range(6 * BATCH_ROWS)]
    with pytest.raises(OSError, match="disk full"):
        await importer.import_rows(rows, taken.submit)
    assert len(taken.batches) == fails_at - 1, "what was before it is recorded"
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert loose == []


async def test_a_log_that_is_none_fails_before_anything_is_recorded(house: House) -> None:
    async with house.service() as counting:
        with pytest.raises(UnreadableLog):
            await bring_in(counting, DATA / "README.md")
        assert counting.recorder.head(CAMPAIGN).size == len(("config", "open"))
