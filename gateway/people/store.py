"""Accounts, sessions and links in the database: functions that run on a database.

Each is one small transaction; votes wait for no longer than that.
"""

from collections.abc import Iterable
from typing import Any, Final, Literal, NamedTuple, cast

from config.problems import Lang
from gateway.people.roles import Role, SignedIn
from gateway.storage import blocks
from gateway.storage.database import Database, transaction

SQL: Final = blocks.load("gateway.people", "people.sql")

#: So many browsers and addresses are remembered of each person.
_KNOWN: Final = 20


class Account(NamedTuple):
    """A row of `accounts`."""

    id: int
    login: str
    name: str
    role: str
    campaigns: str
    lang: str
    enabled: int
    password: str | None
    second: bytes | None
    second_step: int
    made_ms: int
    signed_in_ms: int | None

    def signed_in(self) -> SignedIn:
        """Its owner, as the pages know them."""
        lang = cast('Lang | Literal[""]', self.lang)
        return SignedIn(self.login, self.name, Role(self.role), tuple(self.campaigns.split()), lang)


class New(NamedTuple):
    """An account to be made; without campaigns it has all of them."""

    login: str
    name: str
    role: Role
    campaigns: tuple[str, ...] = ()


class Listed(NamedTuple):
    """An account, and until when its link can be used (None if it has none)."""

    account: Account
    link_ms: int | None


class Session(NamedTuple):
    """Whose session, since when, and when they last did something."""

    begun_ms: int
    seen_ms: int
    account: Account


class OpenSession(NamedTuple):
    """A session in the list that its owner sees."""

    token: bytes
    begun_ms: int
    seen_ms: int
    browser: str


class First(NamedTuple):
    """Who can become the first administrator, and whether the account was made just now."""

    login: str
    is_new: bool


class LastAdministrator(RuntimeError):
    """Nobody would be left to make accounts; nothing was changed."""


class SessionOver(RuntimeError):
    """The session in which something was asked for has ended meanwhile; nothing was changed."""


def _account(row: tuple[Any, ...] | None) -> Account | None:
    return None if row is None else Account._make(row)


# Accounts


def named(db: Database, login: str) -> Account | None:
    """The account of that login."""
    return _account(db.execute(SQL["account-named"], (login,)).fetchone())


def listed(db: Database) -> list[Listed]:
    """Every account, by login."""
    return [Listed(Account._make(row[:-1]), row[-1]) for row in db.execute(SQL["accounts"])]


def add(db: Database, new: New, now_ms: int, token: bytes, expires_ms: int) -> None:
    """A new account, and its first link. Raises `store.Conflict` if there is one of that login."""
    with transaction(db):
        _add(db, new, now_ms, token, expires_ms)


def change(db: Database, account: Account, name: str, role: Role, campaigns: tuple[str, ...]) -> None:
    """Another name, role or campaigns. With another role the sessions end. Raises `LastAdministrator`."""
    with transaction(db):
        if role != account.role:
            _keep_one(db, account)
            db.execute(SQL["end-sessions"], (account.id,))
        db.execute(SQL["change-account"], (name, role, " ".join(campaigns), account.id))


def disable(db: Database, account: Account) -> None:
    """Let nobody in by it any more, and end what is under way. Raises `LastAdministrator`."""
    with transaction(db):
        _keep_one(db, account)
        db.execute(SQL["enable-account"], (0, account.id))
        _forget(db, account.id)


def enable(db: Database, account: Account) -> None:
    """Let its owner in again."""
    db.execute(SQL["enable-account"], (1, account.id))


def reset(db: Database, account: Account, token: bytes, expires_ms: int) -> None:
    """Forget password and second factor, end what is under way; a link gives a new beginning."""
    with transaction(db):
        db.execute(SQL["forget-proofs"], (account.id,))
        _forget(db, account.id)
        db.execute(SQL["set-welcome"], (account.id, token, expires_ms))


def renew(db: Database, account: Account, token: bytes, expires_ms: int) -> None:
    """Another link for somebody who has not used theirs; the one before is void."""
    db.execute(SQL["set-welcome"], (account.id, token, expires_ms))


def first(
    db: Database, logins: Iterable[str], name: str, now_ms: int, token: bytes, expires_ms: int
) -> First | None:
    """A link for who waits to become an administrator, else for a new one of the first login that is free.

    Returns None, and nothing is changed, if there is an administrator who can sign in. All of it is one
    transaction: nodes that start at once make one account, and the link of the last of them holds.
    """
    with transaction(db):
        if db.execute(SQL["working-administrators"]).fetchone()[0]:
            return None
        waiting = _account(db.execute(SQL["waiting-administrator"]).fetchone())
        if waiting is not None:
            renew(db, waiting, token, expires_ms)
            return First(waiting.login, is_new=False)
        login = next(one for one in logins if named(db, one) is None)
        _add(db, New(login, name, Role.ADMINISTRATOR), now_ms, token, expires_ms)
    return First(login, is_new=True)


def _add(db: Database, new: New, now_ms: int, token: bytes, expires_ms: int) -> None:
    row = db.execute(SQL["add-account"], (new.login, new.name, new.role, " ".join(new.campaigns), now_ms))
    db.execute(SQL["set-welcome"], (row.fetchone()[0], token, expires_ms))


def _keep_one(db: Database, account: Account) -> None:
    if account.enabled and account.role == Role.ADMINISTRATOR:
        (others,) = db.execute(SQL["other-administrators"], (account.id,)).fetchone()
        if not others:
            raise LastAdministrator


def _forget(db: Database, account_id: int) -> None:
    for block in ("end-sessions", "end-welcome", "forget-known"):
        db.execute(SQL[block], (account_id,))


# What belongs to an account


def set_lang(db: Database, account_id: int, lang: str) -> None:
    """The language that its owner likes."""
    db.execute(SQL["set-lang"], (lang, account_id))


def set_password(db: Database, account_id: int, password: str, keep: bytes) -> None:
    """Another password, asked for in the session to `keep`: all others end. Raises `SessionOver`."""
    with transaction(db):
        _in_session(db, account_id, keep)
        db.execute(SQL["set-password"], (password, account_id))
        db.execute(SQL["end-other-sessions"], (account_id, keep))
        db.execute(SQL["end-welcome"], (account_id,))


def rehash(db: Database, account: Account, password: str) -> bool:
    """The same password by other parameters; False if it is another one by now, which stays."""
    return db.execute(SQL["rehash"], (password, account.id, account.password)).rowcount == 1


def set_second(db: Database, account_id: int, sealed: bytes | None, step: int, session: bytes) -> None:
    """The second factor, None for none, and the step of the code that proved it; asked for in a session.
    Raises `SessionOver`."""
    with transaction(db):
        _in_session(db, account_id, session)
        db.execute(SQL["set-second"], (sealed, step, account_id))


def _in_session(db: Database, account_id: int, token: bytes) -> None:
    """Whoever asked may have been reset, or signed out elsewhere, while their password was looked at."""
    found = session(db, token)
    if found is None or found.account.id != account_id:
        raise SessionOver


def use_step(db: Database, account_id: int, step: int) -> bool:
    """Use up a code; False if it, or a later one, was used before."""
    return db.execute(SQL["use-step"], (step, account_id, step)).rowcount == 1


def welcomed(db: Database, token: bytes, now_ms: int) -> Account | None:
    """Whose link that is, None if it is none, used, or too old."""
    return _account(db.execute(SQL["welcome"], (token, now_ms)).fetchone())


def accept(db: Database, account_id: int, token: bytes, password: str, now_ms: int) -> bool:
    """Use up a link for a first password; False if it has been used meanwhile."""
    with transaction(db):
        if db.execute(SQL["use-welcome"], (token, now_ms)).rowcount != 1:
            return False
        db.execute(SQL["set-password"], (password, account_id))
        db.execute(SQL["end-sessions"], (account_id,))
        return True


# Sessions, and from where


def begin(
    db: Database, account: Account, token: bytes, now_ms: int, browser: str, marks: list[bytes]
) -> bool:
    """A session, and the browser and address it was begun from. False, and there is none, if what `account`
    was signed in with does not hold any more: what a reset has ended must not begin after it."""
    with transaction(db):
        now = _account(db.execute(SQL["account"], (account.id,)).fetchone())
        if now is None or not now.enabled or (now.password, now.second) != (account.password, account.second):
            return False
        db.execute(SQL["add-session"], (token, account.id, now_ms, now_ms, browser))
        db.execute(SQL["mark-signed-in"], (now_ms, account.id))
        for mark in marks:
            db.execute(SQL["know"], (account.id, mark, now_ms))
        db.execute(SQL["forget-older"], (account.id, _KNOWN))
        return True


def session(db: Database, token: bytes) -> Session | None:
    """The session of a token, None if there is none, or its account is disabled."""
    row = db.execute(SQL["session"], (token,)).fetchone()
    return None if row is None else Session(row[0], row[1], Account._make(row[2:]))


def see(db: Database, token: bytes, now_ms: int) -> None:
    """Somebody did something."""
    db.execute(SQL["see-session"], (now_ms, token))


def end(db: Database, token: bytes) -> None:
    """End one session."""
    db.execute(SQL["end-session"], (token,))


def end_of(db: Database, account_id: int, token: bytes) -> None:
    """End one of somebody's own sessions, and nobody else's."""
    db.execute(SQL["end-one-of"], (account_id, token))


def end_others(db: Database, account_id: int, keep: bytes) -> None:
    """End all of somebody's sessions but one."""
    db.execute(SQL["end-other-sessions"], (account_id, keep))


def sessions_of(db: Database, account_id: int) -> list[OpenSession]:
    """Somebody's sessions, the latest first."""
    return [OpenSession._make(row) for row in db.execute(SQL["sessions"], (account_id,))]


def end_old(db: Database, begun_before_ms: int) -> None:
    """Drop what is over in any case."""
    db.execute(SQL["end-old-sessions"], (begun_before_ms,))


def knows(db: Database, account_id: int, browser: bytes, address: bytes, since_ms: int) -> set[bytes]:
    """Which of the two somebody has signed in from before."""
    return {mark for (mark,) in db.execute(SQL["knows"], (account_id, browser, address, since_ms))}
