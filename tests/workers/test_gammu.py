"""gammu: what smsd's inbox and its hook hold, and that each message is taken once."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.intake.inbound import Form
from gateway.intake.worker import NotRelayed
from gateway.workers import gammu
from gateway.workers.gammu import Gammu, GammuOptions, Stored
from tests.conftest import House
from tests.gateway.waiting import until

AT = "2018-07-09 08:30:00"
TABLE = """CREATE TABLE inbox (
  "UpdatedInDB" NUMERIC NOT NULL DEFAULT (datetime('now')),
  "ReceivingDateTime" NUMERIC NOT NULL DEFAULT (datetime('now')),
  "Text" TEXT NOT NULL, "SenderNumber" TEXT NOT NULL DEFAULT '',
  "Coding" TEXT NOT NULL DEFAULT 'Default_No_Compression', "UDH" TEXT NOT NULL,
  "SMSCNumber" TEXT NOT NULL DEFAULT '', "Class" INTEGER NOT NULL DEFAULT '-1',
  "TextDecoded" TEXT NOT NULL DEFAULT '', "ID" INTEGER PRIMARY KEY AUTOINCREMENT,
  "RecipientID" TEXT NOT NULL, "Processed" TEXT NOT NULL DEFAULT 'false',
  "Status" INTEGER NOT NULL DEFAULT '-1')"""


def row(number: int, text: str, udh: str = "", sender: str = "+8613812345678", coding: str = "") -> Stored:
    return Stored(number, AT, sender, coding or "Default_No_Compression", udh, text)


ONE, TWO, LAST = "050003CC0301", "050003CC0302", "050003CC0303"
# rows -> the messages, each by the ids of its rows in order
GATHERED: dict[str, tuple[list[Stored], list[list[int]]]] = {
    "alone": ([row(1, "A01"), row(2, "A02")], [[1], [2]]),
    "whole": ([row(1, "A", ONE), row(2, "0", TWO), row(3, "1", LAST)], [[1, 2, 3]]),
    "out of order": ([row(1, "1", LAST), row(2, "A", ONE), row(3, "0", TWO)], [[2, 3, 1]]),
    "between others": ([row(1, "A", ONE), row(2, "A02"), row(3, "0", TWO)], [[1, 3], [2]]),
    "of two callers": ([row(1, "A", ONE), row(2, "0", TWO, "+8613912345678")], [[1], [2]]),
    "a long reference": ([row(1, "A", "06080412340201"), row(2, "0", "06080412340202")], [[1, 2]]),
    "another reference": (
        [row(1, "A", "0500030102 01".replace(" ", "")), row(2, "0", "0500030202 02")],
        [[1], [2]],
    ),
    "the reference once more": ([row(1, "A", ONE), row(2, "B", ONE), row(3, "0", TWO)], [[1], [2, 3]]),
    "not the first element": (
        [row(1, "A", "080A01000003CC0201"), row(2, "0", "080A01000003CC0202")],
        [[1, 2]],
    ),
    "no header": ([row(1, "A01", "zz"), row(2, "A02", "05"), row(3, "A03", "0500")], [[1], [2], [3]]),
    "another header": ([row(1, "A01", "0401020304")], [[1]]),
}


@pytest.mark.parametrize("name", GATHERED)
def test_parts_are_gathered(name: str) -> None:
    rows, messages = GATHERED[name]
    assert [[one.id for one in parts] for parts in gammu.gather(rows)] == messages


def inbox(path: Path, *rows: tuple[str, str] | Stored) -> Path:
    """smsd's database with these rows added: a text and a caller, or a row in full."""
    with closing(sqlite3.connect(path)) as db, db:
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'inbox'").fetchone():
            db.execute(TABLE)
        for one in rows:
            full = one if isinstance(one, Stored) else row(0, one[0], sender=one[1])
            db.execute(
                "INSERT INTO inbox (ReceivingDateTime, SenderNumber, Coding, UDH, TextDecoded, Text,"
                " RecipientID) VALUES (?, ?, ?, ?, ?, '', '')",
                (full.received, full.sender, full.coding, full.udh, full.text),
            )
    return path


def waiting(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as db:
        return [one for (one,) in db.execute("SELECT ID FROM inbox WHERE Processed = 'false'")]


async def marked(path: Path) -> None:
    """Wait until no row waits any more: rows are marked after they are recorded."""
    async with asyncio.timeout(10):
        while waiting(path):  # noqa: ASYNC110 -- what is waited for is in a database
            await asyncio.sleep(0.01)


def settings(house: House, **options: Any) -> None:
    given = ", ".join(
        f'{name} = "{v}"' if isinstance(v, Path) else f"{name} = {v}" for name, v in options.items()
    )
    source = f'[sources.gsm]\nkind = "gammu"\ncampaign = "beita-2018"\noptions = {{ {given} }}\n'
    house.settings.write_text(f"{house.settings.read_text('utf-8')}\n{source}", "utf-8")


async def test_serve_takes_what_waits_and_marks_it(house: House, tmp_path: Path) -> None:
    database = inbox(tmp_path / "smsd.db", ("A01", "+8613812345678"), ("投 A02", "13912345678"))
    inbox(database, row(0, "看好 A03，加油", ONE, "+8613712345678"), row(0, "", TWO, "+8613712345678"))
    settings(house, database=database)
    async with house.serve() as visitor:
        await until(visitor, {"counted": 2})
        inbox(database, row(0, "", LAST, "+8613712345678"))
        await until(visitor, {"counted": 3})
        inbox(database, row(0, "", "", "+8613612345678", "8bit"))
        await until(visitor, {"counted": 3, "unparsed": 1})
        await marked(database)


async def test_what_was_recorded_and_not_marked_is_recognised(house: House, tmp_path: Path) -> None:
    database = inbox(tmp_path / "smsd.db", ("A01", "+8613812345678"))
    settings(house, database=database)
    async with house.serve() as visitor:
        await until(visitor, {"counted": 1})
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("UPDATE inbox SET Processed = 'false'")
    inbox(database, ("A02", "+8613912345678"))
    async with house.serve() as visitor:
        await until(visitor, {"counted": 2})
        await marked(database)


async def test_parts_that_do_not_come_are_kept_for_a_person(house: House, tmp_path: Path) -> None:
    database = inbox(tmp_path / "smsd.db", row(0, "A01", ONE))
    settings(house, database=database, parts_seconds=60)
    async with house.serve() as visitor:
        inbox(database, ("A02", "+8613912345678"))
        await until(visitor, {"counted": 1})
        house.clock.ms += 60_000
        await until(visitor, {"counted": 1, "unparsed": 1})


async def test_half_a_character_holds_up_no_other(house: House, tmp_path: Path) -> None:
    database = inbox(tmp_path / "smsd.db", ("A01", "+8613812345678"), ("A02", "+8613912345678"))
    with closing(sqlite3.connect(database)) as db, db:  # as smsd writes an emoji that was cut in two
        db.execute("UPDATE inbox SET TextDecoded = CAST(x'413031EDB18D' AS TEXT) WHERE ID = 1")
    settings(house, database=database)
    async with house.serve() as visitor:
        await until(visitor, {"counted": 2})
        await marked(database)


async def test_unfinished_messages_hide_no_later_one(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gammu, "_AT_ONCE", 3)
    parts = [row(0, "A01", f"050003{number:02X}0201") for number in range(10)]
    database = inbox(tmp_path / "smsd.db", *parts, ("A02", "+8613912345678"))
    settings(house, database=database)
    async with house.serve() as visitor:
        await until(visitor, {"counted": 1})
        async with asyncio.timeout(10):
            while len(waiting(database)) != len(parts):  # noqa: ASYNC110 -- it is marked after it was recorded
                await asyncio.sleep(0.02)


async def test_a_database_that_is_not_there_yet_is_waited_for(house: House, tmp_path: Path) -> None:
    database = tmp_path / "smsd.db"
    settings(house, database=database)
    async with house.serve() as visitor:
        assert await visitor.outcomes() == {}
        assert not database.exists(), "it is smsd's to make"
        inbox(database, ("A01", "+8613812345678"))
        await until(visitor, {"counted": 1})


HOOK = {"SMS_MESSAGES": "1", "SMS_1_NUMBER": "+8613812345678", "SMS_1_TEXT": "A01", "DECODED_PARTS": "0"}


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        (HOOK, "A01"),
        ({**HOOK, "DECODED_PARTS": "2", "DECODED_1_TEXT": "投 A", "DECODED_2_TEXT": "01"}, "投 A01"),
        ({**HOOK, "DECODED_PARTS": "2", "DECODED_2_TEXT": "A01"}, "A01"),
        ({**HOOK, "DECODED_PARTS": ""}, "A01"),
        ({"SMS_1_NUMBER": "1"}, ""),
    ],
)
def test_the_hook_reads_the_environment(environ: dict[str, str], text: str) -> None:
    made = Gammu(GammuOptions())
    (message,) = made.relayed(["17"], environ)
    assert (message.text, message.caller) == (text, environ["SMS_1_NUMBER"])
    assert made.relayed(["17"], environ) == (message,), "the same words are the same message"
    assert made.relayed(["18"], environ) != (message,)


def test_a_hook_that_is_called_otherwise_is_told_so() -> None:
    made = Gammu(GammuOptions())
    with pytest.raises(NotRelayed, match="SMS_1_NUMBER"):
        made.relayed(["1"], {})
    with pytest.raises(NotRelayed, match="ids"):
        made.relayed([], HOOK)
    (odd,) = made.relayed(["1"], {**HOOK, "SMS_1_TEXT": "x" * 5000})
    assert odd.form is Form.UNPARSED
