"""FreeSWITCH's mod_httapi: a keypad vote, each step an unsigned form.

Where the call stands is a parameter of the document, which FreeSWITCH sends back with every step of the call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import BaseModel, Field

from gateway.intake import dialogue, markup, payload, signatures
from gateway.intake.dialogue import End, Listen, Piece, Pieces, Script
from gateway.intake.inbound import Form, Inbound
from gateway.intake.options import BasicOptions
from gateway.intake.payload import Fields, Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request, Talking
from gateway.kinds import Shown
from tally.outcome import MessageOutcome


class FreeswitchHttapiOptions(BasicOptions):
    """The settings of one FreeSWITCH's calls."""

    engine: Annotated[str, Shown("name", unset="none")] = Field(
        default="",
        pattern=r"^[\w.-]*$",
        description="the engine that says texts; without it a prompt that is not a recording is refused",
    )
    voice: Annotated[str, Shown("name", unset="the engine's")] = Field(
        default="", pattern=r"^[\w.-]*$", description="its voice"
    )
    wait_seconds: int = Field(default=8, ge=1, le=60, description="how long a key is waited for")


_KEY: Final = "<bind>~[0-9*]</bind>"
_KEYS: Final = '<bind strip="#">~[0-9*]+#</bind>'


@dataclass(frozen=True, slots=True)
class FreeswitchLine:
    """One FreeSWITCH, set up but for what it says."""

    options: FreeswitchHttapiOptions

    def with_script(self, script: Script) -> Provider:
        """See `provider.Talking`."""
        if not self.options.engine:
            dialogue.require_recordings(script)
        return FreeswitchCalls(self.options, script, self.options.basic_token)


@dataclass(frozen=True, slots=True)
class FreeswitchCalls:
    """One FreeSWITCH, and what it says. `token` is the Basic token asked for, None for none."""

    options: FreeswitchHttapiOptions
    script: Script
    token: bytes | None = field(repr=False)

    def authenticate(self, request: Request) -> Refusal | None:
        fault = signatures.basic_fault(request.headers, self.token)
        return None if fault is None else Refusal(401, fault)

    def read(self, request: Request) -> Sequence[Inbound]:
        raw = _parameters(request)
        try:
            name, caller, came = self._follow(request)
        except Unreadable as flaw:
            return (payload.unparsed(flaw.reason, raw),)
        if isinstance(came, Listen):
            return ()
        return (Inbound(name, caller, came.keys, Form.DIGITS, raw=raw),)

    def answer(self, request: Request, ended: Sequence[Ended]) -> Answer:
        try:
            _, _, came = self._follow(request)
        except Unreadable:
            return _document("<hangup/>")
        if isinstance(came, Listen):
            return _document(self._asked(came), f"<step>{dialogue.written(came.step)}</step>")
        if came == dialogue.HUNG_UP:
            return _document("<break/>")
        outcome = ended[0].outcome if ended else MessageOutcome.NO_CODE
        last = dialogue.last_words(self.script, came, outcome)
        return _document(f"{self._spoken(last)}<hangup/>")

    def _follow(self, request: Request) -> tuple[str, str, Listen | End]:
        """The call's id, the caller, and what comes next. Raises `Unreadable`."""
        form = payload.fields(_parameters(request))
        name = payload.message_id(_text(form, b"Caller-Unique-ID") or _text(form, b"session_id"))
        caller = form.text(b"Caller-Caller-ID-Number", Reason.NO_CALLER)
        if form.one(b"Caller-Privacy-Hide-Number") == b"true":
            caller = ""
        caller = payload.caller_text(caller)
        if form.one(b"exiting") == b"true":
            return name, caller, dialogue.HUNG_UP
        step = dialogue.parse(form.last.get(b"step", b"").decode("ascii", "replace"))
        pressed = payload.message_text(_text(form, b"keys"))
        return name, caller, dialogue.advance(self.script, step, pressed, caller, request.received_ms)

    def _asked(self, listen: Listen) -> str:
        """The prompt, the keys taken while its last piece is heard and after it."""
        *before, last = listen.pieces
        keys = _KEY if listen.one_key else _KEYS
        waiting = f' name="keys" input-timeout="{self.options.wait_seconds * 1000}" digit-timeout="4000"'
        return self._spoken(tuple(before)) + self._verb(last, waiting, keys)

    def _spoken(self, pieces: Pieces) -> str:
        return "".join(self._verb(piece) for piece in pieces)

    def _verb(self, piece: Piece, waiting: str = "", keys: str = "") -> str:
        if piece.how == "play":
            return f'<playback file="{markup.xml(piece.what)}"{waiting}>{keys}</playback>'
        engine = f'engine="{self.options.engine}" voice="{self.options.voice}"'
        return f'<speak {engine} text="{markup.xml(piece.what)}"{waiting}>{keys}</speak>'


def _parameters(request: Request) -> bytes:
    """Where the parameters stand: in the body if there is one, or else in the query."""
    return request.body or payload.wire_bytes(request.query)


def _text(form: Fields, name: bytes) -> str:
    return payload.utf8(form.one(name) or b"")


def _document(work: str, params: str = "") -> Answer:
    whole = (
        '<?xml version="1.0" encoding="UTF-8"?><document type="xml/freeswitch-httapi">'
        f"<params>{params}</params><work>{work}</work></document>"
    )
    return Answer(whole.encode(), "text/xml")


def build(options: BaseModel) -> Talking:
    """A line for validated `FreeswitchHttapiOptions`."""
    assert isinstance(options, FreeswitchHttapiOptions)
    return FreeswitchLine(options)


provider = ProviderKind(
    kind="freeswitch-httapi",
    channel="hotline",
    authentication="none by FreeSWITCH: the path token or the address list; HTTP Basic too, if it is set",
    signs=False,
    gives_time=False,
    signs_time=False,
    options=FreeswitchHttapiOptions,
    build=build,
    methods=("POST", "GET"),
    configure=(
        "**In httapi.conf.xml**, in a profile: `gateway-url` is this source's URL with its token, "
        "`method` is `post`, `timeout` is 5, and the permission `set-params` is true (it is by "
        "default). **In the dialplan:** `answer`, then `httapi`. An entry ends with `#`. The call of "
        "one who hangs up is reported by FreeSWITCH itself. By GET the caller's number is in the "
        "address: let no proxy log it. `gateway-credentials` is `user:password`, if they are set."
    ),
    reference="signalwire/freeswitch: src/mod/applications/mod_httapi/docs/mod_httapi_doc.txt, mod_httapi.c",
)
