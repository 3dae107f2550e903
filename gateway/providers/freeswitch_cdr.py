"""FreeSWITCH's mod_json_cdr: one unsigned POST for each leg of a call, when it has ended.

The body says by its first bytes how it is encoded; the content type does not (with disable-100-continue raw
JSON comes as a form). Legs that FreeSWITCH itself placed, and calls to other numbers, are no votes and leave
no message.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from gateway.intake import choice, payload, signatures
from gateway.intake.choice import Choice, Chooser
from gateway.intake.inbound import Form, Inbound
from gateway.intake.options import BasicOptions
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request
from gateway.kinds import Shown

Members = Mapping[str, object]


class DigitsDialed(Choice):
    """As for any record of calls; FreeSWITCH collects all keys of a call in one variable."""

    column: Annotated[str, Shown("channel variable")] = Field(
        default="digits_dialed",
        alias="from",
        description="where the choice stands: all keys of the call, or what the IVR has set",
    )


class FreeswitchCdrOptions(BasicOptions):
    """The settings of one FreeSWITCH's records. `called` says which numbers dialled are the vote's."""

    choice: DigitsDialed = DigitsDialed()
    form: Literal["digits", "text"] = Field(
        default="digits",
        description="whether the choice is keys pressed, read by the keypad codes, or words",
    )
    called: Annotated[tuple[str, ...], Shown("list of numbers", unset="all")] = Field(
        default=(), description="only calls to these"
    )
    encoded_values: bool = Field(default=True, description="whether `encode-values` is on")
    caller_profile: Literal["first", "last"] = Field(
        default="first", description="which element of `callflow` has the caller"
    )
    called_profile: Literal["first", "last"] = Field(
        default="last", description="and which the number dialled"
    )


_FORM: Final = b"cdr="
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
#: What SIP's Privacy header says of a caller who shows no number.
_HIDDEN: Final = frozenset({"id", "user", "full"})
#: What stands in `digits_dialed` when no key was pressed.
_NO_KEYS: Final = "none"


@dataclass(frozen=True, slots=True)
class FreeswitchCdr:
    """One FreeSWITCH. `token` is the Basic token asked for, None for none."""

    options: FreeswitchCdrOptions
    chooser: Chooser
    token: bytes | None = field(repr=False)

    def authenticate(self, request: Request) -> Refusal | None:
        fault = signatures.basic_fault(request.headers, self.token)
        return None if fault is None else Refusal(401, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        try:
            call = self._call(_record(request.body), request.body)
        except Unreadable as flaw:
            return (payload.unparsed(flaw.reason, request.body),)
        return (call,) if call else ()

    def answer(self, _request: Request, _ended: Sequence[Ended]) -> Answer:
        return Answer()

    def _call(self, record: Members, raw: bytes) -> Inbound | None:
        """The call in a record, None if it is none of the vote's."""
        if _table(record, "channel_data").get("direction") == "outbound":
            return None
        variables = _table(record, "variables")
        flow = record.get("callflow")
        if not isinstance(flow, list) or not flow:
            raise Unreadable(Reason.NO_CALLER)
        dialled = _profile(flow, self.options.called_profile).get("destination_number", "")
        if self.options.called and dialled not in self.options.called:
            return None
        return Inbound(
            message_id=payload.message_id(payload.string(variables, "uuid", Reason.NO_ID)),
            caller=self._caller(flow, variables),
            text=payload.message_text(self._choice(variables)),
            form=Form(self.options.form),
            sent_ms=_started_ms(variables),
            raw=raw,
        )

    def _caller(self, flow: list[object], variables: Members) -> str:
        privacy = self._variable(variables, "sip_Privacy").lower().replace(",", ";")
        if not _HIDDEN.isdisjoint(part.strip() for part in privacy.split(";")):
            return ""
        return payload.caller(_profile(flow, self.options.caller_profile), "caller_id_number")

    def _choice(self, variables: Members) -> str:
        column = self.options.choice.column
        told = self._variable(variables, column)
        if column == "digits_dialed" and told == _NO_KEYS:
            return ""
        try:
            return self.chooser.choose(told)
        except choice.Unmapped:
            raise Unreadable(Reason.UNMAPPED) from None
        except choice.TooLong:
            raise Unreadable(Reason.TEXT_TOO_LONG) from None

    def _variable(self, variables: Members, name: str) -> str:
        """A channel variable, "" if it was never set."""
        value = variables.get(name, "")
        if not isinstance(value, str):
            raise Unreadable(Reason.WRONG_SHAPE)
        if not self.options.encoded_values or "%" not in value:
            return value
        return payload.utf8(_unescaped(payload.wire_bytes(value)))


def _record(body: bytes) -> Members:
    """The record, however it is encoded."""
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if text.startswith(_FORM):
        text = _decoded(text.removeprefix(_FORM))
    record = payload.json_value(payload.json_text(text))
    if not isinstance(record, dict):
        raise Unreadable(Reason.WRONG_SHAPE)
    return record


def _decoded(value: bytes) -> bytes:
    """What stands after `cdr=`: JSON that is escaped, or base64 that may be."""
    plain = _unescaped(value)
    if plain.lstrip().startswith(b"{"):
        return plain
    try:
        return base64.b64decode(plain, validate=True)
    except ValueError:
        raise Unreadable(Reason.NOT_JSON) from None


def _unescaped(data: bytes) -> bytes:
    """Percent-decoded; a plus is a plus."""
    if data.count(b"%") != len(_ESCAPE.findall(data)):
        raise Unreadable(Reason.BAD_ESCAPE)
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), data)


def _table(record: Members, name: str) -> Members:
    value = record.get(name)
    if not isinstance(value, dict):
        raise Unreadable(Reason.WRONG_SHAPE)
    return value


def _profile(flow: list[object], which: str) -> Members:
    """The caller profile of the newest element of the call's way, or of the oldest."""
    element = flow[0 if which == "first" else -1]
    if not isinstance(element, dict):
        raise Unreadable(Reason.WRONG_SHAPE)
    return _table(element, "caller_profile")


def _started_ms(variables: Members) -> int | None:
    """When the call began, None if the record does not say."""
    started = variables.get("start_epoch")
    if started is None:
        return None
    if not isinstance(started, str):
        raise Unreadable(Reason.BAD_TIME)
    return payload.epoch_ms(started)


def build(options: BaseModel) -> Provider:
    """A provider for validated `FreeswitchCdrOptions`."""
    assert isinstance(options, FreeswitchCdrOptions)
    return FreeswitchCdr(options, Chooser(options.choice), options.basic_token)


provider = ProviderKind(
    kind="freeswitch-cdr",
    channel="hotline",
    authentication="none by FreeSWITCH: the path token or the address list; HTTP Basic too, if it is set",
    signs=False,
    gives_time=True,
    signs_time=False,
    options=FreeswitchCdrOptions,
    build=build,
    configure=(
        "**In json_cdr.conf.xml:** `url` is this source's URL with its token, without a query; "
        "`log-b-leg` is `false`; `retries` 5 and `delay` 10: **without retries a record that meets a "
        "closed door is not sent again**, but written to `err-log-dir`. Only legs that called in are "
        "read; others, and calls to other numbers, are acknowledged and left out. A caller with SIP's "
        "`Privacy: id` counts as withheld. Records of long calls are large: see "
        "[`body_bytes`](#larger-requests). `cred` is `user:password`, if they are set."
    ),
    reference="signalwire/freeswitch: src/mod/event_handlers/mod_json_cdr, switch_ivr_generate_json_cdr",
)
