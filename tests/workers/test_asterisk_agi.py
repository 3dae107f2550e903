"""FastAGI: whole calls over real connections, by an Asterisk that we play, and whatever else may connect."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field

import pytest

from config.problems import Problems
from config.voice import WORDS
from gateway import entrances
from gateway.workers.asterisk_agi import AsteriskAgi
from tests.conftest import CLOSES_MS, House, Visitor
from tests.gateway.waiting import until

SOURCE = """
[sources.agi]
kind = "asterisk-agi"
campaign = "beita-2018"
{more}
[sources.agi.options]
listen = "127.0.0.1:0"
{options}
"""
PROMPTS = "\n".join(f'{cue} = "play:vote/{cue}"' for cue in WORDS if cue != "confirm")
PLAYED = (
    f'[voice.zh]\n{PROMPTS}\nconfirm = ["play:vote/you-chose", "play:vote/{{code}}", "play:vote/press-1"]\n'
)
TOKEN = "t" * 24


@dataclass
class Call:
    """Asterisk's end of a call: answers commands, and has the caller press keys when they are asked for.

    A key "hangup" is a caller who hangs up; "drop" a connection that ends.
    """

    port: int
    keys: list[str] = field(default_factory=list)
    caller: str = "13812345678"
    uniqueid: str = "1531094400.1"
    script: str = ""
    more: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    was_hung_up_on: bool = False

    def environment(self) -> str:
        told = {
            "agi_network": "yes",
            "agi_network_script": self.script,
            "agi_request": f"agi://127.0.0.1/{self.script}",
            "agi_channel": "PJSIP/trunk-00000001",
            "agi_uniqueid": self.uniqueid,
            "agi_callerid": self.caller,
            "agi_callingpres": "0",
            "agi_dnid": "5169909",
            **self.more,
        }
        return "".join(f"{name}: {value}\n" for name, value in told.items()) + "\n"

    async def make(self) -> "Call":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.environment().encode())
        with suppress(ConnectionResetError):
            while command := (await reader.readline()).decode().strip():
                answer = self.obey(command)
                if answer is None:
                    break
                writer.write(answer.encode() + b"\n")
        writer.close()
        return self

    def obey(self, command: str) -> str | None:
        verb = command.partition(" ")[0]
        if verb == "HANGUP":
            self.was_hung_up_on = True
            return "200 result=1"
        if verb == "STREAM":
            self.heard.append(command.split('"')[1])
            return "200 result=0 endpos=8000"
        if verb == "EXEC":
            self.heard.append(command.partition('"')[2].rstrip('"'))
            return "200 result=0"
        assert command.startswith("GET DATA ")
        self.heard.append(command.split('"')[1])
        key = self.keys.pop(0) if self.keys else ""
        if key == "drop":
            return None
        if key == "hangup":
            return "200 result=-1"
        if key == "signal":
            return "HANGUP"
        if key == "usage":
            return "520-Invalid command syntax.  Proper usage follows:\n520-usage\n520 End of proper usage."
        return f"200 result={key}" + ("" if key and len(key) == 1 else " (timeout)")


@asynccontextmanager
async def served(
    house: House, more: str = "", options: str = "", played: bool = True, port: int = 0
) -> AsyncIterator[tuple[Visitor, int]]:
    source = SOURCE.format(more=more, options=options).replace("127.0.0.1:0", f"127.0.0.1:{port}")
    house.settings.write_text(house.settings.read_text("utf-8") + source, "utf-8")
    if played:
        house.edit(house.campaign, "[numbers]", f"{PLAYED}\n[numbers]")
    async with house.serve() as visitor:
        worker = visitor.service.sources["agi"].worker
        assert isinstance(worker, AsteriskAgi)
        yield visitor, worker.port


async def test_a_call_is_one_vote(house: House) -> None:
    async with served(house) as (visitor, port):
        call = await Call(port, ["999", "", "101", "2"]).make()
        asked = ["vote/ask", "vote/unknown", "vote/ask", "vote/silence", "vote/ask"]
        read_back = ["vote/you-chose", "vote/A01", "vote/press-1"]
        assert call.heard == ["vote/greeting", *asked, *read_back, "vote/goodbye"]
        second = await Call(port, ["101", "1"], uniqueid="1531094400.2").make()
        assert second.heard == ["vote/greeting", "vote/ask", *read_back, "vote/counted"]
        assert second.was_hung_up_on
        third = await Call(port, ["102", "1"], uniqueid="1531094400.3").make()
        assert third.heard[-1] == "vote/repeat"
        assert await visitor.outcomes() == {"no_code": 1, "counted": 1, "repeat": 1}


async def test_texts_are_said_by_the_engine(house: House) -> None:
    async with served(house, options='engine = "Festival"', played=False) as (visitor, port):
        call = await Call(port, ["101", "1"]).make()
        assert call.heard[1:3] == [WORDS["ask"].zh, "silence/1"]
        assert call.was_hung_up_on
        assert await visitor.outcomes() == {"counted": 1}


@pytest.mark.parametrize("way", ["hangup", "drop", "signal", "usage"])
async def test_who_hangs_up_has_called_and_not_voted(house: House, way: str) -> None:
    async with served(house) as (visitor, port):
        await Call(port, ["101", way]).make()
        await until(visitor, {"no_code": 1})


async def test_the_same_call_twice_is_one_message(house: House) -> None:
    async with served(house) as (visitor, port):
        for keys in (["101", "1"], ["102", "1"], ["hangup"]):
            call = await Call(port, keys).make()
        assert call.heard[0] == "vote/greeting"
        await until(visitor, {"counted": 1})


@pytest.mark.parametrize(
    ("caller", "presentation", "outcome"),
    [
        ("unknown", "67", "withheld_caller"),
        ("13812345678", "32", "withheld_caller"),
        ("13812345678", "35", "withheld_caller"),
        ("13812345678", "64", "withheld_caller"),
        ("13812345678", "3", "counted"),
        ("13812345678", "x", "counted"),
        ("12", "0", "invalid_caller"),
    ],
)
async def test_a_number_that_is_not_shown_is_withheld(
    house: House, caller: str, presentation: str, outcome: str
) -> None:
    async with served(house) as (visitor, port):
        more = {"agi_callingpres": presentation}
        await Call(port, ["101", "1"], caller, more=more).make()
        await until(visitor, {outcome: 1})


async def test_after_the_close_it_is_told(house: House) -> None:
    async with served(house) as (visitor, port):
        house.clock.ms = CLOSES_MS
        call = await Call(port, ["101", "1"]).make()
        assert call.heard == ["vote/late"]
        await until(visitor, {"late": 1})


async def test_what_could_not_be_written_is_told_so(house: House) -> None:
    async with served(house) as (visitor, port):
        visitor.service.recorder.stop()
        call = await Call(port, ["101", "1"]).make()
        assert call.heard[-1] == "vote/fault"
        assert call.was_hung_up_on
        assert await visitor.outcomes() == {}


GOOD = Call(0).environment().encode()
STRANGERS: dict[str, Sequence[bytes]] = {
    "nothing": [b""],
    "half a line": [b"agi_network: y"],
    "no id": [GOOD.replace(b"agi_uniqueid", b"agi_x")],
    "an empty id": [GOOD.replace(b"agi_uniqueid: 1531094400.1", b"agi_uniqueid: ")],
    "an id too long": [GOOD.replace(b"1531094400.1", b"1" * 151)],
    "no caller": [GOOD.replace(b"agi_callerid", b"agi_x")],
    "a name twice": [GOOD.replace(b"agi_dnid", b"agi_uniqueid")],
    "no colon": [b"GET / HTTP/1.1\r\n\r\n"],
    "a line too long": [b"agi_x: " + b"x" * 5000 + b"\n" + GOOD],
    "an endless line": [b"x" * 100_000],
    "too many lines": [b"".join(b"agi_arg_%d: 1\n" % n for n in range(200)) + GOOD],
    "no text": [b"\xff\xfe\0\n\n"],
}


@pytest.mark.parametrize("name", STRANGERS)
async def test_a_stranger_is_cut_off_and_leaves_nothing(house: House, name: str) -> None:
    async with served(house) as (visitor, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for part in STRANGERS[name]:
            writer.write(part)
        writer.write_eof()
        async with asyncio.timeout(5):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
        assert await visitor.outcomes() == {}
        await Call(port, ["101", "1"]).make()
        await until(visitor, {"counted": 1})


async def test_an_answer_that_is_none_ends_the_call(house: House) -> None:
    async with served(house) as (visitor, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GOOD)
        assert (await reader.readline()).startswith(b"STREAM FILE")
        writer.write(b"510 Invalid or unknown command\n")
        assert await reader.read() == b""
        writer.close()
        await until(visitor, {"no_code": 1})


async def test_more_calls_than_are_set_are_turned_away(house: House) -> None:
    async with served(house, options="calls = 1") as (visitor, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GOOD)
        assert await reader.readline()
        second = await Call(port, ["101", "1"], uniqueid="2").make()
        assert second.heard == []
        writer.close()
        await until(visitor, {"no_code": 1})
        third = await Call(port, ["101", "1"], uniqueid="3").make()
        assert third.was_hung_up_on


async def test_a_stop_ends_the_calls_under_way(house: House) -> None:
    async with served(house) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GOOD)
        assert await reader.readline()
    assert await reader.read() == b""
    writer.close()


async def test_a_token_is_the_scripts_name(house: House) -> None:
    async with served(house, more=f'token = "{TOKEN}"') as (visitor, port):
        for script in ("", "vote", TOKEN[:-1], f"{TOKEN}x", "é" * 24):
            call = await Call(port, ["101", "1"], script=script).make()
            assert call.heard == []
        assert await visitor.outcomes() == {}
        await Call(port, ["101", "1"], script=TOKEN).make()
        await until(visitor, {"counted": 1})


async def test_an_address_that_is_not_listed_is_turned_away(house: House) -> None:
    async with served(house, more='allow_from = ["192.0.2.0/24"]') as (visitor, port):
        assert (await Call(port, ["101", "1"]).make()).heard == []
        assert await visitor.outcomes() == {}


@pytest.mark.parametrize(
    ("listen", "more", "wrong"),
    [
        ("0.0.0.0:4573", "", "this kind cannot sign its requests"),
        ("0.0.0.0:4573", f'token = "{TOKEN}"', ""),
        ("0.0.0.0:4573", 'allow_from = ["192.0.2.7"]', ""),
        ("[::1]:4573", "", ""),
        ("localhost:4573", "", "not an address and a port"),
        ("127.0.0.1:99999", "", "not an address and a port"),
        ("127.0.0.1:4573", 'clock = "provider"', "carry no time"),
    ],
)
def test_it_is_open_to_this_machine_alone_unless_it_is_guarded(
    house: House, listen: str, more: str, wrong: str
) -> None:
    source = SOURCE.format(more=more, options="").replace("127.0.0.1:0", listen)
    house.settings.write_text(house.settings.read_text("utf-8") + source, "utf-8")
    house.edit(house.campaign, "[numbers]", f"{PLAYED}\n[numbers]")
    loaded = house.load()
    with pytest.raises(Problems, match=wrong) if wrong else nullcontext():
        entrances.open_all(loaded, entrances.run_campaigns(loaded))


async def test_an_address_that_is_taken_is_told_at_the_start(house: House) -> None:
    other = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with other:
        taken = other.sockets[0].getsockname()[1]
        with pytest.raises(OSError, match="address already in use"):
            async with served(house, port=taken):
                pass
