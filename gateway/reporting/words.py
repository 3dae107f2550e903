"""What reports say, in Simplified Chinese and in English: plain data."""

from collections.abc import Mapping
from typing import Final

from config.wording import Said

#: What is said of a vote on paper as on the public's pages.
VOTE: Final[Mapping[str, Said]] = {
    "lang": Said("zh-CN", "en"),
    "kicker": Said("公众投票", "Public vote"),
    "times": Said("时间均为 {zone} 时间（{offset}）。", "All times are {zone} time ({offset})."),
    "secrecy": Said("投票人的电话号码不会公开。", "The telephone numbers of voters are never made public."),
    # when and how to vote
    "period": Said("投票时间", "Voting period"),
    "from": Said("开始", "Begins"),
    "until": Said("截止", "Ends"),
    "sms": Said("短信", "SMS"),
    "hotline": Said("热线电话", "Hotline"),
    "no_numbers": Said("投票号码将另行公布。", "The numbers to vote by will be announced."),
    "together": Said("各项合计", "All together"),
    "choose_one": Said("每次选 1 个", "One choice each time"),
    "choose_exactly": Said("每次选满 {max} 个", "Exactly {max} choices each time"),
    "choose_between": Said("每次选 {min} 至 {max} 个", "{min} to {max} choices each time"),
    "per_campaign": Said("每个电话号码最多计 {votes} 票", "at most {votes} counted per telephone number"),
    "per_day": Said("每个电话号码每天最多计 {votes} 票", "at most {votes} a day per telephone number"),
    "per_candidate": Said(
        "每个电话号码对同一候选最多计 {votes} 票", "at most {votes} per telephone number for one candidate"
    ),
    "joined": Said("；", "; "),
    # candidates
    "candidates": Said("候选名单", "Candidates"),
    "name": Said("候选", "Candidate"),
    "seats": Said("名额", "Places"),
    "withdrawn": Said("已退出", "Withdrawn"),
    # results
    "rank": Said("名次", "Rank"),
    "votes": Said("票数", "Votes"),
    "share": Said("占比", "Share"),
    "total": Said("总票数", "Total votes"),
    "as_of": Said("截至", "As of"),
}

#: The sheet that tells how to vote, on paper and as a page.
SHEET: Final[Mapping[str, Said]] = {
    "sheet_kicker": Said("怎样投票", "How to vote"),
    "by_sms": Said("短信投票", "By SMS"),
    "by_hotline": Said("电话投票", "By telephone"),
    "send_to": Said("把编号发送到", "Send the code to"),
    "call": Said("拨打热线", "Call the hotline"),
    "example": Said("例如", "For example"),
    "example_all": Said(
        "一条短信可以同时投各个评选项目，编号之间空一格，例如",
        "One SMS can vote in every contest: leave a space between the codes, for example",
    ),
    "spelling": Said(
        "编号不分大小写，可用全角或半角，中间可以有空格或短横；编号以外的话（如“投”“支持”）不影响计票。",
        "Codes may be in small letters, and have a space or hyphen inside. Other words do not matter.",
    ),
    "doubt": Said(
        "短信里不要写“不”“改”之类的字，否则意思不明确，须由工作人员裁定。",
        "Leave out words such as “not” or “change”: the SMS would be unclear, for a person to rule on.",
    ),
    "say_code": Said("向接线员说出编号，例如", "Tell the operator the code, for example"),
    "press_keys": Said(
        "听到按键提示时，输入下表“按键”一栏的数字，按 # 结束",
        "Where you are asked for keys, press the digits in the column “keys”, and then #",
    ),
    "when": Said("投票时间", "When"),
    "closes_at": Said(
        "到截止时刻即不再计票：截止前一秒收到的有效，截止时刻收到的无效。",
        "The closing time itself is too late: a vote a second before it counts, a vote at it does not.",
    ),
    "in_time": Said(
        "截止前发出、路上耽搁的：短信在{sms}内、电话记录在{hotline}内收到仍可有效，更晚的由工作人员裁定。",
        "Sent in time and delayed on the way: an SMS can still count within {sms}, the log of a call within "
        "{hotline}; later, a person rules.",
    ),
    "minutes": Said("{n} 分钟", "{n} minutes"),
    "hours": Said("{n} 小时", "{n} hours"),
    "seconds": Said("{n} 秒", "{n} seconds"),
    "what_counts": Said("什么样的票有效", "What counts"),
    "ballot": Said(
        "每次所选的人数不合要求的，整条不计票；重复写同一个编号只算一次。",
        "A message with too many or too few choices is not counted. The same code twice is one choice.",
    ),
    "over_first": Said("超过上限的，先投的有效，后投的不计。", "Over the limit, the earlier votes stand."),
    "over_void": Said(
        "{contest}：超过上限的，该号码在此项的全部投票作废。",
        "{contest}: over the limit, all of the number’s votes in this contest are void.",
    ),
    "hidden": Said("来电隐藏号码的不计票。", "A call that hides its number is not counted."),
    "hidden_pending": Said(
        "来电隐藏号码的由工作人员裁定。", "Of a call that hides its number, a person rules."
    ),
    "weight": Said("公众投票的权重", "Weight of the public vote"),
    "weight_all": Said("结果全部由公众投票决定（100%）。", "The public vote alone decides (100 %)."),
    "weight_in": Said("{contest}：{weight}", "{contest}: {weight}"),
    "composite_contest": Said("评选项目", "Contest"),
    "composite_code": Said("编码", "Code"),
    "composite_name": Said("候选", "Candidate"),
    "composite_votes": Said("票数", "Votes"),
    "composite_public": Said("公众得分", "Public score"),
    "composite_panel": Said("评委得分", "Panel score"),
    "composite_composite": Said("综合得分", "Composite"),
    "composite_rank": Said("名次", "Rank"),
    "weight_part": Said(
        "公众投票占 {public}%，其余 {other}% 由组委会综合评议。",
        "The public vote weighs {public} %; the committee’s evaluation weighs the other {other} %.",
    ),
    "publish_live": Said("投票期间随时可以在网上看到票数。", "The count can be seen online at any time."),
    "publish_daily": Said("票数每天 {at} 在网上公布。", "The count is published online every day at {at}."),
    "publish_after_close": Said("投票截止后公布票数。", "The count is published after the close."),
    "publish_never": Said("票数不公布。", "The count is not published."),
    "code": Said("编号", "Code"),
    "press": Said("按键", "Keys"),
    "candidate": Said("候选", "Candidate"),
    "unit": Said("单位", "Unit"),
    "turn_to": Said("咨询与投诉", "Questions and complaints"),
    "organiser": Said("主办", "Held by"),
    "enquiries": Said("咨询电话", "Questions"),
    "complaints": Said("投诉电话", "Complaints"),
    "email": Said("电子邮箱", "E-mail"),
    "address": Said("地址", "Address"),
    "rules_at": Said("规则全文", "The rules"),
    "approval": Said("批准文件", "Approved by"),
    "not_given": Said("另行公布", "to be announced"),
    "receipt_hint": Said(
        "短信回复里如有回执码，凭它可以在网上查询自己的票是否计入。",
        "If the reply to your SMS has a receipt code, look up online by it whether your vote was counted.",
    ),
    "made_from": Said(
        "本说明由计票系统所用的规则生成，规则编号",
        "Made from the very rules that the votes are counted by; their hash begins with",
    ),
}

#: What is said in every report.
COMMON: Final[Mapping[str, Said]] = {
    "pre-election": Said("投票尚未开始", "Voting has not begun"),
    "unofficial-partial": Said("临时结果（计票未完成）", "Provisional: the count is not complete"),
    "unofficial-complete": Said("计票已完成，尚未确认", "Complete, not yet certified"),
    "correction": Said("更正", "Corrected"),
    "recount": Said("重新计票", "Recounted"),
    "certified": Said("已确认", "Certified"),
    "ledger_at": Said("账本", "Ledger"),
    "entries": Said("{n} 条", "{n} entries"),
    "root": Said("账本根", "Ledger root"),
    "rules": Said("规则散列", "Hash of the rules"),
}

WORDS: Final[Mapping[str, Said]] = {**VOTE, **COMMON, **SHEET}

MONTHS: Final = (
    "January February March April May June July August September October November December"
).split()
