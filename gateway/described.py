"""What is said of every kind of source, from the kind itself: how it comes, its options, what to configure.

`televote sources` says it, and docs/sources.md (`manual`).
"""

import json
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from gateway.entrances import Kind
from gateway.intake.calllog import CallLogKind
from gateway.intake.desk import DeskKind
from gateway.intake.provider import ProviderKind
from gateway.intake.worker import WorkerKind
from gateway.kinds import Shown

#: How values of plain types are written.
_WRITTEN: Final = {bool: "`true`, `false`", SecretStr: "secret", Path: "path", dict: "table"}


class Option(NamedTuple):
    """One setting of a kind: its name (in a table, with dots), how its value is written, and its default.

    A default is as TOML writes it, or in words where there is none to write; "" if the option must be set.
    """

    name: str
    value: str
    default: str
    description: str


@dataclass(frozen=True, slots=True)
class Described:
    """A kind of source in words. `signs` and `time` are sentences' ends."""

    kind: str
    channel: str
    by: str
    methods: tuple[str, ...]
    authentication: str
    signs: str
    time: str
    options: tuple[Option, ...]
    configure: str
    reference: str


def described(kind: Kind) -> Described:
    """A kind in words."""
    by, authentication = _comes_by(kind)
    provider = kind if isinstance(kind, ProviderKind) else None
    return Described(
        kind=kind.kind,
        channel=kind.channel,
        by=by,
        methods=provider.methods if provider else (),
        authentication=authentication,
        signs=_signs(provider) if provider else "",
        time=_time(kind),
        options=tuple(options(kind.options)),
        configure=kind.configure,
        reference=kind.reference,
    )


def _comes_by(kind: Kind) -> tuple[str, str]:
    """How messages come from a source of a kind, and what shows that they are its own."""
    match kind:
        case ProviderKind():
            return "HTTP", kind.authentication
        case CallLogKind():
            return "file", "the file is yours"
        case WorkerKind():
            return kind.by, kind.authentication
        case DeskKind():
            return "page", "operators sign in"


def _signs(kind: ProviderKind) -> str:
    if not kind.signs:
        return "no; it must have a path token or `allow_from`"
    when = f"once `{kind.signs_with}` is set" if kind.signs_with else "always"
    if kind.unsealed_by:
        return f"{when}; with `{kind.unsealed_by}` not the message, and then it must have a path token"
    return when if kind.seals else f"{when}, but not the message: it must have a path token"


def _time(kind: Kind) -> str:
    if not kind.gives_time:
        return 'none: `clock` stays `"arrival"`'
    if isinstance(kind, ProviderKind):
        return 'its own, signed: `clock` is `"provider"`' if kind.signs_time else "its own, not signed"
    return "its own"


# ---- options --------------------------------------------------------------------------------------


def options(model: type[BaseModel], prefix: str = "") -> Iterator[Option]:
    """Every option of a kind, those in its tables with a dot, by the names used in the settings."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        if table := _table(field.annotation):
            yield from options(table, f"{key}.")
        else:
            shown = _shown(field)
            value = shown.value or _value(field.annotation, field.metadata)
            yield Option(key, value, _default(field, shown), field.description or "")


def _proper(annotation: Any) -> Any:
    """The type of an option, without the None that says it may be left out."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(one for one in get_args(annotation) if one is not type(None))
    return annotation


def _table(annotation: Any) -> type[BaseModel] | None:
    """The options in an option that is a table of them."""
    one = _proper(annotation)
    return one if isinstance(one, type) and issubclass(one, BaseModel) else None


def _shown(field: FieldInfo) -> Shown:
    """What an option, or its type, says of how it is to be shown; the option has the last word."""
    said = [one for one in field.metadata if isinstance(one, Shown)]
    return Shown(
        value=next((one.value for one in reversed(said) if one.value), ""),
        unset=next((one.unset for one in reversed(said) if one.unset), ""),
    )


def _value(annotation: Any, constraints: Sequence[Any]) -> str:
    """How a value of a type is written."""
    annotation = _proper(annotation)
    origin, within = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        said = [one.value for one in within[1:] if isinstance(one, Shown)]
        return said[-1] if said else _value(within[0], within[1:])
    if origin is Literal:
        return ", ".join(map(_written, within))
    if origin in (list, tuple):
        one = _value(within[0], ())
        return f"of {one}" if one.startswith("`") else "list"
    if annotation in (int, float):
        return " to ".join(_bounds(constraints))
    return _WRITTEN.get(origin or annotation, "text")


def _bounds(constraints: Sequence[Any]) -> list[str]:
    """The least and the most that a number may be."""
    bounds = (getattr(one, name, None) for name in ("ge", "le") for one in constraints)
    return [str(bound) for bound in bounds if bound is not None]


def _default(field: FieldInfo, shown: Shown) -> str:
    if field.is_required():
        return ""
    default = field.get_default(call_default_factory=True, validated_data={})
    if default in (None, (), [], {}):
        return shown.unset or "none"
    return shown.unset or _written(default)


def _written(value: object) -> str:
    """A value as TOML writes it, as Markdown's code; a tab by its name."""
    if value == "\t":
        return "tab"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"`{json.dumps(value, ensure_ascii=False)}`"
