"""Finds every kind and its table, and says what must be in the table and what must hold of any request."""

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.intake import payload, provider
from gateway.intake.inbound import Form, Inbound
from gateway.intake.provider import Ended, Provider, ProviderKind, Refusal, Request, Talking
from tally.outcome import MessageOutcome
from tests.providers.rows import SCRIPT, Table

#: Nobody is let off these.
ALWAYS = ("accepted", "malformed", "non_ascii_digits", "redelivery")
#: For each of these a row, or a reason why the kind has no such thing.
WHERE_THERE_IS_ONE = ("wrong_account", "batch", "reply", "published_vectors")


def table_of(kind: str) -> Table | None:
    """The kind's table, None if there is no such file."""
    name = f"table_{kind.replace('-', '_')}"
    if not Path(__file__).with_name(f"{name}.py").exists():
        return None
    table = importlib.import_module(f"tests.providers.{name}").TABLE
    assert isinstance(table, Table)
    return table


KINDS = provider.kinds()
TABLES = {name: table for name in KINDS if (table := table_of(name)) is not None}


def build(kind: str, options: Mapping[str, object] | None = None) -> Provider:
    """A provider of the kind with its table's options, some of them replaced."""
    made = KINDS[kind]
    built = made.build(made.options.model_validate({**TABLES[kind].options, **(options or {})}))
    return built.with_script(SCRIPT) if isinstance(built, Talking) else built


# ---- what must be there ---------------------------------------------------------------------------


def compulsory(kind: ProviderKind) -> tuple[str, ...]:
    """What the kind's table must have rows for, whatever the kind has to offer."""
    signed = ("bad_signature", "no_signature", "rotation") if kind.signs else ()
    unsigned = ("unsigned",) if kind.signs_with or not kind.signs else ()
    credentials = ("bad_credentials", "no_credentials") if "password" in kind.options.model_fields else ()
    return (*ALWAYS, *signed, *unsigned, *credentials)


def gaps(kind: ProviderKind, table: Table | None) -> list[str]:
    """What is missing from the kind's table."""
    if table is None:
        return [f"no table: tests/providers/table_{kind.kind.replace('-', '_')}.py"]
    covered = {row.covers for row in table.rows}
    wanted = set(compulsory(kind)) | set(WHERE_THERE_IS_ONE) - set(table.lacks)
    missing = [f"lacks {name}" for name in sorted(wanted - covered)]
    excused = [f"cannot be let off {name}" for name in sorted(set(table.lacks) - set(WHERE_THERE_IS_ONE))]
    denied = [f"has {name} after all" for name in sorted(set(table.lacks) & covered)]
    strange = sorted(covered - set(compulsory(kind)) - set(WHERE_THERE_IS_ONE))
    return missing + excused + denied + [f"covers nothing known: {name}" for name in strange]


# ---- what must hold of anything -------------------------------------------------------------------


def counted(messages: Sequence[Inbound]) -> list[Ended]:
    """As if every message had been counted and no reply were due."""
    return [Ended(MessageOutcome.COUNTED) for _ in messages]


def take(made: Provider, request: Request) -> Refusal | Sequence[Inbound]:
    """The request's way through a provider, as the door goes it; whatever comes out is sound."""
    refusal = made.authenticate(request)
    if refusal is not None:
        assert refusal.status in (400, 401, 403, 405, 503)
        assert refusal.reason.replace("_", "").isalpha()
        return refusal
    messages = made.read(request)
    for message in messages:
        check_sound(message, request.headers.get("webhook-id", ""))
    answer = made.answer(request, counted(messages))
    assert 200 <= answer.status < 300, "anything else would bring the message again, or lose it"
    return messages


def check_sound(message: Inbound, signed_id: str = "") -> None:
    """What the rest of the gateway relies on, for any input whatsoever.

    `signed_id` is the id that the source put on the request, if its format has one.
    """
    assert 0 < len(message.message_id) <= payload.MAX_ID
    assert len(message.caller) <= payload.MAX_CALLER
    assert len(message.text) <= payload.MAX_TEXT
    assert all(part.encode() is not None for part in (message.message_id, message.caller, message.text))
    assert isinstance(message.raw, bytes)
    assert message.sent_grain_ms in (1, 10, 100, 1000)
    if message.form is Form.UNPARSED:
        assert message.text in {reason.value for reason in payload.Reason}, "no input in a reason"
        assert message.caller == ""
        hashed = f"sha256:{hashlib.sha256(message.raw).hexdigest()}"
        named = bool(signed_id) and message.message_id.startswith((signed_id, "sha256:"))
        assert named or message.message_id == hashed, "junk without an id is recognised by its bytes"


# ---- the known killers -----------------------------------------------------------


@dataclass(frozen=True)
class Killer:
    """A payload that has brought a webhook down somewhere. `text` is what must be read, None for nothing."""

    name: str
    payload: bytes
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def well_said(table: Table) -> bytes:
    """The table's payload with the text A01."""
    return {"json": b'"A01"', "form": b"A01", "hex": b"004100300031"}[table.syntax].join(table.spoken)


def killers(table: Table) -> list[Killer]:
    """The known killers in the table's syntax."""
    head, tail = table.spoken
    inside = _TEXTS[table.syntax](table.text_field)
    good = well_said(table)
    return [
        *(Killer(name, head + text + tail, read) for name, (text, read) in inside.items()),
        *(Killer(name, whole) for name, whole in _WHOLE.items()),
        *(Killer(f"content type {kind}", good, "A01", {"content-type": kind}) for kind in _CONTENT_TYPES),
        Killer("truncated", good[: len(head) - 2]),
        Killer("byte order mark", b"\xef\xbb\xbf" + good, "A01"),
        Killer("unknown content encoding", good, "A01", {"content-encoding": "bogus"}),
    ]


def _json_texts(key: bytes) -> dict[str, tuple[bytes, str | None]]:
    return {
        "lone surrogate": (rb'"A01\ud800"', "A01\ufffd"),
        "surrogates the wrong way round": (rb'"\udc00\ud800"', "\ufffd\ufffd"),
        "integer 2**63": (b"9223372036854775808", None),
        "integer of 5,000 digits": (b"9" * 5000, None),
        "array 20,000 deep as text": (b"[" * 20_000 + b"]" * 20_000, None),
        "object as text": (b'{"a":"A01"}', None),
        "null as text": (b"null", None),
        "true as text": (b"true", None),
        "nan": (b"NaN", None),
        "infinity": (b"-Infinity", None),
        "a float beyond range": (b"1e999", None),
        "duplicate keys": (b'"A01","' + key + b'":"B01"', None),
        "the same key twice, alike": (b'"A01","' + key + b'":"A01"', None),
        "bad utf-8": (b'"A01\xff"', None),
        "surrogate in utf-8": (b'"A01\xed\xa0\x80"', None),
        "escaped nul": (rb'"A01\u0000"', "A01\0"),
        "bare nul": (b'"A01\0"', None),
        "percent escape": (b'"%ED%A0%80"', "%ED%A0%80"),
        "empty text": (b'""', ""),
        "4,096 characters": (b'"' + b"A" * 4096 + b'"', "A" * 4096),
        "4,097 characters": (b'"' + b"A" * 4097 + b'"', None),
    }


def _form_texts(key: bytes) -> dict[str, tuple[bytes, str | None]]:
    return {
        "lone surrogate as JSON": (rb"\ud800", r"\ud800"),
        "surrogate in utf-8": (b"A01%ED%A0%80", None),
        "integer 2**63": (b"9223372036854775808", "9223372036854775808"),
        "integer of 5,000 digits": (b"9" * 5000, None),
        "array 20,000 deep as text": (b"[" * 20_000 + b"]" * 20_000, None),
        "object as text": (b"%7B%22a%22%3A%22A01%22%7D", '{"a":"A01"}'),
        "null as text": (b"null", "null"),
        "nan": (b"NaN", "NaN"),
        "repeated field": (b"A01&" + key + b"=B01", None),
        "the same field twice, alike": (b"A01&" + key + b"=A01", "A01"),
        "bad utf-8": (b"A01%FF", None),
        "bad utf-8, not escaped": (b"A01\xff", None),
        "escaped nul": (b"A01%00", "A01\0"),
        "bare nul": (b"A01\0", "A01\0"),
        "broken escape": (b"A01%zz", None),
        "cut escape": (b"A01%4", None),
        "escaped separators": (b"A01%26" + key + b"%3DB01", f"A01&{key.decode()}=B01"),
        "1,001 fields": (b"A01" + b"".join(b"&f%d=1" % n for n in range(1000)), None),
        "empty text": (b"", ""),
        "4,096 characters": (b"A" * 4096, "A" * 4096),
        "4,097 characters": (b"A" * 4097, None),
    }


def _hex_texts(key: bytes) -> dict[str, tuple[bytes, str | None]]:
    """A form whose text is UTF-16BE in hexadecimal."""
    return {
        "lone surrogate": (b"0041D83D", "A\ufffd"),
        "surrogates the wrong way round": (b"DC00D83D", "\ufffd\ufffd"),
        "half a character": (b"004130", None),
        "half a byte": (b"00410", None),
        "no hexadecimal": (b"004Z", None),
        "blanks between": (b"00+41", None),
        "escaped digits": (b"%30%30%34%31", "A"),
        "broken escape": (b"0041%zz", None),
        "repeated field": (b"0041&" + key + b"=0042", None),
        "the same field twice, alike": (b"0041&" + key + b"=0041", "A"),
        "bad utf-8": (b"0041%FF", None),
        "bad utf-8, not escaped": (b"0041\xff", None),
        "nul in the text": (b"00410000", "A\0"),
        "bare nul": (b"0041\0", None),
        "1,001 fields": (b"0041" + b"".join(b"&f%d=1" % n for n in range(1000)), None),
        "empty text": (b"", ""),
        "4,096 characters": (b"0041" * 4096, "A" * 4096),
        "4,097 characters": (b"0041" * 4097, None),
    }


_TEXTS = {"json": _json_texts, "form": _form_texts, "hex": _hex_texts}
_PART = b'--x\r\nContent-Disposition: form-data; name="Body"; filename="a.txt"\r\n\r\nA01\r\n'
_WHOLE = {
    "empty body": b"",
    "top-level list": b'["A01"]',
    "top-level null": b"null",
    "top-level string": b'"A01"',
    "top-level number": b"1",
    "array 20,000 deep": b"[" * 20_000 + b"]" * 20_000,
    "object 20,000 deep": b'{"data":' * 20_000 + b"1" + b"}" * 20_000,
    "20,000 opening brackets": b"[" * 20_000,
    "bad utf-8 throughout": b"\xff\xfe\xfd",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03junk",
    "file part as text": _PART + b"--x--\r\n",
    "multipart, truncated": _PART[:40],
}
_CONTENT_TYPES = (
    "application/json; charset=bogus",
    "application/x-www-form-urlencoded; charset=utf-7",
    "multipart/form-data",
    "text/plain; charset=\ud800",
    "",
)
