"""What commands print for people: tables in Chinese and English, plain when nobody looks."""

import re
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.load import Loaded
from config.problems import Lang, Problem
from gateway.audit import Recounted
from gateway.entrances import Kind
from gateway.epoch import Plan
from gateway.intake.importer import Summary
from gateway.kinds import described
from gateway.outbox.records import Standing
from gateway.pages import words_people, words_staff
from gateway.reporting.report import ReportKind
from gateway.users import Link
from tally.entry import Leaf
from tally.export import WORDS
from tally.outcome import MessageOutcome

# Names and paths are shown as they are: as `Text`, and never as rich's mark-up or :codes: for pictures.
OUT: Final = Console(emoji=False)
ERRORS: Final = Console(stderr=True, emoji=False)

_STATUS: Final = {
    "scheduled": ("未开始", "not begun"),
    "open": ("进行中", "open"),
    "closing": ("已截止，等待迟到消息", "closed, grace running"),
    "closed": ("已结束", "closed"),
}


def _say(lang: Lang, zh: str, en: str) -> str:
    return zh if lang == "zh" else en


def words(outcome: str) -> str:
    """An outcome in both languages."""
    return " · ".join(WORDS[MessageOutcome(outcome)])


def standings(current: dict[str, Any], lang: Lang, top: int | None = None) -> None:
    """The standings, contest by contest, and how messages ended."""
    zh, en = _STATUS[current["status"]]
    head = Text.assemble((current["name"], "bold"), f"  {_say(lang, zh, en)}  {current['as_of']}")
    OUT.print(head, soft_wrap=True)
    for contest in current["contests"]:
        OUT.print(contest_table(contest, lang, top))
    OUT.print(balance_table(current["balance"], lang))


def contest_table(contest: dict[str, Any], lang: Lang, top: int | None = None) -> Table:
    """One contest with bars; `top` leaves out the rest."""
    table = Table(
        title=Text(f"{contest['name']}  {_say(lang, '共', 'total')} {contest['votes']}"),
        title_justify="left",
        box=None,
    )
    for heading in (_say(lang, "名次", "rank"), _say(lang, "编号", "code")):
        table.add_column(heading, no_wrap=True)
    table.add_column(_say(lang, "候选", "candidate"), overflow="fold")
    for heading in (_say(lang, "票数", "votes"), _say(lang, "短信", "sms"), _say(lang, "热线", "hotline")):
        table.add_column(heading, justify="right")
    table.add_column("")
    most = max((candidate["votes"] for candidate in contest["candidates"]), default=0) or 1
    for candidate in contest["candidates"][:top]:
        table.add_row(
            _say(lang, "退出", "out") if candidate["rank"] is None else str(candidate["rank"]),
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
        title=_say(lang, "每条消息的结果", "how every message ended"), title_justify="left", box=None
    )
    table.add_column(_say(lang, "结果", "outcome"))
    table.add_column(_say(lang, "数量", "count"), justify="right")
    table.add_column("")
    for outcome, count in sorted(messages.items(), key=lambda item: -item[1]):
        table.add_row(outcome, str(count), words(outcome))
    sign = "=" if balance["balanced"] else "≠"
    table.add_row("", str(sum(messages.values())), f"{sign} {received} {_say(lang, '条收到', 'received')}")
    table.add_row(
        "",
        str(sum(selections.values())),
        f"{sign} {made} {_say(lang, '个选择', 'selections')}: "
        + ", ".join(f"{name} {count}" for name, count in selections.items()),
    )
    return table


def greeting(loaded: Loaded, url: str, links: list[Link]) -> None:
    """Where to look at a served sample, how to cast a vote, and how to sign in."""
    people = "".join(
        f"    {say_role(link.role, 'en'):<14}{link.url}   {say_role(link.role, 'zh')} {link.name}\n"
        for link in links
    )
    token = loaded.settings.sources["sim"].token
    click.echo(f"""
  Televote serves the sample campaign.  示例投票已开始。

  The page  网页        {url}/
  Cast a vote  投一票   (paste; then change number and code 粘贴，再改号码和编号试试)

    curl "{url}/in/sim/{token.get_secret_value() if token else ""}?id=$(date +%s%N)&from=13812345678&text=A01"

  Sign in  登录         {url}/signin
{people and "    " + _LINKS_ARE}{people}
  Standings  票数       .venv/bin/televote standings
  Stop  停止            Ctrl-C
""")


_LINKS_ARE: Final = "(each works once; a browser of its own for each 每个链接用一次，每人一个浏览器)\n"


def first_link(link: str) -> None:
    """How the first administrator gets in."""
    click.echo(f"""
  Nobody can make accounts yet. Become the administrator with this link (48 hours, once):
  还没有管理员。请用此链接设置管理员密码（48 小时内有效，只能用一次）：

    {link}
""")


def say_role(role: str, lang: Lang) -> str:
    """A role in words."""
    return str(getattr(words_staff.WORDS[role], lang))


def refused(word: str, lang: Lang) -> str:
    """Why something cannot be done with an account."""
    return str(getattr(words_people.WORDS[f"refused_{word}"], lang))


def users(asked: dict[str, Any], answer: dict[str, Any], lang: Lang) -> None:
    """What was done to accounts, or all of them."""
    if "link" in answer:
        click.echo(_say(lang, "请交给本人（48 小时内有效，只能用一次）：", "for its owner (48 hours, once):"))
        click.echo(answer["link"])
    elif "users" in answer:
        OUT.print(_users_table(answer["users"], lang))
    else:
        done = {"disable": ("已停用", "disabled"), "enable": ("已启用", "enabled")}[asked["do"]]
        click.echo(f"{asked['login']}: {_say(lang, *done)}")


def _users_table(rows: list[dict[str, Any]], lang: Lang) -> Table:
    table = Table(box=None)
    for zh, en in (
        ("账号", "login"),
        ("姓名", "name"),
        ("角色", "role"),
        ("投票", "votes"),
        ("状态", "state"),
    ):
        table.add_column(_say(lang, zh, en), overflow="fold")
    for row in rows:
        state = str(getattr(words_people.WORDS[f"state_{row['state']}"], lang))
        votes = ", ".join(row["campaigns"]) or _say(lang, "全部", "all")
        table.add_row(row["login"], Text(row["name"]), say_role(row["role"], lang), votes, state)
    return table


def imported(file: Path, one: Summary, lang: Lang) -> None:
    """What an import did."""
    table = Table(title=Text(str(file)), title_justify="left", box=None)
    table.add_column(_say(lang, "结果", "outcome"))
    table.add_column(_say(lang, "数量", "count"), justify="right")
    table.add_column("")
    for outcome, count in one.outcomes.most_common():
        table.add_row(outcome, str(count), words(outcome))
    for zh, en, count in (
        ("之前已导入", "in already", one.before),
        ("不是来电，跳过", "no calls, skipped", one.skipped),
    ):
        if count:
            table.add_row("", str(count), _say(lang, zh, en))
    table.add_row("", str(one.rows), _say(lang, "行合计", "rows in all"))
    OUT.print(table)
    for line, note in one.bad:
        ERRORS.print(f"{file}:{line}: {note}", markup=False, soft_wrap=True)
    if one.unread > len(one.bad):
        ERRORS.print(f"… {one.unread - len(one.bad)} more", markup=False)


def summary(one: Summary) -> dict[str, Any]:
    """An import's summary as JSON values."""
    return {
        "rows": one.rows,
        "skipped": one.skipped,
        "before": one.before,
        "unread": one.unread,
        "outcomes": dict(one.outcomes),
        "bad": [{"line": line, "wrong": note} for line, note in one.bad],
    }


def recount(counted: Recounted, lang: Lang) -> None:
    """What a recount found."""
    if counted.agrees:
        OUT.print(
            _say(
                lang,
                f"重新计票：{counted.entries} 条账目，与保存的票数完全一致",
                f"recount: {counted.entries} entries; it agrees with what was kept",
            )
        )
    for what, kept, has in counted.differences:
        OUT.print(
            f"{what}: {_say(lang, '保存', 'kept')} {kept}, {_say(lang, '重计', 'recounted')} {has}",
            markup=False,
        )
    for fault in counted.faults:
        OUT.print(fault, markup=False)


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
        title=Text.assemble(f"{folder}  ", (_say(lang, *stamps[written["stamp"]]), "bold")),
        title_justify="left",
        box=None,
    )
    for heading in (_say(lang, "文件", "file"), _say(lang, "可给谁", "for"), "SHA-256"):
        table.add_column(heading)
    table.add_column(_say(lang, "字节", "bytes"), justify="right")
    for file in written["files"]:
        table.add_row(file["name"], file["audience"], file["sha256"][:16] + "…", str(file["bytes"]))
    OUT.print(table)
    for gap in written["gaps"]:
        lost = ", ".join(f"{ended} {n}" for ended, n in gap["lost"].items()) or "0"
        OUT.print(
            f"{_say(lang, '遗失', 'lost')} {gap['log']}  {gap['at']}  {lost}", markup=False, soft_wrap=True
        )
    for log in written["ledger"]:
        OUT.print(
            f"{_say(lang, '账本', 'ledger')} {log['node']}: {log['entries']}  {log['root']}", soft_wrap=True
        )


def backup(folder: Path, told: dict[str, Any], lang: Lang) -> None:
    """What a backup has."""
    for campaign, one in told["campaigns"].items():
        for log in one["ledger"]:
            line = f"{campaign}/{log['node']}: {log['entries']}  {log['root']}"
            OUT.print(line, markup=False, soft_wrap=True)
    OUT.print(
        _say(
            lang,
            f"{folder}: 备份完成，已重新计票核对。密钥（secrets）不在其中，请另行保存。",
            f"{folder}: backed up, and counted again. The secrets are not in it: keep them elsewhere.",
        ),
        markup=False,
        soft_wrap=True,
    )


def epoch(plan: Plan, lang: Lang) -> None:
    """What a new epoch would be, before it is begun."""
    _epoch_logs(plan, lang)
    table = Table(title=_say(lang, "遗失的条目，按当时的结果", "what is lost, by how it had ended"), box=None)
    table.title_justify = "left"
    table.add_column(_say(lang, "结果", "outcome"))
    table.add_column(_say(lang, "数量", "count"), justify="right")
    table.add_column("")
    for ended, count in sorted(plan.lost.items()):
        told = words(ended) if ended in set(MessageOutcome) else ""
        table.add_row(ended, str(count), told)
    table.add_row("", str(plan.lost.total()), "")
    OUT.print(table)
    for act in plan.acts:
        OUT.print(_lost_act(act, lang), markup=False, highlight=False, soft_wrap=True)
    OUT.print(
        _say(
            lang,
            f"将开始新账本 {plan.name}，以一条 gap 条目为首，公开说明遗失了什么；旧账本不再签名。",
            f"A new log, {plan.name}, will begin with a gap that tells in public what is lost; the old one "
            f"is "
            "not signed again.",
        ),
        soft_wrap=True,
    )


def _epoch_logs(plan: Plan, lang: Lang) -> None:
    table = Table(box=None)
    for zh, en in (("账本", "log"), ("已签名", "signed"), ("数据库中", "in the database"), ("遗失", "lost")):
        table.add_column(_say(lang, zh, en), justify="left" if en == "log" else "right")
    for name, past in plan.logs.items():
        table.add_row(name, str(past.size), str(past.kept), str(past.size - past.kept))
    OUT.print(table)


def _lost_act(act: Leaf, lang: Lang) -> str:
    """An act that is lost, and may have to be done again."""
    at = datetime.fromtimestamp(act.at_ms // 1000, UTC).isoformat().replace("+00:00", "Z")
    by = " + ".join(str(act.detail[who]) for who in ("by", "second") if act.detail.get(who))
    return f"{_say(lang, '遗失的处理', 'lost act')}: {act.kind}  {at}  {by}"


def sure(lang: Lang) -> str:
    """Whether a new epoch is meant."""
    return _say(
        lang,
        "最新的数据库确实无法找回，现在开始新账本？",
        "Is the newest database gone for good, and shall the new epoch begin?",
    )


def begun(plan: Plan) -> dict[str, Any]:
    """A new epoch as JSON values."""
    logs = {
        name: {"size": past.size, "root": past.root.hex(), "kept": past.kept}
        for name, past in plan.logs.items()
    }
    return {"campaign": plan.running.id, "log": plan.name, "logs": logs, "lost": dict(plan.lost)}


def kind(one: Kind) -> dict[str, Any]:
    """A kind of source as JSON values; `configure` is Markdown."""
    told = described(one)
    return {
        "kind": told.kind,
        "channel": told.channel,
        "by": told.by.lower(),
        "methods": list(told.methods),
        "authentication": told.authentication,
        "signs": told.signs,
        "time": told.time,
        "gives_time": one.gives_time,
        "options": [option._asdict() for option in told.options],
        "configure": told.configure,
        "reference": told.reference,
    }


def kinds(rows: list[dict[str, Any]]) -> None:
    """Every kind of source. Lines are not broken: some are to be copied."""
    for row in rows:
        OUT.print(Text.assemble((row["kind"], "bold"), f"  {row['channel']}, {row['by']}"))
        options = ", ".join(option["name"] for option in row["options"]) or "none"
        for told in (row["authentication"], f"options: {options}", plain(row["configure"])):
            OUT.print(textwrap.indent(told, "  "), highlight=False, markup=False, soft_wrap=True)


def plain(markdown: str) -> str:
    """A text without the marks that mean nothing on a terminal."""
    text = re.sub(r"^```.*\n?", "", markdown, flags=re.MULTILINE)
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text).replace("**", "").replace("\n\n", "\n").rstrip()


_REPLIES: Final = {
    "due": ("待发送", "waiting"),
    "sending": ("正在发送", "being sent"),
    "sent": ("已发送", "sent"),
    "failed": ("未发送", "not sent"),
    "unknown": ("不确定，不再发送", "in doubt, not sent again"),
}


def outbox(standings: list[Standing], lang: Lang) -> None:
    """How replies stand, by source."""
    table = Table(box=None)
    for heading in (_say(lang, "来源", "source"), _say(lang, "状态", "state"), _say(lang, "原因", "reason")):
        table.add_column(heading)
    table.add_column(_say(lang, "回复", "replies"), justify="right")
    for one in standings:
        table.add_row(one.source, _say(lang, *_REPLIES[one.state]), one.reason, str(one.replies))
    OUT.print(table if standings else _say(lang, "没有回复经发件箱发送", "no reply has gone by an outbox"))


def problem(one: Problem) -> dict[str, Any]:
    """A problem as JSON values, in both languages."""
    return {
        "file": one.file,
        "line": one.line,
        "key": one.key,
        "level": one.level,
        "wrong": one.wrong._asdict(),
        "right": one.right._asdict(),
    }


_AUDIENCES: Final = {
    "public": ("公众", "the public"),
    "committee": ("仅组委会", "the committee"),
    "auditor": ("仅审计员", "an auditor alone"),
}


def reports(kinds: list[ReportKind], lang: Lang) -> None:
    """Every report there is."""
    table = Table(box=None)
    for zh, en in (("报告", "report"), ("格式", "formats"), ("可给谁", "for"), ("", "")):
        table.add_column(_say(lang, zh, en), overflow="fold")
    for one in kinds:
        audience = _say(lang, *_AUDIENCES[one.audience])
        about = f"{getattr(one.title, lang)}: {getattr(one.about, lang)}"
        table.add_row(one.kind, ", ".join(one.formats), audience, about)
    OUT.print(table)
