"""Kannel's smsbox: one unsigned GET for each SMS, by the get-url given in `configure` (PROVIDERS §11, §23).

The text comes as percent-encoded bytes in a charset named beside it. A charset and a coding that contradict
each other, and a part of a longer message that Kannel could not join, are not read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from gateway.intake import payload, signatures
from gateway.intake.inbound import Inbound
from gateway.intake.options import BasicOptions
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request


class KannelOptions(BasicOptions):
    """The settings of one Kannel's source. With `user` and `password` set, HTTP Basic is asked for."""


_SILENT = Answer()

#: (coding, charset) -> codec. Kannel's own words; an empty or -1 coding is one it did not know.
_CODECS = {
    ("0", ""): "utf-8",
    ("0", "UTF-8"): "utf-8",
    ("0", "US-ASCII"): "ascii",
    ("0", "ISO-8859-1"): "iso-8859-1",
    ("0", "WINDOWS-1252"): "cp1252",
    ("1", ""): "8-bit",
    ("1", "8-BIT"): "8-bit",
    ("2", ""): "utf-16-be",
    ("2", "UTF-16BE"): "utf-16-be",
}


@dataclass(frozen=True, slots=True)
class Kannel:
    """One Kannel. `token` is the Basic token asked for, None for none."""

    token: bytes | None = field(repr=False)

    def authenticate(self, request: Request) -> Refusal | None:
        fault = signatures.basic_fault(request.headers, self.token)
        return None if fault is None else Refusal(401, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        raw = payload.wire_bytes(request.query)
        try:
            return (_message(payload.fields(raw), raw),)
        except Unreadable as flaw:
            return (payload.unparsed(flaw.reason, raw),)

    def answer(self, _request: Request, ended: Sequence[Ended]) -> Answer:
        replies = "\n".join(one.reply for one in ended if one.reply)
        return Answer(payload.clean(replies).encode()) if replies else _SILENT


def _message(form: Fields, raw: bytes) -> Inbound:
    number, body = form.one(b"from"), form.one(b"text")
    if number is None:
        raise Unreadable(Reason.NO_CALLER)
    if body is None:
        raise Unreadable(Reason.NO_TEXT)
    if _is_part(form.one(b"udh") or b""):
        raise Unreadable(Reason.MESSAGE_PART)
    caller = payload.caller_text(_plus_restored(payload.utf8(number)))
    text = payload.message_text(_decoded(body, _word(form, b"coding"), _word(form, b"charset")))
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


def _decoded(body: bytes, coding: str, charset: str) -> str:
    charset = charset.upper()
    if coding in ("", "-1"):
        coding = "2" if charset == "UTF-16BE" else "0"
    codec = _CODECS.get((coding, charset))
    if codec is None:
        raise Unreadable(Reason.BAD_CHARSET)
    try:
        if codec == "utf-16-be":
            # Half a character at the end of a cut message must not cost the rest of it.
            return body.decode(codec, "surrogatepass")
        text = body.decode("ascii" if codec == "8-bit" else codec)
    except UnicodeDecodeError:
        raise Unreadable(Reason.BAD_CHARSET) from None
    if codec == "8-bit" and not all(char.isprintable() or char in "\t\r\n" for char in text):
        raise Unreadable(Reason.BAD_CHARSET)  # binary, or an encoding that has ASCII bytes in it
    return text


def _is_part(udh: bytes) -> bool:
    """Whether the user data header says that this is one part of several, or cannot be followed.

    Kannel takes the concatenation element out when it has joined the parts; a part whose fellows
    did not come is passed on with it.
    """
    if not udh:
        return False
    at, end = 1, len(udh)
    while at + 1 < end:
        element, length = udh[at], udh[at + 1]
        data = udh[at + 2 : at + 2 + length]
        if (element, length) in ((0x00, 3), (0x08, 4)) and len(data) == length and data[-2] > 1:
            return True
        at += 2 + length
    return at != end or udh[0] != end - 1


def build(options: BaseModel) -> Provider:
    """A provider for validated `KannelOptions`."""
    assert isinstance(options, KannelOptions)
    return Kannel(options.basic_token)


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
        "group = sms-service: keyword = default, catch-all = true, max-messages = 0, omit-empty = true, "
        "get-url = \"<this source's URL>"
        '?id=%I&ts=%T&from=%q&to=%Q&text=%b&coding=%c&charset=%C&udh=%u&smsc=%i". '
        "group = smsbox: mo-recode = true, http-request-retry = 1000, http-queue-delay = 10; "
        "without a retry, a message that meets a closed door is lost."
    ),
    reference="Kannel user guide 1.4.5, tables 7-9 to 7-12",
)
