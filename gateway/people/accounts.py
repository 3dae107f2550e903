"""Accounts: made by an administrator, entered by a link that can be used once, and taken away again.

Nobody but its owner ever knows a password: who makes an account hands over a link, valid for 48 hours,
and its owner chooses the password there. Every change is in the log, with who made it.
"""

import hashlib
import itertools
import secrets
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from config.problems import Lang
from gateway.people import policy, store
from gateway.people.roles import Role
from gateway.people.store import Account, LastAdministrator, Listed
from gateway.storage.store import Conflict, Store

_log = structlog.get_logger()

LINK_MS: Final = 48 * 3_600_000
#: The administrator of an installation that has none.
FIRST: Final = "admin"


class AccountRefused(ValueError):
    """That cannot be done with an account; the word says why, and catalogues explain it."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def hashed(token: str) -> bytes:
    """A token as it is kept: whoever reads the database cannot use it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class Accounts:
    """Every account. `campaigns` are the ids that there are; `by` is whoever makes a change."""

    def __init__(self, database: Store, campaigns: Iterable[str], now_ms: Callable[[], int]) -> None:
        self._db, self._campaigns, self.now_ms = database, frozenset(campaigns), now_ms

    async def listed(self) -> list[Listed]:
        """Every account, by login."""
        return await self._db.run(store.listed)

    async def log_all(self) -> None:
        """Put every account into the log, as it stands: also what was done while no server was there."""
        for one in await self.listed():
            account = one.account
            _log.info(
                "account_stands",
                account=account.login,
                role=account.role,
                campaigns=account.campaigns.split(),
                state=state(one, self.now_ms()),
            )

    async def named(self, login: str) -> Account:
        """One account. Raises `AccountRefused`."""
        account = await self._db.run(store.named, policy.login(login))
        if account is None:
            raise AccountRefused("unknown_account")
        return account

    async def sits(self, login: str, campaign: str) -> bool:
        """Whether an account that can be used is on a campaign's committee."""
        account = await self._db.run(store.named, login)
        if account is None or not account.enabled:
            return False
        who = account.signed_in()
        return who.role is Role.COMMITTEE and who.may_enter(campaign)

    async def add(self, login: str, name: str, role: Role, campaigns: Iterable[str], by: str) -> str:
        """Make an account; returns its link's token. Raises `AccountRefused`."""
        login, name, named = policy.login(login), policy.name(name), tuple(campaigns)
        if not policy.is_login(login):
            raise AccountRefused("login_shape")
        self._check(name, named)
        token, now_ms = secrets.token_urlsafe(32), self.now_ms()
        try:
            new = store.New(login, name, role, named)
            await self._db.run(store.add, new, now_ms, hashed(token), now_ms + LINK_MS)
        except Conflict:
            raise AccountRefused("login_taken") from None
        _log.info("account_added", account=login, role=role, campaigns=list(named), by=by)
        return token

    async def change(self, login: str, name: str, role: Role, campaigns: Iterable[str], by: str) -> None:
        """Another name, role or campaigns. Raises `AccountRefused`."""
        account, name, named = await self.named(login), policy.name(name), tuple(campaigns)
        # A campaign that is gone stays with the account: without any it would have all.
        gone = [one for one in account.campaigns.split() if one not in self._campaigns]
        self._check(name, named)
        named = (*named, *gone)
        if role != account.role:
            _not_oneself(account, by)
        try:
            await self._db.run(store.change, account, name, role, named)
        except LastAdministrator:
            raise AccountRefused("last_administrator") from None
        was = {"role": account.role, "campaigns": account.campaigns.split()}
        _log.info("account_changed", account=account.login, role=role, campaigns=list(named), was=was, by=by)

    async def disable(self, login: str, by: str) -> None:
        """Let nobody in by it any more, and end its sessions at once. Raises `AccountRefused`."""
        account = await self.named(login)
        _not_oneself(account, by)
        try:
            await self._db.run(store.disable, account)
        except LastAdministrator:
            raise AccountRefused("last_administrator") from None
        _log.info("account_disabled", account=account.login, by=by)

    async def enable(self, login: str, by: str) -> None:
        """Let its owner in again, with the password they had. Raises `AccountRefused`."""
        account = await self.named(login)
        await self._db.run(store.enable, account)
        _log.info("account_enabled", account=account.login, by=by)

    async def reset(self, login: str, by: str) -> str:
        """Forget password and second factor, end all sessions; returns a link's token.

        Raises `AccountRefused`.
        """
        account = await self.named(login)
        _not_oneself(account, by)
        if not account.enabled:
            raise AccountRefused("disabled")
        token = secrets.token_urlsafe(32)
        await self._db.run(store.reset, account, hashed(token), self.now_ms() + LINK_MS)
        _log.info("account_reset", account=account.login, by=by)
        return token

    async def first(self) -> str | None:
        """The token of a link to become the first administrator, None if there is one who can sign in."""
        token, now_ms = secrets.token_urlsafe(32), self.now_ms()
        logins = itertools.chain([FIRST], (f"{FIRST}{n}" for n in itertools.count(2)))
        first = await self._db.run(store.first, logins, "管理员", now_ms, hashed(token), now_ms + LINK_MS)
        if first is None:
            return None
        if first.is_new:
            who = {"account": first.login, "role": Role.ADMINISTRATOR, "campaigns": []}
            _log.info("account_added", **who, by="first start")
        return token

    async def renew(self, account: Account) -> str:
        """Another link's token for somebody who has not used theirs; the one before is void."""
        token = secrets.token_urlsafe(32)
        await self._db.run(store.renew, account, hashed(token), self.now_ms() + LINK_MS)
        return token

    async def prefer(self, login: str, lang: Lang) -> None:
        """The language that somebody likes their pages in."""
        await self._db.run(store.set_lang, (await self.named(login)).id, lang)

    def _check(self, name: str, campaigns: tuple[str, ...]) -> None:
        if not policy.is_name(name):
            raise AccountRefused("name_shape")
        if not self._campaigns.issuperset(campaigns):
            raise AccountRefused("campaign_unknown")


def _not_oneself(account: Account, by: str) -> None:
    """Nobody takes their own account away, or raises it: another administrator does."""
    if account.login == by:
        raise AccountRefused("own")


def state(listed: Listed, now_ms: int) -> str:
    """How an account is, in a word: "active", "waiting" for its link to be used, "expired", "disabled"."""
    account, link_ms = listed
    if not account.enabled:
        return "disabled"
    if account.password is not None:
        return "active"
    return "waiting" if link_ms is not None and link_ms > now_ms else "expired"
