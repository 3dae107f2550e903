"""smstools: what smsd's files hold, and that each is taken once."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake.importer import Landed
from gateway.intake.inbound import Form, Inbound
from gateway.intake.worker import NotRelayed
from gateway.workers import smstools
from gateway.workers.smstools import Smstools, SmstoolsOptions
from tests.conftest import House
from tests.gateway.waiting import until

DATA = Path(__file__).parents[1] / "data" / "workers"
LONG = "投票 3 号选手，这是一条很长的中文短信，用来测试长短信拼接：" + "一二三四五六七八九十" * 4 + "。"
HEAD = (
    "From: 13812345678\nFrom_TOA: A1 national, ISDN/telephone\nSent: 18-07-09 08:30:00\n"
    "Received: 18-07-09 08:30:02\nSubject: GSM1\nReport: no\n"
)


def file(text: str | bytes, alphabet: str = "ISO", head: str = HEAD, **more: str) -> bytes:
    lines = head + "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in more.items())
    body = text if isinstance(text, bytes) else text.encode("utf-16-be" if alphabet == "UCS2" else "latin-1")
    return f"{lines}Alphabet: {alphabet}\n\n".encode() + body


def read(data: bytes, **options: Any) -> Inbound | None:
    return smstools.read("GSM1.abc", data, SmstoolsOptions.model_validate(options))


@pytest.mark.parametrize(
    ("name", "caller", "text"),
    [
        ("smstools-incoming-1", "+8613800138002", LONG),
        ("smstools-incoming-2", "+8613800138000", "VOTE 3"),
        ("smstools-incoming-3", "+8613800138001", "投票 3 你好"),
    ],
)
def test_real_files(name: str, caller: str, text: str) -> None:
    message = read((DATA / name).read_bytes())
    assert message is not None
    assert message.caller == caller
    assert message.text.startswith(text[:30])
    assert (len(message.text) == 72) == (name == "smstools-incoming-1")
    sent = datetime.fromisoformat("2026-11-23T03:15:30+08:00")
    assert message.sent_ms == int(sent.timestamp() * 1000)


@pytest.mark.parametrize(
    ("data", "options", "text"),
    [
        (file("A01"), {}, "A01"),
        (file("投A01", "UCS2"), {}, "投A01"),
        (file("A\xe9\xa4".encode("latin-1")), {}, "Aé€"),
        (file("投A01".encode()), {"charset": "utf-8"}, "投A01"),
        (file("投A01".encode(), "UTF-8"), {}, "投A01"),
        (file("A01", head=HEAD.replace("18-07", "2018-07")), {}, "A01"),
        (file("A01", head=HEAD.replace("Sent: 18-07-09 08:30:00\n", "")), {}, "A01"),
        (file("a\n\nb"), {}, "a\n\nb"),
        (file(""), {}, ""),
        (file("投A01", "UCS2")[:-1], {}, None),
        (file(b"\xff", "UTF-8"), {}, None),
    ],
)
def test_texts(data: bytes, options: dict[str, Any], text: str | None) -> None:
    message = read(data, **options)
    assert message is not None
    if text is None:
        assert (message.form, message.text) == (Form.UNPARSED, "bad_charset")
    else:
        assert (message.text, message.caller) == (text, "13812345678")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no_caller_field"),
        (b"\xff" * 50, "no_caller_field"),
        (b"From", "no_caller_field"),
        (b"From:\n\nA01", "no_caller_field"),
        (file("A01", "binary"), "bad_charset"),
        (file("A01", head=HEAD.replace("18-07-09", "yesterday")), "bad_time"),
        (file("A01", Incomplete="yes"), "message_part"),
        (file("A01", UDH_DATA="05 00 03 2A 02 01"), "message_part"),
        (file("x" * 5000), "text_too_long"),
    ],
)
def test_what_cannot_be_read_is_kept(data: bytes, reason: str) -> None:
    message = read(data)
    assert message is not None
    assert (message.form, message.text, message.raw) == (Form.UNPARSED, reason, data)


def test_reports_are_no_messages() -> None:
    assert read(file("SMS STATUS REPORT\nMessage_id: 1")) is None
    assert read(file("A01").replace(b"Report: no", b"Report: yes")) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_kept_unread(data: bytes) -> None:
    message = read(data)
    assert message is None or message.form is Form.UNPARSED


def settings(house: House, folder: Path) -> None:
    source = (
        f'[sources.gsm]\nkind = "smstools"\ncampaign = "beita-2018"\noptions = {{ folder = "{folder}" }}\n'
    )
    house.settings.write_text(f"{house.settings.read_text('utf-8')}\n{source}", "utf-8")


async def test_serve_takes_files_and_sets_them_aside(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "incoming"
    folder.mkdir()
    settings(house, folder)
    (folder / "GSM1.a").write_bytes(file("A01"))
    (folder / "GSM1.b").write_bytes(file("SMS STATUS REPORT"))
    (folder / ".hidden").write_bytes(file("A02"))
    async with house.serve() as visitor:
        await until(visitor, {"counted": 1})
        async with asyncio.timeout(10):
            while {one.name for one in folder.iterdir()} != {"taken", ".hidden"}:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert {one.name for one in (folder / "taken").iterdir()} == {"GSM1.a", "GSM1.b"}
    (folder / "taken" / "GSM1.a").rename(folder / "GSM1.a")
    (folder / "GSM1.c").write_bytes(file("B01"))
    async with house.serve() as visitor:
        await until(visitor, {"counted": 2}), "taken twice, counted once: as after a crash before the move"


class DeskAtHand:
    """A desk that keeps what it is given."""

    source, token = "gsm", b""

    def __init__(self) -> None:
        self.taken: list[Inbound] = []

    def admits(self, address: str) -> bool:
        return True

    def now_ms(self) -> int:
        return 0

    async def take(self, inbound: Any) -> list[Landed]:
        self.taken += inbound
        return []


async def test_a_file_that_cannot_be_read_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smstools, "_POLL_SECONDS", 0.02)
    desk, read_bytes = DeskAtHand(), Path.read_bytes

    def closed(path: Path) -> bytes:
        if path.name == "GSM1.a":
            raise PermissionError("root may read all there is")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", closed)
    (tmp_path / "GSM1.0").symlink_to(tmp_path / "nowhere")
    for name in ("GSM1.a", "GSM1.b"):
        (tmp_path / name).write_bytes(file("A01"))
    async with Smstools(SmstoolsOptions(folder=tmp_path)).working(desk), asyncio.timeout(5):
        while not (tmp_path / "taken" / "GSM1.b").exists():  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.01)
    assert len(desk.taken) == 1
    assert (tmp_path / "GSM1.a").exists()


async def test_a_file_that_is_being_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smstools, "_POLL_SECONDS", 0.05)
    path, desk = tmp_path / "GSM1.a", DeskAtHand()
    made = Smstools(SmstoolsOptions(folder=tmp_path))
    whole = file("A01 and some more words")
    async with made.working(desk):
        for end in range(len(whole) - 20, len(whole) + 1):
            path.write_bytes(whole[:end])
            await asyncio.sleep(0.03)
        async with asyncio.timeout(5):
            while not desk.taken:  # noqa: ASYNC110 -- nobody tells
                await asyncio.sleep(0.01)
    assert [one.text for one in desk.taken] == ["A01 and some more words"]


def test_the_eventhandler_says_what_it_is_about(tmp_path: Path) -> None:
    path = tmp_path / "GSM1.a"
    path.write_bytes(file("A01"))
    made = Smstools(SmstoolsOptions())
    (message,) = made.relayed(["RECEIVED", str(path)], {})
    assert message.text == "A01"
    assert made.relayed(["RECEIVED", str(path)], {}) == (message,), "the same file is the same message"
    assert made.relayed(["SENT", str(path), "7"], {}) == ()
    with pytest.raises(NotRelayed):
        made.relayed([], {})
