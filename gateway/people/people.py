"""Accounts, sessions and entrance: what the pages for people ask, over one database."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from config import settings
from gateway.people.accounts import Accounts
from gateway.people.entrance import Entrance
from gateway.people.passwords import Passwords
from gateway.people.sessions import Sessions
from gateway.storage.sqlite import SqliteStore


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who signs in."""

    accounts: Accounts
    sessions: Sessions
    entrance: Entrance


def open_people(
    database: SqliteStore, chosen: settings.Accounts, campaigns: Iterable[str], now_ms: Callable[[], int]
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
