"""A whole campaign in under a minute, played from outside through the real doors.

A server is started as its own process; votes reach it as signed webhooks, as Kannel's requests, as a
hotline's log and from the operators' desk; after the close the committee rules on what waits. What was
sent, and what each message should come to, is kept here and compared at the end with the exported ledger.
"""

import asyncio
import csv
import json
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
from aiohttp import ClientSession, ClientTimeout
from rich.console import Group
from rich.live import Live
from rich.panel import Panel

from gateway import clock, setup
from gateway.demo import award, nominating, panel, people, statement, traffic
from gateway.demo.people import Person
from gateway.demo.report import report
from gateway.demo.traffic import BARRED, TESTER, WITHDRAWN, ZONE, Played, until
from gateway.people.roles import Role
from gateway.printed import counting
from gateway.printed.out import OUT

#: How long the public notice of the sample stands.
_NOTICE_DAYS: Final = 7
_OPENS_IN, _GRACE, _HOTLINE_GRACE = 10.0, 2, 4
SECRETARY: Final = ("committee-3", "陈静", Role.COMMITTEE)
PEOPLE: Final = (
    ("operator", "李娜", Role.OPERATOR),
    ("committee-1", "王芳", Role.COMMITTEE),
    ("committee-2", "赵磊", Role.COMMITTEE),
)


async def play(seconds: int, keep: Path | None) -> bool:
    """Play it; True if everything came out as it should. The data is thrown away unless `keep` is given."""
    folder = keep or Path(tempfile.mkdtemp(prefix="televote-demo-"))
    export = folder / "export"
    try:
        opens_ms = clock.now_ms() + int(_OPENS_IN * 1000)
        opens = datetime.fromtimestamp(opens_ms / 1000, ZONE)
        dates = setup.Dates(opens, opens + timedelta(seconds=seconds))
        settings = setup.write(folder, dates, "127.0.0.1:0", arranged)
        played = Played()
        async with serving(settings) as url:
            await _nominate(settings, url)
        async with serving(settings) as url:
            await _campaign(settings, url, opens_ms, seconds, played)
        async with serving(settings, later=_NOTICE_DAYS) as url, AsyncExitStack() as stack:
            committee = [
                await stack.enter_async_context(people.back_again(url, who)) for who, *_ in PEOPLE[1:]
            ]
            await award.certify(*committee)
        OUT.print("公示期满，两人核定结果 · the notice is over, and two people have certified the result")
        OUT.rule("核定之后 after the certification")
        done = await asyncio.gather(
            *(
                _command(settings, *words)
                for words in (("verify",), ("recount", "--judge"), ("export", str(export)))
            )
        )
        for _, told in done:
            click.echo(told, nl=False)
        return report(export, played) and all(worked for worked, _ in done)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def arranged(text: str) -> str:
    """The sample, with a barred and a test line, one candidate withdrawn, graces of seconds, and windows that
    nobody nominates."""
    graces = iter((f'grace = "{_GRACE}s"', f'grace = "{_HOTLINE_GRACE}s"'))
    for pattern, new in (
        (r"^bar_list = .*$", f'bar_list = ["{BARRED}"]'),
        (r"^test_lines = .*$", f'test_lines = ["{TESTER}"]'),
        (rf'code = "{WITHDRAWN}",', f'code = "{WITHDRAWN}", withdrawn = true,'),
        (r"^\[nominations\.window\]\n(?:.+\n)+", ""),
    ):
        text = re.sub(pattern, new, text, flags=re.MULTILINE)
    return re.sub(r'^grace = "[^"]*"', lambda _: next(graces), text, flags=re.MULTILINE)


@asynccontextmanager
async def serving(settings: Path, later: int = 0) -> AsyncIterator[str]:
    """The server in a process of its own, so many days later; yields where it listens."""
    module = ("gateway.demo.later", str(settings), str(later))
    words = module if later else ("gateway", "--settings", str(settings), "serve")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *words, stderr=asyncio.subprocess.PIPE
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


async def _command(settings: Path, *words: str) -> tuple[bool, bytes]:
    """Whether it worked, and what it told."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "--settings", str(settings), *words),
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    return process.returncode == 0, told


async def _campaign(settings: Path, url: str, opens_ms: int, seconds: int, played: Played) -> None:
    folder = settings.parent
    timeout = ClientTimeout(total=10)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession(timeout=timeout))
        showing = asyncio.create_task(_show(session, folder, url))
        votes = sorted(traffic.votes(seconds))
        sending = [
            asyncio.create_task(traffic.send(session, folder, url, opens_ms, vote, played)) for vote in votes
        ]
        operator, *committee = [
            await stack.enter_async_context(people.signed_in(settings, url, *one)) for one in PEOPLE
        ]
        await until(opens_ms, seconds * 0.3)
        await people.take_calls(operator, played)
        await until(opens_ms, seconds * 0.6)
        on_time = traffic.calls(opens_ms, seconds, played, late=False)
        await _import(settings, _log(folder / "hotline-1.csv", on_time))
        await asyncio.gather(*sending)
        await panel.judge(settings, url)
        OUT.print(
            f"{len(panel.JUDGES)} 名评委提交评分表 · {len(panel.JUDGES)} judges have submitted their sheets"
        )
        await until(opens_ms, seconds + _HOTLINE_GRACE)
        await _closed(session, folder, url)
        late = traffic.calls(opens_ms, seconds, played, late=True)
        await _import(settings, _log(folder / "hotline-2.csv", late), folder / "hotline-1.csv")
        played.redelivered += len(on_time)
        await _decide(*committee)
        agree = await statement.compare(settings, statement.write(folder / "statement.csv", played))
        OUT.print(
            f"与 SIM 卡对账单核对：{agree} 条一致，预设的两处差异均已查出 · "
            f"the SIM's statement: {agree} messages agree, and the two planted differences were found"
        )
        await award.to_the_second_notice(*committee)
        OUT.print(
            "公示、异议成立、取消资格、再次公示 · "
            "on notice; an objection upheld, one disqualified; on notice again"
        )
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        counting.standings(await _standings(session, folder, url), "zh")


async def _nominate(settings: Path, url: str) -> None:
    """What comes before the vote; the server takes up the roster when it is started again."""
    nominated = nominating.sheet(settings, datetime.fromtimestamp(clock.now_ms() / 1000, ZONE).date())
    async with people.signed_in(settings, url, *SECRETARY) as member:
        approved = await nominating.nominate(member, nominated)
    OUT.print(
        f"{approved} 人经申报、三级审核列入候选名单 · "
        f"{approved} were nominated, endorsed three times, and put on the roster"
    )


async def _decide(first: Person, second: Person) -> None:
    """After the close: one rules on everything that waits, and two void a vote."""
    rulings = await people.rule(first)
    await people.void(first, second)
    OUT.print(
        f"组委会作出 {rulings} 项裁定，两人作废一个号码的票 · "
        f"the committee made {rulings} rulings, and two of them voided one caller's votes"
    )


def _log(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([["流水号", "主叫号码", "呼叫时间", "选择"], *rows])
    return path


async def _import(settings: Path, *logs: Path) -> None:
    await _command(settings, "import", "--source", "hotline", *map(str, logs))


async def _standings(session: ClientSession, folder: Path, url: str) -> dict[str, Any]:
    token = (folder / "secrets/api.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    async with session.get(f"{url}/api/campaigns/{setup.CAMPAIGN}/standings", headers=headers) as response:
        current: dict[str, Any] = await response.json()
        return current


async def _closed(session: ClientSession, folder: Path, url: str) -> None:
    """Wait until the close is in the ledger: from then on people rule, and what comes is late."""
    async with asyncio.timeout(15):
        while (await _standings(session, folder, url))["status"] != "closed":  # noqa: ASYNC110 -- it is in another process
            await asyncio.sleep(0.2)


async def _show(session: ClientSession, folder: Path, url: str) -> None:
    """The live standings: repainted on a terminal, a line every few seconds elsewhere."""
    if not OUT.is_terminal:
        while True:
            current = await _standings(session, folder, url)
            votes = ", ".join(f"{contest['name']} {contest['votes']}" for contest in current["contests"])
            OUT.print(f"{current['as_of'][11:19]}  {current['status']}  {votes}")
            await asyncio.sleep(4)
    with Live(console=OUT, refresh_per_second=4, transient=True) as live:
        while True:
            current = await _standings(session, folder, url)
            tables = [counting.contest_table(contest, "zh", top=8) for contest in current["contests"]]
            live.update(
                Panel(
                    Group(*tables, counting.balance_table(current["balance"], "zh")),
                    title=f"{current['name']}  {current['status']}  {current['as_of'][11:19]}",
                )
            )
            await asyncio.sleep(0.5)
