"""Where somebody has signed in before: the browsers and addresses that are known for each person.

They are kept as keyed hashes. A known browser counts its own wrong guesses, a known address those of all
browsers there, and everybody else's are counted together: see throttle.py for what that is good for.
"""

import hmac
import ipaddress
from typing import Final, Literal, NamedTuple

from gateway.people import store
from gateway.people.store import Account
from gateway.people.throttle import Key
from gateway.storage.store import Store

#: How long a browser or an address is remembered after somebody signed in there.
KNOWN_MS: Final = 90 * 24 * 3_600_000

#: How somebody is known where they are: not at all, if "".
How = Literal["browser", "address", ""]


class From(NamedTuple):
    """Where somebody signs in from: the sender's address, the browser's token, and what browser it is."""

    address: str
    browser: str
    kind: str


class Places:
    """The known ones. `key` makes the hashes."""

    def __init__(self, database: Store, key: bytes) -> None:
        self._db, self._key = database, key

    async def known(self, account: Account, at: From, now_ms: int) -> How:
        """How the account's owner is known there."""
        browser, address = self._mark(account, "browser", at), self._mark(account, "address", at)
        found = await self._db.run(store.knows, account.id, browser, address, now_ms - KNOWN_MS)
        return "browser" if browser in found else "address" if address in found else ""

    def marks(self, account: Account, at: From) -> list[bytes]:
        """What to remember of somebody who has just signed in. Of a proxy that nobody declared, which shows
        all the world as one sender on this machine, the address is worth nothing."""
        browser = self._mark(account, "browser", at)
        return [browser] if _is_loopback(at.address) else [browser, self._mark(account, "address", at)]

    def _mark(self, account: Account, kind: str, at: From) -> bytes:
        value = at.browser if kind == "browser" else network(at.address)
        return hmac.digest(self._key, f"{account.id} {kind} {value}".encode(), "sha256")


def counters(login: str, at: From, how: How) -> list[Key]:
    """Which counters a guess at a password belongs to."""
    if how == "browser":
        return [Key("own", f"{login} {at.browser}")]
    if how == "address":
        return [Key("own", f"{login} {network(at.address)}")]
    return [Key("account", login), Key("address", network(at.address))]


def network(address: str) -> str:
    """An address; of IPv6 the network that one household or office has.

    >>> network("2001:db8:1:2:3:4:5:6"), network("::ffff:192.0.2.7")
    ('2001:db8:1:2::/64', '192.0.2.7')
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
