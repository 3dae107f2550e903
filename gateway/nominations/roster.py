"""The roster: approved nominations, and how they get into the campaign file before the vote opens."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from config import load
from config.campaign import Campaign
from config.problems import Lang, Problems
from gateway.durable import sync
from gateway.nominations import records, tomlroster
from gateway.nominations.tomlroster import ByHand
from gateway.storage.database import Database


class Approved(NamedTuple):
    """A candidate as the campaign file has it."""

    code: str
    name: str
    unit: str
    name_en: str = ""
    aliases: tuple[str, ...] = ()
    keypad: str = ""

    def table(self) -> dict[str, str | list[str]]:
        """The keys of the campaign file."""
        told: dict[str, str | list[str]] = {"code": self.code}
        if self.keypad:
            told["keypad"] = self.keypad
        told.update(name=self.name, unit=self.unit)
        if self.name_en:
            told["name_en"] = self.name_en
        if self.aliases:
            told["aliases"] = list(self.aliases)
        return told


#: By contest, in the order of the codes.
Roster = dict[str, list[Approved]]


class NotWritten(Exception):
    """The campaign file stays as it was: a word of the catalogue, and what or which contests it is about."""

    def __init__(self, word: str, about: str = "", contests: Sequence[str] = ()) -> None:
        super().__init__(f"{word}: {about or '、'.join(contests)}")
        self.word, self._about, self._contests = word, about, contests

    def about(self, campaign: Campaign, lang: Lang) -> str:
        """What it is about; contests by their names."""
        named = (campaign.contests_by_id[one].name_in(lang) for one in self._contests)
        return self._about or "、".join(named)


def of(db: Database, campaign: Campaign) -> Roster:
    """Who is approved, in every contest that is nominated for."""
    found: Roster = {contest: [] for contest in campaign.nominations}
    for head in records.heads(db, campaign.id):
        nominating = campaign.nominations.get(head.contest)
        if nominating is None or head.standing != "approved":
            continue
        fields, _ = records.version(db, head.id)
        aliases = fields.get("aliases", "").replace("；", ";").split(";")
        found[head.contest].append(
            Approved(
                head.code,
                head.name,
                head.unit,
                fields.get("name_en", ""),
                tuple(filter(None, (alias.strip() for alias in aliases))),
                nominating.keypad(head.code) or "",
            )
        )
    return {contest: sorted(some) for contest, some in found.items()}


def of_campaign(campaign: Campaign) -> Roster:
    """The candidates as the campaign file has them now, in the contests that are nominated for."""
    return {
        contest: sorted(
            Approved(one.code, one.name, one.unit, one.name_en or "", one.aliases, one.keypad or "")
            for one in campaign.contests_by_id[contest].candidates
        )
        for contest in campaign.nominations
    }


def write(file: Path, roster: Mapping[str, Sequence[Approved]]) -> None:
    """Put the roster into a campaign file, whole, or leave it as it is. The old one stays there as `.bak`.

    Raises `NotWritten`, `OSError`. Does I/O.
    """
    empty = [contest for contest, some in roster.items() if not some]
    if empty or not roster:
        raise NotWritten("roster_empty", contests=empty)
    part = file.with_name(f".{file.name}.part")
    try:
        text = tomlroster.rewritten(
            file.read_text("utf-8-sig"), {key: [one.table() for one in some] for key, some in roster.items()}
        )
        part.write_text(text, "utf-8")
        load.campaign(part)
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        shutil.copymode(file, part)
        shutil.copy2(file, file.with_name(f"{file.name}.bak"))
        part.replace(file)
        sync(file.parent)
    except ByHand as error:
        raise NotWritten("roster_by_hand", contests=[str(error)]) from None
    except Problems as problems:
        raise NotWritten("roster_refused", problems.render("zh")) from None
    finally:
        part.unlink(missing_ok=True)
