"""Whole calls: a telephone system that does what it is told, and a caller who presses keys."""

from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from twilio.request_validator import RequestValidator

from config.problems import Problems
from config.voice import WORDS
from tests.conftest import CLOSES_MS, House, Visitor, standings_of

TOKEN, ACCOUNT = "8f1c7d2b6a5e4f3d8f1c7d2b6a5e4f3d", f"AC{'0' * 32}"
FS_TOKEN = "f" * 24
PUBLIC = "https://vote.example.org/in/tw"
SOURCE = f"""
[sources.tw]
kind = "twilio-voice"
campaign = "beita-2018"
options = {{ account_sid = "{ACCOUNT}", auth_tokens = ["{TOKEN}"], public_url = "{PUBLIC}" }}
[sources.fs]
kind = "freeswitch-httapi"
campaign = "beita-2018"
token = "{FS_TOKEN}"
options = {{ engine = "tts" }}
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


@dataclass
class FreeSwitch:
    """One call at FreeSWITCH: sends its parameters back, and posts once more at the end."""

    visitor: Visitor
    caller: str
    said: list[str] = field(default_factory=list)

    async def ask(self, params: dict[str, str]) -> ElementTree.Element:
        form = {"Caller-Unique-ID": "u1", "Caller-Caller-ID-Number": self.caller, **params}
        async with self.visitor.session.post(
            f"{self.visitor.server.url}/in/fs/{FS_TOKEN}", data=urlencode(form)
        ) as response:
            assert response.status == 200
            assert response.headers["content-type"] == "text/xml"
            document = ElementTree.fromstring(await response.text())
        self.said += [one.attrib["text"] for one in document.iter("speak")]
        return document

    async def press(self, *keys: str) -> None:
        document, params = await self.ask({}), dict[str, str]()
        for key in keys:
            params |= {one.tag: one.text or "" for one in document.iterfind("params/*")}
            document = await self.ask({**params, "keys": key, "input_type": "dtmf"} if key else params)
        await self.ask({**params, "exiting": "true"})


async def test_a_call_at_freeswitch_is_one_vote(house: House) -> None:
    async with house.serve() as visitor:
        call = FreeSwitch(visitor, "13812345678")
        await call.press("999", "", "102", "1")
        assert call.said[-1].startswith("您投给")
        assert await visitor.outcomes() == {"counted": 1}


async def test_without_an_engine_every_prompt_must_be_a_recording(house: House) -> None:
    house.edit(house.settings, 'options = { engine = "tts" }', "")
    with pytest.raises(Problems, match=r"sources\.fs: this source cannot say texts"):
        async with house.serve():
            pass
    prompts = "\n".join(f'{cue} = "play:vote/{cue}"' for cue in WORDS)
    house.edit(house.campaign, "[numbers]", f"[voice.zh]\n{prompts}\n[numbers]")
    async with house.serve() as visitor:
        document = await FreeSwitch(visitor, "13812345678").ask({})
        assert [one.attrib["file"] for one in document.iter("playback")] == ["vote/greeting", "vote/ask"]


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
