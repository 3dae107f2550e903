"""The two cookies of the pages for people. Over TLS their names begin with `__Host-`, and a browser then
takes them from nobody but this host, over TLS, for all of it. Without TLS they have other names, so that one
that was sent in the clear is never taken for one that was not.

`session` says who is signed in. `browser` is a random number that a browser keeps for long: forms before the
sign-in are bound to it, and a browser in which somebody has signed in before is known by it.
"""

import secrets
from typing import Final, Literal

from aiohttp import web

Kind = Literal["session", "browser"]

_SECURE: Final = {"session": "__Host-televote", "browser": "__Host-televote-browser"}
_PLAIN: Final = {"session": "televote-plain", "browser": "televote-plain-browser"}
_BROWSER_SECONDS: Final = 400 * 24 * 3600  # browsers keep no cookie for longer
_LONGEST: Final = 100


def fresh() -> str:
    """A new token: 256 random bits."""
    return secrets.token_urlsafe(32)


def read(request: web.Request, kind: Kind, *, secure: bool) -> str:
    """A cookie's value, "" if there is none."""
    value = request.cookies.get(_name(kind, secure), "")
    return value if len(value) <= _LONGEST and value.isascii() else ""


def give(response: web.StreamResponse, kind: Kind, value: str, *, secure: bool) -> None:
    """Let the browser keep it: for as long as it runs (`session`), or for a year (`browser`)."""
    response.set_cookie(
        _name(kind, secure),
        value,
        max_age=_BROWSER_SECONDS if kind == "browser" else None,
        path="/",
        secure=secure,
        httponly=True,
        samesite="Strict",
    )


def take_back(response: web.StreamResponse, kind: Kind, *, secure: bool) -> None:
    """Have the browser forget it."""
    response.set_cookie(
        _name(kind, secure), "", max_age=0, path="/", secure=secure, httponly=True, samesite="Strict"
    )


def _name(kind: Kind, secure: bool) -> str:
    return (_SECURE if secure else _PLAIN)[kind]
