"""How a request came to us: by which address, over TLS or not, and whether our own page sent it. Pure.

A form that another site's page sends is refused by what browsers say of themselves: `Sec-Fetch-Site`,
`Origin`, `Referer`. The token in the form comes on top of that.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")


class Arrival(NamedTuple):
    """`secure`: over TLS. `private`: what is said stays between us, so that people may sign in.
    `own` is our address as the sender called it; a form may also come from `public_url`."""

    own: str
    secure: bool
    private: bool
    origins: frozenset[str]


class Door(NamedTuple):
    """What the settings say about how people reach us. `insecure_http`: plain HTTP will do, from anywhere."""

    public_url: str | None
    insecure_http: bool


def arrived(door: Door, host: str, address: str, forwarded_proto: str) -> Arrival:
    """How a request came: its `Host`, the sender's address, and what a trusted proxy says ("" if none).

    Over TLS: a trusted proxy says so, or it is addressed to the host of an https `public_url`. A plain
    request is private only on the machine itself, by address and by name: a name alone can be claimed, and
    the address is the proxy's if there is one.
    """
    public = origin(door.public_url or "")
    to_public = public != "" and origin(f"https://{host}") == public
    secure = forwarded_proto == "https" or (forwarded_proto == "" and to_public)
    own = origin(f"{'https' if secure else 'http'}://{host}")
    here = _is_loopback(address) and (urlsplit(own).hostname or "") in _LOOPBACK_NAMES
    return Arrival(own, secure, secure or here or door.insecure_http, frozenset({own, public} - {""}))


def is_from_us(arrival: Arrival, headers: Mapping[str, str]) -> bool:
    """Whether a form or a script's request was sent by a page of ours."""
    if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    sender = headers.get("Origin", headers.get("Referer", ""))
    return origin(sender) in arrival.origins


def origin(url: str) -> str:
    """Scheme, host and port of an address, "" if it has none. Total.

    >>> origin("HTTPS://Vote.example:443/signin")
    'https://vote.example'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")


def _is_loopback(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return parsed.is_loopback or bool(getattr(parsed, "ipv4_mapped", None) and parsed.ipv4_mapped.is_loopback)  # type: ignore[union-attr]
