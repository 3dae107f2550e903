"""What a statement is made of: its columns by the names that carriers, providers and PBXs give them, the
words for what is wrong with one, and the templates. Pure.

Titles stand here as `table.folded` makes them, without blanks.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from config.spreadsheet import faults
from config.wording import Wording
from gateway.spreadsheet.table import Column
from gateway.spreadsheet.template import Page

_TIMES: Final = """时间 上行时间 接收时间 收到时间 发送时间 提交时间 到达时间 上行日期时间
    呼叫时间 通话时间 来电时间 开始时间 起始时间 通话开始时间 日期时间 time datetime timestamp
    calldate start starttime received receivedat receivedtime sent sentat senttime datesent
    datereceived datecreated createdat motime answertime""".split()
_DAYS: Final = "日期 上行日期 通话日期 统计日期 date day".split()
_CALLERS: Final = """手机号码 手机号 号码 主叫号码 主叫 主叫电话 来电号码 来电 发送方 发送号码
    发送人 上行号码 用户号码 电话号码 电话 caller callerid callingnumber from fromnumber sender
    sendernumber sourcenumber src phone phonenumber mobile mobilenumber msisdn originator number
    clid""".split()
_MESSAGES: Final = """消息编号 消息id 短信编号 短信id 流水号 序列号 上行id 话单号 话单编号
    通话编号 呼叫编号 呼叫id 通话id 记录编号 messageid msgid smsid sid messagesid callsid callid
    uniqueid uuid id reference""".split()
_TEXTS: Final = """短信内容 内容 消息内容 上行内容 信息内容 短信 文本 按键 按键内容 选择 投票内容
    text content message messagetext body sms choice digits keys dtmf""".split()
_COUNTS: Final = """条数 数量 上行条数 短信条数 上行量 呼叫次数 通话次数 来电次数 次数 总数 合计
    count messages messagecount total calls quantity volume numberofmessages numberofcalls""".split()
_PERIODS: Final = "时段 小时 时间段 统计时间 统计时段 hour period interval timeslot slot".split()


def _column(key: str, titles: list[str], *, needed: bool = False) -> Column:
    return Column(key, tuple(titles), needed=needed)


_MESSAGE, _CALLER, _TEXT = _column("message", _MESSAGES), _column("caller", _CALLERS), _column("text", _TEXTS)
_DAY, _TIME = _column("day", _DAYS), _column("time", _TIMES, needed=True)
_PERIOD = _column("period", [*_PERIODS, *_TIMES], needed=True)
_SOURCE, _COUNT = _column("source", ["来源", "source"]), _column("messages", _COUNTS, needed=True)

#: A statement message by message: the caller or an id is needed, and the time, which may be in the column of
#: days if there is no other.
BY_CALLER: Final = (_MESSAGE, _CALLER._replace(needed=True), _DAY, _TIME, _TEXT)
_BY_ID: Final = (_MESSAGE._replace(needed=True), _DAY, _TIME, _TEXT)
_BY_DAY: Final = (_MESSAGE, _CALLER._replace(needed=True), _column("time", _DAYS, needed=True), _TEXT)
#: A statement of counts, and of one source if it tells several apart.
COUNTS: Final = (_DAY, _PERIOD, _SOURCE, _COUNT)
_DAILY_COUNTS: Final = (_DAY._replace(needed=True), _SOURCE, _COUNT)
#: In the order in which a file is tried: a list may tell, beside each message, how many it was charged as.
TABLES: Final = (BY_CALLER, _BY_ID, _BY_DAY, COUNTS, _DAILY_COUNTS)


def is_counts(which: int) -> bool:
    """Whether that one of `TABLES` has counts."""
    return which >= TABLES.index(COUNTS)


WORDS: Final[Mapping[str, Wording]] = {
    **faults.WORDS,
    "no_statement": faults.words(
        "no line has the titles of a statement: caller (or message id) and time; or hour and count",
        "rename the columns as in the template, or begin with it",
        "没有找到对账单的标题行：号码（或消息编号）和时间；或时段和条数",
        "请按模板改列名，或使用模板",
    ),
    "two_kinds": faults.words(
        "it has both a list of messages and counts", "hand in one kind at a time",
        "既有逐条清单又有条数统计", "请分开上传",
    ),
    "not_a_time": faults.words(
        "“{title}” is not a time", "write it as 2018-07-09 08:30:15",
        "“{title}”不是时间", "请写成 2018-07-09 08:30:15",
    ),
    "not_a_period": faults.words(
        "“{title}” is neither an hour nor a day", "write it as 2018-07-09 08:00, or 2018-07-09",
        "“{title}”不是小时或日期", "请写成 2018-07-09 08:00 或 2018-07-09",
    ),
    "period_twice": faults.words(
        "the period overlaps another one", "keep one row for each hour or day",
        "时段与另一行重叠", "每小时或每天只保留一行",
    ),
    "not_a_count": faults.words(
        "“{title}” is not a whole number", "write how many messages there were",
        "“{title}”不是整数", "请填写条数",
    ),
    "too_many_faults": faults.words(
        "there are more rows that cannot be read", "mend these first",
        "还有更多无法读取的行", "请先修改以上各行",
    ),
}  # fmt: skip


class Template(NamedTuple):
    """A spreadsheet to begin with, and its file's name."""

    name: str
    page: Page


def _first(columns: tuple[Column, ...]) -> tuple[Column, ...]:  # without the days: one column is enough
    return tuple(column._replace(titles=column.titles[:1]) for column in columns if column.key != "day")


TEMPLATES: Final = {
    "messages": Template(
        "statement-messages.xlsx",
        Page(
            "对账单",
            "每行一条短信或一次来电，时间按活动时区填写。没有的列可以留空；消息编号应与平台推送的编号一致。",
            _first(BY_CALLER),
        ),
    ),
    "counts": Template(
        "statement-counts.xlsx",
        Page(
            "条数统计",
            "每行一个小时（2018-07-09 08:00）或一天（2018-07-09）的条数，没有消息的时段填 0。来源可以留空。",
            _first(COUNTS),
        ),
    ),
}
