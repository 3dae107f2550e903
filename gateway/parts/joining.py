"""Decides what the parts of one message come to. Pure.

It is whole when each of its parts is there exactly once. What waits in vain, and what has a part twice with
different content (networks use their few reference numbers over and over), is one unread message: a person
sees all of it and rules.
"""

import base64
import json
from collections.abc import Sequence

from gateway.intake import payload
from gateway.intake.inbound import Form, Inbound, Part
from gateway.intake.payload import Reason, Unreadable


def whole(parts: Sequence[Inbound]) -> Inbound | None:
    """The message, None if a part is missing or there twice.

    Its id is made from its parts' own, so that it is the same message however often they come.
    """
    ordered = sorted(parts, key=_number)
    if [_number(one) for one in ordered] != list(range(1, _of(ordered[0]) + 1)):
        return None
    raw = _raw(ordered)
    try:
        text = payload.message_text("".join(one.text for one in ordered))
    except Unreadable as flaw:
        return payload.unparsed(flaw.reason, raw)
    times = [one.sent_ms for one in ordered if one.sent_ms is not None]
    return Inbound(
        message_id=payload.synthesised_id(*(one.message_id for one in ordered)),
        caller=ordered[0].caller,
        text=text,
        sent_ms=min(times) if len(times) == len(ordered) else None,
        sent_grain_ms=max(one.sent_grain_ms for one in ordered),
        raw=raw,
    )


def broken(parts: Sequence[Inbound]) -> Inbound:
    """The unread message that stands for parts which do not make one."""
    return payload.unparsed(Reason.MESSAGE_PART, _raw(sorted(parts, key=_number)))


def _raw(parts: Sequence[Inbound]) -> bytes:
    return b"\n".join(one.raw for one in parts)


def _number(one: Inbound) -> int:
    return one.part.number if one.part else 0


def _of(one: Inbound) -> int:
    return one.part.of if one.part else 0


def pack(one: Inbound) -> bytes:
    """A part as bytes to be sealed."""
    said = one._replace(raw=b"", part=None)
    return json.dumps([*said[:-2], base64.b64encode(one.raw).decode(), *(one.part or ())]).encode()


def unpack(packed: bytes) -> Inbound:
    """What `pack` was given."""
    message_id, caller, text, form, sent_ms, grain_ms, raw, *part = json.loads(packed)
    return Inbound(
        message_id, caller, text, Form(form), sent_ms, grain_ms, base64.b64decode(raw), Part(*part)
    )
