"""Kannel's smsbox: one unsigned GET for each SMS, by the get-url given in `configure`.

The text comes as percent-encoded bytes in a charset named beside it. A charset and a coding that contradict
each other, and a part of a longer message that Kannel could not join, are not read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import BaseModel, Field

from gateway.intake import charsets, messages, payload, signatures
from gateway.intake.charsets import Codec
from gateway.intake.inbound import Inbound
from gateway.intake.options import BasicOptions
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.intake.udh import part_of


class KannelOptions(BasicOptions):
    """The settings of one Kannel's source. With `user` and `password` set, HTTP Basic is asked for."""

    charset: Literal["utf-8", "iso-8859-1", "cp1252"] = Field(
        default="utf-8",
        description="of 7-bit messages that come without the name of theirs; Kannel 1.4.5 names it",
    )


_SILENT: Final = Answer()
#: Without it Kannel puts a question mark for every letter that is not in the alphabet of 7-bit messages.
_UCS2_REPLY: Final = (("X-Kannel-Coding", "2"),)

#: What Kannel calls the charsets of coding 0, the letters of one byte or of a variable number.
_CODECS: Final[dict[str, Codec]] = {
    "UTF-8": "utf-8",
    "US-ASCII": "ascii",
    "ISO-8859-1": "iso-8859-1",
    "ISO-8859-15": "iso-8859-15",
    "WINDOWS-1252": "cp1252",
    "GB18030": "gb18030",
    "GBK": "gb18030",
    "GB2312": "gb18030",
}
#: Its names for two bytes a letter, and for bytes that are no text.
_UCS2: Final = frozenset(("", "UTF-16BE", "UCS-2", "UCS-2BE", "ISO-10646-UCS-2"))
_OCTETS: Final = frozenset(("", "8-BIT", "BINARY"))


@dataclass(frozen=True, slots=True)
class Kannel:
    """One Kannel. `token` is the Basic token asked for, None for none."""

    token: bytes | None = field(repr=False)
    charset: Codec

    def authenticate(self, request: Request) -> Refusal | None:
        fault = signatures.basic_fault(request.headers, self.token)
        return None if fault is None else Refusal(401, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        return messages.of_form(payload.wire_bytes(request.query), self._message)

    def answer(self, _request: Request, ended: Sequence[Ended]) -> Answer:
        replies = payload.clean("\n".join(one.reply for one in ended if one.reply))
        if not replies:
            return _SILENT
        return Answer(replies.encode(), headers=() if replies.isascii() else _UCS2_REPLY)

    def _message(self, form: Fields, raw: bytes) -> Inbound:
        number, body = form.text(b"from", Reason.NO_CALLER), form.one(b"text")
        if body is None:
            raise Unreadable(Reason.NO_TEXT)
        if _is_part(form.one(b"udh") or b""):
            raise Unreadable(Reason.MESSAGE_PART)
        caller = payload.caller_text(_plus_restored(number))
        text = payload.message_text(
            _decoded(body, _word(form, b"coding"), _word(form, b"charset"), self.charset)
        )
        sent = _word(form, b"ts")
        identity = _word(form, b"id")
        if not identity and sent:
            identity = payload.synthesised_id(caller, text, sent, _word(form, b"to"), _word(form, b"smsc"))
        sent_ms = payload.epoch_ms(sent) if sent else None
        return Inbound(payload.message_id(identity), caller, text, sent_ms=sent_ms, raw=raw)


def _word(form: Fields, name: bytes) -> str:
    return payload.utf8(form.one(name) or b"")


def _plus_restored(number: str) -> str:
    """A plus sign that was not percent-encoded came through the query as a space."""
    return f"+{number[1:]}" if number[:1] == " " and number[1:].isdecimal() else number


def _decoded(body: bytes, coding: str, charset: str, silent: Codec) -> str:
    """The text in its charset; `silent` is that of coding 0 where none is named. Names must agree."""
    charset = charset.upper()
    if coding in ("", "-1"):  # Kannel did not know it
        coding = "2" if charset and charset in _UCS2 else "0"
    if coding == "2" and charset in _UCS2:
        return charsets.ucs2(body)
    if coding == "1" and charset in _OCTETS:
        return charsets.octets(body)
    codec = _CODECS.get(charset) if charset else silent
    if coding != "0" or codec is None:
        raise Unreadable(Reason.BAD_CHARSET)
    return charsets.coded(body, codec)


def _is_part(udh: bytes) -> bool:
    """Whether the user data header says that this is one part of several, or cannot be followed.

    Kannel takes the concatenation element out when it has joined the parts; a part whose fellows
    did not come is passed on with it.
    """
    try:
        return part_of(udh) is not None
    except ValueError:
        return True


def build(options: BaseModel) -> Provider:
    """A provider for validated `KannelOptions`."""
    assert isinstance(options, KannelOptions)
    return Kannel(options.basic_token, options.charset)


provider = ProviderKind(
    kind="kannel",
    channel="sms",
    authentication="none by Kannel: the secret path token or the address list; HTTP Basic too, if it is set",
    signs=False,
    gives_time=True,
    signs_time=False,
    options=KannelOptions,
    build=build,
    methods=("GET",),
    configure=(
        "**In kannel.conf**, the get-url in one line:\n\n"
        "```text\n"
        "group = sms-service\n"
        "keyword = default\n"
        "catch-all = true\n"
        "max-messages = 3\n"
        "omit-empty = true\n"
        "accept-x-kannel-headers = true\n"
        "get-url = "
        '"http://127.0.0.1:8080/in/modem/TOKEN?id=%I&ts=%T&from=%q&to=%Q&text=%b&coding=%c'
        '&charset=%C&udh=%u&smsc=%i"\n'
        "\n"
        "group = smsbox\n"
        "mo-recode = true\n"
        "http-request-retry = 1000\n"
        "http-queue-delay = 10\n"
        "```\n\n"
        "**Without the retry, a message that meets a closed door is lost**: Kannel tries once by "
        "default. Without `accept-x-kannel-headers` a reply in Chinese is sent as question marks, and "
        "with `max-messages = 0` none is sent. To a smsbox with a `smsbox-id` Kannel 1.4.5 hands "
        "nothing on, unless a `smsbox-route` names it. Kannel sends HTTP Basic if the URL is "
        "`http://user:password@host/…`."
    ),
    reference="Kannel user guide 1.4.5, tables 7-9 to 7-12",
)
