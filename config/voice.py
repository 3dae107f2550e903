"""What a caller hears: the prompts of a keypad vote, said or played, and the words shipped for each.

A prompt is one piece or several. A piece is a text to be said, or `play:` and the recording to be played, as
the telephone system knows it: a URL, or the name of a sound file.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from config.fields import AT_LEAST_ONE, Many, Table, Text, refused
from config.problems import Lang
from config.wording import Said

PLAY: Final = "play:"
PLACEHOLDERS: Final = ("{campaign}", "{candidate}", "{contest}", "{code}")

#: Every prompt there is, in the order of a call.
WORDS: Final[Mapping[str, Said]] = {
    "greeting": Said("欢迎参加{campaign}投票。", "Welcome to {campaign}."),
    "ask": Said(
        "请输入候选人编号，按井号键结束。",
        "Please enter the number of your candidate, and then the hash key.",
    ),
    "unknown": Said("没有这个编号。", "There is no candidate with this number."),
    "silence": Said("没有收到编号。", "No number was entered."),
    "withdrawn": Said("该候选人已退出评选。", "This candidate has withdrawn."),
    "wrong_count": Said(
        "一次来电不能选这么多或这么少的候选人。", "One call cannot name this many candidates of one contest."
    ),
    "confirm": Said(
        "您选择的是{candidate}。确认投票请按1，重新选择请按2。",
        "You have chosen {candidate}. To vote, press 1. To choose again, press 2.",
    ),
    "counted": Said(
        "您投给{candidate}的一票已计入，谢谢，再见。",
        "Thank you. Your vote for {candidate} is counted. Goodbye.",
    ),
    "repeat": Said(
        "您的号码已经投过票，本次不计入，再见。",
        "Your line has voted before, and this vote is not counted. Goodbye.",
    ),
    "recorded": Said("您的来电已记录，再见。", "Your call is recorded. Goodbye."),
    "early": Said("投票尚未开始，再见。", "Voting has not begun. Goodbye."),
    "late": Said("投票已经截止，再见。", "Voting is over. Goodbye."),
    "withheld": Said(
        "您的号码未显示，无法投票，请显示号码后重新拨打，再见。",
        "Your number is withheld. Please call again with your number shown. Goodbye.",
    ),
    "goodbye": Said("本次没有投票，请重新拨打，再见。", "No vote was given. Please call again. Goodbye."),
    "fault": Said(
        "系统繁忙，您的投票未能记录，请几分钟后重新拨打，再见。",
        "Your vote could not be recorded. Please call again in a few minutes. Goodbye.",
    ),
}

_RECORDING: Final = re.compile(r"(?:[\w./:?=&%~+-]|\{code\})+", re.ASCII)


def _cue(value: Any) -> str:
    if value not in WORDS:
        raise refused("cue", allowed=", ".join(WORDS))
    return str(value)


def _piece(piece: str) -> str:
    if re.search(r"[{}]", re.sub(r"\{(?:campaign|candidate|contest|code)\}", "", piece)):
        raise refused("placeholder", allowed=", ".join(PLACEHOLDERS))
    if piece.startswith(PLAY) and not _RECORDING.fullmatch(piece.removeprefix(PLAY)):
        raise refused("recording")
    return piece


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Cue = Annotated[str, PlainValidator(_cue)]
Piece = Annotated[Text, AfterValidator(_piece)]
Prompt = Annotated[Many[Piece], BeforeValidator(_listed), AT_LEAST_ONE]


class Voice(Table):
    """The prompts that the campaign words itself, by language; the others are as shipped."""

    zh: dict[Cue, Prompt] = Field(default_factory=dict)
    en: dict[Cue, Prompt] = Field(default_factory=dict)

    def prompt(self, lang: Lang, cue: str) -> tuple[str, ...]:
        """The pieces of one prompt, their placeholders not filled in."""
        own = self.zh if lang == "zh" else self.en
        return own.get(cue) or (WORDS[cue].by(lang),)
