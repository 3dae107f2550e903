"""Reads campaign files, rosters, settings and secrets: the only input and output of this package.

Every function raises `Problems` with everything that is wrong, all files at once. Warnings alone raise
nothing; they are added to the list that the caller hands in.
"""

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import SecretBytes, ValidationError

from config import environment, remarks, roster, toml_lines
from config.campaign import Campaign
from config.problems import ENVIRONMENT, Level, Place, Problem, Problems, Where, dotted, from_validation
from config.settings import Settings
from config.toml_lines import KeyPath
from config.wording import TOML, WORDING

_LARGEST: Final = 8 * 1024 * 1024
_LARGEST_SECRET: Final = 64 * 1024

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything the service starts from.

    `where` finds a settings key in its file, for checks to come; `path` is that file, None if there is none.
    """

    settings: Settings
    campaigns: Mapping[str, Campaign]
    keys: Mapping[str, SecretBytes]
    where: Where
    warnings: tuple[Problem, ...]
    path: Path | None = None


def campaign(path: Path, warnings: list[Problem] | None = None) -> Campaign:
    """The campaign in one file, and in the rosters it names."""
    found: list[Problem] = []
    return _settled(_campaign(path, found), found, warnings)


def campaigns(folder: Path, warnings: list[Problem] | None = None) -> dict[str, Campaign]:
    """The campaigns in a folder's `.toml` files, by id, which is the file's name."""
    found: list[Problem] = []
    return _settled(_campaigns(folder, found), found, warnings)


def settings(
    path: Path | None, environ: Mapping[str, str], warnings: list[Problem] | None = None
) -> Settings:
    """The settings in a file and the environment, secrets read from their files.

    Relative folders are taken from the settings file's folder; without a file, from the working directory.
    """
    found: list[Problem] = []
    return _settled(_SettingsReader(path, environ, found).settings, found, warnings)


def key(folder: Path, campaign_id: str, warnings: list[Problem] | None = None) -> SecretBytes:
    """A campaign's secret, 32 bytes, from `<id>.key` in the secrets folder."""
    found: list[Problem] = []
    return _settled(_key(folder, campaign_id, found), found, warnings)


def everything(path: Path | None, environ: Mapping[str, str]) -> Loaded:
    """Settings, campaigns and keys, checked together."""
    found: list[Problem] = []
    warnings: list[Problem] = []
    read = _SettingsReader(path, environ, found)
    loaded = _campaigns(read.folder("campaigns"), found)
    read.check_campaigns({*loaded, *(file.stem for file in _campaign_files(read.folder("campaigns")))})
    keys = {name: _key(read.folder("secrets"), name, found) for name in loaded}
    complete = _settled(read.settings, found, warnings)
    present = {name: secret for name, secret in keys.items() if secret is not None}
    return Loaded(complete, loaded, present, read.where, tuple(warnings), path)


def _settled(value: Value | None, found: list[Problem], warnings: list[Problem] | None) -> Value:
    if value is None or any(problem.level == "error" for problem in found):
        raise Problems(found)
    if warnings is not None:
        warnings.extend(found)
    return value


# Files


def _problem(path: Path, kind: str, line: int = 0, level: Level = "error", /, **context: object) -> Problem:
    return Where({(): Place(str(path), line)}).problem((), kind, level, **context)


def _content(path: Path, found: list[Problem]) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        found.append(_problem(path, "file_unreadable", reason=_reason(error)))
        return None
    if len(content) > _LARGEST:
        found.append(_problem(path, "file_large", limit=_LARGEST))
        return None
    return content


def _text(path: Path, found: list[Problem]) -> str | None:
    """The text of a file, without a byte-order mark."""
    content = _content(path, found)
    if content is None:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found.append(_problem(path, "not_utf8", content.count(b"\n", 0, error.start) + 1))
        return None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _toml(path: Path, found: list[Problem]) -> tuple[dict[str, Any], dict[KeyPath, Place]] | None:
    """The values of a TOML file, and where each stands."""
    text = _text(path, found)
    if text is None:
        return None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found.append(_syntax(path, text, str(error)))
        return None
    except RecursionError:
        found.append(_problem(path, "toml_deep", 1))
        return None
    places = {where: Place(str(path), line) for where, line in toml_lines.find(text).items()}
    return values, {(): Place(str(path), 1), **places}


def _syntax(path: Path, text: str, said: str) -> Problem:
    message, line, column = toml_lines.error_place(text, said)
    begins = next((begins for begins in TOML if message.startswith(begins)), "")
    return _problem(
        path, "toml_syntax", line, column=column, message=TOML[begins].en, message_zh=TOML[begins].zh
    )


# Campaigns


def _campaign_files(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.suffix == ".toml")
    except (OSError, ValueError):
        return []


def _campaigns(folder: Path, found: list[Problem]) -> dict[str, Campaign]:
    files = _campaign_files(folder)
    if not files:
        found.append(_problem(folder, "no_campaigns"))
    read = {file.stem: _campaign(file, found, named=file.stem) for file in files}
    return {name: one for name, one in read.items() if one is not None}


def _campaign(path: Path, found: list[Problem], named: str | None = None) -> Campaign | None:
    """The campaign in a file; `named` is the id that it must have, None for any."""
    read = _toml(path, found)
    if read is None:
        return None
    values, places = read
    untold = {
        dotted(("contests", index, "candidates"))
        for index, contest in _contests(values)
        if "roster" in contest and not _roster(path, index, contest, places, found)
    }
    where, identity = Where(places), values.get("id")
    misnamed = named is not None and isinstance(identity, str) and identity != named
    if misnamed:
        found.append(where.problem(("id",), "file_name", expected=f"{str(identity)[:60]}.toml"))
    try:
        valid = Campaign.model_validate(values, context={"timezone": values.get("timezone")})
    except ValidationError as error:
        problems = from_validation(error, where, model=Campaign)
        found.extend(problem for problem in problems if problem.key not in untold)
        return None
    for at, kind, context in remarks.of_campaign(valid):
        found.append(where.problem(at, kind, "warning", **context))
    return None if misnamed else valid


def _contests(values: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    contests = values.get("contests")
    for index, contest in enumerate(contests if isinstance(contests, list) else ()):
        if isinstance(contest, dict):
            yield index, contest


def _roster(
    campaign_file: Path,
    index: int,
    contest: dict[str, Any],
    places: dict[KeyPath, Place],
    found: list[Problem],
) -> bool:
    """Puts a roster's candidates into their contest; False if there is nothing to put."""
    at, name = ("contests", index, "roster"), contest["roster"]
    if "candidates" in contest:
        found.append(Where(places).problem(at, "roster_and_candidates"))
        return True
    del contest["roster"]
    if not isinstance(name, str) or not name.lower().endswith(roster.ENDINGS):
        found.append(Where(places).problem(at, "roster_path"))
        return False
    file = campaign_file.parent / name
    content = _content(file, found)
    if content is None:
        return False
    read = roster.read(content)
    found.extend(Problem(str(file), one.cell.row, "", "error", *one.wording(WORDING)) for one in read.faults)
    if read.faults and not read.candidates:
        return False
    contest.update(roster=name, candidates=[candidate for _, candidate in read.candidates])
    for row, (line, _) in enumerate(read.candidates):
        places["contests", index, "candidates", row] = Place(str(file), line, "candidate")
    places["contests", index, "candidates"] = Place(str(file), 1, "candidates")
    return True


# Settings


class _SettingsReader:
    """One reading of the settings. `settings` is None if they cannot be used; `found` says why."""

    def __init__(self, path: Path | None, environ: Mapping[str, str], found: list[Problem]) -> None:
        self.found = found
        self.base = path.parent if path else Path()
        read = _toml(path, found) if path else ({}, {(): Place(ENVIRONMENT)})
        self.values, self.places = read or ({}, {(): Place(str(path), 1)})
        self._add(environ)
        self._secrets((), self.values)
        self.where = Where(self.places)
        self.settings = self._validated() if read else None

    def folder(self, name: str) -> Path:
        """One of the folders, also when other settings are wrong."""
        given = self.values.get(name)
        return self.base / (given if isinstance(given, str) else Settings.model_fields[name].default)

    def check_campaigns(self, known: set[str]) -> None:
        """Every source's campaign must be among the known ones."""
        sources = self.values.get("sources")
        for name, source in sources.items() if isinstance(sources, dict) else ():
            named = source.get("campaign") if isinstance(source, dict) else None
            if known and isinstance(named, str) and named not in known:
                at, words = ("sources", name, "campaign"), ", ".join(sorted(known))
                self.found.append(self.where.problem(at, "campaign_unknown", known=words))

    def _add(self, environ: Mapping[str, str]) -> None:
        values = environment.read(environ)
        self.values = environment.overlay(self.values, values)
        for leaf in environment.leaves(values):
            self.places[leaf] = Place(ENVIRONMENT)
            for length in range(1, len(leaf)):
                self.places.setdefault(leaf[:length], Place(ENVIRONMENT))
        for name, near in environment.unused(environ, values):
            place = Where({(): Place(ENVIRONMENT, 0, name)})
            kind = "variable_unused_near" if near else "variable_unused"
            self.found.append(place.problem((), kind, "warning", near=near))

    def _validated(self) -> Settings | None:
        try:
            valid = Settings.model_validate(self.values)
        except ValidationError as error:
            self.found.extend(from_validation(error, self.where, model=Settings))
            return None
        for at, kind, context in remarks.of_settings(valid):
            self.found.append(self.where.problem(at, kind, "warning", **context))
        placed: dict[str, object] = {
            name: str(self.folder(name)) for name in ("data", "campaigns", "secrets")
        }
        if valid.storage.url and not valid.storage.is_postgresql:
            url = f"sqlite:{self.base / valid.database}"
            placed["storage"] = valid.storage.model_copy(update={"url": url})
        if valid.pdf_font:
            placed["pdf_font"] = str(self.base / valid.pdf_font)
        placed["sources"] = {
            name: source.model_copy(update={"follow": str(self.base / source.follow)})
            if source.follow
            else source
            for name, source in valid.sources.items()
        }
        return valid.model_copy(update=placed)

    def _secrets(self, at: KeyPath, table: dict[str, Any]) -> None:
        """Replaces every `x_file` in the tables that may hold secrets by `x`, the file's text."""
        for name in list(table):
            value, path = table[name], (*at, name)
            if isinstance(value, dict):
                table[name] = dict(value)
                self._secrets(path, table[name])
            elif name.endswith("_file") and at[:1] in (("accounts",), ("api",), ("sources",), ("storage",)):
                del table[name]
                self._secret(path, value, table)

    def _secret(self, path: KeyPath, value: Any, table: dict[str, Any]) -> None:
        where, name = Where(self.places), str(path[-1]).removesuffix("_file")
        if name in table:
            other = where.find((*path[:-1], name))[1]
            self.found.append(where.problem(path, "secret_and_file", key=other))
            return
        place, shown = where.find(path)
        self.places[(*path[:-1], name)] = Place(place.file, place.line, shown)
        files = value if isinstance(value, list) else [value]
        if not files or not all(isinstance(file, str) and file for file in files):
            self.found.append(where.problem(path, "secret_path"))
            return
        texts = [self._secret_text(path, where, file) for file in files]
        whole = [text for text in texts if text is not None]
        if len(whole) == len(files):
            table[name] = whole if isinstance(value, list) else whole[0]

    def _secret_text(self, path: KeyPath, where: Where, name: str) -> str | None:
        """A secret without its last line break, from the secrets folder or else from beside the settings."""
        file = self.folder("secrets") / name
        if not _is_there(file):
            file = self.base / name if _is_there(self.base / name) else file
        try:
            content, exposed = _secret_bytes(file)
            text = content.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            self.found.append(where.problem(path, "secret_text"))
            return None
        except (OSError, ValueError) as error:
            self.found.append(where.problem(path, "secret_missing", reason=_reason(error)))
            return None
        if exposed:
            self.found.append(where.problem(path, "secret_readable", "warning"))
        if not text or "\0" in text or len(content) > _LARGEST_SECRET:
            self.found.append(where.problem(path, "secret_text" if text else "secret_empty"))
            return None
        return text


# Secrets


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):
        return False


def _secret_bytes(file: Path) -> tuple[bytes, bool]:
    """What a secret file holds, and whether every user of the machine can read it. Raises `OSError`."""
    with file.open("rb") as opened:
        exposed = os.fstat(opened.fileno()).st_mode & stat.S_IROTH
        return opened.read(_LARGEST_SECRET + 1), bool(exposed)


def _key(folder: Path, campaign_id: str, found: list[Problem]) -> SecretBytes | None:
    file = folder / f"{campaign_id}.key"
    try:
        content, exposed = _secret_bytes(file)
    except (OSError, ValueError) as error:
        found.append(_problem(file, "key_missing", reason=_reason(error)))
        return None
    if exposed:
        found.append(_problem(file, "key_readable", 0, "warning"))
    digits = content.decode("utf-8-sig", errors="replace").rstrip("\r\n")
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digits) or len(set(bytes.fromhex(digits))) < 8:
        found.append(_problem(file, "key_shape"))
        return None
    return SecretBytes(bytes.fromhex(digits))
