"""Followed logs: growth, rotation, half-written lines, crashes; each row recorded once."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from config.problems import Problems
from gateway import entrances, workshop
from gateway.follow.follower import Follower
from gateway.follow.places import Place, Places
from gateway.intake.importer import Landed
from gateway.intake.inbound import Inbound
from gateway.intake.recorder import Busy
from gateway.service import Service
from tests.conftest import House
from tests.gateway.waiting import until

ENGINES = ("sqlite", "postgresql")

PBX = """
[sources.pbx]
kind = "asterisk-cdr"
campaign = "beita-2018"
clock = "provider"
follow = "{path}"
"""
CALLS = """
[sources.calls]
kind = "csv"
campaign = "beita-2018"
clock = "provider"
follow = "{path}"
[sources.calls.options]
form = "text"
columns = {{ caller = "主叫号码", choice = "选择", start = "呼叫时间", call_id = "流水号" }}
"""
HEAD = "流水号,主叫号码,呼叫时间,选择\n"


def cdr(number: int, choice: str = "101") -> str:
    """One record of Master.csv, of a caller of its own."""
    caller, start = f"138000{number:05}", "2018-07-09 08:30:00"
    return (
        f'"","{caller}","5169909","hotline","""{caller}"" <{caller}>","PJSIP/x-1","","Hangup","17",'
        f'"{start}",,"{start}",0,0,"BUSY","DOCUMENTATION","1531096200.{number}","{choice}"\n'
    )


def row(number: int, choice: str = "A01") -> str:
    return f"{number},138000{number:05},2018-07-09 08:30:00,{choice}\n"


def write(path: Path, *records: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(records))


@asynccontextmanager
async def following(
    house: House, path: Path, settings: str = PBX, name: str = "pbx"
) -> AsyncIterator[tuple[Service, Follower]]:
    """A service and the follower of one source, which looks when it is told to."""
    if f"[sources.{name}]" not in house.settings.read_text("utf-8"):
        whole = house.settings.read_text("utf-8") + settings.format(path=path)
        house.settings.write_text(whole, "utf-8")
    async with house.service() as service:
        source = service.sources[name]
        assert source.calllog is not None
        follower = workshop.follower(service, source, source.calllog)
        follower.still_seconds = 60.0
        yield service, follower


async def counted(service: Service) -> dict[str, int]:
    totals = await service.store.totals("beita-2018")
    found: dict[str, int] = {}
    for key, n in totals.items():
        if key.subject == "message" and n:
            found[key.outcome] = found.get(key.outcome, 0) + n
    return found


async def test_a_file_is_followed_as_it_grows(house: House, tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    async with following(house, log) as (service, follower):
        await follower.look()
        assert await counted(service) == {}, "it is not there yet"
        write(log, cdr(1), cdr(2)[:60])
        await follower.look()
        assert await counted(service) == {"counted": 1}
        write(log, cdr(2)[60:], cdr(3))
        await follower.look()
        await follower.look()
        assert await counted(service) == {"counted": 3}
    async with following(house, log) as (service, follower):
        write(log, cdr(4))
        await follower.look()
        assert await counted(service) == {"counted": 4}


async def test_rows_that_are_no_calls_are_told_in_the_log(house: House, tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    write(log, cdr(1), cdr(2).replace("BUSY", "ANSWERED"), "\n")
    settings = PBX + '[sources.pbx.options]\ndispositions = ["ANSWERED"]\n'
    async with following(house, log, settings) as (service, follower):
        with capture_logs() as logged:
            await follower.look()
        assert await counted(service) == {"counted": 1}
    (told,) = (one for one in logged if one["event"] == "followed")
    assert (told["rows"], told["skipped"], told["unread"]) == (3, 2, 0)


async def test_many_rows_are_read_in_pieces(house: House, tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    write(log, *map(cdr, range(3000)))
    assert log.stat().st_size > 2 * 2**18
    async with following(house, log) as (service, follower):
        await follower.look()
        assert await counted(service) == {"counted": 3000}


async def test_a_log_with_a_header_is_read_on_by_it(house: House, tmp_path: Path) -> None:
    log = tmp_path / "calls.csv"
    write(log, HEAD, row(1))
    async with following(house, log, CALLS, "calls") as (service, follower):
        await follower.look()
        for number in range(2, 30):
            write(log, row(number))
            await follower.look()
        assert await counted(service) == {"counted": 29}


class Crash(BaseException):
    """The process ends here."""


class Dying(Places):
    """The table, at which the process dies in the middle of writing."""

    async def keep(self, file: str, place: Place) -> None:
        raise Crash


async def test_a_crash_between_the_rows_and_the_place_costs_nothing(house: House, tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    write(log, cdr(1), cdr(2))
    async with following(house, log) as (service, follower):
        follower.places = Dying(service.store, "pbx")
        with pytest.raises(Crash):
            await follower.look()
        assert await counted(service) == {"counted": 2}
    write(log, cdr(3))
    async with following(house, log) as (service, follower):
        await follower.look()
        assert await counted(service) == {"counted": 3}


async def test_rows_that_cannot_be_recorded_are_read_again(house: House, tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    write(log, cdr(1))
    async with following(house, log) as (service, follower):
        take = follower.submit

        async def busy(_: Sequence[Inbound]) -> Sequence[Landed]:
            raise Busy("too many messages are waiting")

        follower.submit = busy
        await follower.look()
        assert await counted(service) == {}
        follower.submit = take
        await follower.look()
        assert await counted(service) == {"counted": 1}


Rotate = Callable[[Path], None]


def moved(log: Path) -> None:
    log.rename(log.with_name("Master.csv.1"))


def copied(log: Path) -> None:
    log.with_name("Master.csv-20180709").write_bytes(log.read_bytes())
    log.write_bytes(b"")


@pytest.mark.parametrize("rotate", [moved, copied])
@pytest.mark.parametrize("down", [False, True], ids=["running", "stopped"])
async def test_the_rest_of_a_rotated_file_is_read(
    house: House, tmp_path: Path, rotate: Rotate, down: bool
) -> None:
    log = tmp_path / "Master.csv"
    write(log, cdr(1))
    write(tmp_path / "Master.csv.2", cdr(99))
    async with following(house, log) as (service, follower):
        await follower.look()
        if not down:
            write(log, cdr(2), cdr(3)[:-1])
            rotate(log)
            write(log, cdr(4))
            await follower.look()
            assert await counted(service) == {"counted": 4}
    write(log, *(() if not down else (cdr(2), cdr(3))))
    if down:
        rotate(log)
        write(log, cdr(4))
    async with following(house, log) as (service, follower):
        await follower.look()
        assert await counted(service) == {"counted": 4}, "and the older one is left alone"


def created(log: Path) -> None:
    log.rename(log.with_name("Master.csv.1"))
    log.touch()


def dated(log: Path) -> None:
    log.rename(log.with_name("Master-20180709.csv"))
    log.touch()


def renamed(log: Path) -> None:
    log.rename(log.with_name("Master-20180709.csv"))


@pytest.mark.parametrize("rotate", [created, dated, moved, renamed])
async def test_what_is_still_written_to_a_rotated_file_is_read(
    house: House, tmp_path: Path, rotate: Rotate
) -> None:
    log = tmp_path / "Master.csv"
    write(log, cdr(1))
    async with following(house, log) as (service, follower):
        await follower.look()
        with log.open("a", encoding="utf-8") as writer, capture_logs() as logged:
            rotate(log)
            await follower.look()
            for number in (2, 3):
                writer.write(cdr(number))
                writer.flush()
                await follower.look()
                assert await counted(service) == {"counted": number}, "nobody has to call before it counts"
            writer.write(cdr(4))
        write(log, cdr(5))
        await follower.look()
        assert await counted(service) == {"counted": 5}
        write(log, cdr(6))
        await follower.look()
        assert await counted(service) == {"counted": 6}
        assert "follow_gap" not in [one["event"] for one in logged]


async def test_a_rotated_file_is_read_to_its_end_after_a_start(house: House, tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    write(log, cdr(1))
    async with following(house, log) as (_, follower):
        await follower.look()
        created(log)
        await follower.look()
    write(log.with_name("Master.csv.1"), cdr(2), cdr(3)[:-1])
    async with following(house, log) as (service, follower):
        await follower.look()
        assert await counted(service) == {"counted": 2}, "its last line may still be written"
        write(log, cdr(4))
        await follower.look()
        assert await counted(service) == {"counted": 4}


async def test_a_file_that_was_moved_away_is_told(house: House, tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    write(log, cdr(1))
    async with following(house, log) as (service, follower):
        await follower.look()
        write(tmp_path / "Other.csv", cdr(1), cdr(90))
        log.unlink()
        write(log, cdr(2))
        with capture_logs() as logged:
            await follower.look()
        assert [one["file"] for one in logged if one["event"] == "follow_gap"] == ["Master.csv"]
        assert await counted(service) == {"counted": 2}, "and a stranger is left alone"


@pytest.mark.parametrize("after", [(), (4,), (4, 5, 6, 7, 8)], ids=["empty", "shorter", "longer"])
async def test_a_truncated_file_is_read_from_its_beginning(
    house: House, tmp_path: Path, after: tuple[int, ...]
) -> None:
    log = tmp_path / "Master.csv"
    write(log, *map(cdr, (1, 2, 3)))
    async with following(house, log) as (service, follower):
        await follower.look()
        log.write_bytes(b"")
        write(log, *map(cdr, after))
        await follower.look()
        write(log, cdr(9))
        await follower.look()
        assert await counted(service) == {"counted": 4 + len(after)}


async def test_a_last_line_without_an_end_is_read_when_the_file_is_still(
    house: House, tmp_path: Path
) -> None:
    log = tmp_path / "Master.csv"
    write(log, cdr(1), cdr(2)[:-1])
    async with following(house, log) as (service, follower):
        await follower.look()
        assert await counted(service) == {"counted": 1}
        follower.still_seconds = 0.0
        await follower.look()
        await follower.look()
        assert await counted(service) == {"counted": 2}
        follower.still_seconds = 60.0
        write(log, "\n", cdr(3))
        await follower.look()
        assert await counted(service) == {"counted": 3}, "the whole line is known by its call"


async def test_a_half_written_line_that_stays_is_kept_for_a_person(house: House, tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    write(log, cdr(1), cdr(2)[:60])
    async with following(house, log) as (service, follower):
        follower.still_seconds = 0.0
        await follower.look()
        assert await counted(service) == {"counted": 1, "unparsed": 1}


async def test_every_log_in_a_folder_is_followed(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    for name in (".hidden", "a.csv.tmp", "a.csv.gz", "b.part", "c.csv~"):
        write(folder / name, HEAD, row(90))
    (folder / "old").mkdir()
    async with following(house, folder, CALLS, "calls") as (service, follower):
        await follower.look()
        write(folder / "a.csv", HEAD, row(1))
        write(folder / "b.csv", HEAD, row(2), row(3))
        await follower.look()
        write(folder / "a.csv", row(4))
        await follower.look()
        assert await counted(service) == {"counted": 4}
        (folder / "a.csv").rename(folder / "z.csv")
        await follower.look()
        assert await counted(service) == {"counted": 4}, "another name, the same calls"


async def test_a_name_of_any_bytes_is_followed(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    name = Path(os.fsdecode(bytes(folder) + b"/" + "通话.csv".encode("gb18030")))
    write(name, HEAD, row(1))
    write(folder / "\uffff.csv", HEAD, row(2))
    async with following(house, folder, CALLS, "calls") as (service, follower):
        await follower.look()
        write(name, row(3))
        await follower.look()
        assert await counted(service) == {"counted": 3}


async def test_a_file_that_is_none_holds_up_no_other(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    write(folder / "a.csv", "name,number\n")
    (folder / "b.csv").write_bytes(HEAD.encode("utf-16"))
    write(folder / "c.csv", HEAD, row(1))
    async with following(house, folder, CALLS, "calls") as (service, follower):
        with capture_logs() as logged:
            for _ in range(3):
                await follower.look()
        assert await counted(service) == {"counted": 1}
        told = [(one["file"], one["why"][:20]) for one in logged if one["event"] == "look_postponed"]
        assert told == [("a.csv", "There is no header w"), ("b.csv", "A log in UTF-16 cann")], "each once"
        (folder / "a.csv").write_text(HEAD + row(2), "utf-8")
        await follower.look()
        assert await counted(service) == {"counted": 2}


async def test_serve_follows(house: House, tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    house.settings.write_text(house.settings.read_text("utf-8") + PBX.format(path=log), "utf-8")
    async with house.serve() as visitor:
        write(log, cdr(1))
        await until(visitor, {"counted": 1})
    write(log, cdr(2))
    async with house.serve() as visitor:
        await until(visitor, {"counted": 2})


async def test_one_file_may_be_followed_and_imported(house: House, tmp_path: Path) -> None:
    log = tmp_path / "Master.csv"
    write(log, cdr(1), cdr(2))
    async with following(house, log) as (service, follower):
        source = service.sources["pbx"]
        assert source.calllog is not None
        with log.open(encoding="utf-8") as lines:
            rows = [one.inbound for one in source.calllog.read(lines) if one.inbound]
        await asyncio.gather(service.take(source, rows), follower.look())
        assert await counted(service) == {"counted": 2}


@pytest.mark.parametrize(("own", "utc"), [("", "00:00"), ('timezone = "UTC"\n', "09:00")])
def test_times_without_a_zone_are_the_campaigns(house: House, own: str, utc: str) -> None:
    house.edit(house.campaign, 'timezone = "Asia/Shanghai"', 'timezone = "Asia/Tokyo"')
    calls = CALLS.format(path="calls").replace("[sources.calls]\n", f"[sources.calls]\n{own}")
    house.settings.write_text(house.settings.read_text("utf-8") + calls, "utf-8")
    loaded = house.load()
    source = entrances.open_all(loaded, entrances.run_campaigns(loaded))["calls"]
    assert source.calllog is not None
    (read,) = source.calllog.read([HEAD, "1,13812345678,2018-07-09 09:00:00,A01\n"])
    assert read.inbound is not None
    assert read.inbound.sent_ms == datetime.fromisoformat(f"2018-07-09T{utc}Z").timestamp() * 1000


def test_a_path_counts_from_the_settings_file(house: House) -> None:
    house.settings.write_text(house.settings.read_text("utf-8") + PBX.format(path="logs/Master.csv"), "utf-8")
    assert house.load().settings.sources["pbx"].follow == str(house.folder / "logs/Master.csv")


def test_only_a_call_log_can_be_followed(house: House) -> None:
    house.edit(house.settings, "[sources.sim]", '[sources.sim]\nfollow = "x"')
    loaded = house.load()
    with pytest.raises(Problems, match=r"sources\.sim\.follow: only a source of call logs"):
        entrances.open_all(loaded, entrances.run_campaigns(loaded))
