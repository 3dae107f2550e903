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
    "greeting": Said("Welcome to {campaign}.", "欢迎参加{campaign}投票。"),
    "ask": Said(
        "Please enter the number of your candidate, and then the hash key.",
        "请输入候选人编号，按井号键结束。",
    ),
    "unknown": Said("There is no candidate with this number.", "没有这个编号。"),
    "silence": Said("No number was entered.", "没有收到编号。"),
    "withdrawn": Said("This candidate has withdrawn.", "该候选人已退出评选。"),
    "wrong_count": Said(
        "One call cannot name this many candidates of one contest.", "一次来电不能选这么多或这么少的候选人。"
    ),
    "confirm": Said(
        "You have chosen {candidate}. To vote, press 1. To choose again, press 2.",
        "您选择的是{candidate}。确认投票请按1，重新选择请按2。",
    ),
    "counted": Said(
        "Thank you. Your vote for {candidate} is counted. Goodbye.",
        "您投给{candidate}的一票已计入，谢谢，再见。",
    ),
    "repeat": Said(
        "Your line has voted before, and this vote is not counted. Goodbye.",
        "您的号码已经投过票，本次不计入，再见。",
    ),
    "recorded": Said("Your call is recorded. Goodbye.", "您的来电已记录，再见。"),
    "early": Said("Voting has not begun. Goodbye.", "投票尚未开始，再见。"),
    "late": Said("Voting is over. Goodbye.", "投票已经截止，再见。"),
    "withheld": Said(
        "Your number is withheld. Please call again with your number shown. Goodbye.",
        "您的号码未显示，无法投票，请显示号码后重新拨打，再见。",
    ),
    "goodbye": Said("No vote was given. Please call again. Goodbye.", "本次没有投票，请重新拨打，再见。"),
    "fault": Said(
        "Your vote could not be recorded. Please call again in a few minutes. Goodbye.",
        "系统繁忙，您的投票未能记录，请几分钟后重新拨打，再见。",
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
        return own.get(cue) or (getattr(WORDS[cue], lang),)
