"""The exports page: the command's own bytes, to whom they may go, and one at a time beside the votes."""

import asyncio
import hashlib
import io
import itertools
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway import pdf
from gateway.exporting import exports as made
from gateway.exporting.exports import Exports
from gateway.intake.inbound import Inbound
from gateway.pages import anomalies, exports
from gateway.reporting import report
from gateway.service import Service
from gateway.watching.board import Board
from gateway.watching.lookout import Lookout
from tests.conftest import SETTLED_MS, House
from tests.pages import rooms
from tests.pages.boards import Client
from tests.pages.reading import Page

CAMPAIGN = "beita-2018"
PAGE = f"/committee/{CAMPAIGN}/exports"
OBSERVERS = f"/observer/{CAMPAIGN}/exports"
PUBLIC = {
    "checkpoint-n1.txt",
    "ledger-n1.zip",
    "manifest.json",
    "manifest.json.minisig",
    "public.zip",
    "rules.txt",
    "standings.csv",
    "standings.json",
    "result.json",
    "televote.pub",
}


async def vote(counting: Service, votes: int, said: str = "A01 B02") -> None:
    messages = [Inbound(f"{said}{n}", f"138{n:08d}", said) for n in range(votes)]
    assert len(await counting.take(counting.sources["sim"], messages)) == votes


@asynccontextmanager
async def office(
    house: House, who: str = "committee"
) -> AsyncIterator[tuple[Client, Exports, Service, Board]]:
    """A real ledger, and somebody at the exports page."""
    async with house.service() as counting:
        await vote(counting, 30)
        await vote(counting, 3, "A01 不")
        board = Board(counting.store, counting.campaigns, lambda: counting.recorder.version, house.clock)
        await board.refresh()
        loaded = house.load()
        making = Exports(loaded)
        lookout = Lookout(loaded, counting.campaigns, lambda _: 0, lambda: False, house.clock)
        pages = [*exports.routes(board, making), *anomalies.routes(board, making, lookout)]
        async with rooms.visit(board, pages, who) as client:
            yield client, making, counting, board
        await making.stop()


async def make(client: Client, making: Exports) -> None:
    """Ask for an export by the page's button, and wait until it is there."""
    answer = await rooms.post(client, PAGE, PAGE)
    assert (answer.status, answer.headers["Location"]) == (303, PAGE)
    await settled(making)


async def settled(making: Exports) -> None:
    """Wait until no export is being made."""
    async with asyncio.timeout(60):
        for wait in itertools.repeat(0.05):
            if not making.making:
                return
            await asyncio.sleep(wait)


async def links(client: Client, path: str, reports: bool = False) -> dict[str, str]:
    """The files that a page offers, by name, or the reports."""
    page = Page(await (await client.get(path)).text())
    files = [a["href"] for a in page.all("a") if "download" in a]
    return {href.rpartition("/")[2]: href for href in files if ("/reports/" in href) is reports}


async def fetch(client: Client, path: str) -> bytes:
    answer = await client.get(path)
    assert answer.status == 200
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{CAMPAIGN}-')
    assert answer.headers["Cache-Control"] == "no-store"
    return await answer.read()


def by_command(house: House, folder: Path) -> dict[str, bytes]:
    """What the command writes."""
    command = [sys.executable, "-m", "gateway", "--settings", str(house.settings), "export", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


async def test_the_files_are_the_commands(house: House, tmp_path: Path) -> None:
    async with office(house) as (client, making, _, _board):
        assert not await links(client, PAGE)
        await make(client, making)
        assert making.failed(CAMPAIGN) == ""
        offered = await links(client, PAGE)
        got = {name: await fetch(client, href) for name, href in offered.items()}
        shown = Page(await (await client.get(PAGE)).text()).text
    expected = await asyncio.to_thread(by_command, house, tmp_path / "command")
    archives = {name: got.pop(name) for name in ("public.zip", "committee.zip")}
    assert {name: hashlib.sha256(data).hexdigest() for name, data in got.items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in expected.items()
    }
    with zipfile.ZipFile(io.BytesIO(archives["committee.zip"])) as archive:
        assert {Path(name).name: archive.read(name) for name in archive.namelist()} == expected
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with zipfile.ZipFile(io.BytesIO(archives["public.zip"])) as archive:
        assert {Path(name).name for name in archive.namelist()} == PUBLIC - {"public.zip"}
    manifest = json.loads(got["manifest.json"])
    for told in (manifest["ledger"][0]["root"], str(manifest["ledger"][0]["entries"]), "一致"):
        assert told in shown
    for listed in manifest["files"]:
        assert listed["sha256"] in shown


async def test_the_same_ledger_is_the_same_zip_and_is_kept_once(house: House) -> None:
    async with office(house) as (client, making, counting, board):
        hashes = []
        for _ in range(2):
            await make(client, making)
            offered = await links(client, PAGE)
            hashes.append(
                {name: hashlib.sha256(await fetch(client, offered[name])).digest() for name in offered}
            )
        assert hashes[0] == hashes[1]
        assert len(making.built(CAMPAIGN)) == 1
        for more in range(made.KEPT + 1):
            await vote(counting, 1, f"A{more + 2:02d}")
            await board.refresh()
            await make(client, making)
        assert len(making.built(CAMPAIGN)) == made.KEPT
        newest = making.built(CAMPAIGN)[0]
        assert newest.manifest["ledger"][0]["entries"] == counting.recorder.head(CAMPAIGN).size
        left = [one.name for one in newest.folder.parent.iterdir()]
        assert not [name for name in left if name.startswith(".")], "nothing unfinished stays"


async def test_an_export_that_goes_is_not_half_there(house: House) -> None:
    """Removing it takes a while, and the pages are looked at meanwhile."""
    async with office(house) as (client, making, counting, board):
        for more in range(made.KEPT):
            await vote(counting, 1, f"A{more + 2:02d}")
            await board.refresh()
            await make(client, making)
        oldest = making.built(CAMPAIGN)[-1].folder
        for number in range(20_000):
            (oldest / f"page-{number}.html").touch()
        await vote(counting, 1, "A01")
        assert making.begin(CAMPAIGN, "en")
        seen = set()
        while making.making:
            answer = await client.get(PAGE)
            assert answer.status == 200
            seen.add(len(making.built(CAMPAIGN)))
        assert seen == {made.KEPT}
        assert not oldest.exists()


async def test_one_at_a_time(house: House) -> None:
    async with office(house) as (client, making, _, _board):
        assert making.begin(CAMPAIGN, "zh")
        assert not making.begin(CAMPAIGN, "zh")
        page = Page(await (await client.get(PAGE)).text())
        assert page.all("meta", http_equiv="refresh")
        assert not page.all("form", action=PAGE), "there is nothing to press meanwhile"
        await making.stop()
        assert not making.making
        assert making.built(CAMPAIGN) == []


async def test_what_the_command_complains_of_is_shown(house: House) -> None:
    async with office(house) as (client, making, counting, _board):
        await counting.store.run(
            lambda db: db.execute("UPDATE totals SET n = n + 1 WHERE subject = 'received'")
        )
        await make(client, making)
        page = Page(await (await client.get(PAGE)).text())
        assert page.all("p", role="alert")
        assert "recount" in page.text
        assert making.built(CAMPAIGN) == []


#: publish, status, whether the export is from after the close -> whether observers may have its public files.
SEEN = {
    ("live", "scheduled", False): False,
    ("live", "open", False): True,
    ("live", "closed", False): True,
    ("live", "closed", True): True,
    ("daily", "open", False): False,
    ("daily", "closed", False): False,
    ("daily", "closed", True): True,
    ("after_close", "open", False): False,
    ("after_close", "closing", False): False,
    ("after_close", "closed", False): False,
    ("after_close", "closed", True): True,
    ("never", "open", False): False,
    ("never", "closed", True): False,
}


@pytest.mark.parametrize(("mode", "status", "closed"), SEEN)
def test_what_observers_may_have(mode: str, status: str, closed: bool) -> None:
    assert made.observable(mode, status, {"closed": closed}) == SEEN[mode, status, closed]


@pytest.mark.parametrize("publish", ["live", "after_close"])
async def test_observers_get_the_public_files_when_they_may(house: House, publish: str) -> None:
    house.edit(house.campaign, 'publish = "live"', f'publish = "{publish}"')
    async with office(house, "observer") as (client, making, _, _board):
        making.begin(CAMPAIGN, "zh")
        await settled(making)
        (built,) = making.built(CAMPAIGN)
        offered = PUBLIC if publish == "live" else set()
        assert set(await links(client, OBSERVERS)) == offered
        for name in ("messages.csv", "committee.zip", "outcomes.csv", "acts.csv", *PUBLIC):
            answer = await client.get(f"{OBSERVERS}/{built.name}/{name}")
            assert answer.status == (200 if name in offered else 404)
        assert (await client.get(f"{PAGE}/{built.name}/messages.csv")).status == 403
        assert (await rooms.post(client, PAGE, OBSERVERS)).status == 403, "observers have nothing made"


async def test_an_export_looks_for_what_stands_out(house: House) -> None:
    page = f"/committee/{CAMPAIGN}/anomalies"
    async with office(house) as (client, making, _, _):
        before = Page(await (await client.get(page)).text())
        assert "还没有检查过" in before.text
        await make(client, making)
        shown = Page(await (await client.get(page)).text())
        assert "号段 1380000**** 中有 30 个相连的号码" in shown.text
        assert "13800000" not in shown.source
        english = await (await client.get(f"{page}?lang=en")).text()
        assert "30 consecutive numbers in 1380000****" in english
        told = [Page(english).text.partition("Severity is")[2], shown.text.partition("严重度是")[2]]
        assert [("Social insurance (sample)" in one, "社保窗口（示例）" in one) for one in told] == [
            (True, False),
            (False, True),
        ]
        assert ["Most Beautiful Service Window" in one for one in told] == [True, False]


async def test_figures_kept_back_are_kept_out_of_exports(house: House) -> None:
    house.edit(house.campaign, 'committee_totals = "live"', 'committee_totals = "after_close"')
    async with office(house) as (client, making, counting, board):
        await make(client, making)
        assert making.built(CAMPAIGN) == []
        page = Page(await (await client.get(PAGE)).text())
        assert "committee_totals" in page.text
        assert not page.all("form", action=PAGE)
        house.clock.ms = SETTLED_MS + 1
        await counting.schedule.tick()
        await board.refresh()
        await make(client, making)
        assert "messages.csv" in await links(client, PAGE)


STRANGE = [
    "..%2f..%2ftelevote.db",
    "%2e%2e/manifest.json",
    "manifest.json%00",
    "secrets",
    ".manifest.json.part",
]


async def test_only_what_is_listed_can_be_had(house: House) -> None:
    async with office(house) as (client, making, _, _board):
        await make(client, making)
        (built,) = making.built(CAMPAIGN)
        for name in STRANGE:
            assert (await client.get(f"{PAGE}/{built.name}/{name}")).status == 404, name
        assert (await client.get(f"{PAGE}/..%2f{built.name}/manifest.json")).status == 404


async def test_votes_are_not_delayed(house: House) -> None:
    """The most that the event loop's thread did at a stretch while an export was made: next to nothing."""
    async with office(house) as (_, making, counting, _board):
        await vote(counting, 3000, "B03")

        async def longest(until: Any) -> float:
            worst, last = 0.0, time.thread_time()
            while until():
                await asyncio.sleep(0.005)
                now = time.thread_time()
                worst, last = max(worst, now - last), now
            return worst

        making.begin(CAMPAIGN, "zh")
        busy = await longest(lambda: making.making)
        assert making.failed(CAMPAIGN) == ""
        assert busy < 0.1, f"the loop was kept for {busy:.3f} s"


async def test_reports_are_made_with_the_export(house: House) -> None:
    async with office(house) as (client, making, _, _board):
        await make(client, making)
        offered = await links(client, PAGE, reports=True)
        kinds = [one for one in report.kinds().values() if one.audience != "auditor"]
        undecided = {"award-list", "certificates"}
        expected = {
            f"{one.kind}.{form}" for one in kinds if one.kind not in undecided for form in one.formats
        }
        assert set(offered) == expected
        for name, href in offered.items():
            assert len(await fetch(client, href)) > 50, name
        assert (await fetch(client, offered["bulletin.pdf"])).startswith(b"%PDF-")
        err = json.loads(await fetch(client, offered["nist-err.json"]))
        assert err["Status"] == "unofficial-partial"
        page = Page(await (await client.get(PAGE)).text())
        assert "投票尚未结束，还没有获奖名单" in page.text
        front = offered["howto.html"].rpartition("/")[0]
        for name in ("sidecar.csv", "award-list.pdf", "reports.json", "..%2fmanifest.json", "bulletin.xlsx"):
            assert (await client.get(f"{front}/{name}")).status == 404, name


async def test_observers_get_the_public_reports(house: House) -> None:
    async with office(house) as (client, making, _, _board):
        await make(client, making)
        theirs = await links(client, PAGE, reports=True)
    async with office(house, "observer") as (client, _making, _, _board):
        offered = await links(client, OBSERVERS, reports=True)
        assert set(offered) == {"howto.html", "howto.pdf", "nist-cvr.json", "nist-err.json"}
        assert await fetch(client, offered["nist-err.json"])
        kept_back = theirs["bulletin.html"].replace("/committee/", "/observer/")
        assert (await client.get(kept_back)).status == 404


async def test_without_a_font_the_page_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "lack", lambda _: pdf.NO_FONT)
    async with office(house) as (client, making, _, _board):
        await make(client, making)
        offered = await links(client, PAGE, reports=True)
        assert "bulletin.html" in offered
        assert not [name for name in offered if name.endswith(".pdf")]
        assert "fonts-wqy-microhei" in Page(await (await client.get(PAGE)).text()).text
