"""The standings, a recount and an export, on a terminal."""

from pathlib import Path
from typing import Any, Final

from rich.bar import Bar
from rich.table import Table
from rich.text import Text

from config.problems import Lang
from gateway.checking.audit import Recounted
from gateway.checking.judging import Judged
from gateway.printed.out import OUT, say
from tally.export import WORDS
from tally.outcome import MessageOutcome

_STATUS: Final = {
    "scheduled": ("未开始", "not begun"),
    "open": ("进行中", "open"),
    "closing": ("已截止，等待迟到消息", "closed, grace running"),
    "closed": ("已结束", "closed"),
}


def words(outcome: str) -> str:
    """An outcome in both languages."""
    return " · ".join(WORDS[MessageOutcome(outcome)])


def standings(current: dict[str, Any], lang: Lang) -> None:
    """The standings, contest by contest, and how messages ended."""
    zh, en = _STATUS[current["status"]]
    head = Text.assemble((current["name"], "bold"), f"  {say(lang, zh, en)}  {current['as_of']}")
    OUT.print(head, soft_wrap=True)
    for contest in current["contests"]:
        OUT.print(contest_table(contest, lang))
    OUT.print(balance_table(current["balance"], lang))


def contest_table(contest: dict[str, Any], lang: Lang, top: int | None = None) -> Table:
    """One contest with bars; `top` leaves out the rest."""
    table = Table(
        title=Text(f"{contest['name']}  {say(lang, '共', 'total')} {contest['votes']}"),
        title_justify="left",
        box=None,
    )
    for heading in (say(lang, "名次", "rank"), say(lang, "编号", "code")):
        table.add_column(heading, no_wrap=True)
    table.add_column(say(lang, "候选", "candidate"), overflow="fold")
    for heading in (say(lang, "票数", "votes"), say(lang, "短信", "sms"), say(lang, "热线", "hotline")):
        table.add_column(heading, justify="right")
    table.add_column("")
    most = max((candidate["votes"] for candidate in contest["candidates"]), default=0) or 1
    for candidate in contest["candidates"][:top]:
        table.add_row(
            say(lang, "退出", "out") if candidate["rank"] is None else str(candidate["rank"]),
            Text(candidate["code"]),
            Text(candidate["name"]),
            str(candidate["votes"]),
            str(candidate["by_channel"]["sms"]),
            str(candidate["by_channel"]["hotline"]),
            Bar(most, 0, candidate["votes"], width=24, color="red"),
        )
    return table


def balance_table(balance: dict[str, Any], lang: Lang) -> Table:
    """How every message ended, and that the sums agree."""
    messages, selections = dict(balance["messages"]), dict(balance["selections"])
    received, made = messages.pop("received"), selections.pop("made")
    table = Table(
        title=say(lang, "每条消息的结果", "how every message ended"), title_justify="left", box=None
    )
    table.add_column(say(lang, "结果", "outcome"))
    table.add_column(say(lang, "数量", "count"), justify="right")
    table.add_column("")
    for outcome, count in sorted(messages.items(), key=lambda item: -item[1]):
        table.add_row(outcome, str(count), words(outcome))
    sign = "=" if balance["balanced"] else "≠"
    table.add_row("", str(sum(messages.values())), f"{sign} {received} {say(lang, '条收到', 'received')}")
    table.add_row(
        "",
        str(sum(selections.values())),
        f"{sign} {made} {say(lang, '个选择', 'selections')}: "
        + ", ".join(f"{name} {count}" for name, count in selections.items()),
    )
    return table


def verified(entries: int, roots: dict[str, str], unsigned: int, lang: Lang) -> None:
    """That so many entries are sound, the root of each log, and how many are not signed yet."""
    sound = say(lang, f"{entries} 条账目与写入时一致", f"{entries} entries are as they were written")
    OUT.print(sound, soft_wrap=True)
    for node, root in roots.items():
        OUT.print(say(lang, f"{node} 的账本根：{root}", f"root of {node}: {root}"), soft_wrap=True)
    if unsigned:
        still = say(
            lang,
            f"其中最后 {unsigned} 条尚未签名，仍可能被改动",
            f"{unsigned} of them, the last ones, are not signed yet: they may still be changed",
        )
        OUT.print(still, soft_wrap=True)


def recount(counted: Recounted, lang: Lang) -> None:
    """What a recount found."""
    if counted.agrees:
        OUT.print(
            say(
                lang,
                f"重新计票：{counted.entries} 条账目，与保存的票数完全一致",
                f"recount: {counted.entries} entries; it agrees with what was kept",
            )
        )
    for what, kept, has in counted.differences:
        OUT.print(
            f"{what}: {say(lang, '保存', 'kept')} {kept}, {say(lang, '重计', 'recounted')} {has}",
            markup=False,
        )
    for fault in counted.faults:
        OUT.print(fault, markup=False)


def judged(found: Judged, lang: Lang) -> None:
    """What judging again found: all that is otherwise."""
    wrong = len(found.otherwise)
    OUT.print(
        say(
            lang,
            f"按规则重新判定：{found.messages} 条消息、{found.rulings} 项裁定，{wrong} 项与记录不同",
            f"judged again: {found.messages} messages and {found.rulings} rulings; {wrong} are otherwise",
        )
    )
    if found.erased:
        erased = (f"已删除内容，无法重判：{found.erased}", f"erased, and not to be judged: {found.erased}")
        OUT.print(say(lang, *erased))
    for source in sorted(found.unknown):
        OUT.print(
            say(
                lang,
                f"设置中没有来源 {source}：其消息按活动自身的号码规则判定",
                f"the settings name no source {source}: its messages were judged by the campaign's numbering",
            ),
            markup=False,
        )
    for one in found.otherwise:
        OUT.print(
            say(
                lang,
                f"{one.node} 第 {one.seq} 条：记录为 {one.recorded}；按规则应为 {one.by_the_rules}",
                f"entry {one.seq} of {one.node}: recorded {one.recorded}; by the rules {one.by_the_rules}",
            ),
            markup=False,
            soft_wrap=True,
        )


def judged_as(found: Judged) -> dict[str, Any]:
    """The same as JSON values."""
    return {
        "messages": found.messages,
        "rulings": found.rulings,
        "erased": found.erased,
        "unknown_sources": sorted(found.unknown),
        "otherwise": [
            {"node": one.node, "entry": one.seq, "recorded": one.recorded, "by_the_rules": one.by_the_rules}
            for one in found.otherwise
        ],
    }


def recounted(counted: Recounted) -> dict[str, Any]:
    """A recount as JSON values."""
    return {
        "agrees": counted.agrees,
        "entries": counted.entries,
        "roots": counted.roots,
        "differences": [
            {"what": what, "kept": kept, "recounted": has} for what, kept, has in counted.differences
        ],
        "faults": counted.faults,
        "standings": counted.standings,
    }


def manifest(folder: Path, written: dict[str, Any], lang: Lang) -> None:
    """What an export wrote."""
    stamps = {"final": ("正式结果", "final"), "provisional": ("临时结果", "provisional")}
    table = Table(
        title=Text.assemble(f"{folder}  ", (say(lang, *stamps[written["stamp"]]), "bold")),
        title_justify="left",
        box=None,
    )
    for heading in (say(lang, "文件", "file"), say(lang, "可给谁", "for"), "SHA-256"):
        table.add_column(heading)
    table.add_column(say(lang, "字节", "bytes"), justify="right")
    for file in written["files"]:
        table.add_row(file["name"], file["audience"], file["sha256"][:16] + "…", str(file["bytes"]))
    OUT.print(table)
    for gap in written["gaps"]:
        lost = ", ".join(f"{ended} {n}" for ended, n in gap["lost"].items()) or "0"
        OUT.print(
            f"{say(lang, '遗失', 'lost')} {gap['log']}  {gap['at']}  {lost}", markup=False, soft_wrap=True
        )
    for log in written["ledger"]:
        OUT.print(
            f"{say(lang, '账本', 'ledger')} {log['node']}: {log['entries']}  {log['root']}", soft_wrap=True
        )
