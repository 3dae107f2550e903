"""Nominations in a spreadsheet: all of it or nothing, every fault with its cell; and the template. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from config.nominations import Nominating
from config.spreadsheet.faults import Fault, Faulty
from config.spreadsheet.workbook import Sheet
from gateway.nominations import checks
from gateway.nominations.checks import WORDS, Flaw, Opinion, Values
from gateway.nominations.forms import FORMS, STAGES, Form, columns, opinion
from gateway.spreadsheet import table
from gateway.spreadsheet.table import Record
from gateway.spreadsheet.template import Page


class Known(NamedTuple):
    """What is there already: names with their units in the contest, and every code that was ever given."""

    entered: frozenset[tuple[str, str]]
    codes: frozenset[str]


class Entered(NamedTuple):
    """One nomination of a spreadsheet; `code` "" for none."""

    values: Values
    opinions: tuple[Opinion, ...]
    code: str


def same(name: str, unit: str) -> tuple[str, str]:
    """What two nominations share that are one."""
    return table.folded(name), table.folded(unit)


def read(sheets: Sequence[Sheet], nominating: Nominating, known: Known, today: date) -> list[Entered]:
    """The nominations of a spreadsheet. Raises `Faulty` with everything that is wrong with it."""
    form = FORMS[nominating.form]
    try:
        found = table.find(sheets, columns(form))
    except Faulty as error:
        raise Faulty(error.faults, WORDS) from None
    reading = _Reading(form, nominating, known, today)
    wrong = [*found.faults, *(fault for record in found.records for fault in reading.record(record))]
    wrong += reading.short(found.records)
    if wrong:
        raise Faulty(sorted(once(wrong), key=lambda one: one.cell), WORDS)
    return reading.entered


def once(wrong: Sequence[Fault]) -> Iterator[Fault]:
    """Each fault once: the table and the form both say what is missing, and what is lost is not missing."""
    seen, cells = set(), set()
    for one in wrong:
        told = (one.cell, one.kind, one.fill.get("title"))
        if told in seen or (one.kind == "missing" and one.cell.column and one.cell in cells):
            continue
        seen.add(told)
        cells.add(one.cell)
        yield one


class _Reading:
    """One spreadsheet, row by row."""

    def __init__(self, form: Form, nominating: Nominating, known: Known, today: date) -> None:
        self._form, self._nominating, self._known, self._today = form, nominating, known, today
        self._rows: dict[tuple[str, str], int] = {}
        self._codes: dict[str, int] = {}
        self.entered: list[Entered] = []

    def record(self, record: Record) -> Iterator[Fault]:
        """Read a row, and tell what is wrong with it."""
        values, flaws = checks.read(self._form, record.values)
        yield from (record.fault(one.key, one.kind, **one.fill) for one in flaws)
        yield from self._twice(record, values)
        opinions: dict[str, Opinion] = {}
        for stage in STAGES:
            for flaw in self._opinion(record, stage, opinions):
                yield record.fault(f"{stage}_{flaw.key}", flaw.kind, **flaw.fill)
        code = checks.code(record.values.get("code", ""))
        yield from self._code(record, code, opinions)
        self.entered.append(Entered(values, tuple(opinions.values()), code))

    def short(self, records: Sequence[Record]) -> Iterator[Fault]:
        """Whether more were approved than there are codes."""
        wanting = sum(checks.standing(True, _by_stage(one), False) == "approved" for one in self.entered)
        left = self._nominating.codes.size - len(self._known.codes & set(self._nominating.codes))
        if wanting > left:
            yield records[-1].fault("code", "codes_gone", codes=self._range)

    @property
    def _range(self) -> str:
        codes = self._nominating.codes
        return f"{codes.code(codes.first)}–{codes.code(codes.last)}"

    def _twice(self, record: Record, values: Values) -> Iterator[Fault]:
        who = same(values["name"], values["unit"])
        if not all(who):
            return
        if who in self._known.entered:
            yield record.fault("name", "entered")
        elif who in self._rows:
            yield record.fault("name", "twin", row=self._rows[who])
        self._rows.setdefault(who, record.row)

    def _opinion(self, record: Record, stage: str, opinions: dict[str, Opinion]) -> Sequence[Flaw]:
        given = {part: record.values.get(f"{stage}_{part}", "") for part in ("ruling", "who", "on", "note")}
        if not any(given.values()):
            return ()
        read_ = checks.opinion(opinion(self._form, stage), stage, given, self._today, opinions)
        if not isinstance(read_, Opinion):
            return read_
        opinions[stage] = read_
        return ()

    def _code(self, record: Record, code: str, opinions: Mapping[str, Opinion]) -> Iterator[Fault]:
        if not code:
            return
        if self._nominating.codes.place(code) is None:
            yield record.fault("code", "code_range", codes=self._range)
        elif code in self._known.codes:
            yield record.fault("code", "code_used")
        elif code in self._codes:
            yield record.fault("code", "code_twice", row=self._codes[code])
        elif checks.standing(True, opinions, False) != "approved":
            yield record.fault("code", "code_unapproved")
        self._codes.setdefault(code, record.row)


def _by_stage(one: Entered) -> Mapping[str, Opinion]:
    return {said.stage: said for said in one.opinions}


def template(nominating: Nominating, title: str) -> Page:
    """The sheet to fill in."""
    form = FORMS[nominating.form]
    stages = "、".join(opinion(form, stage) for stage in STAGES)
    note = (
        f"一行一份{form.name.zh}。主要事迹不少于 {form.field('deeds').least} 字，用第三人称，有标题和副标题。"
        f"{stages}：结论填“同意”“不同意”或“退回”，日期写成 2018-06-01；还没有的留空。"
        "编码一般留空，三级都同意后自动给出。照片和盖章的文件在网页上添加。有任何错误，整份都不读入，并逐格列出。"
    )
    return Page(title, note, columns(form))


def next_code(nominating: Nominating, taken: frozenset[str]) -> str:
    """The next free code of the contest's range, "" if there is none."""
    return next((code for code in nominating.codes if code not in taken), "")
