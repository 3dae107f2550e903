"""Two people, or two clicks, at once: at one process, and at two that share database and data folder."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from gateway.intake.running import Running
from gateway.nominations.cabinet import Lost
from gateway.nominations.register import MOST_FILES, NominationRefused, Register
from tests import postgres as own
from tests.conftest import House
from tests.nodes.test_nodes import house_of
from tests.nominations.papers import CAMPAIGN, WINDOW, before, book
from tests.nominations.test_sheets import HEAD, row

PAPER = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
CONTEST = "window"


class Desk:
    """A register as one process has it."""

    def __init__(self, register: Register, running: Running) -> None:
        self.register, self.running = register, running

    async def enter(self, **changed: str) -> int:
        return await self.register.enter(self.running, CONTEST, {**WINDOW, **changed}, "wang")

    async def change(self, id_: int, **changed: str) -> None:
        await self.register.change(self.running, CONTEST, id_, {**WINDOW, **changed}, "wang")

    async def endorse(self, id_: int, stage: str, ruling: str = "agree", **more: str) -> str:
        said = {"ruling": ruling, "who": "某单位", "on": "2018-06-01", **more}
        return await self.register.endorse(self.running, CONTEST, id_, stage, said, "wang")

    async def attach(self, id_: int, content: bytes = PAPER, kind: str = "paper") -> None:
        await self.register.attach(self.running, CONTEST, id_, kind, "a.pdf", content, "wang")

    async def detach(self, id_: int, file: int) -> None:
        await self.register.detach(self.running, CONTEST, id_, file, "wang")

    async def files(self, id_: int) -> list[int]:
        return [one.id for one in (await self.register.one(self.running, CONTEST, id_)).files]


@pytest.fixture
async def one(house: House) -> AsyncIterator[Desk]:
    async with before(house).service() as service:
        yield Desk(Register(service, house.folder, os.urandom), service.campaigns[CAMPAIGN])


@pytest.fixture
async def desks(house: House, postgres: own.Server) -> AsyncIterator[list[Desk]]:
    """Two processes that share the data folder, as `--workers` do."""
    if not house.load().settings.storage.is_postgresql:
        house.move_to(postgres.url(postgres.fresh()))
    houses = [house_of(before(house), name) for name in ("n1", "n2")]
    async with houses[0].service() as here, houses[1].service() as there:
        yield [
            Desk(Register(service, house.folder, os.urandom), service.campaigns[CAMPAIGN])
            for service in (here, there)
        ]


async def ended(*doing: Any) -> tuple[list[Any], list[str]]:
    """What came of things done at once: the results, and why the others were refused."""
    found = await asyncio.gather(*doing, return_exceptions=True)
    assert not [
        one for one in found if isinstance(one, BaseException) and not isinstance(one, NominationRefused)
    ], found
    return (
        [one for one in found if not isinstance(one, NominationRefused)],
        [one.word for one in found if isinstance(one, NominationRefused)],
    )


async def test_a_nomination_is_looked_at_while_it_is_changed(one: Desk) -> None:
    id_ = await one.enter()

    async def look(after: int) -> None:
        for _ in range(after):
            await one.register.heads(one.running)
        await one.register.one(one.running, CONTEST, id_)

    for n in range(10):
        await asyncio.gather(
            one.change(id_, deeds_title=f"第{n}次修改"), *(look(after) for after in range(5))
        )


async def test_and_at_another_process(desks: list[Desk]) -> None:
    here, there = desks
    id_ = await here.enter()
    for n in range(40):
        await asyncio.gather(
            *(here.register.one(here.running, CONTEST, id_) for _ in range(5)),
            there.change(id_, deeds_title=f"第{n}次修改"),
        )


async def test_a_form_that_is_sent_twice_makes_one_nomination(desks: list[Desk]) -> None:
    for n in range(10):
        made, refused = await ended(*(desk.enter(name=f"窗口{n}") for desk in desks))
        assert (len(made), refused) == (1, ["nominated_already"])


async def test_two_are_not_renamed_into_one(desks: list[Desk]) -> None:
    for n in range(10):
        ids = [await desks[0].enter(name=f"窗口{n}-{end}") for end in "ab"]
        both = zip(desks, ids, strict=True)
        _, refused = await ended(*(desk.change(id_, name=f"新窗口{n}") for desk, id_ in both))
        assert refused == ["nominated_already"]


async def test_a_spreadsheet_that_is_sent_twice_is_taken_once(desks: list[Desk]) -> None:
    content = book([row(name=f"窗口{n}") for n in range(30)], HEAD)
    taken = await asyncio.gather(
        *(desk.register.take(desk.running, CONTEST, content, "wang") for desk in desks),
        return_exceptions=True,
    )
    assert sum(one == 30 for one in taken) == 1, taken
    assert len(await desks[0].register.heads(desks[0].running)) == 30


async def test_codes_that_are_given_at_once_are_two(desks: list[Desk]) -> None:
    """Nobody who asked for none is told that it was given before."""
    for n in range(12):
        ids = [await desks[0].enter(name=f"窗口{n}-{end}") for end in "ab"]
        for id_ in ids:
            for stage in ("unit", "department"):
                await desks[0].endorse(id_, stage)
        both = zip(desks, ids, strict=True)
        given, refused = await ended(*(desk.endorse(id_, "committee") for desk, id_ in both))
        assert (len(set(given)), refused) == (2, [])


async def test_no_more_files_than_there_may_be(desks: list[Desk]) -> None:
    id_ = await desks[0].enter()
    for n in range(MOST_FILES - 1):
        await desks[0].attach(id_, PAPER + b"%d" % n)
    for n in range(12):
        _, refused = await ended(
            *(desk.attach(id_, PAPER + b"%d at %d" % (n, at)) for at, desk in enumerate(desks))
        )
        assert refused == ["files_many"]
        kept = await desks[0].files(id_)
        assert len(kept) == MOST_FILES
        assert on_disk(desks[0]) == MOST_FILES, "of what was refused nothing is left"
        await desks[0].detach(id_, kept[-1])


async def test_a_file_that_is_attached_while_the_same_one_is_destroyed(desks: list[Desk]) -> None:
    here, there = desks
    ids = [await here.enter(name=f"窗口{n}") for n in range(2)]
    for n in range(25):
        content = PAPER + b"%d" % n
        await here.attach(ids[0], content)
        (file,) = await here.files(ids[0])
        await asyncio.gather(here.detach(ids[0], file), there.attach(ids[1], content))
        (kept,) = await here.files(ids[1])
        try:
            assert (await here.register.file(here.running, ids[1], kept))[1] == content
        except Lost:
            pytest.fail(f"it is lost, the {n}th time")
        await there.detach(ids[1], kept)
    assert on_disk(here) == 0


async def test_a_file_of_which_only_half_was_done_goes_with_the_next(one: Desk) -> None:
    """The power went after it was on the disk, and before the database said so: nobody sees it any more."""
    id_ = await one.enter()
    await one.attach(id_)
    left = folder(one) / ("0" * 64)
    part = folder(one) / (("1" * 64) + ".0123456789abcdef.part")
    new = folder(one) / ("2" * 64)
    for path in (left, part, new):
        path.write_bytes(b"sealed")
    for path in (left, part):
        os.utime(path, (0, 0))
    await one.detach(id_, (await one.files(id_))[0])
    assert list(files(one)) == [new], "somebody may be about to attach it"


def folder(desk: Desk) -> Path:
    return desk.register._data / "nominations" / CAMPAIGN


def files(desk: Desk) -> Iterable[Path]:
    return folder(desk).iterdir()


def on_disk(desk: Desk) -> int:
    return len(list(files(desk)))
