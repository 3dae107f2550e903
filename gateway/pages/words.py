"""What the public pages say, in Simplified Chinese and in English: plain data.

Braces name values that the page fills in. Nothing here depends on a number's grammar: labels stand
before figures, so that a page that changes by itself stays right.
"""

from collections.abc import Mapping
from typing import Final

from config.problems import Lang
from config.wording import Said
from gateway.reporting.words import VOTE

LANGS: Final[tuple[Lang, ...]] = ("zh", "en")


WORDS: Final[Mapping[str, Said]] = {
    **VOTE,
    # every page
    "skip": Said("跳到正文", "Skip to content"),
    "languages": Said("语言", "Language"),
    "receipts": Said("用回执码查询我的投票", "Look up my vote by its receipt code"),
    "all_votes": Said("全部投票", "All votes"),
    "no_votes": Said("目前没有投票。", "There is no vote at present."),
    "missing": Said("没有这个页面", "Page not found"),
    "missing_text": Said(
        "网址可能有误，或者投票已经撤下。", "The address may be wrong, or the vote is gone."
    ),
    "home": Said("返回首页", "To the front page"),
    # status
    "scheduled": Said("投票尚未开始", "Voting has not begun"),
    "open": Said("投票进行中", "Voting is open"),
    "closing": Said("投票已截止，正在核对", "Voting has ended and is being checked"),
    "closed": Said("投票已结束 · 结果尚未核定", "Voting has closed · result unofficial"),
    "final": Said("投票已结束 · 正式结果", "Voting has closed · result certified"),
    "unshown": Said("投票已结束", "Voting has closed"),
    # when and how to vote
    "voting": Said("怎样投票", "How to vote"),
    "sms_text": Said("把编号发送到这个号码，例如 {code}", "Send a code to this number, for example {code}"),
    "hotline_text": Said("拨打热线，说出编号，或按提示按键", "Call, and give a code or key it in when asked"),
    "in_full": Said(
        "投票规则、编号和投诉方式（可打印）", "The rules, all codes, and whom to complain to (to print)"
    ),
    # candidates
    "by_code": Said("按编号查看候选", "Candidates by code"),
    # results
    "results": Said("得票情况", "Results"),
    "gap": Said(
        "有 {lost} 条消息随数据库遗失，没有计入（除非之后重新发送）。公开账本里记有这一缺口。",
        "{lost} messages were lost with a database and count in no figure, unless they were sent again. The "
        "public ledger tells of this gap.",
    ),
    "provisional": Said(
        "非正式票数：尚未核定，可能还会变动。",
        "Unofficial figures: not yet certified, they may still change.",
    ),
    "confirmed": Said("正式票数：已由两人核定。", "Final figures: certified by two people."),
    "daily": Said("投票期间每天 {at} 更新。", "During the vote, updated every day at {at}."),
    "tied": Said("票数相同者名次并列。", "Equal votes share a rank."),
    # no results
    "hidden_live": Said(
        "投票开始后，这里实时公布票数。", "Votes will be shown here live once voting begins."
    ),
    "hidden_daily": Said(
        "票数从投票开始起每天 {at} 公布。", "Votes will be published every day at {at} during the vote."
    ),
    "hidden_after_close": Said(
        "票数将在投票结束并核对后公布。", "Results will be published once voting has closed and been checked."
    ),
    "hidden_never": Said("本次投票的票数不在此公布。", "The votes of this campaign are not published here."),
    # said by the page itself while it is open
    "live": Said("实时更新", "Live"),
    "lost": Said("连接中断，正在重试", "Connection lost, trying again"),
    "spoken": Said("票数已更新，截至 {time}", "Votes updated as of {time}"),
    "still": Said("本页不会自动更新。", "This page does not update by itself."),
    "refresh": Said("刷新", "Refresh"),
}
