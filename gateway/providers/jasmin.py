"""Jasmin SMS gateway: a form or query for each SMS of an SMPP connector, unsigned.

The text is read from its bytes in `binary`, in the alphabet that `coding` names: in `content` the same bytes
stand as if they were text. Nothing but `ACK/Jasmin` stops Jasmin from sending again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from pydantic import BaseModel, Field

from gateway.intake import charsets, messages, payload
from gateway.intake.inbound import Inbound
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Options


class JasminOptions(Options):
    """The settings of one HTTP client connector's source."""

    default_alphabet: Literal["gsm", "iso-8859-1", "utf-8"] = Field(
        default="gsm",
        description="what the operator means by coding 0, which is whatever it likes: try with `é` or `{`",
    )


_ACK: Final = Answer(b"ACK/Jasmin")

Reader = Callable[[bytes], str]

#: SMPP's data_coding, beside 0.
_BY_CODING: Final[dict[int, Reader]] = {
    1: partial(charsets.coded, codec="ascii"),
    2: charsets.octets,
    3: partial(charsets.coded, codec="iso-8859-1"),
    4: charsets.octets,
    6: partial(charsets.coded, codec="iso-8859-5"),
    7: partial(charsets.coded, codec="iso-8859-8"),
    8: charsets.ucs2,
}


@dataclass(frozen=True, slots=True)
class Jasmin:
    """One connector. `default` reads the operator's own alphabet."""

    default: Reader

    def authenticate(self, _request: Request) -> Refusal | None:
        return None  # Jasmin signs nothing: the path token and the address list have been checked before

    def read(self, request: Request) -> Sequence[Inbound]:
        raw = payload.wire_bytes(request.query) if request.method == "GET" else request.body
        return messages.of_form(raw, self._message)

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return _ACK

    def _message(self, form: Fields, raw: bytes) -> Inbound:
        caller = payload.caller_text(form.text(b"from", Reason.NO_CALLER))
        data = form.one(b"binary")
        if data is None:
            raise Unreadable(Reason.NO_TEXT)
        read = self._reader(payload.utf8(form.one(b"coding") or b"0"))
        text = payload.message_text(read(charsets.from_hex(data)))
        return Inbound(payload.message_id(form.text(b"id", Reason.NO_ID)), caller, text, raw=raw)

    def _reader(self, coding: str) -> Reader:
        if not (coding.isascii() and coding.isdecimal() and len(coding) <= 3):
            raise Unreadable(Reason.BAD_CHARSET)
        named = _without_class(int(coding))
        reader = self.default if named == 0 else _BY_CODING.get(named)
        if reader is None:
            raise Unreadable(Reason.BAD_CHARSET)
        return reader


def _without_class(coding: int) -> int:
    """The coding of a message that has a class, such as one that flashes up (GSM 03.38, groups 1 and 15)."""
    if coding >> 4 == 0xF:
        return coding & 0x4
    return coding & 0xC if coding >> 4 == 0x1 else coding


def build(options: BaseModel) -> Provider:
    """A provider for validated `JasminOptions`."""
    assert isinstance(options, JasminOptions)
    if options.default_alphabet == "gsm":
        return Jasmin(charsets.gsm)
    return Jasmin(partial(charsets.coded, codec=options.default_alphabet))


provider = ProviderKind(
    kind="jasmin",
    channel="sms",
    authentication="none by Jasmin: the secret path token or the address list",
    signs=False,
    gives_time=False,
    signs_time=False,
    options=JasminOptions,
    build=build,
    methods=("POST", "GET"),
    configure=(
        "**In jcli:** `httpccm -a` with `url` this source's URL with its token and `method POST`; then "
        "a MO route to it, `morouter -a` with `type DefaultRoute` and `connector http(…)`.\n\n"
        "Only an answer of `ACK/Jasmin`, which the gateway gives, stops Jasmin from sending again. It "
        "tries three times, half a minute apart, and then **the message is lost**: set `max_retries = "
        "1000` in jasmin.cfg, section `[deliversm-thrower]`. Jasmin joins long messages; if a part is "
        "late by five minutes, it drops them all. A reply goes through Jasmin's own API, so `reply` "
        "needs an [outbox](#replies)."
    ),
    reference="github.com/jookies/jasmin misc/doc/sources/apis/http/index.rst",
)
