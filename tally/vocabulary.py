"""The words that decide how a text is read: words of doubt, units, greetings and other filler.

All are written as `folding.fold` leaves them. A word of doubt too many costs a person a minute; one
too few counts a vote that was taken back. So the harmless compounds are few, and nothing clever.
"""

import re
from typing import Final


def _any_of(words: str) -> str:
    return "|".join(re.escape(word) for word in sorted(words.split(), key=len, reverse=True))


#: Stands for what was taken out of a text. Folding leaves none, and no rule reads across it.
GONE: Final = "\0"

_DOUBT_HAN: Final = """
    不 别 別 改 取消 错 錯 撤 退 勿 非 莫 没 沒 换 換 误 誤 弃 棄 作废 作廢 重新 重投 反对 反對 抵制 拒绝 拒絕
    差评 差評 投诉 投訴 举报 舉報 除了 除外 刷票 或
"""
#: Compounds in which a character above is no doubt about the vote.
_HARMLESS_HAN: Final = """
    不错 不錯 错不了 錯不了 没错 沒錯 零差错 无差错 差不多 了不起 不断 不斷 不愧 不懈 不忘 不辞 不厌 不倦 不凡
    不负 不畏 不怕 不少 不仅 不但 不光 不只 不论 不管 不久 不朽 不容易 不简单 不遗余力 不一般 不动产 不動產
    无微不至 特别 特別 级别 級別 个别 個別 性别 区别 识别 类别 分别 分別 别具一格 别出心裁 别致
    改革 改善 改进 改進 改造 改良 发改委 发改局 房改 非常 非凡 非遗 非公 非税 非洲
    退休 退役 退伍 退税 莫大 莫过于 没话说 没得说 没的说 换届 换证 换位思考 无误
"""
_DOUBT_LATIN: Final = """
    NOT NOPE NEVER NONE NOR NEITHER CANNOT DONT WONT CANT ISNT DIDNT DOESNT WASNT SHOULDNT WOULDNT
    CANCEL CANCELED CANCELLED CANCELING CANCELLING WRONG INSTEAD CHANGE CHANGED CHANGING MISTAKE MISTAKEN
    ERROR ERRONEOUS REMOVE REMOVED DELETE DELETED REVOKE REVOKED RETRACT WITHDRAW WITHDRAWN UNDO UNVOTE
    VOID IGNORE EXCEPT WITHOUT AGAINST SWITCH REPLACE CORRECTION SORRY OOPS STOP UNSUBSCRIBE QUIT TD T OR
"""
_NO: Final = rf"NO(?!(?:\. ?)?[0-9{GONE}])"  # but "No.12" is a number's sign
_DOUBT: Final = re.compile(
    rf"(?:{_any_of(_HARMLESS_HAN)})|(?P<doubt>{_any_of(_DOUBT_HAN)}"
    rf"|(?<![A-Z0-9'])(?:{_any_of(_DOUBT_LATIN)}|{_NO})(?![A-Z0-9'])|N'T(?![A-Z0-9]))"
)


def doubts(text: str) -> bool:
    """Whether a word of doubt stands in a folded text from which codes and aliases have been taken out."""
    return any(found["doubt"] for found in _DOUBT.finditer(text))


#: What makes the number before it a quantity, a date or an address, and no candidate's number.
UNIT: Final = re.compile(
    r"[岁歲元年月日点點分票次个個块塊楼樓路%°人位名天周届层栋室米斤倍折页条遍种级秒时](?!赞|贊|明|轻|輕|民|副|刻|亮|天天)"
    r"|[号號][楼樓院门門线線铺]|星级|周年|[百千仟万萬亿億]"
)
#: The same after a space, where it may also begin the next word.
SPACED_UNIT: Final = re.compile(r" [岁歲元年月日点點分票次个個块塊楼樓路人位名](?!\w)")
#: Full dates, times of day, and telephone numbers: never a vote.
_DATED: Final = re.compile(
    r"(?<![0-9])(?:(?:19|20)[0-9]{2}(?P<mark>[-/.年])(?:0?[1-9]|1[0-2])(?:(?P=mark)|月)[0-3]?[0-9][日号]?"
    r"|[0-9]{1,2}月[0-9]{1,2}[日号]?|[0-2]?[0-9][:点][0-5][0-9](?::[0-5][0-9]|分)?"
    rf"|[0-9]{{1,6}}(?:[.~-][0-9]{{1,6}}){{1,2}}(?=(?:{UNIT.pattern}))"
    r"|1[3-9][0-9](?P<gap>[- ]?)[0-9]{4}(?P=gap)[0-9]{4}|0[0-9]{2,3}-[0-9]{7,8})(?![0-9])"
)
_RUN: Final = re.compile(r"[!#-'*+\--:=?-~]+")
_WEB: Final = re.compile(r"HTTPS?:|WWW\.")
_HOST: Final = re.compile(
    r"[A-Z0-9_%+-]@[A-Z0-9-]+\.[A-Z0-9]|[A-Z0-9]\.(?:COM|CN|NET|ORG|CC|TOP|INFO|GOV|EDU|IO|ME)(?![A-Z0-9])"
)


def without_addresses(folded: str) -> str:
    """The text with web and mail addresses, dates and telephone numbers taken out."""
    return _DATED.sub(_gone, _RUN.sub(_without_address, folded))


def _gone(found: re.Match[str]) -> str:
    return GONE * len(found[0])


def _without_address(run: re.Match[str]) -> str:
    if web := _WEB.search(run[0]):
        return run[0][: web.start()] + GONE * (len(run[0]) - web.start())
    return GONE * len(run[0]) if _HOST.search(run[0]) else run[0]


_FILLER_HAN: Final = """
    投 投票 投给 我 我要 我们 我选 我投 选 選 选择 支持 给 給 一票 票 号 號 第 加油 必胜 必勝
    最美 服务 窗口 明星 候选人 编号 代码 赞 点赞 请 請 谢谢 謝謝 感谢 辛苦 辛苦了 你好 您好 大家好 早上好
    下午好 晚上好 吧 了 的 啊 呀 哦 哈 嗯 好 好的 和 与 及 还有 一定 就 是 这 个 位 要 想 退订 取消 停止 测试
"""
_FILLER_LATIN: Final = """
    VOTE VOTES VOTING FOR I MY TO THE AND PLEASE PLS HI HELLO THANKS THANK YOU OK NO NUMBER SUPPORT GO TP
    TOUPIAO T TD STOP QUIT UNSUBSCRIBE CANCEL HELP TEST YES
"""
_FILLER: Final = re.compile(
    rf"{_any_of(_FILLER_HAN)}|(?<![A-Z0-9'])(?:{_any_of(_FILLER_LATIN)})(?![A-Z0-9'])"
)


def without_filler(text: str) -> str:
    """A folded text without ordinary words of a vote."""
    return _FILLER.sub(" ", text)


def only_filler(text: str) -> bool:
    """Whether nothing but filler, words of doubt and punctuation stands in a folded text."""
    return not any(character.isalnum() for character in _DOUBT.sub(" ", without_filler(text)))
