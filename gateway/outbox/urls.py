"""Decides where a sender may be told to send to: an address of HTTP, without secrets in it."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from gateway.kinds import Shown


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        right = None
    if not right or not text.isascii() or any(mark in text for mark in " @#\\"):
        raise ValueError("no address: write it as https://host/path, without name and password in it")
    return text


def _origin(text: str) -> str:
    if urlsplit(text).path or "?" in text:
        raise ValueError("write only https:// and the host, without a / after it")
    return text


#: A URL.
Address = Annotated[str, AfterValidator(_address), Shown("URL")]
#: Scheme and host alone.
Origin = Annotated[Address, AfterValidator(_origin)]
