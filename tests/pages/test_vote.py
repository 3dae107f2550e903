"""The public how-to-vote page: the same words as the printed sheet, under the same headers as every page."""

from typing import Any

import pytest

from gateway.pages import public
from gateway.pages.words import LANGS, WORDS
from gateway.reporting.words import SHEET
from tests.conftest import CLOSES_MS, OPENS_MS, SETTLED_MS, House
from tests.pages.reading import Page

PATH = "/vote/beita-2018"


@pytest.mark.parametrize("lang", LANGS)
async def test_it_says_how_to_vote(house: House, lang: Any) -> None:
    async with house.serve() as visitor:
        status, text = await visitor.get(f"{PATH}?lang={lang}")
        page = Page(text)
        campaign = visitor.service.campaigns["beita-2018"].campaign
    assert status == 200
    for contest in campaign.contests:
        for one in contest.candidates:
            assert one.code in page.text
            assert one.name_in(lang) in page.text
    assert campaign.organiser.complaints is not None
    assert campaign.organiser.complaints in page.text
    assert SHEET["weight_part"].by(lang).format(public=60, other=40) in page.text
    assert {a["href"] for a in page.all("a")} >= {"sms:13517420858", "tel:07395169909"}
    assert not page.all("style"), "the policy forbids it"


@pytest.mark.parametrize("told", [True, False])
async def test_no_code_is_promised_that_no_reply_tells(house: House, told: bool) -> None:
    if told:
        house.edit(house.campaign, 'counted = "您投给{code}', 'counted = "回执{receipt}，您投给{code}')
    else:
        house.edit(house.campaign, 'publish = "live"', 'publish = "live"\nreceipts = true')
    async with house.serve() as visitor:
        assert visitor.service.campaigns["beita-2018"].receipts
        for lang in LANGS:
            page = Page((await visitor.get(f"{PATH}?lang={lang}"))[1])
            assert (SHEET["receipt_hint"].by(lang) in page.text) is told


async def test_the_public_page_leads_to_it(house: House) -> None:
    async with house.serve() as visitor:
        _, front = await visitor.get("/?lang=en")
        assert [a for a in Page(front).all("a") if a["href"] == f"{PATH}?lang=en"]
        async with visitor.session.get(visitor.server.url + PATH) as answer:
            assert {key: answer.headers[key] for key in public.HEADERS} == dict(public.HEADERS)
        assert (await visitor.get("/vote/nobody"))[0] == 404


async def test_it_follows_a_changed_close(house: House) -> None:
    async with house.serve() as visitor:
        assert "2018年7月20日 18:00" in (await visitor.get(f"{PATH}?lang=zh"))[1]
        running = visitor.service.campaigns["beita-2018"]
        later = running.closes_ms + 86_400_000
        await visitor.service.acts.reschedule(
            running, {"sms": later, "hotline": later}, "wang", "li", "network_failure"
        )
        text = (await visitor.get(f"{PATH}?lang=zh"))[1]
    assert "2018年7月21日 18:00" in text
    assert "2018年7月20日 18:00" not in text


async def test_it_says_whether_one_can_vote(house: House) -> None:
    """Somebody may have kept the address, or a poster."""
    house.clock.ms = OPENS_MS - 1
    async with house.serve() as visitor:
        for at_ms, status in (
            (OPENS_MS - 1, "scheduled"),
            (OPENS_MS, "open"),
            (CLOSES_MS, "closing"),
            (SETTLED_MS + 60_000, "unshown"),
        ):
            house.clock.ms = at_ms
            await visitor.service.schedule.tick()
            assert WORDS[status].zh in (await visitor.get(f"{PATH}?lang=zh"))[1], status
