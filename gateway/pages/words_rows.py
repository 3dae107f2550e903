"""What is wrong with a row of a call log, in Chinese. What is kept of such a row is the note in English."""

import re
from collections.abc import Mapping
from typing import Final

from config.problems import Lang

_NUMBER: Final = re.compile(r"[0-9][0-9,]*")

#: By the English note, with `#` for each number in it.
_CHINESE: Final[Mapping[str, str]] = {
    "the record is longer than # characters": "这条记录超过 # 个字符",
    'a quotation mark is not closed, or text follows a closing one: inside a value " is written ""': (
        '引号没有闭合，或闭合后还有文字：内容里的 " 要写成 ""'
    ),
    "the record holds NUL bytes: the file is damaged here": "这条记录含 NUL 字节：文件在此处已损坏",
    "the record holds bytes that are no text in the file's encoding: save the log as UTF-8": (
        "这条记录有无法按文件编码读出的内容：请把话单另存为 UTF-8"
    ),
    "the last line has no line end and may be cut off: import the log again when it is complete": (
        "最后一行没有换行，可能不完整：话单写完后请重新导入"
    ),
    "the start time is not written as YYYY-MM-DD HH:MM:SS, or another accepted form with the year first": (
        "开始时间不是“年-月-日 时:分:秒”，也不是其他年份在前的写法"
    ),
    "the start time never was: the clocks of the source's time zone went forward over it": (
        "这个开始时间不存在：来源所在时区当时把时钟拨快，跳过了它"
    ),
    "the start time is not in Unix time as the setting time says": "开始时间不是设置 time 所说的 Unix 时间",
    "Excel has changed a number: format its column as text and export the log again": (
        "号码被 Excel 改过：请把该列设为文本格式，再重新导出话单"
    ),
    "the choice is not in this source's map: add it, with an empty code if it is no vote": (
        "按键选择不在来源设置的 map 中：请加进去；不算投票的，编号留空"
    ),
    "the choice is not in this source's choice.map: add it, with an empty code if it is no vote": (
        "按键选择不在来源设置的 choice.map 中：请加进去；不算投票的，编号留空"
    ),
    "the column with the choice is longer than # characters": "选择所在的列超过 # 个字符",
    "the line is no JSON object, or is cut off: for CSV leave out format": (
        "这一行不是 JSON 对象，或不完整：话单是 CSV 时，请去掉设置 format"
    ),
    "# columns where the log has #: put cells with a separator in quotes": (
        "这一行有 # 列，而话单是 # 列：内容里有分隔符的，请加引号"
    ),
    "# columns where the settings name #: set extra or columns to match": (
        "这一行有 # 列，而设置里是 # 列：请相应设置 extra 或 columns"
    ),
}


def said(note: str, lang: Lang) -> str:
    """A note in the reader's language; as it is if it is none of ours.

    >>> said("3 columns where the settings name 18: set extra or columns to match", "zh")
    '这一行有 3 列，而设置里是 18 列：请相应设置 extra 或 columns'
    """
    chinese = (_CHINESE.get(note) or _CHINESE.get(_NUMBER.sub("#", note))) if lang == "zh" else None
    if chinese is None:
        return note
    numbers = iter(_NUMBER.findall(note))
    return re.sub("#", lambda _: next(numbers), chinese)
