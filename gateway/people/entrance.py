"""The entrance: signing in by password and code, by a link, and changing what one signs in with.

What is said to those who are refused is the same whether the account exists or not.
"""

import hmac
import os
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog

from dedup import keys
from gateway.people import places, policy, second_factor, store
from gateway.people.accounts import hashed
from gateway.people.passwords import Crowded, Passwords
from gateway.people.places import From, Places
from gateway.people.store import Account
from gateway.people.throttle import Key, Throttle
from gateway.storage.store import Store

_log = structlog.get_logger()

#: How long somebody may take to type the code after the password.
TICKET_MS: Final = 5 * 60_000


class Entered(NamedTuple):
    """They are in: the new session's token."""

    token: str
    account: Account


class NeedsCode(NamedTuple):
    """The password was right, and a code is needed: `ticket` says so for the next step."""

    ticket: str


class Denied(NamedTuple):
    """They are not in: "wrong", "code", "stale" (begin anew), "wait", "crowded"; and for how long to wait."""

    word: str
    wait_ms: int = 0


class Entrance:
    """Who signs in. `secret` is the installation's key, `fresh` makes tokens."""

    def __init__(
        self,
        database: Store,
        passwords: Passwords,
        secret: bytes,
        now_ms: Callable[[], int],
        fresh: Callable[[], str],
    ) -> None:
        self._db, self._passwords, self._now_ms, self._fresh = database, passwords, now_ms, fresh
        self._throttle = Throttle()
        self._places = Places(database, keys.derive(secret, "places"))
        self._ticket_key = keys.derive(secret, "ticket")
        self._second_key = keys.derive(secret, "second factor", second_factor.KEY_BYTES)

    async def by_password(self, login: str, password: str, at: From) -> Entered | NeedsCode | Denied:
        """The first step."""
        login = policy.login(login)[:100]
        account = await self._db.run(store.named, login)
        how = await self._places.known(account, at, self._now_ms()) if account is not None else ""
        counters = places.counters(login, at, how)
        if wait_ms := self._throttle.guess(counters, self._now_ms()):
            return self._denied(account, "wait", wait_ms)
        try:
            proved = await self._with_password(account, password, known=how != "")
        except Crowded:
            return self._denied(account, "crowded")
        if proved is None:
            return self._denied(account, "wrong")
        account = proved
        self._throttle.right(counters)
        if account.second is not None:
            return NeedsCode(self._ticket(account, at))
        return await self._enter(account, at)

    async def by_code(self, ticket: str, code: str, at: From) -> Entered | Denied:
        """The second step."""
        account = await self._of_ticket(ticket, at)
        if account is None:
            return Denied("stale")
        how = await self._places.known(account, at, self._now_ms())
        counters = [Key("code", f"{account.login} {at.browser if how == 'browser' else how}")]
        if wait_ms := self._throttle.guess(counters, self._now_ms()):
            return self._denied(account, "wait", wait_ms)
        if not await self._use_code(account, code):
            return self._denied(account, "code")
        self._throttle.right(counters)
        return await self._enter(account, at)

    async def welcomed(self, token: str) -> Account | None:
        """Whose link that is, None if it is none, used, or too old."""
        return await self._db.run(store.welcomed, hashed(token), self._now_ms())

    async def by_link(self, token: str, password: str, at: From) -> Entered | Denied:
        """Choose the first password, and be in. What the policy says of it has been asked before."""
        account = await self.welcomed(token)
        chosen = await self._passwords.hash(password)
        if account is None or not await self._db.run(
            store.accept, account.id, hashed(token), chosen, self._now_ms()
        ):
            return Denied("stale")
        _log.info("link_used", account=account.login)
        return await self._enter(account._replace(password=chosen), at)

    # What one signs in with

    async def proves(self, account: Account, password: str) -> Denied | None:
        """Whether somebody who is signed in knows their password, too: None if so."""
        counters = [Key("own", account.login)]  # not by browser: what tells one is the guesser's
        if wait_ms := self._throttle.guess(counters, self._now_ms()):
            return Denied("wait", wait_ms)
        if await self._with_password(account, password, known=True) is None:
            return self._denied(account, "wrong")
        self._throttle.right(counters)
        return None

    async def change_password(self, account: Account, password: str, session: str) -> None:
        """Another password; all other sessions end. Raises `SessionOver`."""
        chosen = await self._passwords.hash(password)
        await self._db.run(store.set_password, account.id, chosen, hashed(session))
        _log.info("password_changed", account=account.login)

    def offer_second(self, account: Account) -> tuple[bytes, str]:
        """A new secret, and the same sealed: to be brought back with a code that proves it was taken down."""
        secret = os.urandom(second_factor.SECRET_BYTES)
        return secret, second_factor.seal(self._second_key, account.login, secret).hex()

    def offered(self, account: Account, sealed: str) -> bytes | None:
        """The secret that was offered, None if it was not."""
        try:
            return second_factor.unseal(self._second_key, account.login, bytes.fromhex(sealed))
        except ValueError:
            return None

    async def set_second(self, account: Account, secret: bytes, code: str, session: str) -> bool:
        """Ask for codes from now on; False if this one is wrong. Raises `SessionOver`."""
        step = second_factor.step_of(secret, code, self._now_ms())
        if step is None:
            return False
        sealed = second_factor.seal(self._second_key, account.login, secret)
        await self._db.run(store.set_second, account.id, sealed, step, hashed(session))
        _log.info("second_factor_set", account=account.login)
        return True

    async def remove_second(self, account: Account, session: str) -> None:
        """Ask for no codes any more. Raises `SessionOver`."""
        await self._db.run(store.set_second, account.id, None, 0, hashed(session))
        _log.info("second_factor_removed", account=account.login)

    # Steps

    async def _with_password(self, account: Account | None, password: str, *, known: bool) -> Account | None:
        """The account, with its password as it is kept now; None if that was not its password."""
        stored = account.password if account is not None and account.enabled else None
        right = await self._passwords.check(stored, password, known=known)
        if not right or account is None or stored is None:
            return None
        if self._passwords.is_outdated(stored):
            anew = await self._passwords.hash(password)
            if await self._db.run(store.rehash, account, anew):
                return account._replace(password=anew)
        return account

    async def _use_code(self, account: Account, code: str) -> bool:
        secret = second_factor.unseal(self._second_key, account.login, account.second or b"")
        step = None if secret is None else second_factor.step_of(secret, code, self._now_ms())
        return step is not None and await self._db.run(store.use_step, account.id, step)

    async def _enter(self, account: Account, at: From) -> Entered | Denied:
        token = self._fresh()
        if not await self._db.run(
            store.begin, account, hashed(token), self._now_ms(), at.kind, self._places.marks(account, at)
        ):
            return self._denied(account, "stale")
        _log.info("signed_in", account=account.login)
        return Entered(token, account)

    def _denied(self, account: Account | None, word: str, wait_ms: int = 0) -> Denied:
        """Who failed is logged only if there is such an account: what was typed may be a password."""
        name = {} if account is None else {"account": account.login}
        _log.warning("sign_in_failed", reason=word, **name)
        return Denied(word, wait_ms)

    def _ticket(self, account: Account, at: From) -> str:
        until = str(self._now_ms() + TICKET_MS)
        return f"{account.login}.{until}.{self._signed(account, until, at)}"

    def _signed(self, account: Account, until: str, at: From) -> str:
        said = f"{account.id} {until} {at.browser} {account.password}"
        return hmac.digest(self._ticket_key, said.encode(), "sha256").hex()

    async def _of_ticket(self, ticket: str, at: From) -> Account | None:
        login, until, signed = [*ticket.split("."), "", ""][:3]
        account = await self._db.run(store.named, login)
        if account is None or not account.enabled or account.second is None:
            return None
        right = hmac.compare_digest(
            signed.encode("utf-8", "replace"), self._signed(account, until, at).encode()
        )
        return account if right and self._now_ms() < int(until) else None
