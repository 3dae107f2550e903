"""Accounts, sessions and entrance: what the pages for people ask, over one database."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from config import settings
from gateway.people.accounts import AccountRefused, Accounts, state
from gateway.people.entrance import Entrance
from gateway.people.passwords import Passwords
from gateway.people.roles import Role
from gateway.people.sessions import Sessions
from gateway.storage.store import Store

#: Who makes a change by `televote users`: whoever owns the machine.
BY_COMMAND: Final = "televote users"


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who signs in."""

    accounts: Accounts
    sessions: Sessions
    entrance: Entrance


def open_people(
    database: Store, chosen: settings.Accounts, campaigns: Iterable[str], now_ms: Callable[[], int]
) -> People | None:
    """The people of an installation, None if its settings have no key for them."""
    if chosen.key is None:
        return None
    secret = bytes.fromhex(chosen.key.get_secret_value())
    passwords = Passwords(chosen.hashing)
    return People(
        Accounts(database, campaigns, now_ms),
        Sessions(database, now_ms),
        Entrance(database, passwords, secret, now_ms, lambda: secrets.token_urlsafe(32)),
    )


async def carry_out(people: People, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What `televote users` asks, as JSON values in and out: `{"do": "add", …}`.

    A new link is answered as its token; what cannot be done, as `{"refused": word}`.
    """
    accounts, login = people.accounts, asked.get("login", "")
    try:
        match asked["do"]:
            case "list":
                return {"users": await _listed(people)}
            case "add":
                chosen = (login, asked["name"], Role(asked["role"]), asked["campaigns"])
                return {"token": await accounts.add(*chosen, by=BY_COMMAND)}
            case "reset":
                return {"token": await accounts.reset(login, by=BY_COMMAND)}
            case "disable":
                await accounts.disable(login, by=BY_COMMAND)
            case "enable":
                await accounts.enable(login, by=BY_COMMAND)
            case unknown:
                raise ValueError(f"nothing is done by the name of {unknown}")
    except AccountRefused as refused:
        return {"refused": refused.word}
    return {}


async def _listed(people: People) -> list[dict[str, Any]]:
    now_ms = people.accounts.now_ms()
    return [
        {
            "login": one.account.login,
            "name": one.account.name,
            "role": one.account.role,
            "campaigns": one.account.campaigns.split(),
            "state": state(one, now_ms),
            "second_factor": one.account.second is not None,
            "signed_in_ms": one.account.signed_in_ms,
        }
        for one in await people.accounts.listed()
    ]
