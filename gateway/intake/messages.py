"""Decides how a body becomes messages: each stands for itself, and what cannot be read is kept unread.

A provider says only how one message of its own is read; that function raises `Unreadable`, nothing else.
"""

from collections.abc import Callable, Mapping, Sequence

from gateway.intake import payload
from gateway.intake.inbound import Inbound
from gateway.intake.payload import MAX_DEPTH, Fields, Item, Reason, Unreadable

#: Reads one message from its JSON object, or its form; the bytes are that message's own. None says that
#: this is no message of a voter but, say, a report on one of ours: taken, and not kept.
ReadObject = Callable[[Mapping[str, object], bytes], Inbound | None]
ReadForm = Callable[[Fields, bytes], Inbound]


def of_form(raw: bytes, read: ReadForm) -> Sequence[Inbound]:
    """The one message of a form body or a query."""
    try:
        return (read(payload.fields(raw), raw),)
    except Unreadable as flaw:
        return (payload.unparsed(flaw.reason, raw),)


def of_json(body: bytes, read: ReadObject, within: str = "") -> Sequence[Inbound]:
    """The messages of a JSON body: one object, or a list of them. `within` is the member that holds them.

    What stands beside that member, such as a count of attempts, is not kept: it may differ when sent again.
    """
    raw, depth = body, MAX_DEPTH
    try:
        source = payload.json_text(body).strip(" \t\r\n")
        if within:
            source, depth = _member(source, within), MAX_DEPTH - 1
            raw = source.encode()
        if not source.startswith("["):
            message = read(_object(payload.json_value(source, depth)), raw)
            return () if message is None else (message,)
        items = payload.json_items(source, depth)
    except Unreadable as flaw:
        return (payload.unparsed(flaw.reason, raw),)
    return [message for item in items if (message := _read_item(item, read)) is not None]


def is_report(item: Mapping[str, object], text: str, *told_by: str) -> bool:
    """Whether an object tells how a message of ours fared: it has every member that tells so, and no text."""
    return text not in item and item.keys() >= set(told_by)


def _member(source: str, within: str) -> str:
    members = payload.json_members(source)
    held = members.pop(within, None)
    for other in members.values():
        payload.json_value(other, MAX_DEPTH - 1)
    if held is None:
        raise Unreadable(Reason.WRONG_SHAPE)
    return held


def _read_item(item: Item, read: ReadObject) -> Inbound | None:
    raw = item.source.encode()
    try:
        return read(_object(item.value), raw)
    except Unreadable as flaw:
        return payload.unparsed(flaw.reason, raw)


def _object(value: object) -> Mapping[str, object]:
    if isinstance(value, Unreadable):
        raise value
    if not isinstance(value, dict):
        raise Unreadable(Reason.WRONG_SHAPE)
    return value
