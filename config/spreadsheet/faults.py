"""What is wrong with a spreadsheet: where, what, and how to mend it, in English and Chinese. Pure.

Nothing shows what a cell holds: it may be a telephone number.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from config.problems import Lang
from config.wording import Said, Wording


def words(wrong: str, right: str, wrong_zh: str, right_zh: str) -> Wording:
    """What is wrong and how to mend it, in both languages."""
    return Wording(Said(wrong_zh, wrong), Said(right_zh, right))


#: What can be wrong with any spreadsheet. Readers add words of their own.
WORDS: Final[Mapping[str, Wording]] = {
    "too_large": words(
        "is larger than {most} MB", "take out pictures and sheets that are not needed",
        "超过 {most} MB", "请删去图片和不需要的工作表",
    ),
    "unpacks_too_large": words(
        "would unpack to more than {most} MB", "copy its cells into a new workbook, and save that",
        "解压后超过 {most} MB", "请把单元格复制到新工作簿后另存",
    ),
    "macros": words(
        "holds macros", "save it as a workbook without macros (.xlsx)",
        "含有宏", "请另存为不含宏的工作簿（.xlsx）",
    ),
    "old_excel": words(
        "is an old Excel workbook, or has a password", "save it as .xlsx, without a password",
        "是旧版 Excel 文件，或设有密码", "请去掉密码，另存为 .xlsx",
    ),
    "not_a_sheet": words(
        "is neither an Excel workbook nor a CSV file", "save it as .xlsx, or as CSV in UTF-8",
        "不是 Excel 工作簿，也不是 CSV 文件", "请另存为 .xlsx，或 UTF-8 编码的 CSV",
    ),
    "damaged": words(
        "is damaged, or not a whole workbook", "open it, save it again, and hand that in",
        "已损坏或不完整", "请打开后重新保存再上传",
    ),
    "too_many_rows": words(
        "has more than {most} rows", "divide it into several files",
        "超过 {most} 行", "请分成几个文件",
    ),
    "too_many_columns": words(
        "has more than {most} columns", "delete the empty columns on the right",
        "超过 {most} 列", "请删除右侧的空列",
    ),
    "too_many_cells": words(
        "has more than {most} cells, empty ones included",
        "delete the empty rows and columns, or divide it into several files",
        "超过 {most} 个单元格（含空的）", "请删除空行空列，或分成几个文件",
    ),
    "too_long": words(
        "holds more than {most} characters", "shorten it",
        "超过 {most} 个字符", "请缩短",
    ),
    "no_header": words(
        "no line has the titles {titles}", "begin with the template, and leave its titles as they are",
        "没有找到含“{titles}”的标题行", "请使用模板，不要改动标题",
    ),
    "title_twice": words(
        "the title “{title}” stands there twice", "rename or delete one of the two columns",
        "标题“{title}”出现两次", "请改名或删除其中一列",
    ),
    "empty": words(
        "there is nothing below the titles", "fill in at least one line",
        "标题下面没有内容", "请至少填写一行",
    ),
    "missing": words("“{title}” is empty", "fill it in", "“{title}”没有填写", "请填写"),
    "no_value": words(
        "is a formula that has no result yet, or an error", "write the value itself",
        "是没有结果的公式或错误值", "请直接填写数值",
    ),
    "spoilt": words(
        "is a number that the program has shortened", "format the column as text, and type it again",
        "数字已被表格软件截断或改写", "请把该列设为文本格式后重新填写",
    ),
    "row_broken": words(
        "this line cannot be read: {why}", "mend the line",
        "这一行无法读取：{why}", "请修改这一行",
    ),
    "not_a_number": words(
        "“{title}” is not a number", "write digits, with a point if need be",
        "“{title}”不是数字", "请填写数字，可带小数点",
    ),
    "not_a_date": words(
        "“{title}” is not a date", "write it as 2018-07-09",
        "“{title}”不是日期", "请写成 2018-07-09",
    ),
    "not_a_choice": words(
        "“{title}” is none of: {choices}", "choose one of these",
        "“{title}”不在可选范围内：{choices}", "请选用其中之一",
    ),
}  # fmt: skip


class Cell(NamedTuple):
    """A place in a file: sheet, row from 1 and column from 1; "" or 0 where the whole is meant."""

    sheet: str = ""
    row: int = 0
    column: int = 0

    def said(self, lang: Lang) -> str:
        """`Sheet1!C7`, or as much of it as there is."""
        if not self.row:
            return self.sheet
        at = {"en": f"row {self.row}", "zh": f"第 {self.row} 行"}[lang]
        if self.column:
            at = f"{letters(self.column)}{self.row}"
        return f"{self.sheet}!{at}" if self.sheet else at


class Fault(NamedTuple):
    """One thing wrong: `kind` is a word of some catalogue, `fill` what its sentences name."""

    cell: Cell
    kind: str
    fill: Mapping[str, object] = MappingProxyType({})

    def wording(self, catalogue: Mapping[str, Wording] = WORDS) -> Wording:
        """What is wrong and how to mend it, without the cell."""
        wrong, right = catalogue.get(self.kind) or WORDS[self.kind]
        return Wording(_filled(wrong, self.fill), _filled(right, self.fill))

    def said(self, lang: Lang, catalogue: Mapping[str, Wording] = WORDS) -> str:
        """`Sheet1!C7: “联系电话” is empty — fill it in`."""
        wrong, right = self.wording(catalogue)
        text = f"{wrong.by(lang)} — {right.by(lang)}"
        return ": ".join(part for part in (self.cell.said(lang), text) if part)

    def inside(self, file: str) -> "Fault":
        """The same, with the file's name: for faults of several files."""
        named = " ".join(filter(None, (file, self.cell.sheet)))
        return self._replace(cell=self.cell._replace(sheet=named))


class Faulty(Exception):
    """A spreadsheet of which nothing is taken: everything that is wrong with it."""

    def __init__(self, faults: Iterable[Fault], catalogue: Mapping[str, Wording] = WORDS) -> None:
        self.faults, self.catalogue = tuple(faults), catalogue
        super().__init__("\n".join(self.said("en")))

    def said(self, lang: Lang) -> list[str]:
        """One fault a line."""
        return [fault.said(lang, self.catalogue) for fault in self.faults]


def _filled(said: Said, fill: Mapping[str, object]) -> Said:
    return Said(said.zh.format_map(fill), said.en.format_map(fill))


def letters(column: int) -> str:
    """A column's letters.

    >>> letters(1), letters(28)
    ('A', 'AB')
    """
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text
