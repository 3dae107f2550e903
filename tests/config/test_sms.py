"""How many SMS a text is sent as."""

import pytest

from config import sms
from config.sms import Length

TEXTS = {
    "nothing": ("", Length(0, 160, 1)),
    "the alphabet's letters": ("Àè! Ω".replace("À", "à"), Length(5, 160, 1)),
    "one alone, full": ("a" * 160, Length(160, 160, 1)),
    "one more": ("a" * 161, Length(161, 160, 2)),
    "two parts, full": ("a" * 306, Length(306, 160, 2)),
    "three parts": ("a" * 307, Length(307, 160, 3)),
    "escaped signs take two": ("[" * 80, Length(160, 160, 1)),
    "one escaped sign more": ("[" * 81, Length(162, 160, 2)),
    "Chinese, full": ("投" * 70, Length(70, 70, 1)),
    "Chinese, one more": ("投" * 71, Length(71, 70, 2)),
    "Chinese, two parts, full": ("投" * 134, Length(134, 70, 2)),
    "Chinese, three parts": ("投" * 135, Length(135, 70, 3)),
    "one Chinese sign makes all of it UCS-2": ("a" * 70 + "投", Length(71, 70, 2)),
    "a sign outside the first plane takes two": ("😀" * 35, Length(70, 70, 1)),
    "a letter that only looks like one of the alphabet": ("ê", Length(1, 70, 1)),
}


@pytest.mark.parametrize("name", TEXTS)
def test_length(name: str) -> None:
    text, expected = TEXTS[name]
    assert sms.length(text) == expected
