"""What a command may ask of the server on the control socket: read strictly."""

from typing import Annotated, Final, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, TypeAdapter

from gateway.intake.inbound import Form, Inbound, Part
from gateway.people.roles import Role

#: What a ledger's number may be.
_Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
#: Of an entry of the ledger, which has room for 64 KiB.
_Words = Annotated[str, Field(max_length=5_000)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Message(_Asked):
    """An `Inbound` as JSON, the payload in base64."""

    message_id: str
    caller: str
    text: str
    form: Form
    sent_ms: _Whole | None
    sent_grain_ms: Annotated[int, Field(ge=0, le=2**53)]
    raw: Base64Bytes
    part: Part | None

    def inbound(self) -> Inbound:
        """The message."""
        return Inbound(**dict(self))


class Take(_Asked):
    """Record messages of a source."""

    source: str
    messages: list[Message]


class Close(_Asked):
    """Close a campaign."""

    campaign: str
    by: _Words
    reason: _Words
    now: bool


class Erase(_Asked):
    """Erase what a number has sent, or everybody if it is ""."""

    campaign: str
    number: _Words
    by: _Words
    reason: _Words
    now: bool


class List(_Asked):
    """List the accounts."""

    do: Literal["list"]


class Add(_Asked):
    """Make an account."""

    do: Literal["add"]
    login: str
    name: str
    role: Role
    campaigns: list[str]


class Change(_Asked):
    """Change an account."""

    do: Literal["reset", "disable", "enable"]
    login: str


#: What `televote users` asks.
USERS: Final[TypeAdapter[List | Add | Change]] = TypeAdapter(
    Annotated[List | Add | Change, Field(discriminator="do")]
)
