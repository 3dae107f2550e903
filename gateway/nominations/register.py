"""Nominations as people work with them: entered, endorsed, given codes, until the vote opens."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, NamedTuple

from config.nominations import Nominating
from dedup import keys
from gateway.intake.running import Running
from gateway.nominations import cabinet, checks, papers, pictures, records, roster, sheet
from gateway.nominations.cabinet import Cabinet
from gateway.nominations.checks import Flaw, Opinion, Values
from gateway.nominations.forms import FORMS, Form, opinion
from gateway.nominations.papers import NoPaper
from gateway.nominations.pictures import NoPicture
from gateway.nominations.records import Filed, Head, New, Version
from gateway.nominations.roster import Roster
from gateway.nominations.sheet import Known
from gateway.service import Service
from gateway.spreadsheet import reading
from gateway.storage.database import Database
from gateway.storage.store import Conflict
from tally.entry import BLINDING_BYTES, BadEntry
from tally.seal import Sealer

#: Of one nomination.
MOST_FILES: Final = 20
PORTRAIT, PHOTO, PAPER = KINDS = ("portrait", "photo", "paper")


@dataclass(frozen=True, slots=True)
class Nomination:
    """A nomination with all that its form says. `flaws` are what is missing yet."""

    head: Head
    form: Form
    values: Values
    flaws: tuple[Flaw, ...]
    files: tuple[Filed, ...]
    forgotten: bool = False


class Refused(RuntimeError):
    """It is not done; `word` says why, `words_nominations.REFUSED` lists them all."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Public(NamedTuple):
    """What everybody may see of a nomination; `portrait` is the number of its photo, 0 for none."""

    id: int
    name: str
    unit: str
    summary: str
    portrait: int


class Unkept(Exception):
    """What is wrong with a form: nothing was kept."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__()
        self.flaws = tuple(flaws)


class Register:
    """Every method raises `Refused`, and what the store raises. `random` gives so many bytes."""

    def __init__(self, service: Service, data: Path, random: Callable[[int], bytes]) -> None:
        self._service, self._data, self._random = service, data, random
        self._turns = {name: asyncio.Lock() for name in service.campaigns}
        self._public: dict[str, Mapping[tuple[str, str], Public]] = {}
        self._reading = asyncio.Lock()  # one spreadsheet at a time: votes go first

    # Looking

    async def heads(self, running: Running, contest: str = "") -> list[Head]:
        """The nominations of a campaign, or of one contest."""
        found = await self._service.store.run(records.heads, running.id)
        return [one for one in found if contest in ("", one.contest)]

    async def head(self, running: Running, contest: str, id_: int) -> Head:
        """One nomination without its text."""
        for one in await self.heads(running, contest):
            if one.id == id_:
                return one
        raise Refused("no_nomination")

    async def one(self, running: Running, contest: str, id_: int) -> Nomination:
        """One nomination, its personal data opened."""
        head = await self.head(running, contest, id_)
        open_, private = await self._service.store.run(records.version, id_)
        form = FORMS[nominating_of(running, contest).form]
        files = tuple(await self._service.store.run(records.files, id_))
        if not private:
            empty = dict.fromkeys((one.key for one in form.fields), "")
            return Nomination(head, form, {**empty, **open_}, (), files, forgotten=True)
        try:
            _, opened = _sealer(running).open(0, private)
        except BadEntry:
            raise Refused("nomination_damaged") from None
        values = {**open_, **json.loads(opened)}
        if not hmac.compare_digest(_seal(running, form, values), head.seal):
            raise Refused("nomination_damaged")
        _, flaws = checks.read(form, values)
        return Nomination(head, form, values, tuple(flaws), files)

    async def published(self, running: Running) -> Mapping[tuple[str, str], Public]:
        """What everybody may see of the approved, by contest and code. It is read once after each change, and
        every time while another node may change it."""
        known = self._public.get(running.id)
        if known is None:
            is_lasting = not (self._service.store.is_shared and self.may_change(running))
            known = await self._service.store.run(_published, running.id)
            if is_lasting:
                self._public[running.id] = known
        return known

    async def file(self, running: Running, id_: int, file: int) -> tuple[Filed, bytes]:
        """A file that is attached. Raises `cabinet.Lost`."""
        for one in await self._service.store.run(records.files, id_):
            if one.id == file:
                private = one.kind == PAPER
                content = await asyncio.to_thread(self._cabinet(running).get, one.sha256, private=private)
                return one, content
        raise Refused("no_file")

    async def approved(self, running: Running) -> Roster:
        """Who stands on the roster."""
        return await self._service.store.run(roster.of, running.campaign)

    async def history(self, id_: int) -> list[records.Happened]:
        """Everything that was done with it."""
        return await self._service.store.run(records.history, id_)

    # Entering

    async def enter(self, running: Running, contest: str, given: Mapping[str, str], by: str) -> int:
        """A new nomination, which need not be complete; returns its number. Raises `Unkept`."""
        form = FORMS[nominating_of(running, contest).form]
        said = self._version(running, form, given)
        async with self._changing(running):
            await self._alone(running, contest, said, 0)
            (id_,) = await self._service.store.run(
                records.add, running.id, contest, [New(said)], by, self._service.now_ms()
            )
        return id_

    async def change(
        self, running: Running, contest: str, id_: int, given: Mapping[str, str], by: str
    ) -> None:
        """Another version. Endorsements of what it said before hold no more. Raises `Unkept`."""
        form = FORMS[nominating_of(running, contest).form]
        said = self._version(running, form, given)
        async with self._changing(running):
            await self.head(running, contest, id_)
            await self._alone(running, contest, said, id_)
            await self._service.store.run(records.change, id_, said, by, self._service.now_ms())

    async def take(self, running: Running, contest: str, content: bytes, by: str) -> int:
        """The nominations of a spreadsheet, all or none; returns how many. Raises `Faulty`."""
        nominating = nominating_of(running, contest)
        form = FORMS[nominating.form]
        async with self._reading, self._changing(running):
            known = await self._known(running, contest)
            entered = await asyncio.to_thread(_read, content, nominating, known, self.today(running))
            new = await asyncio.to_thread(self._new, running, form, nominating, entered, known)
            if not self.may_change(running):  # reading takes its time
                raise Refused("roster_frozen")
            await self._service.store.run(records.add, running.id, contest, new, by, self._service.now_ms())
        return len(new)

    # Endorsing

    async def endorse(
        self, running: Running, contest: str, id_: int, stage: str, given: Mapping[str, str], by: str
    ) -> str:
        """An endorsement of what the form says now; the third gives the code, or that in `given`. Returns the
        code, "" for none. Raises `Unkept`."""
        nominating = nominating_of(running, contest)
        form = FORMS[nominating.form]
        async with self._changing(running):
            head = await self.head(running, contest, id_)
            if not head.complete or head.withdrawn:
                raise Refused("not_complete")
            title = opinion(form, stage)
            said = checks.opinion(title, stage, given, self.today(running), head.opinions)
            if not isinstance(said, Opinion):
                raise Unkept(said)
            then = checks.standing(True, {**head.opinions, stage: said}, False)
            code = ""
            if then == "approved":
                code = await self._code(running, nominating, head, checks.code(given.get("code", "")))
            await self._kept(records.endorse, running.id, head, said, code, by, self._service.now_ms())
        return code or head.code

    async def recode(self, running: Running, contest: str, id_: int, code: str, by: str) -> None:
        """Give an approved nomination another code by hand; the earlier one is used up."""
        nominating = nominating_of(running, contest)
        async with self._changing(running):
            head = await self.head(running, contest, id_)
            if head.standing != "approved":
                raise Refused("not_approved")
            wanted = await self._code(running, nominating, head, checks.code(code))
            if wanted:
                now_ms = self._service.now_ms()
                await self._kept(records.give_code, running.id, id_, wanted, by, now_ms)

    async def withdraw(
        self, running: Running, contest: str, id_: int, *, out: bool, reason: str, by: str
    ) -> None:
        """Take a nomination back, or up again. It keeps its code."""
        async with self._changing(running):
            await self.head(running, contest, id_)
            if not reason.strip() or len(reason) > 500:
                raise Refused("no_reason_given")
            now_ms = self._service.now_ms()
            await self._service.store.run(records.withdraw, id_, out, reason.strip(), by, now_ms)

    async def write(self, running: Running, file: Path) -> None:
        """Put the approved into the campaign file. Raises `NotWritten`, `OSError`."""
        async with self._changing(running):
            await asyncio.to_thread(roster.write, file, await self.approved(running))

    # Files

    async def attach(
        self, running: Running, contest: str, id_: int, kind: str, name: str, content: bytes, by: str
    ) -> None:
        """Keep a file: a photo without its metadata, or a paper. Raises `Refused` for any other."""
        async with self._changing(running):
            await self.head(running, contest, id_)
            if len(await self._service.store.run(records.files, id_)) >= MOST_FILES:
                raise Refused("files_many")
            media, kept = await asyncio.to_thread(_checked, kind, content)
            put, private = self._cabinet(running).put, kind == PAPER
            blinding = self._random(BLINDING_BYTES)
            digest = await asyncio.to_thread(put, kept, private=private, blinding=blinding)
            file = Filed(0, kind, _file_name(name), media, len(kept), digest)
            await self._service.store.run(records.attach, id_, file, by, self._service.now_ms())

    async def detach(self, running: Running, contest: str, id_: int, file: int, by: str) -> None:
        """Destroy a file."""
        async with self._changing(running):
            await self.head(running, contest, id_)
            for one in await self._service.store.run(records.files, id_):
                if one.id == file:
                    now_ms = self._service.now_ms()
                    last = await self._service.store.run(records.detach, running.id, id_, one, by, now_ms)
                    if last:
                        await asyncio.to_thread(self._cabinet(running).drop, one.sha256)
                    return
            raise Refused("no_file")

    # Within

    def today(self, running: Running) -> date:
        """The day in the campaign's zone."""
        return datetime.fromtimestamp(self._service.now_ms() // 1000, running.zone).date()

    def may_change(self, running: Running) -> bool:
        """Whether the roster is still open."""
        return not running.opened and running.status(self._service.now_ms()) == "scheduled"

    @asynccontextmanager
    async def _changing(self, running: Running) -> AsyncIterator[None]:
        """One change at a time, as long as there may be any. Raises `Refused`."""
        async with self._turns[running.id]:
            if not self.may_change(running):
                raise Refused("roster_frozen")
            try:
                yield
            finally:
                self._public.pop(running.id, None)

    def _cabinet(self, running: Running) -> Cabinet:
        return Cabinet(cabinet.folder(self._data, running.id), _sealer(running))

    def _version(self, running: Running, form: Form, given: Mapping[str, str]) -> Version:
        values, flaws = checks.read(form, given)
        bad = [one for one in flaws if one.kind not in checks.UNFINISHED or one.key in ("name", "unit")]
        if bad:
            raise Unkept(flaws)
        return self._sealed(running, form, values, complete=not flaws)

    def _sealed(self, running: Running, form: Form, values: Values, *, complete: bool) -> Version:
        private = {one.key: values[one.key] for one in form.fields if one.private}
        open_ = {key: value for key, value in values.items() if key not in private}
        sealed = _sealer(running).seal(0, self._random(BLINDING_BYTES), _json(private))
        seal = _seal(running, form, values)
        return Version(values["name"], values["unit"], open_, sealed, seal, complete)

    def _new(
        self,
        running: Running,
        form: Form,
        nominating: Nominating,
        entered: Sequence[sheet.Entered],
        known: Known,
    ) -> list[New]:
        taken = known.codes | {one.code for one in entered}
        free = iter([code for code in nominating.codes if code not in taken])
        new = []
        for one in entered:
            said = self._sealed(running, form, one.values, complete=True)
            approved = checks.standing(True, {each.stage: each for each in one.opinions}, False) == "approved"
            new.append(New(said, one.opinions, one.code or (next(free, "") if approved else "")))
        return new

    async def _known(self, running: Running, contest: str) -> Known:
        entered = frozenset(sheet.same(one.name, one.unit) for one in await self.heads(running, contest))
        return Known(entered, await self._used(running, contest))

    async def _used(self, running: Running, contest: str) -> frozenset[str]:
        """Codes that nobody can have any more: given before, or another contest's in the campaign file."""
        given = await self._service.store.run(records.used, running.id)
        others = {
            one.code for each in running.campaign.contests if each.id != contest for one in each.candidates
        }
        return frozenset(given | others)

    async def _alone(self, running: Running, contest: str, said: Version, id_: int) -> None:
        for one in await self.heads(running, contest):
            if one.id != id_ and sheet.same(one.name, one.unit) == sheet.same(said.name, said.unit):
                raise Refused("nominated_already")

    async def _code(self, running: Running, nominating: Nominating, head: Head, wanted: str) -> str:
        """The code to be given now; "" if the nomination has it."""
        if head.code and wanted in ("", head.code):
            return ""
        taken = await self._used(running, head.contest)
        if not wanted:
            found = sheet.next_code(nominating, taken)
            if not found:
                raise Refused("codes_gone")
            return found
        if nominating.codes.place(wanted) is None:
            raise Refused("code_range")
        if wanted in taken:
            raise Refused("code_used")
        return wanted

    async def _kept(self, job: Callable[..., None], *args: object) -> None:
        try:
            await self._service.store.run(job, *args)
        except Conflict:
            raise Refused("code_used") from None


def nominating_of(running: Running, contest: str) -> Nominating:
    """How a contest's candidates are nominated. Raises `Refused`."""
    found = running.campaign.nominations.get(contest)
    if found is None:
        raise Refused("no_nominations")
    return found


def _published(db: Database, campaign: str) -> dict[tuple[str, str], Public]:
    found = {}
    for one in records.heads(db, campaign):
        if one.standing == "approved":
            fields, _ = records.version(db, one.id)
            public = Public(one.id, one.name, one.unit, fields.get("summary", ""), one.portrait)
            found[one.contest, one.code] = public
    return found


def _read(content: bytes, nominating: Nominating, known: Known, today: date) -> list[sheet.Entered]:
    return sheet.read(reading.read(content), nominating, known, today)


def _checked(kind: str, content: bytes) -> tuple[str, bytes]:
    """The media type of a file, and what is kept of it."""
    if kind not in KINDS:
        raise Refused("no_file")
    try:
        if kind == PAPER and not content.startswith((b"\xff\xd8\xff", b"\x89PNG")):
            return papers.media(content), content
        picture = pictures.clean(content)
    except (NoPicture, NoPaper) as error:
        raise Refused(str(error)) from None
    return picture.media, picture.content


def _file_name(name: str) -> str:
    """A file's name for people to read: no path, nothing that cannot be seen."""
    plain = "".join(letter for letter in name.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
    return plain[:100] or "–"


def _sealer(running: Running) -> Sealer:
    return Sealer(running.keys.sealing, f"{running.id}#nominations")


def _seal(running: Running, form: Form, values: Values) -> bytes:
    """What an endorsement is of: all that the form itself has."""
    endorsed = {one.key: values.get(one.key, "") for one in form.fields if not one.ours}
    key = keys.derive(running.keys.sealing, "nominations")
    return hmac.digest(key, _json([form.id, endorsed]), "sha256")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
