"""What a form's fields may hold, and how they are kept. Pure: values in, values and flaws out."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple

from config.fields import unseen
from config.spreadsheet import faults
from config.wording import Wording
from gateway.nominations.forms import ALIKE, RULINGS, STAGES, Field, Form
from gateway.spreadsheet import table

Values = dict[str, str]

WORDS: Final[Mapping[str, Wording]] = {
    **faults.WORDS,
    "too_short": faults.words(
        "“{title}” has {n} characters", "write {least} or more", "“{title}”只有 {n} 字", "请写满 {least} 字"
    ),
    "too_many": faults.words(
        "“{title}” has more than {most} characters", "shorten it", "“{title}”超过 {most} 字", "请缩短"
    ),
    "control": faults.words(
        "“{title}” holds a character that cannot be seen, {sign}, beside “{beside}”",
        "delete what stands there and type it again",
        "“{title}”中“{beside}”旁有不可见字符 {sign}",
        "请删去这几个字后重新输入",
    ),
    "not_a_phone": faults.words(
        "“{title}” is not a telephone number",
        "write 7 to 15 digits; several with 、 between",
        "“{title}”不是电话号码",
        "请写 7 到 15 位数字；多个号码用顿号隔开",
    ),
    "number_in_public": faults.words(
        "“{title}” is public, and holds what may be a telephone or identity number",
        "take the number out",
        "“{title}”对外公开，其中似有电话或证件号码",
        "请删去号码",
    ),
    "not_an_age": faults.words(
        "“{title}” is not an age from 16 to 100",
        "write whole years",
        "“{title}”不是 16 至 100 的年龄",
        "请填写周岁整数",
    ),
    "twin": faults.words(
        "the same name of the same unit stands in row {row} already",
        "keep one row, or tell the two apart in the name",
        "同单位同名称已在第 {row} 行",
        "请只保留一行；如为两人，请在姓名中加以区分",
    ),
    "entered": faults.words(
        "the same name of the same unit has been nominated already",
        "take the row out, or change the nomination on its page",
        "同单位同名称已经申报",
        "请删去这一行，或在其页面上修改",
    ),
    "code_twice": faults.words(
        "the code stands in row {row} already",
        "give each its own, or leave it empty",
        "编码已在第 {row} 行使用",
        "请各用不同编码，或留空由系统给出",
    ),
    "code_used": faults.words(
        "the code was given before",
        "take another, or leave it empty",
        "编码已经用过",
        "请换一个，或留空由系统给出",
    ),
    "code_range": faults.words(
        "the code is not of this contest’s range, {codes}",
        "take one of the range, or leave it empty",
        "编码不在本项目的范围 {codes} 内",
        "请用范围内的编码，或留空",
    ),
    "code_unapproved": faults.words(
        "there is a code, and not all three have agreed",
        "fill in the three opinions, or leave the code empty",
        "有编码，但三级意见没有都同意",
        "请填齐三级意见，或把编码留空",
    ),
    "codes_gone": faults.words(
        "no code is left in the range {codes}",
        "have a longer range written into the campaign file",
        "编码范围 {codes} 已用完",
        "请在活动文件中放宽范围",
    ),
    "in_future": faults.words(
        "“{title}” is in the future", "write the day it was signed", "“{title}”晚于今天", "请写签署当天的日期"
    ),
    "before_previous": faults.words(
        "“{title}” is before the endorsement it follows",
        "write the days in their order",
        "“{title}”早于上一级意见的日期",
        "请按先后顺序填写",
    ),
    "out_of_turn": faults.words(
        "“{title}” comes before those before it have agreed",
        "fill in the earlier ones first",
        "“{title}”之前的意见还没有都同意",
        "请先填写上一级意见",
    ),
    "note_missing": faults.words(
        "“{title}” is missing: who does not agree says why",
        "write the reason",
        "没有填写“{title}”：不同意或退回须说明理由",
        "请写明理由",
    ),
}

#: What a nomination may lack while it is being written; anything else is refused at once.
UNFINISHED: Final = ("missing", "too_short")
_PHONE: Final = re.compile(r"\+?[0-9]{7,15}(-[0-9]{1,6})?", re.ASCII)
#: Of what is on either side of a sign that cannot be seen, so much says where it is.
_BESIDE: Final = 4
_NUMBER_LIKE: Final = re.compile(r"[0-9]{7,}", re.ASCII)
_MINE: Final = re.compile(r"我(?![国省市区县院局])")


class Flaw(NamedTuple):
    """What is wrong with a field: a word of `WORDS`, and what its sentence names."""

    key: str
    kind: str
    fill: Mapping[str, object]


def tidy(field: Field, text: str) -> str:
    """A value as it is kept: blanks trimmed, digits and choices in their usual spelling."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    match field.kind:
        case "text":
            return "\n".join(line.rstrip() for line in text.split("\n"))
        case "phone":
            plain = unicodedata.normalize("NFKC", text)
            return "、".join(_bare(part) for part in re.split(r"[、,;/\n]", plain))
        case "age":
            return unicodedata.normalize("NFKC", text).removesuffix("周岁").removesuffix("岁").strip()
        case "choice":
            plain = re.sub(r"\s", "", text)
            return ALIKE.get(plain, plain)
        case "line":
            return re.sub(r"\s+", " ", text)


def _bare(number: str) -> str:
    """A number without what people write between its digits; only an extension keeps its hyphen."""
    plain = re.sub(r"\b(0[0-9]{2,3})-", r"\1", re.sub(r"[\s()]", "", number))
    return plain if _PHONE.fullmatch(plain) else plain.replace("-", "")


def length(text: str) -> int:
    """Characters that are not blank."""
    return sum(map(len, text.split()))


def read(form: Form, given: Mapping[str, str]) -> tuple[Values, list[Flaw]]:
    """The form's values as they are kept, and everything that is wrong with them."""
    values = {one.key: tidy(one, given.get(one.key, "")) for one in form.fields}
    return values, [flaw for one in form.fields for flaw in flaws(one, values[one.key])]


def flaws(field: Field, value: str) -> Iterator[Flaw]:
    """What is wrong with a tidied value."""
    title, n = field.title.zh, length(value)
    if not value:
        if field.required:
            yield Flaw(field.key, "missing", {"title": title})
        return
    if hidden := _unseen(value):
        yield Flaw(field.key, "control", {"title": title, **hidden})
    elif len(value) > field.most:
        yield Flaw(field.key, "too_many", {"title": title, "most": field.most})
    elif n < field.least:
        yield Flaw(field.key, "too_short", {"title": title, "n": n, "least": field.least})
    elif field.kind == "phone" and not all(_PHONE.fullmatch(part) for part in value.split("、")):
        yield Flaw(field.key, "not_a_phone", {"title": title})
    elif field.kind == "age" and not (
        re.fullmatch(r"[0-9]{1,3}", value, re.ASCII) and 16 <= int(value) <= 100
    ):
        yield Flaw(field.key, "not_an_age", {"title": title})
    elif field.kind == "choice" and value not in field.choices:
        yield Flaw(field.key, "not_a_choice", {"title": title, "choices": "、".join(field.choices)})
    elif field.key == "summary" and _NUMBER_LIKE.search(_run_together(value)):
        yield Flaw(field.key, "number_in_public", {"title": title})


def _unseen(text: str) -> Mapping[str, str]:
    """The first sign that cannot be seen, and where; nothing if there is none. Texts have lines and tabs."""
    plain = text.replace("\n", " ").replace("\t", " ")
    if not (sign := unseen(plain)):
        return {}
    at = plain.index(sign)
    around = plain[max(0, at - _BESIDE) : at] + plain[at + 1 : at + 1 + _BESIDE]
    beside = "".join(one for one in around if not unseen(one)).strip()
    return {"sign": f"U+{ord(sign):04X}", "beside": beside}


def _run_together(text: str) -> str:
    return re.sub(r"[-\s]", "", unicodedata.normalize("NFKC", text))


def first_person(deeds: str) -> bool:
    """Whether deeds seem to be told by oneself: a first person outside quotation marks. A hint, no more."""
    return _MINE.search(re.sub(r"“[^”]*”|‘[^’]*’|「[^」]*」|\"[^\"]*\"", "", deeds)) is not None


class Opinion(NamedTuple):
    """One endorsement: `ruling` is agree, disagree or return; `on` a day."""

    stage: str
    ruling: str
    who: str
    on: date
    note: str = ""


def opinion(
    title: str, stage: str, given: Mapping[str, str], today: date, before: Mapping[str, Opinion]
) -> Opinion | list[Flaw]:
    """An endorsement as it was given (`ruling`, `who`, `on`, `note`), or what is wrong with it. `before` are
    those that stand."""
    found: list[Flaw] = []
    who, note = re.sub(r"\s+", " ", given.get("who", "").strip()), given.get("note", "").strip()
    said = re.sub(r"\s", "", given.get("ruling", ""))
    ruling = RULINGS.get(said, said if said in RULINGS.values() else "")
    on = table.day(given.get("on", ""))
    if not ruling:
        found.append(Flaw("ruling", "not_a_choice", {"title": f"{title}结论", "choices": "、".join(RULINGS)}))
    if not who:
        found.append(Flaw("who", "missing", {"title": f"{title}签署人"}))
    for key, told, text in (("who", "签署人", who), ("note", "说明", note)):
        if hidden := _unseen(text):
            found.append(Flaw(key, "control", {"title": f"{title}{told}", **hidden}))
    if len(who) > 60:
        found.append(Flaw("who", "too_many", {"title": f"{title}签署人", "most": 60}))
    if on is None:
        found.append(Flaw("on", "not_a_date" if given.get("on") else "missing", {"title": f"{title}日期"}))
    elif on > today:
        found.append(Flaw("on", "in_future", {"title": f"{title}日期"}))
    if len(note) > 500:
        found.append(Flaw("note", "too_many", {"title": f"{title}说明", "most": 500}))
    if ruling not in ("", "agree") and not note:
        found.append(Flaw("note", "note_missing", {"title": f"{title}说明"}))
    earlier = [before.get(one) for one in STAGES[: STAGES.index(stage)]]
    if any(one is None or one.ruling != "agree" for one in earlier):
        found.append(Flaw("ruling", "out_of_turn", {"title": title}))
    elif on is not None and any(one is not None and one.on > on for one in earlier):
        found.append(Flaw("on", "before_previous", {"title": f"{title}日期"}))
    return found if found or on is None else Opinion(stage, ruling, who, on, note)


def standing(complete: bool, opinions: Mapping[str, Opinion], withdrawn: bool) -> str:
    """How far a nomination is, in a word; `opinions` are those of what it says now."""
    if withdrawn:
        return "withdrawn"
    if not complete:
        return "unfinished"
    for stage in STAGES:
        one = opinions.get(stage)
        if one is None:
            return f"awaits_{stage}"
        if one.ruling != "agree":
            return "declined" if one.ruling == "disagree" else "returned"
    return "approved"


def code(text: str) -> str:
    """A code as it is kept, whatever is wrong with it."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
