"""What the environment says: it beats the settings file, key by key.

`TELEVOTE_LIMITS__BODY_BYTES=1024` is `[limits] body_bytes = 1024`: two underscores go one table down.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from config.problems import PREFIX, keys_of, nearest, variable
from config.settings import Accounts, Api, Ledger, Limits, Log, Settings, Storage
from config.toml_lines import KeyPath

#: Variables with our prefix that are for the command line, not settings.
OTHERS: Final = frozenset({"TELEVOTE_SETTINGS", "TELEVOTE_LANG"})

_TABLES: Final[Mapping[str, type[BaseModel]]] = {
    "accounts": Accounts,
    "api": Api,
    "ledger": Ledger,
    "log": Log,
    "limits": Limits,
    "storage": Storage,
}


class _Settings(Settings, BaseSettings):
    """The same settings, as pydantic-settings wants them. Never built."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__")


class _Environment(EnvSettingsSource):
    """The nesting of pydantic-settings over a given mapping, without its reading of plain texts as JSON:
    a password of digits stays a text. Only `[…]` and `{…}` are JSON."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(_Settings)
        self.env_vars = {name.lower(): value for name, value in environ.items() if value}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        del field_name, field
        return _decoded(value)


def _decoded(value: str) -> Any:
    """What `[…]` or `{…}` says as JSON; any other text as it is."""
    if value.strip()[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def read(environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings in the environment, as the nested tables of a file. Empty variables are as if not set."""
    values: dict[str, Any] = _Environment(environ)()
    _decode_options(values)
    return values


def _decode_options(table: dict[str, Any], at: KeyPath = ()) -> None:
    """What stands under `options`, of a source or of its outbox: only their kinds know what is a list."""
    for key, value in table.items():
        if isinstance(value, dict):
            _decode_options(value, (*at, key))
        elif isinstance(value, str) and "options" in at[2:]:
            table[key] = _decoded(value)


def leaves(values: Mapping[str, Any], at: KeyPath = ()) -> Iterator[KeyPath]:
    """The paths of all values that are no tables."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, (*at, key))
        else:
            yield (*at, key)


def unused(environ: Mapping[str, str], values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The variables with our prefix that are no setting, each with the setting that may be meant, or ""."""
    for name in sorted(environ):
        path = name[len(PREFIX) :].lower().split("__")
        if (
            environ[name]
            and name.upper().startswith(PREFIX)
            and name not in OTHERS
            and not _holds(values, path)
        ):
            yield name, nearest(name, _variables())


def overlay(file: dict[str, Any], environment: dict[str, Any]) -> dict[str, Any]:
    """The file's values with the environment's over them. A secret beats its own `_file` twin, and the
    other way round, so that the environment can replace either."""
    merged = dict(file)
    for key, value in environment.items():
        merged.pop(key.removesuffix("_file") if key.endswith("_file") else f"{key}_file", None)
        below = merged.get(key)
        merged[key] = overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _holds(values: Any, path: list[str]) -> bool:
    for part in path:
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


def _variables() -> Iterator[str]:
    for key in keys_of(Settings):
        yield variable((key,))
    tables: dict[str, type[BaseModel]] = {
        "accounts": Accounts,
        "api": Api,
        "ledger": Ledger,
        "log": Log,
        "limits": Limits,
        "storage": Storage,
    }
    for table, model in tables.items():
        for key in keys_of(model):
            yield variable((table, key))
