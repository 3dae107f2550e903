"""Twilio Programmable Voice: a keypad vote by `<Gather>`, each step a signed form.

Where the call stands is in the query of the URL that the keys go to, which Twilio signs with the rest.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, Field

from gateway.intake import dialogue, markup, payload, twilio_account
from gateway.intake.dialogue import End, Listen, Piece, Pieces, Script
from gateway.intake.inbound import Form, Inbound
from gateway.intake.payload import Reason, Unreadable
from gateway.intake.provider import Answer, Ended, Provider, ProviderKind, Refusal, Request, Talking
from gateway.intake.twilio_account import Account, AccountOptions
from gateway.kinds import Shown
from tally.outcome import MessageOutcome


class TwilioVoiceOptions(AccountOptions):
    """The settings of one voice number at Twilio."""

    say_language: Annotated[str, Shown("language tag", unset='`"zh-CN"` or `"en-US"`')] = Field(
        default="", pattern=r"^[A-Za-z-]*$", description="the language that texts are said in"
    )
    say_voice: Annotated[str, Shown("voice", unset="Twilio's own")] = Field(
        default="",
        pattern=r"^[\w.-]*$",
        description="the voice that says them; which voices speak Chinese, Twilio's console shows",
    )
    wait_seconds: int = Field(default=8, ge=1, le=60, description="how long a key is waited for")


_CALL_SID: Final = re.compile(rb"CA[0-9a-f]{32}")
#: What Twilio's report at the end of a call says of it.
_OVER: Final = frozenset({b"completed", b"busy", b"failed", b"no-answer", b"canceled"})
_STEP: Final = b"step"
_LANGUAGES: Final = {"zh": "zh-CN", "en": "en-US"}


@dataclass(frozen=True, slots=True)
class TwilioVoice:
    """One number, set up but for what it says."""

    account: Account
    options: TwilioVoiceOptions

    def with_script(self, script: Script) -> Provider:
        """See `provider.Talking`."""
        return TwilioCalls(self.account, self.options, script)


@dataclass(frozen=True, slots=True)
class TwilioCalls:
    """One number, and what it says."""

    account: Account
    options: TwilioVoiceOptions
    script: Script

    def authenticate(self, request: Request) -> Refusal | None:
        return self.account.authenticate(request)

    def read(self, request: Request) -> Sequence[Inbound]:
        raw = twilio_account.parameters(request)
        try:
            sid, caller, came = self._follow(request)
        except Unreadable as flaw:
            return (payload.unparsed(flaw.reason, raw),)
        if isinstance(came, Listen):
            return ()
        return (Inbound(sid, caller, came.keys, Form.DIGITS, raw=raw),)

    def answer(self, request: Request, ended: Sequence[Ended]) -> Answer:
        try:
            _, _, came = self._follow(request)
        except Unreadable:
            return twilio_account.twiml("<Hangup/>")
        if isinstance(came, Listen):
            return twilio_account.twiml(self._gather(came))
        if came == dialogue.HUNG_UP:
            return twilio_account.twiml("")
        outcome = ended[0].outcome if ended else MessageOutcome.NO_CODE
        last = dialogue.last_words(self.script, came, outcome)
        return twilio_account.twiml(f"{self._spoken(last)}<Hangup/>")

    def _follow(self, request: Request) -> tuple[str, str, Listen | End]:
        """The call's id, the caller, and what comes next. Raises `Unreadable`."""
        form = twilio_account.form(request)
        sid = form.one(b"CallSid")
        if sid is None or _CALL_SID.fullmatch(sid) is None:
            raise Unreadable(Reason.NO_ID)
        caller = payload.caller_text(form.text(b"From", Reason.NO_CALLER))
        pressed = payload.message_text(payload.utf8(form.one(b"Digits") or b""))
        if form.one(b"CallStatus") in _OVER:
            return sid.decode("ascii"), caller, dialogue.HUNG_UP
        carried = payload.fields(payload.wire_bytes(request.query)).last.get(_STEP, b"")
        step = dialogue.parse(carried.decode("ascii", "replace"))
        came = dialogue.advance(self.script, step, pressed, caller, request.received_ms)
        return sid.decode("ascii"), caller, came

    def _gather(self, listen: Listen) -> str:
        options = self.options
        fragment = f"#{options.fragment}" if options.fragment else ""
        action = f"{options.public_url}?{_STEP.decode()}={dialogue.written(listen.step)}{fragment}"
        keys = ' numDigits="1"' if listen.one_key else ""
        return (
            f'<Gather input="dtmf" method="POST" action="{markup.xml(action)}" finishOnKey="#"{keys} '
            f'timeout="{options.wait_seconds}" actionOnEmptyResult="true">'
            f"{self._spoken(listen.pieces)}</Gather>"
        )

    def _spoken(self, pieces: Pieces) -> str:
        return "".join(map(self._verb, pieces))

    def _verb(self, piece: Piece) -> str:
        if piece.how == "play":
            return f"<Play>{markup.xml(piece.what)}</Play>"
        voice = f' voice="{self.options.say_voice}"' if self.options.say_voice else ""
        language = self.options.say_language or _LANGUAGES[self.script.lang]
        return f'<Say language="{language}"{voice}>{markup.xml(piece.what)}</Say>'


def build(options: BaseModel) -> Talking:
    """A line for validated `TwilioVoiceOptions`."""
    assert isinstance(options, TwilioVoiceOptions)
    return TwilioVoice(twilio_account.account(options), options)


provider = ProviderKind(
    kind="twilio-voice",
    channel="hotline",
    authentication=(
        "X-Twilio-Signature: HMAC-SHA1 (auth token) or HMAC-SHA256 (SharedKey) over the URL and all "
        "parameters; then the AccountSid"
    ),
    signs=True,
    gives_time=False,
    signs_time=False,
    options=TwilioVoiceOptions,
    build=build,
    methods=("POST", "GET"),
    configure=(
        "**At Twilio:** Phone number > Voice > A call comes in: Webhook, HTTP POST, "
        "`https://vote.example.org/in/line#rc=2&rp=all`. What follows the # makes Twilio try again "
        'after an error. To keep the calls of those who hang up, enter the same URL under "Call status '
        'changes"; a call that has voted is recognised. A caller who hangs up in the very moment of '
        "pressing 1 may then be kept as one without a vote, if Twilio's two requests overtake each "
        "other. Recordings are URLs that Twilio can fetch."
    ),
    reference="twilio.com/docs/voice/twiml/gather, …/docs/usage/webhooks/webhooks-security",
)
