"""Nominations as people work with them: entered, endorsed, given codes, until the vote opens.

Whatever a change rests on is judged in the transaction that makes it: several processes may be at work on one
database, and one data folder.
"""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Concatenate, Final, NamedTuple, ParamSpec, TypeVar

from config.nominations import Nominating
from dedup import keys
from gateway.intake.running import Running
from gateway.nominations import checks, papers, pictures, records, roster, sheet
from gateway.nominations.cabinet import Cabinet, folder_of
from gateway.nominations.checks import Flaw, Opinion, Values
from gateway.nominations.forms import FORMS, Form, opinion
from gateway.nominations.papers import NoPaper
from gateway.nominations.pictures import NoPicture
from gateway.nominations.records import Filed, Head, New, Version
from gateway.nominations.roster import Roster
from gateway.nominations.sheet import Known
from gateway.service import Service
from gateway.spreadsheet import reading
from gateway.storage.database import Database, transaction
from gateway.storage.store import Conflict
from tally.entry import BLINDING_BYTES, BadEntry
from tally.seal import Sealer

P = ParamSpec("P")
T = TypeVar("T")

#: Of one nomination.
MOST_FILES: Final = 20
#: What lies in the cabinet for so long, and is attached to nothing, was left there by a crash.
_LEFT_MS: Final = 3_600_000
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


class NominationRefused(RuntimeError):
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
    """Every method raises `NominationRefused`, and what the store raises. `random` gives so many bytes."""

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
        return _head(await self.heads(running, contest), contest, id_)

    async def one(self, running: Running, contest: str, id_: int) -> Nomination:
        """One nomination, its personal data opened."""

        def read(db: Database) -> tuple[Head, tuple[Values, bytes], list[Filed]]:
            head = _head(records.heads(db, running.id), contest, id_)
            return head, records.version(db, id_), records.files(db, id_)

        head, (open_, private), files = await self._at_once(read)
        form = FORMS[nominating_of(running, contest).form]
        if not private:
            empty = dict.fromkeys((one.key for one in form.fields), "")
            return Nomination(head, form, {**empty, **open_}, (), tuple(files), forgotten=True)
        try:
            _, opened = _sealer(running).open(0, private)
        except BadEntry:
            raise NominationRefused("nomination_damaged") from None
        values = {**open_, **json.loads(opened)}
        if not hmac.compare_digest(_seal(running, form, values), head.seal):
            raise NominationRefused("nomination_damaged")
        _, flaws = checks.read(form, values)
        return Nomination(head, form, values, tuple(flaws), tuple(files))

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
        raise NominationRefused("no_file")

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
        said, now_ms = self._version(running, form, given), self._service.now_ms()

        def enter(db: Database) -> int:
            _alone(records.heads(db, running.id), contest, said, 0)
            return records.add(db, running.id, contest, [New(said)], by, now_ms)[0]

        async with self._changing(running):
            return await self._at_once(enter)

    async def change(
        self, running: Running, contest: str, id_: int, given: Mapping[str, str], by: str
    ) -> None:
        """Another version, of the one that was looked at (`seen`). Endorsements of what it said before lapse.

        Raises `Unkept`.
        """
        form = FORMS[nominating_of(running, contest).form]
        said, now_ms = self._version(running, form, given), self._service.now_ms()

        def change(db: Database) -> None:
            heads = records.heads(db, running.id)
            if given.get("seen", "") not in ("", _head(heads, contest, id_).version):
                raise NominationRefused("changed")
            _alone(heads, contest, said, id_)
            records.change(db, id_, said, by, now_ms)

        async with self._changing(running):
            await self._at_once(change)

    async def take(self, running: Running, contest: str, content: bytes, by: str) -> int:
        """The nominations of a spreadsheet, all or none; returns how many. Raises `Faulty`."""
        nominating = nominating_of(running, contest)
        form = FORMS[nominating.form]

        def add(db: Database, new: Sequence[New], known: Known) -> bool:
            if _known(db, running, contest) != known:
                return False
            records.add(db, running.id, contest, new, by, self._service.now_ms())
            return True

        async with self._reading, self._changing(running):
            while True:
                known = await self._service.store.run(_known, running, contest)
                entered = await asyncio.to_thread(_read, content, nominating, known, self.today(running))
                new = await asyncio.to_thread(self._new, running, form, nominating, entered, known)
                if not self.may_change(running):  # reading takes its time
                    raise NominationRefused("roster_frozen")
                if await self._at_once(add, new, known):
                    return len(new)

    # Endorsing

    async def endorse(
        self, running: Running, contest: str, id_: int, stage: str, given: Mapping[str, str], by: str
    ) -> str:
        """An endorsement of what the form says, and was `seen` to say; the third gives the code, or that in
        `given`. Returns the code, "" for none. Raises `Unkept`."""
        nominating = nominating_of(running, contest)
        title, today = opinion(FORMS[nominating.form], stage), self.today(running)

        def endorse(db: Database) -> str:
            head = _head(records.heads(db, running.id), contest, id_)
            if given.get("seen", "").partition(".")[2] not in ("", head.seal.hex()):
                raise NominationRefused("changed")
            if not head.complete or head.withdrawn:
                raise NominationRefused("not_complete")
            said = checks.opinion(title, stage, given, today, head.opinions)
            if not isinstance(said, Opinion):
                raise Unkept(said)
            then = checks.standing(True, {**head.opinions, stage: said}, False)
            code = ""
            if then == "approved":
                used = _used(db, running, contest)
                code = _code(nominating, head, checks.code(given.get("code", "")), used)
            records.endorse(db, running.id, head, said, code, by, self._service.now_ms())
            return code or head.code

        async with self._changing(running):
            return await self._at_once(endorse)

    async def recode(self, running: Running, contest: str, id_: int, code: str, by: str) -> None:
        """Give an approved nomination another code by hand; the earlier one is used up."""
        nominating = nominating_of(running, contest)

        def recode(db: Database) -> None:
            head = _head(records.heads(db, running.id), contest, id_)
            if head.standing != "approved":
                raise NominationRefused("not_approved")
            wanted = _code(nominating, head, checks.code(code), _used(db, running, contest))
            if wanted:
                records.give_code(db, running.id, id_, wanted, by, self._service.now_ms())

        async with self._changing(running):
            await self._at_once(recode)

    async def withdraw(
        self, running: Running, contest: str, id_: int, *, out: bool, reason: str, by: str
    ) -> None:
        """Take a nomination back, or up again. It keeps its code."""

        def withdraw(db: Database) -> None:
            _head(records.heads(db, running.id), contest, id_)
            if not reason.strip() or len(reason) > 500:
                raise NominationRefused("no_reason_given")
            records.withdraw(db, id_, out, reason.strip(), by, self._service.now_ms())

        async with self._changing(running):
            await self._at_once(withdraw)

    async def write(self, running: Running, file: Path) -> None:
        """Put the approved into the campaign file. Raises `NotWritten`, `OSError`."""
        async with self._changing(running):
            await asyncio.to_thread(roster.write, file, await self.approved(running))

    # Files

    async def attach(
        self, running: Running, contest: str, id_: int, kind: str, name: str, content: bytes, by: str
    ) -> None:
        """Keep a file: a photo without its metadata, or a paper. Raises `NominationRefused` for any other."""
        cabinet = self._cabinet(running)

        def room(db: Database) -> None:
            _head(records.heads(db, running.id), contest, id_)
            if len(records.files(db, id_)) >= MOST_FILES:
                raise NominationRefused("files_many")

        def attach(db: Database, file: Filed) -> bool:
            room(db)
            if not cabinet.has(file.sha256):  # the last other one that had it has just been destroyed
                return False
            records.attach(db, id_, file, by, self._service.now_ms())
            self._tidy(db, running, cabinet)
            return True

        async with self._changing(running):
            await self._service.store.run(room)
            media, kept = await asyncio.to_thread(_checked, kind, content)
            while True:
                blinding = self._random(BLINDING_BYTES)
                digest = await asyncio.to_thread(cabinet.put, kept, private=kind == PAPER, blinding=blinding)
                file = Filed(0, kind, _file_name(name), media, len(kept), digest)
                try:
                    if await self._at_once(attach, file):
                        return
                except NominationRefused:
                    await self._at_once(_unless_attached, running.id, cabinet, digest)
                    raise

    async def detach(self, running: Running, contest: str, id_: int, file: int, by: str) -> None:
        """Destroy a file."""
        cabinet = self._cabinet(running)

        def detach(db: Database) -> None:
            _head(records.heads(db, running.id), contest, id_)
            for one in records.files(db, id_):
                if one.id == file:
                    records.detach(db, id_, one, by, self._service.now_ms())
                    # Before it is said to be gone: what nobody sees any more, nobody could destroy.
                    _unless_attached(db, running.id, cabinet, one.sha256)
                    self._tidy(db, running, cabinet)
                    return
            raise NominationRefused("no_file")

        async with self._changing(running):
            await self._at_once(detach)

    # Within

    def today(self, running: Running) -> date:
        """The day in the campaign's zone."""
        return datetime.fromtimestamp(self._service.now_ms() // 1000, running.zone).date()

    def may_change(self, running: Running) -> bool:
        """Whether the roster is still open."""
        return not running.opened and running.status(self._service.now_ms()) == "scheduled"

    @asynccontextmanager
    async def _changing(self, running: Running) -> AsyncIterator[None]:
        """One change of ours at a time, as long as there may be any. Raises `NominationRefused`."""
        async with self._turns[running.id]:
            if not self.may_change(running):
                raise NominationRefused("roster_frozen")
            try:
                yield
            finally:
                self._public.pop(running.id, None)

    def _cabinet(self, running: Running) -> Cabinet:
        return Cabinet(folder_of(self._data, running.id), _sealer(running))

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

    def _tidy(self, db: Database, running: Running, cabinet: Cabinet) -> None:
        """In the transaction that attaches, or destroys: what lies unattached now, nobody attaches before it
        has ended."""
        cabinet.tidy(records.contents(db, running.id), self._service.now_ms() - _LEFT_MS)

    async def _at_once(
        self, job: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """A job, all of it or nothing: what it has read stands until it has written, at every process."""
        try:
            return await self._service.store.run(_transacted, job, *args, **kwargs)
        except Conflict:
            raise NominationRefused("code_used") from None


def nominating_of(running: Running, contest: str) -> Nominating:
    """How a contest's candidates are nominated. Raises `NominationRefused`."""
    found = running.campaign.nominations.get(contest)
    if found is None:
        raise NominationRefused("no_nominations")
    return found


def _transacted(
    db: Database, job: Callable[Concatenate[Database, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    with transaction(db):
        return job(db, *args, **kwargs)


def _head(heads: Sequence[Head], contest: str, id_: int) -> Head:
    for one in heads:
        if one.id == id_ and one.contest == contest:
            return one
    raise NominationRefused("no_nomination")


def _alone(heads: Sequence[Head], contest: str, said: Version, id_: int) -> None:
    for one in heads:
        same = sheet.same(one.name, one.unit) == sheet.same(said.name, said.unit)
        if one.contest == contest and one.id != id_ and same:
            raise NominationRefused("nominated_already")


def _known(db: Database, running: Running, contest: str) -> Known:
    heads = [one for one in records.heads(db, running.id) if one.contest == contest]
    return Known(frozenset(sheet.same(one.name, one.unit) for one in heads), _used(db, running, contest))


def _used(db: Database, running: Running, contest: str) -> frozenset[str]:
    """Codes that nobody can have any more: given before, or another contest's in the campaign file."""
    others = {one.code for each in running.campaign.contests if each.id != contest for one in each.candidates}
    return frozenset(records.used(db, running.id) | others)


def _code(nominating: Nominating, head: Head, wanted: str, taken: frozenset[str]) -> str:
    """The code to be given now; "" if the nomination has it."""
    if head.code and wanted in ("", head.code):
        return ""
    if not wanted:
        found = sheet.next_code(nominating, taken)
        if not found:
            raise NominationRefused("codes_gone")
        return found
    if nominating.codes.place(wanted) is None:
        raise NominationRefused("code_range")
    if wanted in taken:
        raise NominationRefused("code_used")
    return wanted


def _unless_attached(db: Database, campaign: str, cabinet: Cabinet, digest: bytes) -> None:
    """Destroy a file that nothing of the campaign has any more."""
    if digest not in records.contents(db, campaign):
        cabinet.drop(digest)


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
        raise NominationRefused("no_file")
    try:
        if kind == PAPER and not content.startswith((b"\xff\xd8\xff", b"\x89PNG")):
            return papers.media(content), content
        picture = pictures.clean(content)
    except (NoPicture, NoPaper) as error:
        raise NominationRefused(str(error)) from None
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
