"""The two application forms (申报表), as data: every field, what it may hold, who may see it. Pure.

A field of the form is endorsed: who changes it afterwards needs new endorsements. `ours` are what the
form has not and publication needs.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from config.wording import Said
from gateway.spreadsheet.table import Column

Kind = Literal["line", "text", "phone", "age", "choice"]

#: The least length of the main deeds, as the form demands it: characters that are not blank.
LEAST_DEEDS: Final = 1_000


def _said(zh: str, en: str) -> Said:
    return Said(zh, en)


class Field(NamedTuple):
    """One field. `titles` are what spreadsheets call it besides; `least` and `most` count characters."""

    key: str
    title: Said
    kind: Kind = "line"
    required: bool = False
    most: int = 60
    least: int = 0
    private: bool = False
    ours: bool = False
    choices: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    hint: Said = _said("", "")


class Form(NamedTuple):
    """One form: its fields in order, and what its first endorsement is called."""

    id: str
    name: Said
    fields: tuple[Field, ...]
    first_opinion: Said

    def field(self, key: str) -> Field:
        """A field by its key. Raises `KeyError`."""
        return {one.key: one for one in self.fields}[key]


GENDERS: Final = ("男", "女")
PARTIES: Final = (
    "中共党员 中共预备党员 共青团员 民革党员 民盟盟员 民建会员 民进会员 农工党党员 致公党党员 "
    "九三学社社员 台盟盟员 无党派人士 群众"
).split()
#: How people write choices besides.
ALIKE: Final[Mapping[str, str]] = {
    "男性": "男",
    "女性": "女",
    "党员": "中共党员",
    "中国共产党党员": "中共党员",
    "预备党员": "中共预备党员",
    "团员": "共青团员",
    "无党派": "无党派人士",
}

_PHONE: Final = Field(
    "phone",
    _said("联系电话", "Telephone"),
    "phone",
    required=True,
    private=True,
    titles=("电话", "手机"),
    hint=_said("仅组委会可见。", "For the committee only."),
)
_ACCOUNT: Final = (
    Field(
        "honours",
        _said("所获主要荣誉、奖励", "Honours and awards"),
        "text",
        most=2_000,
        titles=("所获荣誉", "主要荣誉", "荣誉奖励"),
    ),
    Field(
        "deeds_title", _said("主要事迹标题", "Title of the deeds"), required=True, titles=("标题", "事迹标题")
    ),
    Field(
        "deeds_subtitle",
        _said("主要事迹副标题", "Subtitle"),
        required=True,
        most=100,
        titles=("副标题", "事迹副标题"),
    ),
    Field(
        "deeds",
        _said("主要事迹", "Main deeds"),
        "text",
        required=True,
        most=20_000,
        least=LEAST_DEEDS,
        titles=("事迹", "主要事迹材料"),
        hint=_said(
            f"不少于 {LEAST_DEEDS} 字，用第三人称。",
            f"{LEAST_DEEDS} characters or more, in the third person.",
        ),
    ),
)
_OURS: Final = (
    Field(
        "summary",
        _said("公开简介", "Public summary"),
        "text",
        required=True,
        most=300,
        ours=True,
        titles=("简介",),
        hint=_said(
            "公布在候选人页面上，不要写电话等个人信息。", "Shown to the public: no telephone numbers here."
        ),
    ),
    Field("name_en", _said("英文名称", "Name in English"), most=100, ours=True),
    Field(
        "aliases",
        _said("短信别名", "Names in texts"),
        most=100,
        ours=True,
        hint=_said(
            "短信中也算数的名称，用分号隔开。", "What counts in a text besides the code; “;” between."
        ),
    ),
)

WINDOW: Final = Form(
    "window",
    _said("最美服务窗口申报表", "Application: service window"),
    (
        Field("name", _said("申报窗口", "Window"), required=True, titles=("窗口名称", "窗口")),
        Field("unit", _said("推荐窗口单位", "Unit"), required=True, titles=("推荐单位", "所属单位", "单位")),
        Field(
            "leader",
            _said("窗口负责人及职务", "Head of the window, and post"),
            required=True,
            private=True,
            titles=("窗口负责人", "负责人及职务"),
            hint=_said("仅组委会可见。", "For the committee only."),
        ),
        _PHONE,
        *_ACCOUNT,
        *_OURS,
    ),
    _said("推荐窗口单位意见", "The unit's endorsement"),
)

STAR: Final = Form(
    "star",
    _said("最美服务明星申报表", "Application: service star"),
    (
        Field("name", _said("申报个人", "Person"), required=True, titles=("姓名",)),
        Field("gender", _said("性别", "Gender"), "choice", required=True, private=True, choices=GENDERS),
        Field("age", _said("年龄", "Age"), "age", required=True, private=True),
        _PHONE,
        Field(
            "party",
            _said("政治面貌", "Political affiliation"),
            "choice",
            required=True,
            private=True,
            choices=tuple(PARTIES),
        ),
        Field("people", _said("民族", "Ethnic group"), required=True, most=20, private=True),
        Field(
            "unit", _said("所属单位", "Unit"), required=True, titles=("所属单位及职务", "单位", "工作单位")
        ),
        Field("post", _said("职务", "Post"), titles=("职位",)),
        *_ACCOUNT,
        *_OURS,
    ),
    _said("推荐单位意见", "The unit's endorsement"),
)

FORMS: Final[Mapping[str, Form]] = {form.id: form for form in (WINDOW, STAR)}

#: The three endorsements, in their order.
STAGES: Final = ("unit", "department", "committee")
RULINGS: Final[Mapping[str, str]] = {"同意": "agree", "不同意": "disagree", "退回": "return"}
_OPINIONS: Final = {"department": "主管部门意见", "committee": "评选组委会初审意见"}
_PARTS: Final = {"ruling": "结论", "who": "签署人", "on": "日期", "note": "说明"}


def opinion(form: Form, stage: str) -> str:
    """What an endorsement is called on the form."""
    return _OPINIONS.get(stage) or form.first_opinion.zh


def columns(form: Form) -> list[Column]:
    """The columns of a spreadsheet of such forms: the fields, the three endorsements, the code."""
    fields = [
        Column(
            one.key,
            (one.title.zh, one.title.en, *one.titles),
            one.required,
            one.key in ("name", "unit", "deeds"),
        )
        for one in form.fields
    ]
    opinions = [
        Column(f"{stage}_{part}", tuple(f"{name}{word}" for name in _names(form, stage)))
        for stage in STAGES
        for part, word in _PARTS.items()
    ]
    return [*fields, *opinions, Column("code", ("编码", "code"))]


def _names(form: Form, stage: str) -> list[str]:
    usual = [opinion(form, stage)]
    return usual if stage != "unit" else list(dict.fromkeys([*usual, "推荐单位意见", "推荐窗口单位意见"]))
