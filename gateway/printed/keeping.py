"""A backup and a new epoch, on a terminal."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from config.problems import Lang
from gateway.keeping.epoch import Plan
from gateway.printed.counting import words
from gateway.printed.out import OUT, say
from tally.entry import Leaf
from tally.outcome import MessageOutcome


def backup(folder: Path, told: dict[str, Any], lang: Lang) -> None:
    """What a backup has."""
    for campaign, one in told["campaigns"].items():
        for log in one["ledger"]:
            line = f"{campaign}/{log['node']}: {log['entries']}  {log['root']}"
            OUT.print(line, markup=False, soft_wrap=True)
    OUT.print(
        say(
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
    table = Table(title=say(lang, "遗失的条目，按当时的结果", "what is lost, by how it had ended"), box=None)
    table.title_justify = "left"
    table.add_column(say(lang, "结果", "outcome"))
    table.add_column(say(lang, "数量", "count"), justify="right")
    table.add_column("")
    for ended, count in sorted(plan.lost.items()):
        told = words(ended) if ended in set(MessageOutcome) else ""
        table.add_row(ended, str(count), told)
    table.add_row("", str(plan.lost.total()), "")
    OUT.print(table)
    for act in plan.acts:
        OUT.print(_lost_act(act, lang), markup=False, highlight=False, soft_wrap=True)
    OUT.print(
        say(
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
        table.add_column(say(lang, zh, en), justify="left" if en == "log" else "right")
    for name, past in plan.logs.items():
        table.add_row(name, str(past.size), str(past.kept), str(past.size - past.kept))
    OUT.print(table)


def _lost_act(act: Leaf, lang: Lang) -> str:
    """An act that is lost, and may have to be done again."""
    at = datetime.fromtimestamp(act.at_ms // 1000, UTC).isoformat().replace("+00:00", "Z")
    by = " + ".join(str(act.detail[who]) for who in ("by", "second") if act.detail.get(who))
    return f"{say(lang, '遗失的处理', 'lost act')}: {act.kind}  {at}  {by}"


def sure(lang: Lang) -> str:
    """Whether a new epoch is meant."""
    return say(
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
