"""Chinese numerals below 1,000, as they are written in a vote: `十二`, `一二`, `一百零二`, `廿`."""

import re
from typing import Final

_DIGITS: Final = dict(
    zip("零〇○一二三四五六七八九两兩壹贰貳叁參叄肆伍陆陸柒捌玖", "000123456789221223334566789", strict=True)
)
_TENS: Final = str.maketrans("拾佰", "十百")
#: Every character a numeral can hold. Some (千, 萬) make it no numeral of ours, and must not be cut off it.
CHARACTERS: Final = "".join(_DIGITS) + "十拾百佰廿卅千仟万萬亿億"

_ONE: Final = "[" + "".join(_DIGITS)[3:] + "]"
_COUNTED: Final = re.compile(rf"(?:({_ONE})百)?(?:[零〇○]({_ONE})|({_ONE}?)十({_ONE}?)|([廿卅])({_ONE}?))?")


def digits_of(numeral: str) -> str | None:
    """The ASCII digits: "12" for `十二` and for `一二`, "01" for `〇一`, "102" for `一百零二`.

    None for what is no numeral below 1,000, or can be meant in two ways (`一百二`).
    """
    if all(character in _DIGITS for character in numeral):
        return "".join(_DIGITS[character] for character in numeral) or None
    found = _COUNTED.fullmatch(numeral.translate(_TENS))
    if not found:
        return None
    hundreds, after_zero, tens, after_ten, score, after_score = (group or "" for group in found.groups())
    ones = after_zero or after_ten or after_score
    if score:
        tens = {"廿": "二", "卅": "三"}[score]
    elif found[3] is not None:
        tens = tens or "一"
    value = [int(_DIGITS.get(place, "0")) for place in (hundreds, tens, ones)]
    return str(value[0] * 100 + value[1] * 10 + value[2])
