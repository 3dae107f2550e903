"""What is printed: the words, the pages, the embedded font; and nothing that a page names is fetched."""

import asyncio
import io
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest

from gateway import pdf
from gateway.pages.words import LANGS
from gateway.reporting import report, winners
from gateway.reporting.report import NotYet, Options
from gateway.reporting.result import Act, Result
from tally.outcome import Selection
from tests.conftest import OPENS_MS, House
from tests.docs import auditing
from tests.reports.conftest import fill, result_of
from tests.reports.golden import same
from tests.reports.test_nist import replace_ids
from tests.reports.test_workbook import PAYLOADS, poisoned

WON = {Selection("window", "A01"): "winner", Selection("star", "B04"): "projected-winner"}
PAPER = ["award-list", "bulletin", "certificates", "howto"]


def html(kind: str, result: Result, **options: Any) -> bytes:
    return b"".join(report.kinds()[kind].write(result, Options(**options)))


async def pages(made: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(await pdf.set_pages(made, pdf.font())))


def fonts(read: pypdf.PdfReader) -> dict[str, bool]:
    """Every font of a PDF, and whether it is embedded."""
    found = {}
    for page in read.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            below = font.get_object().get("/DescendantFonts", [font])[0].get_object()
            described = below.get("/FontDescriptor", {})
            found[str(below["/BaseFont"])] = any(f"/FontFile{n}" in described for n in ("", "2", "3"))
    return found


def text(read: pypdf.PdfReader) -> str:
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in read.pages))


@pytest.mark.parametrize("kind", PAPER)
async def test_what_is_printed_is_what_it_was(house: House, kind: str) -> None:
    await fill(house)
    async with result_of(house) as collected:
        result = replace(replace_ids(collected), fates=WON)
        made = html(kind, result)
        if kind != "howto":
            same(f"{kind}.zh.html", made)
        read = await pages(made)
        assert len(read.pages) == {"award-list": 1, "bulletin": 3, "certificates": 2, "howto": 1}[kind]
        assert fonts(read)
        assert all(fonts(read).values()), "every font is embedded"
        body = re.sub(r"<style>.*?</style>|<title>.*?</title>", "", made.decode(), flags=re.DOTALL)
        printed = text(read)
        words = set(re.findall(r"[\u4e00-\u9fff]+", re.sub(r"<[^>]*>", " ", body)))
        assert {word for word in words if word not in printed} == set()


@pytest.mark.parametrize("kind", ["arlo", "calls", "hours", "sidecar"])
async def test_tables_are_what_they_were(house: House, kind: str) -> None:
    await fill(house, 30)
    async with result_of(house) as result:
        plain = replace_ids(result)
        hidden = tuple(one._replace(voter="v", leaf_hash="h", raw_sha256="r") for one in plain.records)
        same(f"{kind}.csv", html(kind, replace(plain, records=hidden)))


@pytest.mark.parametrize("lang", LANGS)
async def test_every_act_stands_in_the_appendix(house: House, lang: Any) -> None:
    await auditing.play(house, bulk=20)
    async with result_of(house) as result:
        told = html("bulletin", result, lang=lang).decode()
        appendix = told[told.index({"zh": "附：裁定和操作", "en": "Appendix"}[lang]) :]
        assert appendix.count("<tr>") == len(result.acts) + 1
        assert {"zh": "人看得明白", "en": "clear to a person"}[lang] in appendix


async def test_the_appendix_has_at_most_500_rows(house: House) -> None:
    await fill(house, 3)
    async with result_of(house) as result:
        acts = tuple(Act(number, OPENS_MS, "bar", "wang", "", "fraud", "") for number in range(1234))
        told = html("bulletin", replace(result, acts=acts), lang="en").decode()
        assert told[told.index("Appendix") :].count("<tr>") == 501
        assert "734 more rows stand in acts.csv" in told


async def test_nobody_has_won_before_it_is_decided(house: House) -> None:
    await fill(house, close=False)
    async with result_of(house) as result:
        for kind in ("award-list", "certificates"):
            with pytest.raises(NotYet, match="not closed"):
                html(kind, result)
        closed = replace(result, standings={**result.standings, "status": "closed"})
        with pytest.raises(NotYet, match="wait for a ruling"):
            html("award-list", closed)
        settled = {**closed.standings["balance"], "waiting": 0}
        judged = replace(result, standings={**closed.standings, "balance": settled})
        with pytest.raises(NotYet, match="votes and evaluation decide together"):
            html("award-list", judged)
        tied = replace(judged, campaign=judged.campaign.model_copy(update={"evaluation": None}))
        assert "social" in html("award-list", tied, lang="en").decode().lower()
        rows = [{**one, "votes": 5, "rank": 1} for one in tied.standings["contests"][0]["candidates"]]
        contest = {**tied.standings["contests"][0], "candidates": rows}
        with pytest.raises(NotYet, match="share rank 1 across the last place"):
            html("award-list", replace(tied, standings={**tied.standings, "contests": [contest]}))


async def test_a_certificate_is_a_draft_until_it_is_certified(house: House) -> None:
    await fill(house, 10)
    async with result_of(house) as result:
        won = replace(result, fates=WON)
        assert html("certificates", won).decode().count('<p class="draft"') == 2
        assert '<p class="draft"' not in html("certificates", replace(won, stage="certified")).decode()


def test_no_name_is_markup() -> None:
    result = poisoned("<script>alert(1)</script><img src=x onerror=alert(1)>")
    for kind in ("bulletin", "howto"):
        told = html(kind, result).decode()
        assert "<script" not in told
        assert "<img" not in told
    assert all(html("bulletin", poisoned(one)) for one in PAYLOADS[::17])


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """A port, and whoever has called at it."""
    called: list[str] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0.1)
        over = threading.Event()

        def take() -> None:
            while not over.is_set():
                try:
                    server.accept()[0].close()
                    called.append("called")
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        yield server.getsockname()[1], called
        over.set()
        thread.join()


async def test_nothing_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    with listening() as (port, called):
        there, here = f"http://127.0.0.1:{port}", secret.as_uri()
        made = f"""<html><head><link rel="stylesheet" href="{there}/x.css">
        <style>@import url("{there}/y.css"); body {{ background: url({there}/z.png) }}
        </style></head><body>投票<img src="{there}/a.png"><img src="{here}">
        <object data="{here}"></object><a rel="attachment" href="{here}">x</a></body></html>"""
        made_pdf = await pdf.set_pages(made.encode(), pdf.font())
        await asyncio.sleep(0.2)
        assert called == []
    read = pypdf.PdfReader(io.BytesIO(made_pdf))
    assert "投票" in text(read)
    assert not read.attachments


async def test_the_same_page_is_the_same_pdf() -> None:
    made = "<meta name='dcterms.created' content='2018-07-20T18:00:00+08:00'><p>投票".encode()
    assert await pdf.set_pages(made, pdf.font()) == await pdf.set_pages(made, pdf.font())


def test_without_a_font_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(pdf.NoPdf, match="cannot be read, or has no Chinese letters"):
        pdf.font(str(tmp_path / "none.ttf"))
    latin = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
    if Path(latin).exists():
        with pytest.raises(pdf.NoPdf, match="no Chinese letters"):
            pdf.font(latin)
    monkeypatch.setattr(pdf, "_FOLDERS", (str(tmp_path),))
    with pytest.raises(pdf.NoPdf, match="fonts-wqy-microhei"):
        pdf.font()


async def test_winners_have_the_ranks_that_decided(house: House) -> None:
    await fill(house, 10)
    async with result_of(house) as result:
        rows = [{"code": "A01", "rank": 7}]
        judged = replace(result, fates=WON, evaluation={"contests": [{"id": "window", "rows": rows}]})
        ranks = [(one.candidate["code"], one.candidate["rank"]) for one in winners.of(judged)]
        assert ranks == [("A01", 7), ("B04", winners.of(replace(result, fates=WON))[1].candidate["rank"])]
