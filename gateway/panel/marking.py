"""A judge's marks as people write them, on the page or in a spreadsheet: read, or refused with what to do.
Pure."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from config.evaluation import Criterion, Judging
from config.spreadsheet import faults
from config.spreadsheet.faults import Cell, Fault, Faulty
from config.spreadsheet.workbook import Sheet
from config.wording import Wording
from gateway.intake.running import Running
from gateway.spreadsheet import table
from gateway.spreadsheet.table import Column, Record
from gateway.spreadsheet.template import Page
from tally import evaluation
from tally.evaluation import written

RECUSED: Final = "recused"
#: How a spreadsheet says that a judge is recused.
_YES: Final = frozenset({"是", "回避", "yes", "y", "x", "1", "✓", "√"})
_NO: Final = frozenset({"", "否", "no", "n", "0"})

#: Marks by candidate and criterion; under ("A01", "") stands `RECUSED`, or "" for no recusal.
Marks = dict[tuple[str, str], str]

WORDS: Final[Mapping[str, Wording]] = {
    **faults.WORDS,
    "over_most": faults.words(
        "“{title}” is over its most, {most}", "write {most} or less",
        "“{title}”超过满分 {most}", "请填写不超过 {most} 的分值",
    ),
    "below_nothing": faults.words(
        "“{title}” is below 0", "write 0 or more", "“{title}”小于 0", "请填写 0 或更大的分值"
    ),
    "not_in_steps": faults.words(
        "“{title}” is not in steps of {step}", "write a multiple of {step}",
        "“{title}”不是 {step} 的整数倍", "请填写 {step} 的整数倍",
    ),
    "changed_since": faults.words(
        "the row has been changed in another window, to {now}", "save again to keep what stands here",
        "这一行已在另一窗口改为 {now}", "如要保留这里的内容，请再保存一次",
    ),
    "recused_since": faults.words(
        "the recusal was entered in another window", "save again to keep what stands here",
        "这一行已在另一窗口改为回避", "如要保留这里的内容，请再保存一次",
    ),
    "no_candidate": faults.words(
        "no candidate of this contest has the code", "take the codes of the template",
        "本项目没有这个编码的候选", "请使用模板中的编码",
    ),
    "candidate_twice": faults.words(
        "the candidate stands in row {row} already", "keep one of the two rows",
        "该候选已在第 {row} 行", "请只保留一行",
    ),
    "marks_and_recused": faults.words(
        "there are points beside the recusal", "delete the points, or the recusal",
        "已填回避，又有分值", "请删去分值或回避",
    ),
}  # fmt: skip


class Wrong(NamedTuple):
    """What is wrong with points: a word of `WORDS`, and what its sentence names."""

    kind: str
    fill: Mapping[str, object]


def points(criterion: Criterion, text: str) -> str | Wrong:
    """Points as they are kept, "" for none: exact, as short as can be."""
    if not text.strip():
        return ""
    value = table.number(text)
    title = criterion.name
    if value is None:
        return Wrong("not_a_number", {"title": title})
    return _within(criterion, value, title)


def _within(criterion: Criterion, value: Decimal, title: str) -> str | Wrong:
    exact = Fraction(value)
    if exact < 0:
        return Wrong("below_nothing", {"title": title})
    if exact > criterion.max:
        return Wrong("over_most", {"title": title, "most": written(criterion.max)})
    if (exact / criterion.step).denominator != 1:
        return Wrong("not_in_steps", {"title": title, "step": written(criterion.step)})
    return written(exact)


def row(judging: Judging, given: Mapping[str, str]) -> str:
    """What stands in a candidate's row, in one line: a form says by it what it was made from."""
    recused = given.get("", "")
    return "/".join([recused, *("" if recused else given.get(one.id, "") for one in judging.criteria)])


def since(stands: str) -> Wrong:
    """What a judge is told whose `row` has become another one in another window."""
    recused, *marks = stands.split("/")
    now = "、".join(one or "–" for one in marks)
    return Wrong("recused_since" if recused else "changed_since", {"now": now, "stands": stands})


def columns(judging: Judging) -> list[Column]:
    """The columns of a score sheet. Where two criteria's names look alike, their ids tell them apart."""
    alike = [table.folded(one.name) for one in judging.criteria]
    return [
        Column("code", ("编码", "code"), required=True, needed=True),
        Column("name", ("候选", "candidate")),
        *(Column(f"mark:{one.id}", _titles(one, alike)) for one in judging.criteria),
        Column("recused", ("回避", "recused")),
    ]


def _titles(criterion: Criterion, alike: Sequence[str]) -> tuple[str, ...]:
    if alike.count(table.folded(criterion.name)) > 1:
        return (f"{criterion.name} {criterion.id}",)
    return (criterion.name, *([criterion.name_en] if criterion.name_en else []))


def read(sheets: Sequence[Sheet], judging: Judging, codes: Sequence[str]) -> Marks:
    """The marks of a score sheet, for these candidates. Raises `Faulty` with everything that is wrong with
    it."""
    try:
        found = table.find(sheets, columns(judging))
    except Faulty as error:
        raise Faulty(error.faults, WORDS) from None
    marks = Marks()
    wrong = [*found.faults, *_records(found.records, judging, codes, marks)]
    if wrong:
        raise Faulty(sorted(wrong, key=lambda one: one.cell), WORDS)
    return marks


def _records(
    records: Sequence[Record], judging: Judging, codes: Sequence[str], marks: Marks
) -> Iterator[Fault]:
    """Read rows into `marks`, and tell what is wrong with them."""
    seen: dict[str, int] = {}
    for record in records:
        code = record.values.get("code", "").upper()
        if code and code not in codes:
            yield record.fault("code", "no_candidate")
        elif code in seen:
            yield record.fault("code", "candidate_twice", row=seen[code])
        elif code:
            seen[code] = record.row
            yield from _row(record, code, judging, marks)


def _row(record: Record, code: str, judging: Judging, marks: Marks) -> Iterator[Fault]:
    said = record.values.get("recused", "").strip().casefold()
    if said not in _YES | _NO:
        yield record.fault("recused", "not_a_choice", title="回避", choices="是、否")
    marks[code, ""] = RECUSED if said in _YES else ""
    for criterion in judging.criteria:
        key = f"mark:{criterion.id}"
        read_ = points(criterion, record.values.get(key, ""))
        if isinstance(read_, Wrong):
            yield record.fault(key, read_.kind, **read_.fill)
        elif read_ and said in _YES:
            yield record.fault(key, "marks_and_recused")
        else:
            marks[code, criterion.id] = read_


def template(
    title: str,
    judging: Judging,
    candidates: Sequence[tuple[str, str]],
    draft: Mapping[str, Mapping[str, str]],
) -> Page:
    """The sheet to fill in, with the candidates (code, name) and what has been entered so far."""
    most = "、".join(
        f"{one.name} 0–{written(one.max)}（步长 {written(one.step)}）" for one in judging.criteria
    )
    note = f"{most}。需要回避的候选，在“回避”栏填“是”，不填分值。编码请勿改动。"
    rows = [
        [
            code,
            name,
            *(draft.get(code, {}).get(one.id, "") for one in judging.criteria),
            "是" if "" in draft.get(code, {}) else "",
        ]
        for code, name in candidates
    ]
    return Page(title, note, columns(judging), rows)


def of_all(sheets: Sequence[Sheet], running: Running) -> dict[str, list[evaluation.Sheet]]:
    """The marks of a whole panel, by contest: score sheets with the judge in a column. Raises `Faulty`.

    The contest of a sheet, or file, is the one whose criteria it names all of; its candidates stand in it.
    """
    chosen = running.campaign.evaluation
    found: dict[str, list[evaluation.Sheet]] = {}
    wrong: list[Fault] = []
    for sheet in sheets:
        for name, judging in chosen.contests.items() if chosen else ():
            try:
                told = table.find([sheet], [_JUDGE, *_needed(judging)])
            except Faulty:
                continue
            codes = [one.code for one in running.campaign.contests_by_id[name].candidates]
            wrong.extend(told.faults)
            by_judge: dict[str, list[Record]] = {}
            for record in told.records:
                by_judge.setdefault(record.values.get("judge", ""), []).append(record)
            for judge, records in by_judge.items():
                marks = Marks()
                wrong.extend(_records(records, judging, codes, marks))
                found.setdefault(name, []).append(evaluation.Sheet(judge, _given(marks)))
            break
        else:
            wrong.append(Fault(Cell(sheet.title), "no_header", {"titles": "评委、编码"}))
    if wrong:
        raise Faulty(sorted(wrong, key=lambda one: one.cell), WORDS)
    return found


_JUDGE: Final = Column("judge", ("评委", "judge"), required=True, needed=True)


def _needed(judging: Judging) -> list[Column]:
    return [one._replace(needed=one.key not in ("name", "recused")) for one in columns(judging)]


def _given(marks: Marks) -> dict[str, evaluation.Marks]:
    """Marks as the evaluation wants them; of one that is not there nothing is said."""
    given: dict[str, dict[str, Fraction]] = {}
    for (code, criterion), text in marks.items():
        row = given.setdefault(code, {})
        if criterion and text:
            row[criterion] = Fraction(text)
    return {code: None if marks.get((code, "")) == RECUSED else row for code, row in given.items()}
