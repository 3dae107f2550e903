"""What is wrong with a file, where, and what would be right: one line each, in English or Chinese.

Nothing here shows a value that was given: it may be a secret or a telephone number.
"""

import difflib
import json
import re
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from config.toml_lines import KeyPath
from config.wording import WORDING, Said

#: What the names of our environment variables begin with, and what stands for them as a file's name.
PREFIX: Final = "TELEVOTE_"
ENVIRONMENT: Final = "environment"

Lang = Literal["en", "zh"]
Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `line` counts from 1 and is 0 where there are no lines (the environment)."""

    file: str
    line: int
    key: str
    level: Level
    wrong: Said
    right: Said

    def render(self, lang: Lang = "en") -> str:
        """`campaigns/x.toml:41: contests[0].seats: is too small — write 1 or more`."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        level = {"en": "warning", "zh": "警告"}[lang] if self.level == "warning" else ""
        said = f"{self.wrong.by(lang)} — {self.right.by(lang)}"
        return ": ".join(part for part in (place, level, self.key, said) if part)


class Problems(Exception):
    """Every problem of all the files that were read, warnings too."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (one.file, one.line)))
        super().__init__(self.render())

    def render(self, lang: Lang = "en") -> str:
        """One problem a line."""
        return "\n".join(problem.render(lang) for problem in self.problems)


class Elsewhere(NamedTuple):
    """In an error's context: another key of the same file, to be shown as its line."""

    path: KeyPath


class Place(NamedTuple):
    """Where a key stands. `shown` is how it is spelled there, "" if by its path."""

    file: str
    line: int = 0
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """Where each key of some read values came from; `places[()]` stands for whatever has no place."""

    places: Mapping[KeyPath, Place]

    def find(self, path: KeyPath) -> tuple[Place, str]:
        """The place of `path` or of its nearest ancestor, and the key as it is to be shown."""
        length = next(n for n in range(len(path), -1, -1) if path[:n] in self.places)
        place = self.places[path[:length]]
        if place.shown:
            return place, " ".join(filter(None, (place.shown, dotted(path[length:]))))
        return place, variable(path) if place.file == ENVIRONMENT else dotted(path)

    def problem(self, path: KeyPath, kind: str, level: Level = "error", /, **context: object) -> Problem:
        """The problem `kind` of the catalogue at `path`."""
        place, key = self.find(path)
        shown = _Context({name: self._said(value) for name, value in context.items()})
        wrong, right = WORDING[kind]
        return Problem(place.file, place.line, key, level, _filled(wrong, shown), _filled(right, shown))

    def _said(self, value: object) -> object:
        if not isinstance(value, Elsewhere):
            return value
        there, _ = self.find(value.path)
        return f"{there.file}:{there.line}"


class _Context(dict[str, object]):
    """Total: an error that lacks a value its sentence names is still shown."""

    def __missing__(self, key: str) -> str:
        return "…"


def _filled(said: Said, context: _Context) -> Said:
    return Said(said.zh.format_map(context), said.en.format_map(context))


def dotted(path: KeyPath) -> str:
    """A path as a person would write it.

    >>> dotted(("contests", 0, "candidates", 2, "code"))
    'contests[0].candidates[2].code'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = re.fullmatch(r"[\w-]{1,60}", part)
            text += ("." if text else "") + (part if bare else json.dumps(part[:60], ensure_ascii=False))
    return text


def variable(path: KeyPath) -> str:
    """The environment variable that sets a path, "" for none.

    >>> variable(("limits", "body_bytes")), variable(("ledger", "witnesses", 1, "key"))
    ('TELEVOTE_LIMITS__BODY_BYTES', 'TELEVOTE_LEDGER__WITNESSES[1].key')
    """
    listed = next((at for at, part in enumerate(path) if isinstance(part, int)), len(path))
    name = "__".join(str(part).upper() for part in path[:listed])
    return PREFIX + name + dotted(path[listed:]) if name else ""


def from_validation(
    error: ValidationError,
    where: Where,
    prefix: KeyPath = (),
    model: type[BaseModel] | None = None,
    secret_keys: Collection[str] = (),
) -> list[Problem]:
    """Every error of a pydantic validation as a problem.

    `prefix` is where the validated table stands in its file, such as `("sources", "sms", "options")`.
    `model` gives the names to suggest for an unknown key, and which keys are secret (`SecretStr`);
    `secret_keys` names more of these. Of a secret key only fixed sentences are shown.
    """
    problems = []
    for detail in error.errors(include_url=False, include_input=False):
        if detail["type"] == "default_factory_not_called":
            continue  # it follows from another error, which is told
        loc = tuple(part for part in detail["loc"] if part != "[key]")
        context: dict[str, object] = dict(detail.get("ctx", {}))
        kind = detail["type"]
        if kind == "extra_forbidden":
            kind, context = _unknown_key(model, loc)
        elif kind not in WORDING or (kind == "value_error" and _is_secret(model, loc, secret_keys)):
            kind = "unsaid"
        context = {
            name: Elsewhere((*prefix, *value.path)) if isinstance(value, Elsewhere) else value
            for name, value in context.items()
        }
        if "expected" in context:
            words = re.findall(r"'([^']*)'", str(context["expected"]))
            if kind == "literal_error" and not words:
                kind, words = "literal_number", re.findall("-?[0-9]+", str(context["expected"]))
            context["expected"] = ", ".join(words)
        problems.append(where.problem((*prefix, *loc), kind, **context))
    return problems


def nearest(given: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The known word that looks most like `given`, "" if none does. `likeness` 1 is the same word."""
    folded = {word.casefold(): word for word in known}
    close = difflib.get_close_matches(given[:100].casefold(), folded, n=1, cutoff=likeness)
    return folded[close[0]] if close else ""


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a model as its file spells them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown_key(model: type[BaseModel] | None, loc: KeyPath) -> tuple[str, dict[str, object]]:
    owners = [one for one in types_at(model, loc[:-1]) if _is_model(one)]
    known = sorted({key for owner in owners for key in keys_of(owner)})
    if near := nearest(str(loc[-1]) if loc else "", known):
        return "unknown_key_near", {"near": near}
    return "unknown_key", {"known": ", ".join(known) or "–"}


def _is_secret(model: type[BaseModel] | None, loc: KeyPath, secret_keys: Collection[str]) -> bool:
    if any(part in secret_keys for part in loc):
        return True
    return any(one in (SecretStr, SecretBytes) for one in types_at(model, loc))


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def types_at(model: Any, path: KeyPath) -> list[Any]:
    """The types a value at `path` under `model` may have, unions and containers opened."""
    found = list(_options(model))
    for step in path:
        found = [option for one in found for inner in _under(one, step) for option in _options(inner)]
    return found


def _options(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _options(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for option in get_args(annotation):
            yield from _options(option)
    elif annotation is not None:
        yield annotation


def _under(annotation: Any, step: str | int) -> Iterator[Any]:
    if _is_model(annotation):
        for name, field in annotation.model_fields.items():
            if step == (field.alias or name):
                yield field.annotation
    elif args := get_args(annotation):
        yield args[0] if isinstance(step, int) else args[-1]
