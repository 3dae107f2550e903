"""What a provider is: it authenticates a request, reads it, and words the answer. It does no I/O.

A provider is one module in `gateway/providers/` that offers `provider: ProviderKind`. It is found by
being there (`kinds.discover`); its test table in `tests/providers/` is compulsory.

A call is many requests and one message. Its kind's `build` gives a `Talking`, which becomes a provider when
it is given the campaign's script. Each request is a step: `authenticate` as ever; `read` has no message while
the caller is still choosing, and the call's one message when it ends; `answer` then speaks the next step
(`ended` is empty), or the last words, which the recorded outcome chooses. Both work out the step afresh from
the request, the script and `received_ms`, so that a step that is asked for again is answered alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel

from gateway.intake.dialogue import Script
from gateway.intake.inbound import Inbound
from gateway.kinds import discover
from tally.outcome import Channel, MessageOutcome


@dataclass(slots=True)  # not frozen: that takes four times as long to make, for every request
class Request:
    """What a provider may know of an HTTP request.

    `target` is the raw request target as sent, still percent-encoded ("/in/tw?x=%20"); `headers` has
    lower-case names, and repeated headers joined by ", "; `received_ms` is our clock, Unix milliseconds.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    received_ms: int
    #: What `authenticate` worked out and `read` can use again; the provider's own, gone with the request.
    memo: list[object] = field(default_factory=list, init=False, compare=False, repr=False)
    #: What the administrator has to do before, or so that, messages come; the door puts it into the log.
    errands: list["Errand"] = field(default_factory=list, init=False, compare=False, repr=False)

    @property
    def query(self) -> str:
        """The raw query string, "" if there is none."""
        return self.target.partition("?")[2]


class Errand(NamedTuple):
    """Something to do by hand: a fixed word, and the address where; the provider has checked whose it is."""

    what: str
    url: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Not from this source; with 503, not to be decided before an errand is done: please send again.

    `reason` is a short fixed word for logs and metrics, never input.
    """

    status: Literal[400, 401, 403, 405, 503]
    reason: str


class Ended(NamedTuple):
    """How one message ended, and the reply text for its sender, "" if none is due."""

    outcome: MessageOutcome
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The provider's own success form. `headers` are ours alone: nothing that was sent to us goes in."""

    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Provider(Protocol):
    """One configured source, ready to read requests."""

    def authenticate(self, request: Request, /) -> Refusal | None:
        """Whether the request is from this source. Total: any garbage is at most refused."""
        ...

    def read(self, request: Request, /) -> Sequence[Inbound]:
        """The messages in an authentic request. Total: what cannot be read is `Form.UNPARSED`."""
        ...

    def answer(self, request: Request, ended: Sequence[Ended], /) -> Answer:
        """The success form that stops the provider from sending again; `ended` is in `read`'s order."""
        ...


@runtime_checkable
class Talking(Protocol):
    """A source of calls, set up but for what it says."""

    def with_script(self, script: Script, /) -> Provider:
        """The provider that says it. Raises `dialogue.Unspeakable` if it has no voice for some prompt."""
        ...


class Builder(Protocol):
    """Builds a provider from its validated options."""

    def __call__(self, options: BaseModel) -> Provider | Talking: ...


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """A kind of source, as `televote sources` lists it.

    `options` is the pydantic model of the kind's own settings (`extra = "forbid"`; secrets are
    `SecretStr`, and arrive already read from their files). `authentication` says in plain words what
    the kind checks. `signs` is False where the provider cannot sign: such a source must have a path
    token or an address list. `signs_with` names the option without which a provider that can sign does not;
    `seals` is False where the signature does not cover the message: one that was seen would fit any other, so
    such a source must have a path token beside it; `unsealed_by` names the option that makes it so, where it
    is one. `gives_time` says whether the format carries a time to decide by, and `signs_time` whether that
    time is covered by the signature.
    """

    kind: str
    channel: Channel
    authentication: str
    signs: bool
    gives_time: bool
    signs_time: bool
    options: type[BaseModel]
    build: Builder
    signs_with: str = ""
    seals: bool = True
    unsealed_by: str = ""
    methods: tuple[str, ...] = ("POST",)
    configure: str = ""  # what to paste into the provider's console
    reference: str = field(default="")  # the public document the format was read in


def kinds() -> dict[str, ProviderKind]:
    """Every kind of HTTP source there is, by name."""
    return {
        name: kind
        for name, kind in discover("gateway.providers", "provider").items()
        if isinstance(kind, ProviderKind)
    }
