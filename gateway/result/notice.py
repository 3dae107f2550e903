"""The public notice (公示), word by word: its title, basis, list, days, and how to object. Pure.

Names and units stand in it and nothing else of anybody. The Chinese form is the official one; the English one
says the same.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from config.problems import Lang
from config.wording import Said
from gateway.intake.running import Running
from tally.certification import Notice

#: What a further notice says of itself, by whether an objection was upheld and whether its list is another.
_AGAIN: Final[Mapping[tuple[bool, bool], Said]] = {
    (True, True): Said(
        "因异议成立，前次公示的名单已作更正，现再次公示。",
        "An objection was upheld: this list replaces the one put on notice before.",
    ),
    (True, False): Said(
        "有异议成立；经复核，名单与前次公示的相同，现再次公示。",
        "An objection was upheld; the list is the one put on notice before.",
    ),
    (False, True): Said(
        "结果有更正，前次公示的名单已作更正，现再次公示。",
        "The result was corrected: this list replaces the one put on notice before.",
    ),
    (False, False): Said(
        "结果经过复核，名单与前次公示的相同，现再次公示。",
        "The result was gone over again; the list is the one put on notice before.",
    ),
}


class Listed(NamedTuple):
    """One who is listed. `number` counts from 1 in the order of the list."""

    number: int
    code: str
    name: str
    unit: str


class Section(NamedTuple):
    """A contest's list."""

    name: str
    rows: Sequence[Listed]


class Document(NamedTuple):
    """A notice as it is set: on the page, as PDF and as a Word document.

    `contacts` are labels with what stands behind them; `headings` those of the list's columns.
    """

    title: str
    opening: Sequence[str]
    sections: Sequence[Section]
    closing: Sequence[str]
    contacts: Sequence[tuple[str, str]]
    signed: str
    dated: str
    headings: tuple[str, str, str, str]


def write(running: Running, notice: Notice, lang: Lang) -> Document:
    """A notice of a campaign."""
    sections = [
        Section(
            contest.name_in(lang),
            [
                Listed(number, code, one.name_in(lang), one.unit)
                for number, code in enumerate(notice.listed.get(contest.id, ()), 1)
                for one in [running.campaign.candidate(contest.id, code)]
            ],
        )
        for contest in running.campaign.contests
    ]
    write_in = _chinese if lang == "zh" else _english
    return write_in(running, notice, sections)


def _again(running: Running, notice: Notice) -> Said | None:
    """Why there is another notice, and whether its list is another; None for the first."""
    if notice.number == 1:
        return None
    before = running.progress.notices[notice.number - 2]
    upheld = any(
        one.verdict == "upheld" and before.at_ms < one.answered_ms <= notice.at_ms
        for one in running.progress.objections
    )
    return _AGAIN[upheld, before.listed != notice.listed]


def _chinese(running: Running, notice: Notice, sections: Sequence[Section]) -> Document:
    campaign, again = running.campaign, _again(running, notice)
    basis = f"根据{campaign.notice.basis}要求，" if campaign.notice.basis else ""
    lists = "、".join(f"“{one.name}”{len(one.rows)}个（名）" for one in sections if one.rows)
    length = _length(running, "zh")
    correction = again.zh if again else ""
    return Document(
        f"关于{campaign.name}拟表彰名单的{'再次' if again else ''}公示",
        [
            f"{basis}经组织申报、公众投票和评选组委会审核，拟确定{lists}。{correction}",
            f"为充分听取意见，接受社会监督，现将名单予以公示。公示期为{_day_zh(notice.first_day)}至"
            f"{_day_zh(notice.last_day)}（{length}）。",
        ],
        sections,
        [
            "公示期内，任何单位和个人对公示对象如有异议，均可通过来电、来信、电子邮件或来访等方式，"
            "向评选组委会实事求是地反映。",
            "以个人名义反映的，请签署真实姓名并留下联系方式；以单位名义反映的，请加盖公章。"
            "匿名且没有具体线索的，一般不予受理，但均予登记。信函以邮戳日期为准。",
        ],
        _contacts(running, "zh"),
        campaign.organiser.name or f"{campaign.name}组委会",
        _day_zh(notice.first_day),
        ("序号", "编号", "名称", "单位"),
    )


def _english(running: Running, notice: Notice, sections: Sequence[Section]) -> Document:
    campaign, again = running.campaign, _again(running, notice)
    basis = f"Under {campaign.notice.basis}, " if campaign.notice.basis else ""
    lists = ", ".join(f"{len(one.rows)} for “{one.name}”" for one in sections if one.rows)
    correction = f" {again.en}" if again else ""
    name = campaign.name_in("en")
    proposed = "after nominations, the public vote and the committee's review, these are proposed"
    return Document(
        f"{'Second public' if again else 'Public'} notice: {name}",
        [
            f"{basis}{proposed if basis else proposed.capitalize()}: {lists}.{correction}",
            f"The list is on public notice from {notice.first_day} to {notice.last_day} "
            f"({_length(running, 'en')}).",
        ],
        sections,
        [
            "During that time anybody may object: by telephone, letter or e-mail, or in person.",
            "Persons give their name and how to reach them; units affix their seal. Anonymous objections "
            "without leads may be refused, but each is entered. Letters count by their postmark.",
        ],
        _contacts(running, "en"),
        campaign.organiser.name or f"Committee of {name}",
        notice.first_day,
        ("No.", "Code", "Name", "Unit"),
    )


def _contacts(running: Running, lang: Lang) -> list[tuple[str, str]]:
    who = running.campaign.organiser
    told: Mapping[str, tuple[tuple[str, str], str | None]] = {
        "enquiries": (("咨询电话", "Enquiries"), who.enquiries),
        "complaints": (("监督举报电话", "Complaints"), who.complaints),
        "email": (("电子邮箱", "E-mail"), who.email),
        "address": (("通信地址", "Address"), who.address),
    }
    return [(names[0] if lang == "zh" else names[1], text) for names, text in told.values() if text]


def _length(running: Running, lang: Lang) -> str:
    notice = running.campaign.notice
    if notice.working_days is None:
        return f"{notice.days} 天" if lang == "zh" else f"{notice.days} days"
    return f"{notice.working_days} 个工作日" if lang == "zh" else f"{notice.working_days} working days"


def _day_zh(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.year}年{day.month}月{day.day}日"
