"""`televote users`: the people who sign in."""

import json
from typing import Any

import click

from gateway.asking import users
from gateway.commands.base import Chosen, Failed, run, televote
from gateway.people.accounts import AccountRefused
from gateway.people.roles import Role
from gateway.printed import people as printed
from gateway.watching import watch


@televote.group("users")
def users_() -> None:
    """The people who sign in. An account is entered by a link that works once, for 48 hours."""


@users_.command("add")
@click.argument("login")
@click.option("--name", required=True, help="The person's name, as it stands beside what they do.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--campaign", "campaigns", multiple=True, help="A campaign they may enter; none for all.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def users_add(
    chosen: Chosen, login: str, name: str, role: str, campaigns: tuple[str, ...], as_json: bool
) -> None:
    """Make an account, and print its link."""
    asked = {"login": login, "name": name, "role": role, "campaigns": list(campaigns)}
    _users(chosen, {"do": "add", **asked}, as_json)


@users_.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def users_list(chosen: Chosen, as_json: bool) -> None:
    """Every account."""
    _users(chosen, {"do": "list"}, as_json)


@users_.command("disable")
@click.argument("login")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def users_disable(chosen: Chosen, login: str, as_json: bool) -> None:
    """Let somebody in no more, and end their sessions at once."""
    _users(chosen, {"do": "disable", "login": login}, as_json)


@users_.command("enable")
@click.argument("login")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def users_enable(chosen: Chosen, login: str, as_json: bool) -> None:
    """Let somebody in again, with the password they had."""
    _users(chosen, {"do": "enable", "login": login}, as_json)


@users_.command("reset")
@click.argument("login")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def users_reset(chosen: Chosen, login: str, as_json: bool) -> None:
    """Forget password and second factor, end all sessions, and print a new link."""
    _users(chosen, {"do": "reset", "login": login}, as_json)


def _users(chosen: Chosen, asked: dict[str, Any], as_json: bool) -> None:
    loaded = chosen.load()
    watch.log_to(level="warning")
    try:
        answer = run(users.ask(loaded, asked))
    except AccountRefused as refused:
        raise Failed(printed.refused(refused.word, chosen.lang)) from None
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        printed.users(asked, answer, chosen.lang)
