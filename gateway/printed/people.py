"""Accounts, on a terminal."""

from typing import Any

import click
from rich.table import Table
from rich.text import Text

from config.problems import Lang
from gateway.pages import words_people, words_staff
from gateway.printed.out import OUT, say


def say_role(role: str, lang: Lang) -> str:
    """A role in words."""
    return words_staff.WORDS[role].by(lang)


def refused(word: str, lang: Lang) -> str:
    """Why something cannot be done with an account."""
    return words_people.WORDS[f"refused_{word}"].by(lang)


def users(asked: dict[str, Any], answer: dict[str, Any], lang: Lang) -> None:
    """What was done to accounts, or all of them."""
    if "link" in answer:
        click.echo(say(lang, "请交给本人（48 小时内有效，只能用一次）：", "for its owner (48 hours, once):"))
        click.echo(answer["link"])
    elif "users" in answer:
        OUT.print(_users_table(answer["users"], lang))
    else:
        done = {"disable": ("已停用", "disabled"), "enable": ("已启用", "enabled")}[asked["do"]]
        click.echo(f"{asked['login']}: {say(lang, *done)}")


def _users_table(rows: list[dict[str, Any]], lang: Lang) -> Table:
    table = Table(box=None)
    for zh, en in (
        ("账号", "login"),
        ("姓名", "name"),
        ("角色", "role"),
        ("投票", "votes"),
        ("状态", "state"),
    ):
        table.add_column(say(lang, zh, en), overflow="fold")
    for row in rows:
        state = words_people.WORDS[f"state_{row['state']}"].by(lang)
        votes = ", ".join(row["campaigns"]) or say(lang, "全部", "all")
        table.add_row(row["login"], Text(row["name"]), say_role(row["role"], lang), votes, state)
    return table
