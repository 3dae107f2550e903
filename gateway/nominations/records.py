"""Where nominations are kept: functions of a connection. Nothing is overwritten.

Those that write are called in a transaction; `Register` judges in the same what they rest on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from gateway.nominations.checks import Opinion, Values, standing
from gateway.storage.blocks import load
from gateway.storage.database import Database

_SQL: Final = load("gateway.nominations", "nominations.sql")


@dataclass(frozen=True, slots=True)
class Head:
    """A nomination without its text. `opinions` are those of what it says now; `stale` are stages whose
    endorsement was of an earlier version."""

    id: int
    contest: str
    name: str
    unit: str
    seal: bytes
    complete: bool
    at_ms: int
    opinions: Mapping[str, Opinion] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()
    code: str = ""
    withdrawn: bool = False
    reason: str = ""
    portrait: int = 0

    @property
    def version(self) -> str:
        """What tells this version from others: when it was kept, and the seal of what is endorsed of it."""
        return f"{self.at_ms}.{self.seal.hex()}"

    @property
    def standing(self) -> str:
        """How far it is (`checks.standing`)."""
        return standing(self.complete, self.opinions, self.withdrawn)


class Version(NamedTuple):
    """What a form says, as it is stored: open fields, sealed ones, and the seal that endorsements name."""

    name: str
    unit: str
    fields: Values
    private: bytes
    seal: bytes
    complete: bool


class New(NamedTuple):
    """A nomination to be added whole; `code` "" for none."""

    version: Version
    opinions: Sequence[Opinion] = ()
    code: str = ""


class Filed(NamedTuple):
    """A file that is attached."""

    id: int
    kind: str
    name: str
    media: str
    size: int
    sha256: bytes


class Happened(NamedTuple):
    """Something that was done: when (Unix milliseconds), by which account, what, and about what."""

    at_ms: int
    by: str
    what: str
    detail: str
    more: str


def heads(db: Database, campaign: str) -> list[Head]:
    """A campaign's nominations, in the order they came in."""
    opinions: dict[int, list[tuple[bytes, Opinion]]] = {}
    for id_, seal, stage, ruling, who, on, note in db.execute(_SQL["opinions"], (campaign,)):
        one = Opinion(stage, ruling, who, date.fromisoformat(on), note)
        opinions.setdefault(id_, []).append((seal, one))
    codes = dict(db.execute(_SQL["codes"], (campaign,)).fetchall())
    portraits = dict(db.execute(_SQL["portraits"], (campaign,)).fetchall())
    gone = {id_: (bool(out), why) for id_, out, why in db.execute(_SQL["withdrawals"], (campaign,))}
    return [
        Head(
            id_,
            contest,
            name,
            unit,
            seal,
            bool(complete),
            at_ms,
            {one.stage: one for of, one in opinions.get(id_, ()) if of == seal},
            frozenset(one.stage for of, one in opinions.get(id_, ()) if of != seal),
            codes.get(id_, ""),
            *gone.get(id_, (False, "")),
            portraits.get(id_, 0),
        )
        for id_, contest, name, unit, seal, complete, at_ms in db.execute(_SQL["heads"], (campaign,))
    ]


def version(db: Database, id_: int) -> tuple[Values, bytes]:
    """The newest version's open fields, and its sealed ones."""
    fields, private = db.execute(_SQL["version"], (id_,)).fetchone()
    return json.loads(fields), private


def used(db: Database, campaign: str) -> set[str]:
    """Every code that was ever given."""
    return {code for _, code in db.execute(_SQL["codes"], (campaign,))}


def files(db: Database, id_: int) -> list[Filed]:
    """The files that are attached."""
    return [Filed(*row) for row in db.execute(_SQL["files"], (id_,))]


def contents(db: Database, campaign: str) -> set[bytes]:
    """The SHA-256 of every file that is attached in a campaign."""
    return {sha256 for (sha256,) in db.execute(_SQL["contents"], (campaign,))}


def history(db: Database, id_: int) -> list[Happened]:
    """Everything that was done with a nomination, in order."""
    return [Happened(*row) for row in db.execute(_SQL["history"], (id_,))]


def add(db: Database, campaign: str, contest: str, new: Sequence[New], by: str, at_ms: int) -> list[int]:
    """Add nominations; returns their numbers. A code that was given before raises `store.Conflict` from
    `run`."""
    made = []
    for one in new:
        (id_,) = db.execute(_SQL["add"], (campaign, contest, by, at_ms)).fetchone()
        _version(db, id_, one.version, by, at_ms)
        for said in one.opinions:
            _opinion(db, id_, one.version.seal, said, by, at_ms)
        if one.code:
            db.execute(_SQL["add-code"], (campaign, one.code, id_, by, at_ms))
        made.append(id_)
    return made


def change(db: Database, id_: int, said: Version, by: str, at_ms: int) -> None:
    """Keep a new version."""
    _version(db, id_, said, by, at_ms)


def endorse(db: Database, campaign: str, head: Head, said: Opinion, code: str, by: str, at_ms: int) -> None:
    """Keep an endorsement of what stands, and the code that it brings, "" for none."""
    _opinion(db, head.id, head.seal, said, by, at_ms)
    if code:
        db.execute(_SQL["add-code"], (campaign, code, head.id, by, at_ms))


def give_code(db: Database, campaign: str, id_: int, code: str, by: str, at_ms: int) -> None:
    """Keep another code; the earlier one stays used."""
    db.execute(_SQL["add-code"], (campaign, code, id_, by, at_ms))


def withdraw(db: Database, id_: int, out: bool, reason: str, by: str, at_ms: int) -> None:
    """Take back, or take up again."""
    db.execute(_SQL["add-withdrawal"], (id_, int(out), reason, by, at_ms))


def attach(db: Database, id_: int, file: Filed, by: str, at_ms: int) -> None:
    """Keep what a file is; its own number is not used."""
    row = (id_, file.kind, file.name, file.media, file.size, file.sha256, by, at_ms)
    db.execute(_SQL["add-file"], row)


def detach(db: Database, id_: int, file: Filed, by: str, at_ms: int) -> None:
    """Note that a file is gone."""
    db.execute(_SQL["remove-file"], (by, at_ms, file.id, id_))


def _version(db: Database, id_: int, said: Version, by: str, at_ms: int) -> None:
    fields = json.dumps(said.fields, ensure_ascii=False, sort_keys=True)
    row = (id_, said.name, said.unit, fields, said.private, said.seal, int(said.complete), by, at_ms)
    db.execute(_SQL["add-version"], row)


def _opinion(db: Database, id_: int, seal: bytes, said: Opinion, by: str, at_ms: int) -> None:
    row = (id_, seal, said.stage, said.ruling, said.who, said.on.isoformat(), said.note, by, at_ms)
    db.execute(_SQL["add-opinion"], row)
