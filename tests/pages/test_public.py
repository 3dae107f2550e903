"""The public page: what it shows when, to whom in which language, and that nothing in it can run."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import hdrs

from config import load
from config.problems import Lang
from gateway.pages import public
from gateway.pages.words import WORDS
from tests.pages import boards
from tests.pages.reading import Page

PAGE = "/campaigns/beita-2018"
EVENTS = "/campaigns/beita-2018/events"


async def read(stage: boards.Stage, path: str = "/", **options: Any) -> Page:
    """A page of the stage, parsed."""
    async with boards.client(stage, **options) as client:
        answer = await client.get(path)
        return Page(await answer.text())


def say(key: str, lang: Lang, **values: object) -> str:
    """The catalogue's wording."""
    said: str = WORDS[key].by(lang)
    return said.format(**values)


#: publish, status -> the status in words, and whether votes are shown (docs/rules.md).
SHOWN = {
    ("live", "scheduled"): ("scheduled", False),
    ("live", "open"): ("open", True),
    ("live", "closing"): ("closing", True),
    ("live", "closed"): ("closed", True),
    ("daily at 10:00", "scheduled"): ("scheduled", False),
    ("daily at 10:00", "open"): ("open", True),
    ("daily at 10:00", "closing"): ("closing", True),
    ("daily at 10:00", "closed"): ("closed", True),
    ("after_close", "scheduled"): ("scheduled", False),
    ("after_close", "open"): ("open", False),
    ("after_close", "closing"): ("closing", False),
    ("after_close", "closed"): ("closed", True),
    ("never", "scheduled"): ("scheduled", False),
    ("never", "open"): ("open", False),
    ("never", "closing"): ("closing", False),
    ("never", "closed"): ("unshown", False),
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("publish", "status"), SHOWN, ids=lambda value: value.replace(" ", "_"))
async def test_what_is_shown_when(publish: str, status: str, lang: Lang) -> None:
    in_words, shown = SHOWN[publish, status]
    stage = boards.stage(boards.campaign(publish=publish))
    await stage.at(status)
    page = await read(stage, f"/?lang={lang}")
    mode = publish.partition(" ")[0]

    assert say(in_words, lang) in page.text
    assert (say("provisional", lang) in page.text) == shown
    assert (say(f"hidden_{mode}", lang, at="10:00") in page.text) == (not shown)
    assert ("1,200" in page.text, "46.2%" in page.text) == (shown, shown)
    assert (len(page.all("table")), len(page.all("svg", class_="bar"))) == ((2, 6) if shown else (0, 0))
    assert (say("daily", lang, at="10:00") in page.text) == (mode == "daily" and shown and status != "closed")

    voting = status in ("scheduled", "open")
    assert (say("voting", lang) in page.text, "13517420858" in page.text) == (voting, voting)
    name = "Social security desk" if lang == "en" else "政务大厅社保窗口"
    assert all(text in page.text for text in (name, "A01", "区人社局", "B02", say("withdrawn", lang)))
    assert say("times", lang, zone="Asia/Shanghai", offset="UTC+08:00") in page.text


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_shipped_sample(lang: Lang) -> None:
    sample = load.campaign(Path(load.__file__).parent / "campaigns" / "beita-2018.toml")
    stage = boards.stage(sample, votes={})
    await stage.at("open")
    page = await read(stage, f"/?lang={lang}")
    assert sample.name_in(lang) in page.text
    for contest in sample.contests:
        assert contest.name_in(lang) in page.text
        assert all(f"{one.code} {one.name_in(lang)}" in page.text for one in contest.candidates)


async def test_a_daily_vote_shows_nothing_before_its_first_hour() -> None:
    stage = boards.stage(boards.campaign(publish="daily at 20:00"), votes={"A01": 7})
    stage.now_ms = boards.ms("2018-07-09T12:00:00+08:00")
    await stage.board.refresh()
    page = await read(stage)
    assert say("open", "zh") in page.text
    assert say("hidden_daily", "zh", at="20:00") in page.text
    assert not page.all("table")


async def test_a_daily_page_shows_the_snapshot_not_what_came_since() -> None:
    stage = boards.stage(boards.campaign(publish="daily at 10:00"), votes={"A01": 7})
    await stage.at("open")
    stage.vote("window", "A01", 2_000)
    await stage.board.refresh()
    page = await read(stage)
    assert "2,007" not in page.text


async def test_a_snapshot_of_a_candidate_who_is_gone_is_still_shown() -> None:
    stage = boards.stage(boards.campaign(publish="daily at 10:00"))
    await stage.at("open")
    old = json.loads(stage.store.snapshots[-1][1])
    old["contests"][0]["candidates"][0].update(code="Z99", name="不在名单上")
    stage.store.snapshots[-1] = (stage.store.snapshots[-1][0], json.dumps(old))
    stage.commits += 1
    await stage.board.refresh()
    page = await read(stage)
    assert "Z99 不在名单上" in page.text


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("publish", "status", "certified", "in_words", "banner"),
    [
        ("live", "closed", True, "final", "confirmed"),
        ("live", "closed", False, "closed", "provisional"),
        ("after_close", "closed", True, "final", "confirmed"),
        ("never", "closed", True, "unshown", None),
        ("live", "open", True, "open", "provisional"),
        ("live", "closing", True, "closing", "provisional"),
    ],
)
async def test_only_a_closed_and_certified_result_is_final(
    publish: str, status: str, certified: bool, in_words: str, banner: str | None, lang: Lang
) -> None:
    stage = boards.stage(boards.campaign(publish=publish))
    await stage.at(status)
    page = await read(stage, f"/?lang={lang}", final=lambda _: certified)
    assert say(in_words, lang) in page.text
    for key in ("confirmed", "provisional"):
        assert (say(key, lang) in page.text) == (key == banner)


async def test_the_chart() -> None:
    stage = boards.stage()
    await stage.at("open")
    page = await read(stage)
    assert [row["data-code"] for row in page.all("tr") if "data-code" in row] == [
        *("A01", "A02", "A10", "A03"),
        *("B01", "B02"),
    ]
    assert [bar["width"] for bar in page.all("rect", class_="fill")] == [
        *("100.00%", "50.00%", "50.00%", "16.67%"),
        *("100.00%", "33.33%"),
    ]
    assert [row["data-code"] for row in page.all("tr", class_="withdrawn")] == ["A03"]
    for line in (
        "1 A01 政务大厅社保窗口 区人社局 1,200 46.2%",
        "2 A02 不动产登记窗口 区国土局 600 23.1%",
        "2 A10 办税窗口 区税务局 600 23.1%",
        "– A03 户籍窗口 已退出 公安分局 200 7.7%",
        "总票数 2,600 · 名额 2",
        "截至 2018-07-14 12:00:00",
    ):
        assert line in page.text


async def test_without_votes_nobody_has_a_rank() -> None:
    stage = boards.stage(votes={})
    await stage.at("open")
    page = await read(stage)
    assert "– A01 政务大厅社保窗口 区人社局 0 0.0%" in page.text
    assert {bar["width"] for bar in page.all("rect", class_="fill")} == {"0.00%"}


@pytest.mark.parametrize(
    ("numbers", "shown", "links"),
    [
        ({"sms": "13517420858"}, ["sms_text"], ["sms:13517420858"]),
        ({"hotline": "0739-516 9909"}, ["hotline_text"], ["tel:07395169909"]),
        ({"hotline": "5169909 转 2"}, ["hotline_text"], []),
        ({"sms": "+86 135 1742 0858"}, ["sms_text"], ["sms:+8613517420858"]),
        ({"sms": "//evil.example"}, ["sms_text"], []),
        ({}, ["no_numbers"], []),
    ],
)
async def test_how_to_vote(numbers: dict[str, str], shown: list[str], links: list[str]) -> None:
    stage = boards.stage(boards.campaign(numbers=numbers))
    await stage.at("open")
    page = await read(stage)
    for key in ("sms_text", "hotline_text", "no_numbers"):
        assert (say(key, "zh", code="A01") in page.text) == (key in shown)
    assert all(number in page.text for number in numbers.values())
    assert [a["href"] for a in page.all("a") if a["href"].startswith(("sms:", "tel:"))] == links


LANGUAGES: list[tuple[str, str, Lang]] = [
    ("", "", "zh"),
    ("", "en", "en"),
    ("", "en-US,en;q=0.9", "en"),
    ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
    ("", "en;q=0.5, zh;q=0.8", "zh"),
    ("", "fr, de;q=0.9", "zh"),
    ("", "fr, en;q=0.1", "en"),
    ("", "en;q=0", "zh"),
    ("", "*", "zh"),
    ("", "EN-gb ; q=1.000", "en"),
    ("", "en;q=nan, zh;q=0.1", "zh"),
    ("", ";;;,,=;q=q", "zh"),
    ("", "en;q=" + "9" * 5_000, "zh"),
    ("?lang=en", "zh", "en"),
    ("?lang=zh", "en", "zh"),
    ("?lang=fr", "en", "en"),
    ("?lang=", "", "zh"),
    ("?lang=en&lang=zh", "", "en"),
    ("?lang=%ff%00", "", "zh"),
]


@pytest.mark.parametrize(("query", "accepted", "lang"), LANGUAGES)
async def test_language(query: str, accepted: str, lang: Lang) -> None:
    stage = boards.stage(votes={})
    await stage.at("open")
    async with boards.client(stage) as client:
        answer = await client.get("/" + query, headers={hdrs.ACCEPT_LANGUAGE: accepted} if accepted else {})
        page = Page(await answer.text())
    assert page.all("html") == [{"lang": say("lang", lang)}]
    assert answer.headers["Content-Language"] == say("lang", lang)
    assert "Accept-Language" in answer.headers["Vary"]
    assert say("open", lang) in page.text


@pytest.mark.parametrize(("query", "kept"), [("?lang=en", "?lang=en"), ("?lang=zh", "?lang=zh"), ("", "")])
async def test_links_keep_the_language(query: str, kept: str) -> None:
    stage = boards.stage(boards.campaign(), boards.campaign(id="other", name="另一个评选"))
    await stage.at("open")
    front, campaign = await read(stage, "/" + query), await read(stage, PAGE + query)
    missing = await read(stage, "/campaigns/none" + query)
    assert [a["href"] for a in front.all("a") if a["href"].startswith("/")] == [
        f"/campaigns/beita-2018{kept}",
        f"/campaigns/other{kept}",
    ]
    for page, others in ((campaign, [f"/vote/beita-2018{kept}"]), (missing, [])):
        assert [a["href"] for a in page.all("a") if a["href"].startswith("/")] == [f"/{kept}", *others]


async def test_several_campaigns_are_listed_one_is_shown() -> None:
    several = boards.stage(boards.campaign(), boards.campaign(id="other", name="另一个评选"))
    await several.at("open")
    listed = await read(several)
    assert "另一个评选 投票进行中" in listed.text
    assert not listed.all("table")
    none = boards.Stage([])
    assert say("no_votes", "zh") in (await read(none)).text


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% print(7) %}",
    "javascript:alert(1)",
    "</table></main><iframe src=//evil.example>",
    "&lt;b&gt; &amp;amp;",
    "<!-- ]]>",
    "{0} {code} %s ${x}",
]


def poisoned(payload: str) -> dict[str, Any]:
    """The award with `payload` wherever a campaign file takes text."""
    candidates = [{"code": "A01", "name": payload, "name_en": payload, "unit": payload}]
    contest = boards.WINDOW_CONTEST | {"name": payload, "name_en": payload, "candidates": candidates}
    numbers = {"sms": payload, "hotline": payload}
    return {"name": payload, "name_en": payload, "numbers": numbers, "contests": [contest]}


@pytest.mark.parametrize("status", ["open", "closed"])
@pytest.mark.parametrize("publish", ["live", "never"])
@pytest.mark.parametrize("payload", PAYLOADS)
async def test_names_are_text_and_nothing_else(payload: str, publish: str, status: str) -> None:
    plain = boards.stage(boards.campaign(**poisoned("名称"), publish=publish), votes={"A01": 1})
    bad = boards.stage(boards.campaign(**poisoned(payload), publish=publish), votes={"A01": 1})
    await plain.at(status)
    await bad.at(status)
    page, expected = await read(bad), await read(plain)
    assert page.elements == expected.elements
    assert (page.scripts, page.unbalanced) == ([], [])
    assert page.text == expected.text.replace("名称", " ".join(payload.split()))
    listing = boards.stage(boards.campaign(**poisoned(payload)), boards.campaign(id="other"))
    await listing.at(status)
    assert payload in (await read(listing)).text


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    "path",
    ["/", PAGE, "/campaigns/none", "/static/none", "hidden", "list"],
    ids=lambda path: path.strip("/") or "front",
)
async def test_pages_are_well_made(path: str, lang: Lang) -> None:
    campaigns = [boards.campaign(publish="never" if path == "hidden" else "live")]
    if path == "list":
        campaigns.append(boards.campaign(id="other"))
    stage = boards.stage(*campaigns)
    await stage.at("open")
    page = await read(stage, (path if path.startswith("/") else "/") + f"?lang={lang}")

    assert page.unbalanced == []
    assert not [
        attrs for _, attrs in page.elements for name in attrs if name == "style" or name.startswith("on")
    ]
    assert not page.all("style")
    assert all(script["src"].startswith("/static/") for script in page.all("script"))
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    labels = {attrs["aria-labelledby"] for _, attrs in page.elements if "aria-labelledby" in attrs}
    assert labels <= set(ids)
    assert [len(page.all(tag)) for tag in ("h1", "main", "header", "footer", "nav")] == [1, 1, 1, 1, 1]
    assert page.all("a", class_="skip") == [{"class": "skip", "href": "#main"}]
    assert [a["lang"] for a in page.all("a", aria_current="true")] == [say("lang", lang)]
    assert all(svg["aria-hidden"] == "true" for svg in page.all("svg"))


async def test_a_page_without_scripts_can_be_refreshed() -> None:
    stage = boards.stage()
    await stage.at("open")
    page = await read(stage, "/?lang=en")
    assert "This page does not update by itself. Refresh" in page.text
    assert page.all("a", href="?lang=en")


PATHS = ["/", PAGE, PAGE + "?lang=en", "/campaigns/none", EVENTS, "/campaigns/none/events"]
PATHS += [
    "/static/page.css",
    "/static/live.js",
    "/static/none",
    "/static/..%2fpublic.py",
    "/campaigns/none%ff%00",
    "/static/none%ff",
]


@pytest.mark.parametrize("path", PATHS)
async def test_headers(path: str) -> None:
    stage = boards.stage()
    await stage.board.refresh()
    async with boards.client(stage) as client:
        answer = await client.get(path)
        assert answer.status == (404 if "none" in path or ".." in path else 200)
        assert public.HEADERS.items() <= dict(answer.headers).items()
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"]
        answer.close()


def test_the_policy_allows_nothing_inline_and_nobody_else() -> None:
    policy = public.HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy


@pytest.mark.parametrize(("file", "kind"), [("page.css", "text/css"), ("live.js", "text/javascript")])
async def test_files_are_known_by_their_content(file: str, kind: str) -> None:
    stage = boards.stage()
    await stage.board.refresh()
    async with boards.client(stage) as client:
        text = await (await client.get("/")).text()
        first = await client.get(f"/static/{file}")
        assert first.content_type == kind
        tag = first.headers["ETag"]
        assert f"/static/{file}?v={tag.strip(chr(34))}" in text
        again = await client.get(f"/static/{file}", headers={"If-None-Match": tag})
        assert (again.status, await again.read()) == (304, b"")


async def test_a_page_follows_its_campaign() -> None:
    stage = boards.stage(votes={})
    certified: set[str] = set()
    await stage.at("scheduled")
    async with boards.client(stage, lambda running: running.id in certified) as client:

        async def text() -> str:
            return Page(await (await client.get("/")).text()).text

        assert say("scheduled", "zh") in await text()
        await stage.at("open")
        assert say("open", "zh") in await text()
        stage.vote("window", "A10", 1_234)
        assert "1,234" not in await text()
        await stage.board.refresh()
        assert "1 A10 办税窗口 区税务局 1,234 100.0%" in await text()
        await stage.at("closed")
        assert say("closed", "zh") in await text()
        certified.add("beita-2018")
        assert say("final", "zh") in await text()


@pytest.mark.parametrize("publish", ["after_close", "never", "daily at 23:00"])
async def test_the_public_stream_is_silent_while_results_are_hidden(publish: str) -> None:
    stage = boards.stage(boards.campaign(publish=publish))
    stage.now_ms = boards.ms("2018-07-09T12:00:00+08:00")
    await stage.board.refresh()
    async with boards.client(stage) as client:
        stream = await client.get(EVENTS)
        assert (await stream.content.readline()).startswith(b"retry: ")
        for _ in range(5):
            stage.vote("window", "A01")
            await stage.board.refresh()
        waiting = asyncio.create_task(boards.next_event(stream))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await stage.at("closed")
        if publish == "never":
            await asyncio.sleep(0.2)
            assert not waiting.done()
        else:
            event = json.loads(await waiting or "null")
            assert event == stage.board.public("beita-2018")
            assert "balance" not in event
        await stage.board.stop()
        await waiting


async def test_viewers_beyond_the_limit_come_back_later_and_those_who_left_make_room() -> None:
    stage = boards.stage(boards.campaign(publish="never"))
    await stage.board.refresh()
    async with boards.client(stage, streams=2, ping_seconds=0.05) as client:
        first, second = await client.get(EVENTS), await client.get(EVENTS)
        third = await client.get(EVENTS)
        assert (third.status, await third.json()) == (503, {"error": "too_many_viewers"})
        assert int(third.headers["Retry-After"]) > 0
        assert (await client.get("/")).status == 200, "pages are for everybody"
        first.close()
        async with asyncio.timeout(5):
            while third.status == 503:
                await asyncio.sleep(0.05)
                third = await client.get(EVENTS)
        assert third.status == 200
        second.close()
        third.close()


#: What live.js is given by the page: publish, status, certified -> follows the stream, knows the next change.
FOLLOWED = [
    ("live", "scheduled", False, False, True),
    ("live", "open", False, True, True),
    ("live", "closing", False, True, False),
    ("live", "closed", False, True, False),
    ("live", "closed", True, False, False),
    ("daily at 10:00", "scheduled", False, True, True),
    ("after_close", "open", False, False, True),
    ("after_close", "closing", False, True, False),
    ("after_close", "closed", False, True, False),
    ("never", "open", False, False, True),
    ("never", "closing", False, False, False),
    ("never", "closed", False, False, False),
]


@pytest.mark.parametrize(("publish", "status", "certified", "follows", "changes"), FOLLOWED)
async def test_only_pages_that_can_change_follow_the_stream(
    publish: str, status: str, certified: bool, follows: bool, changes: bool
) -> None:
    stage = boards.stage(boards.campaign(publish=publish))
    await stage.at(status)
    page = await read(stage, final=lambda _: certified)
    (results,) = page.all("section", id="results")
    assert results["data-events"] == (EVENTS if follows else "")
    assert (results["data-changes"] != "0") == changes
    if changes:
        assert int(results["data-changes"]) == boards.ms(
            boards.OPENS if status == "scheduled" else boards.CLOSES
        )


def test_the_script_finds_what_it_looks_for_and_makes_no_markup() -> None:
    pages = Path(public.__file__).parent
    script = (pages / "static" / "live.js").read_text("utf-8")
    templates = "".join(file.read_text("utf-8") for file in (pages / "templates").glob("*.html"))
    for name in ("status", "voting", "results", "as-of", "live", "spoken"):
        assert f"'{name}'" in script
        assert f'id="{name}"' in templates
    for data in ("contest", "code", "status", "events", "changes", "live", "lost", "spoken"):
        assert f"data-{data}=" in templates
    for danger in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        ".focus(",
    ):
        assert danger not in script
