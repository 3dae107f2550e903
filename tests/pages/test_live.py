"""The live pages: what the committee and observers see when, drawn and streamed alike; and nothing runs."""

import asyncio
import html
import itertools
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from config.problems import Lang
from gateway.pages import figures, guard, live, live_view, words, words_room
from gateway.pages.figures import Audience
from gateway.people.roles import Role
from gateway.watching.vitals import HOUR_MS, MINUTE_MS
from tally import count
from tally.certification import Progress
from tally.count import TotalKey
from tests.pages import boards, rooms
from tests.pages.reading import Page
from tests.pages.rooms import Room
from tests.pages.test_public import PAYLOADS, poisoned

CAMPAIGN = "beita-2018"
PAGES: dict[Audience, str] = {"committee": f"/committee/{CAMPAIGN}", "observer": f"/observer/{CAMPAIGN}"}
AUDIENCES = list(PAGES)
FIGURES = ("1,200", "46.2%", "A01.votes")


async def source_of(room: Room, audience: Audience = "committee", query: str = "?lang=en") -> str:
    """The page as it is sent."""
    await room.stage.board.refresh()
    async with rooms.client(room, audience) as client:
        answer = await client.get(PAGES[audience] + query)
        assert answer.status == 200
        return await answer.text()


async def read(room: Room, audience: Audience = "committee", query: str = "?lang=en") -> Page:
    return Page(await source_of(room, audience, query))


def changing(page: str) -> dict[str, str]:
    """Every text of a page that the stream may change, by key."""
    return {key: html.unescape(text) for key, text in re.findall(r'data-t="([^"]+)">([^<]*)<', page)}


def streamed(room: Room, audience: Audience = "committee") -> dict[str, Any]:
    """What the stream sends now."""
    sent: dict[str, Any] = json.loads(
        json.dumps(figures.figures(room.stage.board.moment(CAMPAIGN), audience))
    )
    return sent


async def at(status: str, desk: Iterable[int] = (), **changes: Any) -> Room:
    """The award at a status, one source heard all the time, the desk so many minutes ago."""
    room = rooms.room(boards.campaign(**changes))
    room.stage.now_ms = boards.MOMENTS[status]
    room.hear("sim", range(200), counted=3, others=1)
    room.hear("desk", desk)
    await room.stage.at(status)
    return room


async def test_the_figures() -> None:
    room = await at("open")
    count.add_messages(room.stage.store.counted, "sms", "repeat", [("window", "A01", "same_candidate")])
    count.add_messages(room.stage.store.counted, "hotline", "unclear", [])
    room.queued = 7
    room.stage.commits += 1
    page = await read(room)
    for told in (
        "Messages received 2,606 in the last hour 240",
        "Messages counted 2,604 choices in the tally 2,604",
        "1 A01 Social security desk 区人社局 800 400 1,200 46.2%",
        "– A03 户籍窗口 Withdrawn 公安分局 133 67 200 7.7%",
        "Balance = agrees",
        "Working",
        "waiting to be written 7",
        "sim kannel · SMS 07-14 12:00",
        "desk desk · Hotline –",
        "voted before; the earlier vote stands 1 0 1",
        "unclear; a person rules 0 1 1",
        "Sum of outcomes 1,736 870 2,606",
        "All times are Asia/Shanghai time (UTC+08:00).",
    ):
        assert told in page.text, told
    assert [row["data-code"] for row in page.all("tr") if "data-code" in row][:4] == [
        "A01",
        "A02",
        "A10",
        "A03",
    ]
    widths = {one["data-bar"]: (one["x"], one["width"]) for one in page.all("rect") if "data-bar" in one}
    assert widths["window.A01.sms"] == ("0.0%", "66.67%")
    assert widths["window.A01.hotline"] == ("66.67%", "33.33%")
    assert widths["window.A02.sms"] == ("0.0%", "33.33%")


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("status", boards.MOMENTS)
@pytest.mark.parametrize("publish", ["live", "daily at 10:00", "after_close", "never"])
async def test_the_page_is_what_the_stream_makes_of_it(publish: str, status: str, audience: Audience) -> None:
    room = await at(status, publish=publish)
    source = await source_of(room, audience)
    sent = streamed(room, audience)
    shown = changing(source)
    assert shown == {key: sent["text"][key] for key in shown}
    page = Page(source)
    assert [one["data-shape"] for _, one in page.elements if "data-shape" in one] == [sent["shape"]]
    for _, one in page.elements:
        if "data-bar" in one:
            x, width = sent["bar"][one["data-bar"]]
            assert (one["x"], one["width"]) == (f"{x}%", f"{width}%")
        if "data-when" in one:
            key, _, word = one["data-when"].rpartition("=")
            assert ("hidden" in one) == (sent["state"].get(key) != word), one
        if "data-state" in one:
            assert one["data-is"] == sent["state"].get(one["data-state"], "")
    orders = {one["data-order"] for _, one in page.elements if "data-order" in one}
    assert orders == set(sent["order"])


def shows_figures(room: Room, audience: Audience, source: str) -> bool:
    """Whether a page and its stream give the candidates' figures away; both do, or neither."""
    sent = json.dumps(streamed(room, audience), ensure_ascii=False)
    found = {any(figure in text for figure in FIGURES) for text in (source, sent)}
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize("status", boards.MOMENTS)
@pytest.mark.parametrize("publish", ["live", "daily at 10:00", "after_close", "never"])
async def test_observers_see_what_the_public_sees(publish: str, status: str) -> None:
    room = await at(status, publish=publish)
    source = await source_of(room, "observer")
    public = room.stage.board.public(CAMPAIGN)
    assert shows_figures(room, "observer", source) == (public is not None)
    page = Page(source)
    assert "Messages received 2,604" in page.text, "the flow and the balance are there at any time"
    assert not [a for a in page.all("a") if a["href"].startswith("/committee")], (
        "no way to anything but looking"
    )
    assert [form["action"] for form in page.all("form")] == ["/account/language", "/signout"]


async def test_observers_of_a_daily_vote_see_the_snapshot_and_of_when_it_is() -> None:
    room = await at("open", publish="daily at 10:00")
    room.stage.vote("window", "A01", 2_000)
    source = await source_of(room, "observer")
    assert "3,200" not in source
    assert changing(source)["window.A01.votes"] == "1,200"
    assert "3,200" not in json.dumps(streamed(room, "observer"))
    assert "last published, as of 2018-07-14 12:00:00" in Page(source).text
    assert "3,200" in await source_of(room, "committee")


@pytest.mark.parametrize("status", boards.MOMENTS)
@pytest.mark.parametrize("totals", ["live", "after_close"])
async def test_the_committee_can_keep_the_figures_from_itself(totals: str, status: str) -> None:
    room = await at(status, committee_totals=totals, publish="never")
    source = await source_of(room)
    assert shows_figures(room, "committee", source) == (totals == "live" or status == "closed")
    assert "Messages received 2,604" in Page(source).text
    async with boards.client(room.stage) as client:
        answer = await client.get(f"/api/campaigns/{CAMPAIGN}/standings", headers=boards.BEARER)
        told = await answer.json()
    assert bool(told["contests"]) == (totals == "live" or status == "closed")
    assert told["balance"]["balanced"]


@pytest.mark.parametrize(
    ("audience", "changes", "found", "told"),
    [
        ("committee", {}, 0, False),
        ("committee", {}, 3, True),
        ("observer", {"publish": "live"}, 3, False),
        ("committee", {"committee_totals": "after_close"}, 3, False),
    ],
)
async def test_what_stands_out_among_the_votes(
    audience: Audience, changes: dict[str, str], found: int, told: bool
) -> None:
    room = await at("open", **changes)
    room.found = {CAMPAIGN: found}
    page = await source_of(room, audience)
    assert ("3 things stand out" in page) is told
    assert (f'/committee/{CAMPAIGN}/anomalies">3' in page) is told


async def test_sums_that_differ_are_loud() -> None:
    room = await at("open")
    room.stage.store.counted[TotalKey("received", "sms", "", "", "")] += 1
    room.stage.commits += 1
    page = await read(room)
    sent = streamed(room)
    assert sent["state"]["balance"] == "bad"
    assert (sent["state"]["messages.sms"], sent["state"]["messages.hotline"]) == ("bad", "ok")
    loud = [one for _, one in page.elements if one.get("data-when") == "balance=bad"]
    assert len(loud) == 2
    assert not any("hidden" in one for one in loud)
    assert "≠ The figures do not balance:" in page.text
    balanced = await read(await at("open"))
    quiet = [one for _, one in balanced.elements if one.get("data-when") == "balance=bad"]
    assert all("hidden" in one for one in quiet)


async def test_what_is_wrong_stands_at_the_top() -> None:
    room = await at("open", desk=range(20, 90))
    room.unready = ("queue_full",)
    page = await read(room)
    alarms = {
        one["data-when"]: "hidden" not in one
        for tag, one in page.elements
        if tag == "p" and "data-when" in one
    }
    assert alarms == {
        "balance=bad": False,
        "reason.draining=on": False,
        "reason.store_unavailable=on": False,
        "reason.queue_full=on": True,
        "reason.task_ended=on": False,
        "source.sim=silent": False,
        "source.desk=silent": True,
    }
    assert "no message for 20 minutes" in page.text
    assert streamed(room)["state"]["intake"] == "bad"


@pytest.mark.parametrize(
    ("status", "waits", "certified", "key"),
    [
        ("open", False, False, "provisional_live"),
        ("closing", False, False, "provisional_live"),
        ("closed", True, False, "provisional_closed"),
        ("closed", False, False, "provisional_closed"),
        ("closed", False, True, "final_live"),
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_banner(status: str, waits: bool, certified: bool, key: str, lang: Lang) -> None:
    room = await at(status)
    if certified:
        room.stage.running.progress = Progress(status="certified")
    if waits:
        room.stage.store.counted[count.waiting("sms", "unclear")] += 1
        room.stage.commits += 1
    page = await read(room, query=f"?lang={lang}")
    for one in ("provisional_live", "provisional_closed", "final_live"):
        assert (words_room.LIVE[one].by(lang) in page.text) == (one == key)
    assert ("Waiting for a ruling 1" in page.text) == (waits and lang == "en")


#: span -> how many columns, and how long each is.
SPANS = {
    "hours": (180, MINUTE_MS),
    "day": (145, 10 * MINUTE_MS),
    "all": (125, HOUR_MS),
    "nonsense": (180, MINUTE_MS),
}


@pytest.mark.parametrize("chosen", SPANS)
async def test_messages_over_time_without_a_script(chosen: str) -> None:
    room = await at("open")
    page = await read(room, query=f"?lang=en&span={chosen}")
    columns, step = SPANS[chosen]
    rows = [int(row["data-at"]) for row in page.all("tr") if "data-at" in row]
    assert abs(len(rows) - columns) <= 1
    assert rows == sorted(rows, reverse=True)
    assert {early - late for early, late in itertools.pairwise(rows)} == {step}
    assert len(page.all("rect", class_="counted")) > 4
    assert [a["href"] for a in page.all("a", aria_current="true")] == [
        f"?span={chosen if chosen != 'nonsense' else 'hours'}"
    ]
    assert "This page does not update by itself. Refresh" in page.text


async def test_no_messages_is_no_chart_but_a_sentence() -> None:
    room = rooms.room(votes={})
    page = await read(room)
    assert words_room.LIVE["flow_none"].en in page.text
    assert page.unbalanced == []


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("payload", PAYLOADS)
async def test_names_are_text_and_nothing_else(payload: str, audience: Audience) -> None:
    pages = []
    for text in ("名称", payload):
        room = rooms.room(boards.campaign(**poisoned(text)), votes={"A01": 1})
        pages.append(await read(room, audience))
    expected, page = pages
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in expected.elements]
    assert page.elements == expected.elements
    assert ("".join(page.scripts), page.unbalanced) == ("", [])
    assert page.text == expected.text.replace("名称", " ".join(payload.split()))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("publish", ["live", "never"])
async def test_pages_are_well_made(audience: Audience, publish: str, lang: Lang) -> None:
    page = await read(await at("open", publish=publish), audience, f"?lang={lang}")
    assert page.unbalanced == []
    assert not [
        attrs for _, attrs in page.elements for name in attrs if name == "style" or name.startswith("on")
    ]
    assert all(script["src"].startswith("/static/") for script in page.all("script"))
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    labels = {attrs["aria-labelledby"] for _, attrs in page.elements if "aria-labelledby" in attrs}
    assert labels <= set(ids)
    assert all(svg["aria-hidden"] == "true" for svg in page.all("svg"))
    assert len(page.all("h1")) == 1


# Who may


ENTRANCES = [
    ("committee", PAGES["committee"], 200),
    ("observer", PAGES["committee"], 403),
    ("operator", PAGES["committee"], 403),
    ("administrator", PAGES["committee"], 403),
    ("elsewhere", PAGES["committee"], 403),
    (None, PAGES["committee"], 303),
    ("observer", PAGES["observer"], 200),
    ("committee", PAGES["observer"], 403),
    ("operator", PAGES["observer"], 403),
    (None, PAGES["observer"], 303),
    ("committee", "/committee/none", 404),
]


@pytest.mark.parametrize(("who", "path", "status"), ENTRANCES)
async def test_who_may_look(who: str | None, path: str, status: int) -> None:
    room = await at("open")
    async with rooms.client(room, who) as client:
        answer = await client.get(path, allow_redirects=False)
        assert answer.status == status
        events = await client.get(f"{path}/events", headers={"Accept": "text/event-stream"})
        assert events.status == (401 if who is None else status)
        events.close()


@pytest.mark.parametrize("audience", AUDIENCES)
async def test_the_way_in(audience: Audience) -> None:
    async with rooms.client(await at("open"), audience) as client:
        answer = await client.get(f"/{audience}", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, PAGES[audience])
    several = rooms.room(boards.campaign(), boards.campaign(id="other", name="另一个评选"))
    await several.stage.board.refresh()
    async with rooms.client(several, audience) as client:
        page = Page(await (await client.get(f"/{audience}?lang=zh")).text())
        assert page.all("a", href=f"/{audience}/other")
        assert "另一个评选" in page.text
    async with rooms.client(several, "elsewhere") as client:
        answer = await client.get("/committee", allow_redirects=False)
        assert answer.headers["Location"] == "/committee/other", "the only one of theirs"
    nobodys = rooms.room()
    await nobodys.stage.board.refresh()
    async with rooms.client(nobodys, "elsewhere") as client:
        assert words_room.LIVE["none_here"].zh in await (await client.get("/committee?lang=zh")).text()


# The stream


async def test_the_stream_follows() -> None:
    room = await at("open")
    async with rooms.client(room) as client:
        stream = await client.get(f"{PAGES['committee']}/events")
        assert guard.HEADERS.items() <= dict(stream.headers).items()
        first = json.loads(await boards.next_event(stream) or "null")
        assert first == streamed(room)
        room.stage.vote("window", "A10", 5_000)
        await room.stage.board.refresh()
        second = json.loads(await boards.next_event(stream) or "null")
        assert second["order"]["window"][0] == "A10"
        assert second["text"]["window.A10.votes"] == "5,600"
        assert second["shape"] == first["shape"], "figures alone do not change the page's shape"
        stream.close()


async def test_time_alone_is_news_and_so_is_an_alarm() -> None:
    room = await at("open")
    room.hear("sim", range(30))
    await room.stage.board.refresh()
    told = []
    for _ in range(20):
        room.stage.now_ms += MINUTE_MS
        await room.stage.board.refresh()
        told.append(streamed(room)["state"]["source.sim"])
    assert told == ["heard"] * 15 + ["silent"] * 5


@pytest.mark.parametrize(
    "change",
    [
        lambda room: count.add_messages(room.stage.store.counted, "sms", "unclear", []),
        lambda room: setattr(room.stage, "now_ms", boards.MOMENTS["closing"]),
    ],
    ids=["an outcome that was not there", "another status"],
)
async def test_what_is_no_figure_changes_the_shape(change: Any) -> None:
    room = await at("open")
    before = streamed(room)["shape"]
    change(room)
    room.stage.commits += 1
    await room.stage.board.refresh()
    assert streamed(room)["shape"] != before


@pytest.mark.parametrize("lost", ["the session", "the campaign", "the role"])
async def test_a_stream_ends_with_the_right_to_look(monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    monkeypatch.setattr(live, "_STILL_SECONDS", -1.0)
    room = await at("open")
    async with rooms.client(room) as client:
        stream = await client.get(f"{PAGES['committee']}/events")
        assert await boards.next_event(stream) is not None
        who = room.sessions.people.pop("committee")
        if lost != "the session":
            other: dict[str, Any] = (
                {"campaigns": ("another",)} if lost == "the campaign" else {"role": Role.PANEL}
            )
            room.sessions.people["committee"] = who._replace(**other)
        room.stage.vote("window", "A01")
        await room.stage.board.refresh()
        async with asyncio.timeout(5):
            assert await boards.next_event(stream) is None


async def test_looking_on_is_no_activity() -> None:
    room = await at("open")
    async with rooms.client(room) as client:
        stream = await client.get(f"{PAGES['committee']}/events", headers={"Accept": "text/event-stream"})
        stream.close()
        await client.get(PAGES["committee"], headers={"X-Looking-On": "1"})
        await client.get(PAGES["committee"])
    assert room.sessions.active == [False, False, True]


async def test_too_many_viewers_come_back_later() -> None:
    room = await at("open")
    async with rooms.client(room, streams=1) as client:
        first = await client.get(f"{PAGES['committee']}/events")
        second = await client.get(f"{PAGES['committee']}/events")
        assert (second.status, await second.json()) == (503, {"error": "too_many_viewers"})
        first.close()


# What it is made of


@pytest.mark.parametrize(
    ("file", "kind", "holds"), [("uplot.js", "javascript", "uPlot"), ("uplot.css", "css", ".uplot")]
)
async def test_the_library_is_installed_and_served(file: str, kind: str, holds: str) -> None:
    async with rooms.client(await at("open")) as client:
        answer = await client.get(f"/static/vendor/{file}")
        assert (answer.status, answer.content_type) == (200, f"text/{kind}")
        assert holds in await answer.text()
        page = await (await client.get(PAGES["committee"])).text()
        assert f"/static/vendor/{file}?v={answer.headers['ETag'].strip(chr(34))}" in page


CATALOGUES = [words_room.LIVE, words_room.EXPORTS, words_room.CHOICES]


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=["live", "exports", "choices"])
def test_every_wording_says_the_same_in_both_languages(catalogue: dict[str, words.Said]) -> None:
    for key, said in catalogue.items():
        assert said.zh.strip(), key
        assert said.en.strip(), key
        assert set(re.findall(r"{\w+}", said.zh)) == set(re.findall(r"{\w+}", said.en)), key


@pytest.mark.parametrize("catalogue", [words_room.LIVE, words_room.EXPORTS], ids=["live", "exports"])
def test_every_wording_is_used(catalogue: dict[str, words.Said]) -> None:
    folder = Path(live_view.__file__).parent
    sources = "".join(
        file.read_text("utf-8")
        for file in [*folder.glob("*.py"), *folder.glob("templates/*.html")]
        if not file.name.startswith("words")
    )
    computed = (
        "span_",
        "per_",
        "hearing_",
        "reason_",
        "flow_",
        "audience_",
        "stamp_",
        "export_zip_",
        "provisional_",
    )
    for key in catalogue:
        assert key.startswith(computed) or f'"{key}"' in sources or f"say.{key}" in sources, key


@pytest.mark.parametrize(
    ("votes", "placed"),
    [
        ({"A01": 3, "A02": 2, "A10": 1}, ["A01", "A02"]),
        ({"A01": 3, "A02": 2, "A10": 2}, ["A01", "A02", "A10"]),
        ({"A03": 9, "A01": 3, "A10": 1}, ["A01", "A10"]),
        ({"A01": 3}, ["A01"]),
        ({}, []),
    ],
    ids=["two places", "a shared rank at the last place", "withdrawn has none", "without votes none", "none"],
)
async def test_who_is_within_the_places(votes: dict[str, int], placed: list[str]) -> None:
    room = rooms.room(votes=votes)
    await room.stage.board.refresh()
    state = streamed(room)["state"]
    assert [key for key in state if key.startswith("window.") and key.endswith(".place")] == [
        f"window.{code}.place" for code in placed
    ]
