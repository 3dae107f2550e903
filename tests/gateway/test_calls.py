"""Whole calls: a telephone system that does what it is told, and a caller who presses keys."""

from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from twilio.request_validator import RequestValidator

from tests.conftest import CLOSES_MS, House, Visitor, standings_of

TOKEN, ACCOUNT = "8f1c7d2b6a5e4f3d8f1c7d2b6a5e4f3d", f"AC{'0' * 32}"
PUBLIC = "https://vote.example.org/in/tw"
SOURCE = f"""
[sources.tw]
kind = "twilio-voice"
campaign = "beita-2018"
options = {{ account_sid = "{ACCOUNT}", auth_tokens = ["{TOKEN}"], public_url = "{PUBLIC}" }}
"""


@dataclass
class Twilio:
    """One call at Twilio: asks our URL, signs, and follows the TwiML."""

    visitor: Visitor
    caller: str
    number: int = 1
    said: list[str] = field(default_factory=list)

    async def ask(self, action: str, **params: str) -> ElementTree.Element:
        form = {
            "AccountSid": ACCOUNT,
            "CallSid": f"CA{self.number:032x}",
            "From": self.caller,
            "CallStatus": "in-progress",
            **params,
        }
        query = urlsplit(action).query
        async with self.visitor.session.post(
            f"{self.visitor.server.url}/in/tw{'?' if query else ''}{query}",
            data=urlencode(form),
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "x-twilio-signature": RequestValidator(TOKEN).compute_signature(action, form),
            },
        ) as response:
            assert response.status == 200
            assert response.content_type == "text/xml"
            document = ElementTree.fromstring(await response.text())
        self.said += [say.text or "" for say in document.iter("Say")]
        return document

    async def press(self, *keys: str) -> bool:
        """Press keys when asked; whether we were hung up on."""
        document = await self.ask(PUBLIC)
        for key in keys:
            gather = document.find("Gather")
            if gather is None:
                break
            document = await self.ask(gather.attrib["action"], Digits=key)
        return document.find("Hangup") is not None


@pytest.fixture(name="house")
def _house(house: House) -> House:
    house.settings.write_text(house.settings.read_text("utf-8") + SOURCE, "utf-8")
    return house


async def test_a_call_is_one_vote(house: House) -> None:
    async with house.serve() as visitor:
        call = Twilio(visitor, "+8613812345678")
        assert await call.press("999", "102", "2", "101", "1")
        assert call.said[-1].startswith("您投给"), call.said
        assert await visitor.outcomes() == {"counted": 1}
        again = Twilio(visitor, "13812345678", 2)
        assert await again.press("103", "1")
        assert again.said[-1].startswith("您的号码已经投过票")
        assert await visitor.outcomes() == {"counted": 1, "repeat": 1}
        await visitor.server.board.refresh()
        _, text = await visitor.get("/api/campaigns/beita-2018/standings", token=True)
        assert {code: votes for code, votes in standings_of(text).items() if votes} == {"A01": 1}


async def test_a_step_asked_for_again_is_answered_alike(house: House) -> None:
    async with house.serve() as visitor:
        call = Twilio(visitor, "+8613812345678")
        for step, key in (("", ""), ("code-0-", "101"), ("confirm-0-101", "1")):
            action = f"{PUBLIC}?step={step}" if step else PUBLIC
            answers = [ElementTree.tostring(await call.ask(action, Digits=key)) for _ in "123"]
            assert len(set(answers)) == 1
        assert await visitor.outcomes() == {"counted": 1}


async def test_who_hangs_up_has_called_and_not_voted(house: House) -> None:
    async with house.serve() as visitor:
        call = Twilio(visitor, "+8613812345678")
        assert not await call.press("101")
        await call.ask(PUBLIC, CallStatus="completed")
        assert await visitor.outcomes() == {"no_code": 1}
        voted = Twilio(visitor, "+8613812345678", 2)
        assert await voted.press("101", "1")
        await voted.ask(PUBLIC, CallStatus="completed")
        assert await visitor.outcomes() == {"no_code": 1, "counted": 1}, "the end of a call is no second call"


async def test_who_is_turned_away_is_kept_with_the_reason(house: House) -> None:
    async with house.serve() as visitor:
        assert await Twilio(visitor, "+266696687").press()
        assert await Twilio(visitor, "+8613812345678", 2).press("", "", "")
        house.clock.ms = CLOSES_MS
        late = Twilio(visitor, "+8613812345678", 3)
        assert await late.press()
        assert late.said == ["投票已经截止，再见。"]
        assert await visitor.outcomes() == {"withheld_caller": 1, "no_code": 1, "late": 1}


async def test_a_key_pressed_after_the_close_is_told_to_be_late(house: House) -> None:
    async with house.serve() as visitor:
        call = Twilio(visitor, "+8613812345678")
        house.clock.ms = CLOSES_MS
        await call.ask(f"{PUBLIC}?step=confirm-0-101", Digits="1")
        assert call.said == ["投票已经截止，再见。"]
        assert await visitor.outcomes() == {"late": 1}
