"""How the service is set up: what `televote.toml` and the environment may say."""

import ipaddress
import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    StringConstraints,
    model_validator,
)

from config.fields import AreaCode, Positive, Region, Slug, Zone, error_at, raise_all, refused
from tally import note
from tally.note import BadNote
from tally.window import Clock

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,200}", re.ASCII)
_KEY: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_POSTGRESQL: Final = ("postgresql://", "postgres://")
_HOST: Final = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+", re.ASCII)


class _Table(BaseModel):
    # Not strict: what comes from the environment is text.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Listen(NamedTuple):
    """Where the server listens; port 0 lets the system choose."""

    host: str
    port: int


def read_listen(value: Any) -> Listen:
    """An address and a port, as `listen` has them. Raises `ValueError`."""
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not _HOST.fullmatch(host) or not re.fullmatch("[0-9]{1,5}", port, re.ASCII) or int(port) > 65_535:
        raise refused("listen")
    return Listen(host.strip("[]"), int(port))


def _public_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        plain = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        plain = False
    if not plain or re.search(r"[\s?#@]", text) or text.endswith("/"):
        raise refused("public_url")
    return text


def _witness_url(text: str) -> str:
    try:
        return _public_url(text)
    except ValueError:
        raise refused("witness_url") from None


def _witness_key(text: str) -> str:
    try:
        kind = note.read_vkey(text).kind
    except BadNote:
        raise refused("witness_key") from None
    if kind != note.COSIGNATURE:
        raise refused("witness_kind")
    return text.strip()


def _network(value: Any) -> IPv4Network | IPv6Network:
    text = value.strip() if isinstance(value, str) else ""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise refused("network") from None
    if "/" in text and ipaddress.ip_interface(text).ip != network.network_address:
        raise refused("network_host_bits", network=str(network))
    return network


def _separate(value: Any) -> Any:
    """The environment has no lists: commas will do."""
    return value.split(",") if isinstance(value, str) else value


def _postgresql_url(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise refused("storage_url") from None
    if ":" in parts.netloc.rpartition("@")[0] or re.search(r"(^|&)(password|passfile)=", parts.query):
        raise refused("storage_password")
    if not re.fullmatch(r"/[^/\s]+", parts.path) or parts.fragment or re.search(r"\s", text):
        raise refused("storage_url")
    return text


def _storage_url(text: str) -> str:
    if text.startswith(_POSTGRESQL):
        return _postgresql_url(text)
    path = text.removeprefix("sqlite:")
    if not text.startswith("sqlite:") or not path or path.startswith(("//", ":")) or "?" in path:
        raise refused("storage_url")
    return text


def _synchronous(value: Any) -> Any:
    if value not in ("FULL", "EXTRA"):
        raise refused("synchronous")
    return value


def _token(secret: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(secret.get_secret_value()):
        raise refused("token")
    return secret


def _key(secret: SecretStr) -> SecretStr:
    digits = secret.get_secret_value()
    if not _KEY.fullmatch(digits) or len(set(bytes.fromhex(digits))) < 8:
        raise refused("accounts_key")
    return secret


Folder = Annotated[str, Field(min_length=1)]
Token = Annotated[SecretStr, AfterValidator(_token)]
Key = Annotated[SecretStr, AfterValidator(_key)]
Network = Annotated[
    IPv4Network | IPv6Network, PlainValidator(_network), PlainSerializer(str, return_type=str)
]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_separate)]


class Api(_Table):
    """The HTTP API's own key."""

    token: Token | None = None


class Accounts(_Table):
    """The people who sign in. Without a `key` there are none, and no pages for them.

    `insecure_http` lets them sign in without TLS from other machines. `hashing` is "small" where 64 MiB for
    each password that is checked are too much.
    """

    key: Key | None = None
    insecure_http: bool = False
    hashing: Literal["standard", "small"] = "standard"


class LogWitness(_Table):
    """Who signs our checkpoints too: `key` is as c2sp.org/signed-note has it, `url` where it is asked."""

    key: Annotated[str, AfterValidator(_witness_key)]
    url: Annotated[str, AfterValidator(_witness_url)]


class Ledger(_Table):
    """Who is asked to sign what we sign."""

    witnesses: tuple[LogWitness, ...] = ()

    @model_validator(mode="after")
    def _apart(self) -> "Ledger":
        names = [note.read_vkey(one.key).name for one in self.witnesses]
        raise_all(
            "Ledger",
            [
                error_at(("witnesses", at, "key"), refused("witness_twice"))
                for at, name in enumerate(names)
                if name in names[:at]
            ],
        )
        return self


class Log(_Table):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Anomalies(_Table):
    """What `televote anomalies` should know. `segments` names numbers by how they begin: with a `+` the whole
    number, else a national one of China. The server looks `every_minutes` while votes come in, 0: never."""

    every_minutes: Annotated[int, Field(ge=0)] = 30

    segments: dict[Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{2,10}$")], str] = Field(
        default_factory=dict
    )


class Limits(_Table):
    """How much is taken in at once. `read_seconds` is how long a request may take to arrive."""

    body_bytes: Positive = 65_536
    read_seconds: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = 3.0
    queue_messages: Positive = 20_000
    batch_messages: Positive = 8_000

    @model_validator(mode="after")
    def _fits(self) -> "Limits":
        if self.batch_messages > self.queue_messages:
            raise_all(
                "Limits",
                [error_at(("batch_messages",), refused("batch_over_queue", queue=self.queue_messages))],
            )
        return self


class Storage(_Table):
    """The database. `url` is "sqlite:" and a path, None for the default under `data`; or PostgreSQL's, whose
    password stands in `password`."""

    url: Annotated[str, AfterValidator(_storage_url)] | None = None
    password: SecretStr | None = None
    synchronous: Annotated[Literal["FULL", "EXTRA"], BeforeValidator(_synchronous)] = "FULL"

    @property
    def is_postgresql(self) -> bool:
        """Whether PostgreSQL keeps it, and not a file."""
        return self.url is not None and self.url.startswith(_POSTGRESQL)


class Outbox(_Table):
    """How a source's replies are sent that its answers cannot take.

    `per_second` is how fast; `attempts` how often each is tried; `minutes` how old a reply may become;
    `waiting` how many may wait; `per_caller` how many one caller gets in an hour. `options` belong to the
    kind of sender. They may hold secrets, and are not shown.
    """

    kind: Slug
    per_second: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = 5.0
    attempts: Annotated[int, Field(ge=1, le=20)] = 6
    minutes: Annotated[int, Field(ge=1, le=10_080)] = 60
    waiting: Positive = 10_000
    per_caller: Positive = 5
    options: dict[str, Any] = Field(default_factory=dict, repr=False)


class Source(_Table):
    """One entrance, as configured; its name is the key it stands under, and is used in URLs.

    `clock` is whose time decides, None for what its kind suggests: the message's own where that is signed.
    `follow` is a call log that grows, or a folder of such. `options` belong to the kind, whose own model
    checks them. They may hold secrets, and are not shown.
    """

    kind: Slug
    campaign: Slug
    clock: Clock | None = None
    token: Token | None = None
    allow_from: Networks = ()
    region: Region | None = None
    area_code: AreaCode | None = None
    timezone: Zone | None = None
    language: Literal["zh", "en"] = "zh"
    reply: bool = False
    outbox: Outbox | None = None
    body_bytes: Positive | None = None
    silence_minutes: Annotated[int, Field(ge=0)] | None = None
    follow: Folder | None = None
    options: dict[str, Any] = Field(default_factory=dict, repr=False)


class Settings(_Table):
    """How the service is set up."""

    data: Folder = "var"
    campaigns: Folder = "campaigns"
    secrets: Folder = "secrets"
    listen: Annotated[Listen, PlainValidator(read_listen)] = Listen("127.0.0.1", 8080)
    pdf_font: Folder | None = None
    public_url: Annotated[str, AfterValidator(_public_url)] | None = None
    trusted_proxies: Networks = ()
    node: Slug = "n1"
    api: Api = Api()
    accounts: Accounts = Accounts()
    ledger: Ledger = Ledger()
    log: Log = Log()
    anomalies: Anomalies = Anomalies()
    limits: Limits = Limits()
    storage: Storage = Storage()
    sources: dict[Slug, Source] = Field(default_factory=dict)

    @property
    def database(self) -> str:
        """The path of the SQLite file, if that is what keeps it."""
        return self.storage.url.removeprefix("sqlite:") if self.storage.url else f"{self.data}/televote.db"
