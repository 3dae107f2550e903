"""`televote demo`: a whole campaign in under a minute, played from outside through the real doors.

A server is started as its own process; votes reach it as signed webhooks, as Kannel's requests and as a
hotline's log. What was sent, and what each message should come to, is kept here and compared at the end
with the exported ledger.
"""

import asyncio
import base64
import csv
import hashlib
import hmac
import itertools
import json
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import ClientSession, ClientTimeout
from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from gateway import clock, printed, setup
from tally.outcome import MessageOutcome as O

#: The two callers that the demo's campaign treats specially, and the candidate that has withdrawn.
_BARRED, _TESTER, _WITHDRAWN = "13800009999", "13800008888", "A12"
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_OPENS_IN, _GRACE, _HOTLINE_GRACE = 5.0, 2, 6


class Vote(NamedTuple):
    """One message to send: when (seconds after the opening), by which source, from whom, saying what."""

    at: float
    source: str
    caller: str
    text: str
    expected: O
    times: int = 1


@dataclass(slots=True)
class Played:
    """What the demo saw. `answers` are HTTP statuses."""

    sent: int = 0
    expected: Counter[str] = field(default_factory=Counter)
    redelivered: int = 0
    answers: Counter[int] = field(default_factory=Counter)


async def play(seconds: int, keep: Path | None) -> bool:
    """Play it; True if everything came out as it should. The data is thrown away unless `keep` is given."""
    folder = keep or Path(tempfile.mkdtemp(prefix="televote-demo-"))
    try:
        opens_ms = clock.now_ms() + int(_OPENS_IN * 1000)
        opens = datetime.fromtimestamp(opens_ms / 1000, _ZONE)
        dates = setup.Dates(opens, opens + timedelta(seconds=seconds))
        settings = setup.write(folder, dates, "127.0.0.1:0", _edit)
        played = Played()
        async with _server(settings) as url:
            await _campaign(settings, url, opens_ms, seconds, played)
        printed.OUT.rule("截止之后 after the close")
        done = [
            await _command(settings, *words)
            for words in (("verify",), ("recount",), ("export", str(folder / "export")))
        ]
        return _report(folder / "export", played) and all(done)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _edit(text: str) -> str:
    """The sample, with a barred and a test line, one candidate withdrawn, and graces of seconds."""
    graces = iter((f'grace = "{_GRACE}s"', f'grace = "{_HOTLINE_GRACE}s"'))
    for pattern, new in (
        (r"^bar_list = .*$", f'bar_list = ["{_BARRED}"]'),
        (r"^test_lines = .*$", f'test_lines = ["{_TESTER}"]'),
        (rf'code = "{_WITHDRAWN}",', f'code = "{_WITHDRAWN}", withdrawn = true,'),
    ):
        text = re.sub(pattern, new, text, flags=re.MULTILINE)
    return re.sub(r'^grace = "[^"]*"', lambda _: next(graces), text, flags=re.MULTILINE)


@asynccontextmanager
async def _server(settings: Path) -> AsyncIterator[str]:
    """The server in a process of its own; yields where it listens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "--settings", str(settings), "serve", stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(15):
            while True:
                line = await process.stderr.readline()
                if not line:
                    raise OSError("it ended before it listened")
                if not line.startswith(b"{"):
                    raise OSError(line.decode().strip())
                said = json.loads(line)
                if said["event"] == "listening":
                    break
        draining = asyncio.create_task(_drain(process.stderr))
        yield said["url"]
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
    await draining


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.readline():
        pass


async def _command(settings: Path, *words: str, quiet: bool = False) -> bool:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "--settings", str(settings), *words),
        stdout=asyncio.subprocess.DEVNULL if quiet else None,
    )
    return await process.wait() == 0


async def _campaign(settings: Path, url: str, opens_ms: int, seconds: int, played: Played) -> None:
    folder = settings.parent
    votes = sorted(_votes(seconds))
    timeout = ClientTimeout(total=10)
    async with ClientSession(timeout=timeout) as session:
        showing = asyncio.create_task(_show(session, folder, url))
        sending = [asyncio.create_task(_send(session, folder, url, opens_ms, vote, played)) for vote in votes]
        await _until(opens_ms, seconds * 0.6)
        on_time = _calls(opens_ms, seconds, played, late=False)
        await _import(settings, _log(folder / "hotline-1.csv", on_time))
        await asyncio.gather(*sending)
        await _until(opens_ms, seconds + _HOTLINE_GRACE + 4)
        await _import(settings, _log(folder / "hotline-2.csv", _calls(opens_ms, seconds, played, late=True)))
        await _import(settings, folder / "hotline-1.csv")
        played.redelivered += len(on_time)
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        printed.standings(await _standings(session, folder, url), "zh")


def _votes(seconds: int) -> Iterator[Vote]:
    """Messages of every kind, from early to late. The seed is fixed: the same campaign every time."""
    rng = random.Random(2018)  # noqa: S311 -- a play, not a secret
    mobiles = (f"1381{number:07d}" for number in rng.sample(range(10_000_000), 4000))
    codes = [f"A{n:02d}" for n in range(1, 12)], [f"B{n:02d}" for n in range(1, 21)]
    weights = [[1 / (1 + n) for n in range(len(some))] for some in codes]

    def choice() -> str:
        return " ".join(rng.choices(some, weight)[0] for some, weight in zip(codes, weights, strict=True))

    def say(expected: O, texts: Sequence[str], at: tuple[float, float], count: int) -> Iterator[Vote]:
        for text, caller in zip(itertools.islice(itertools.cycle(texts), count), mobiles, strict=False):
            yield Vote(rng.uniform(*at), rng.choice(("sms", "sim")), caller, text, expected)

    yield from say(O.EARLY, ["A01"], (-1.5, -0.5), 12)
    for caller in itertools.islice(mobiles, 900):
        at, source = rng.triangular(0.3, seconds - 1, seconds * 0.8), rng.choice(("sms", "sim"))
        text = rng.choice(
            (choice(), choice().split()[0], f"投{choice()}", choice().replace(" ", "，").lower())
        )
        yield Vote(at, source, caller, text, O.COUNTED, times=rng.choices((1, 2, 3), (8, 1, 1))[0])
        if rng.random() < 0.15:
            yield Vote(min(at + rng.uniform(0.4, 3), seconds - 0.5), source, caller, text, O.REPEAT)
    yield from say(O.COUNTED, ["A02"], (seconds - 0.8, seconds - 0.7), 20)
    yield from say(O.LATE, ["A02"], (seconds + 0.1, seconds + 0.4), 20)
    inside = (1.0, seconds - 1.0)
    yield from say(O.UNKNOWN_CODE, ["A99", "C07", "投A88"], inside, 15)
    yield from say(O.NO_CODE, ["你好", "加油", " ", "TD"], inside, 15)
    yield from say(O.UNCLEAR, ["不要投A01", "A01改成A02", "别投B03"], inside, 10)
    yield from say(O.OVERVOTE, ["A01 A02", "B01,B02,B03"], inside, 10)
    yield from say(O.WITHDRAWN, [_WITHDRAWN], inside, 6)
    for caller, text, expected in (
        ("anonymous", "A01", O.WITHHELD_CALLER),
        ("10086", "A01", O.INVALID_CALLER),
        (_BARRED, "A01", O.BARRED_CALLER),
        (_TESTER, "A01", O.TEST),
    ):
        for _ in range(4):
            yield Vote(rng.uniform(*inside), "sms", caller, text, expected)
    for _ in range(3):
        yield Vote(rng.uniform(*inside), "sms", "", "not json", O.UNPARSED)


async def _send(
    session: ClientSession, folder: Path, url: str, opens_ms: int, vote: Vote, played: Played
) -> None:
    """Send one message, as often as its provider would, and note what should come of it."""
    await _until(opens_ms, vote.at)
    name = hashlib.sha256(repr(vote).encode()).hexdigest()[:24] + str(played.sent)
    played.sent += 1
    played.expected[vote.expected] += 1
    played.redelivered += vote.times - 1
    for _ in range(vote.times):
        sending = (
            _kannel(session, folder, url, name, vote)
            if vote.source == "sim"
            else _signed(session, folder, url, name, vote)
        )
        played.answers[await sending] += 1


async def _kannel(session: ClientSession, folder: Path, url: str, name: str, vote: Vote) -> int:
    token = (folder / "secrets/sim.token").read_text().strip()
    query = urlencode({"id": name, "from": vote.caller, "text": vote.text, "coding": "0", "charset": "UTF-8"})
    async with session.get(f"{url}/in/sim/{token}?{query}") as response:
        return response.status


async def _signed(session: ClientSession, folder: Path, url: str, name: str, vote: Vote) -> int:
    secret = base64.b64decode((folder / "secrets/sms.secret").read_text().strip().removeprefix("whsec_"))
    now = clock.now_ms()
    body = vote.text
    if vote.expected is not O.UNPARSED:
        sent = clock.stamp(now, _ZONE)
        data = {"from": vote.caller, "text": vote.text}
        body = json.dumps({"type": "vote.received", "timestamp": sent, "data": data})
    signed = f"{name}.{now // 1000}.{body}".encode()
    signature = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(now // 1000),
        "webhook-signature": f"v1,{signature}",
    }
    async with session.post(f"{url}/in/sms", data=body.encode(), headers=headers) as response:
        return response.status


def _calls(opens_ms: int, seconds: int, played: Played, late: bool) -> list[list[str]]:
    """A page of the hotline's log; a late page is handed in after the grace for such pages is over."""
    rng = random.Random(1 + late)  # noqa: S311 -- a play, not a secret
    expected = O.IN_TRANSIT if late else O.COUNTED
    rows = []
    for number in range(8 if late else 120):
        at = datetime.fromtimestamp(opens_ms / 1000 + rng.uniform(1, seconds * 0.5), _ZONE)
        caller = (
            f"0739{5_300_000 + 1000 * late + number:07d}"
            if rng.random() < 0.5
            else f"1390739{1000 + 500 * late + number:04d}"
        )
        choice = f"A{rng.randint(1, 11):02d}" if rng.random() < 0.7 else f"B{rng.randint(1, 20):02d}"
        rows.append([f"{late:d}-{number}", caller, at.strftime("%Y-%m-%d %H:%M:%S"), choice])
        played.expected[expected] += 1
        played.sent += 1
    return rows


def _log(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([["流水号", "主叫号码", "呼叫时间", "选择"], *rows])
    return path


async def _import(settings: Path, log: Path) -> None:
    await _command(settings, "import", "--source", "hotline", "--json", str(log), quiet=True)


async def _until(opens_ms: int, at: float) -> None:
    await asyncio.sleep(max(0.0, (opens_ms - clock.now_ms()) / 1000 + at))


async def _standings(session: ClientSession, folder: Path, url: str) -> dict[str, Any]:
    token = (folder / "secrets/api.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    async with session.get(f"{url}/api/campaigns/{setup.CAMPAIGN}/standings", headers=headers) as response:
        current: dict[str, Any] = await response.json()
        return current


async def _show(session: ClientSession, folder: Path, url: str) -> None:
    """The live standings: repainted on a terminal, a line every few seconds elsewhere."""
    if not printed.OUT.is_terminal:
        while True:
            current = await _standings(session, folder, url)
            votes = ", ".join(f"{contest['name']} {contest['votes']}" for contest in current["contests"])
            printed.OUT.print(f"{current['as_of'][11:19]}  {current['status']}  {votes}")
            await asyncio.sleep(4)
    with Live(console=printed.OUT, refresh_per_second=4, transient=True) as live:
        while True:
            current = await _standings(session, folder, url)
            tables = [printed.contest_table(contest, "zh", top=8) for contest in current["contests"]]
            live.update(
                Panel(
                    Group(*tables, printed.balance_table(current["balance"], "zh")),
                    title=f"{current['name']}  {current['status']}  {current['as_of'][11:19]}",
                )
            )
            await asyncio.sleep(0.5)


def _report(exported: Path, played: Played) -> bool:
    """What was sent against what the ledger says, outcome by outcome."""
    with (exported / "messages.csv").open(encoding="utf-8-sig", newline="") as file:
        recorded = Counter(row["outcome"] for row in csv.DictReader(file))
    table = Table(title="发出的与账本里的 · what was sent, and what the ledger says", title_justify="left")
    table.add_column("结果 outcome")
    table.add_column("发出 sent", justify="right")
    table.add_column("账本 ledger", justify="right")
    table.add_column("")
    table.add_column("")
    for outcome in sorted({*played.expected, *recorded}, key=lambda one: -played.expected[one]):
        same = played.expected[outcome] == recorded[outcome]
        mark = "[green]✓[/green]" if same else "[red]✗[/red]"
        table.add_row(
            str(outcome), str(played.expected[outcome]), str(recorded[outcome]), mark, printed.words(outcome)
        )
    agree = played.expected == recorded and set(played.answers) == {200}
    table.add_section()
    table.add_row(
        "合计 total",
        str(played.sent),
        str(recorded.total()),
        "[green]✓[/green]" if agree else "[red]✗[/red]",
        "",
    )
    printed.OUT.print(table)
    printed.OUT.print(
        f"另有 {played.redelivered} 次重发，均未再计 · "
        f"{played.redelivered} redeliveries, none counted again · HTTP {dict(played.answers)}"
    )
    return agree
