"""Options that several kinds of source have: HTTP Basic, at most two live secrets, a signed URL, a zone."""

from collections.abc import Iterable
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, model_validator

from gateway.intake import signatures
from gateway.intake.signatures import Algorithm, HmacKey
from gateway.kinds import Options, Shown

#: Of a zone: it is the campaign's if neither the source nor its options name one.
CAMPAIGNS: Final = Shown(unset="the campaign's")


class BasicOptions(Options):
    """Options of a kind that may send HTTP Basic: with `user` and `password` set, it is asked for."""

    user: Annotated[str | None, Shown("text without `:`")] = Field(
        default=None, pattern=r"^[^:]+$", description="asks for HTTP Basic, with this name"
    )
    password: SecretStr | None = Field(
        default=None, min_length=1, description="goes with `user`: both or neither"
    )

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together: set both or neither")
        return self

    @property
    def basic_token(self) -> bytes | None:
        """What must follow `Basic ` in the header, None if it is not asked for."""
        if self.user is None or self.password is None:
            return None
        return signatures.basic_token(self.user, self.password.get_secret_value())


def _none_blank(secrets: list[SecretStr]) -> list[SecretStr]:
    if not all(secret.get_secret_value().strip() for secret in secrets):
        raise ValueError("a secret is empty")
    return secrets


#: One secret; two while it is being changed.
Secrets = Annotated[
    list[SecretStr],
    Field(min_length=1, max_length=2),
    AfterValidator(_none_blank),
    Shown("one or two secrets"),
]


def live_keys(secrets: Iterable[SecretStr], algorithm: Algorithm) -> tuple[HmacKey, ...]:
    """The live secrets, ready to sign with."""
    return tuple(HmacKey(secret.get_secret_value().strip().encode(), algorithm) for secret in secrets)


def _signable(url: str) -> str:
    signatures.url_parts(url)
    return url


#: A URL as set at the provider, which signs it: without query.
PublicUrl = Annotated[str, AfterValidator(_signable), Shown("URL")]


def _known(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError):  # what zoneinfo raises on names that are none
        raise ValueError("no such time zone: write its IANA name, such as Asia/Shanghai or UTC") from None
    return zone


#: The IANA name of a time zone, e.g. Asia/Shanghai.
ZoneName = Annotated[str, AfterValidator(_known), Shown("zone name")]
