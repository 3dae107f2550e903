"""What a provider's table is: data, which `test_tables.py` runs.

A kind `newco` has `tests/providers/table_newco.py` with `TABLE: Table`. Each row says which promise it
covers; `runner.compulsory` says which promises a kind must show.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from config import load
from gateway.intake import running
from gateway.intake.inbound import Form, Inbound
from gateway.intake.provider import Answer, Ended, Refusal, Request
from gateway.intake.script import CampaignScript

CAMPAIGN = load.campaign(Path(__file__).parents[2] / "config/campaigns/beita-2018.toml")
#: What calls are about: the shipped sample, as it was in 2018.
SCRIPT = CampaignScript(running.run(CAMPAIGN, bytes(32)), CAMPAIGN.caller.numbering(), "zh")
DATA = Path(__file__).parents[1] / "data" / "providers"


@dataclass(frozen=True)
class Row:
    """One request, and all that must come of it. What a row does not announce must not happen.

    `again` is a redelivery: it must be read as messages with the same ids. `ended` goes into `answer`;
    if it is left out, each message ended counted, without a reply.
    """

    covers: str
    label: str
    request: Request
    refused: Refusal | None = None
    messages: Sequence[Inbound] = ()
    answer: Answer | None = None
    ended: Sequence[Ended] | None = None
    again: Request | None = None
    options: Mapping[str, object] = field(default_factory=dict)


def _unsigned(request: Request) -> Request:
    return request


def _never_equal(_one: Request, _other: Request) -> bool:
    return False


@dataclass(frozen=True)
class Table:
    """The rows of one kind, and how to make more requests of its sort.

    `carry` puts payload bytes into a request; `sign` signs it, with code that is not ours where there is
    some. `spoken` is a payload that reads well, up to its text: the text is put, already encoded, between
    its two halves (with `syntax` "hex", in a form, as UTF-16BE in hexadecimal). `text_field` is that field's
    name. `signed_headers` (and the query, if `signs_query`) are what a signature protects beside the body;
    `remembers` says that a signature which does not cover the message is good for one message only; `equal`
    says which requests mean the same to the signer.
    With `steps`, a request may be a step of a call, which leaves no message: `spoken` is one.
    """

    options: Mapping[str, object]
    rows: Sequence[Row]
    carry: Callable[[bytes], Request]
    syntax: Literal["json", "form", "hex"]
    spoken: tuple[bytes, bytes]
    text_field: bytes
    sign: Callable[[Request], Request] = _unsigned
    signed_headers: Sequence[str] = ()
    signs_query: bool = False
    remembers: bool = False
    equal: Callable[[Request, Request], bool] = _never_equal
    steps: bool = False
    lacks: Mapping[str, str] = field(default_factory=dict)


def written(sample: Mapping[str, object], **changes: object) -> bytes:
    """A sample as JSON, with some of it changed, or left out (...)."""
    kept = {name: value for name, value in {**sample, **changes}.items() if value is not ...}
    return json.dumps(kept, ensure_ascii=False).encode()


def unparsed(reason: str, raw: bytes, known_id: str = "") -> Inbound:
    """The message that must stand for unreadable bytes; its id is the source's own, if it has one."""
    return Inbound(
        known_id or f"sha256:{hashlib.sha256(raw).hexdigest()}", "", reason, Form.UNPARSED, raw=raw
    )
