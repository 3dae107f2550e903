"""Any other gateway that takes an SMS by an HTTP POST of a form or of JSON, with fields named as it wants."""

import json
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway.kinds import Options, Shown
from gateway.outbox.letter import Letter
from gateway.outbox.sender import Call, Fate, Sender, SenderKind, by_status
from gateway.outbox.urls import Address

_TYPES = {
    "json": "application/json; charset=utf-8",
    "form": "application/x-www-form-urlencoded",
}


class Fields(BaseModel):
    """What its fields are called; "" for one it does not want."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str = Field(default="to", min_length=1, description="the field of the number")
    text: str = Field(default="text", min_length=1, description="the field of the text")
    reference: str = Field(default="reference", description='the field of the reference; `""` for none')


class HttpOptions(Options):
    """The settings of one gateway."""

    url: Address = Field(description="where it takes them")
    format: Literal["json", "form"] = Field(default="json", description="how the body is written")
    fields: Fields = Fields()
    constants: Annotated[dict[str, str], Shown("texts by field")] = Field(
        default_factory=dict, description="fields that are always the same"
    )
    authorization: SecretStr | None = Field(
        default=None, min_length=1, description="the header `Authorization`, such as `Bearer` and a token"
    )
    plus: bool = Field(default=True, description="whether numbers begin with `+`")
    repeatable: bool = Field(
        default=False,
        description="it sends once for one reference, however often it is asked; be sure of it",
    )


@dataclass(frozen=True, slots=True)
class Http:
    """One gateway."""

    options: HttpOptions

    @property
    def repeatable(self) -> bool:
        """See `sender.Sender`."""
        return self.options.repeatable

    def call(self, letter: Letter, _now_ms: int, _nonce: str) -> Call:
        """See `sender.Sender`."""
        options, fields = self.options, self.options.fields
        to = letter.to if options.plus else letter.to.removeprefix("+")
        asked = {**options.constants, fields.to: to, fields.text: letter.text}
        if fields.reference:
            asked[fields.reference] = letter.reference
        headers = {"Content-Type": _TYPES[options.format], "Idempotency-Key": letter.reference}
        if options.authorization is not None:
            headers["Authorization"] = options.authorization.get_secret_value()
        written = json.dumps(asked, ensure_ascii=False) if options.format == "json" else urlencode(asked)
        return Call(options.url, headers, written.encode())

    def read(self, status: int, _body: bytes) -> Fate:
        """See `sender.Sender`."""
        return by_status(status)


def build(options: BaseModel) -> Sender:
    """A sender for validated `HttpOptions`."""
    assert isinstance(options, HttpOptions)
    return Http(options)


sender = SenderKind(kind="http", options=HttpOptions, build=build)
