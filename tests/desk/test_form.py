"""What an operator's form may say: whatever is sent is one call, or a fixed word for what is wrong."""

from contextlib import suppress
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.desk import form
from gateway.desk.form import Call, Flaw, Wish
from gateway.intake.inbound import Form, Inbound
from tally import codebook, selections
from tally.codebook import Listing
from tally.selections import Finding
from tests.pages import boards

ID = "0123456789abcdef"
GOOD = {"id": ID, "caller": "13800138000", "codes": ["A01"]}


@pytest.mark.parametrize(
    ("changes", "call"),
    [
        ({}, Call(ID, "13800138000", Wish.VOTE, ("A01",))),
        ({"codes": ["a01", " B-03 "]}, Call(ID, "13800138000", Wish.VOTE, ("A01", "B-03"))),
        ({"codes": ["Ａ０１", "A01"]}, Call(ID, "13800138000", Wish.VOTE, ("A01",))),
        ({"codes": ["Z99"]}, Call(ID, "13800138000", Wish.VOTE, ("Z99",))),
        (
            {"caller": " １３８ ００１３\u200b ８０００ "},
            Call(ID, "１３８ ００１３ ８０００", Wish.VOTE, ("A01",)),
        ),
        ({"caller": "what they said"}, Call(ID, "what they said", Wish.VOTE, ("A01",))),
        ({"withheld": True}, Call(ID, "", Wish.VOTE, ("A01",))),
        ({"wish": "misdialled", "codes": []}, Call(ID, "13800138000", Wish.MISDIALLED)),
        ({"wish": "misdialled"}, Call(ID, "13800138000", Wish.MISDIALLED)),
        (
            {"wish": "spoken", "words": " 那个\n小姑娘 "},
            Call(ID, "13800138000", Wish.SPOKEN, words="那个 小姑娘"),
        ),
        ({"waited_ms": 0}, Call(ID, "13800138000", Wish.VOTE, ("A01",), waited_ms=0)),
        ({"unasked": {"for": 1}}, Call(ID, "13800138000", Wish.VOTE, ("A01",))),
    ],
)
def test_a_call(changes: dict[str, Any], call: Call) -> None:
    assert form.read(GOOD | changes) == call


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"id": None}, "id"),
        ({"id": "short"}, "id"),
        ({"id": "0123456789abcde/"}, "id"),
        ({"id": ID + "\n"}, "id"),
        ({"id": 7}, "id"),
        ({"id": "x" * 41}, "id"),
        ({"caller": ""}, "no_caller"),
        ({"caller": " \u200b "}, "no_caller"),
        ({"caller": "1" * 41}, "caller"),
        ({"caller": 13800138000}, "form"),
        ({"caller": None}, "form"),
        ({"withheld": "yes"}, "form"),
        ({"codes": []}, "no_choice"),
        ({"codes": "A01"}, "form"),
        ({"codes": [1]}, "form"),
        ({"codes": None}, "form"),
        ({"codes": ["A01"] * 21}, "many_choices"),
        ({"codes": ["不要A01"]}, "code"),
        ({"codes": ["A01; B03"]}, "code"),
        ({"codes": [""]}, "code"),
        ({"codes": ["A" * 17]}, "code"),
        ({"codes": ["\ud800"]}, "code"),
        ({"wish": "unheard of"}, "form"),
        ({"wish": []}, "form"),
        ({"wish": "spoken"}, "no_words"),
        ({"wish": "spoken", "words": "\x00\x01"}, "no_words"),
        ({"wish": "spoken", "words": "x" * 301}, "words"),
        ({"wish": "spoken", "words": 3}, "form"),
        ({"waited_ms": -1}, "waited"),
        ({"waited_ms": 1.5}, "waited"),
        ({"waited_ms": True}, "waited"),
        ({"waited_ms": 32 * 24 * 3_600_000}, "waited"),
    ],
)
def test_no_call(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(Flaw) as flaw:
        form.read(GOOD | changes)
    assert flaw.value.word == word


@pytest.mark.parametrize(
    ("posted", "call"),
    [
        ({"codes": "A01 B03"}, Call(ID, "13800138000", Wish.VOTE, ("A01", "B03"))),
        ({"codes": " A01，B03、c1 "}, Call(ID, "13800138000", Wish.VOTE, ("A01", "B03", "C1"))),
        ({"codes": "A01", "withheld": "yes", "caller": ""}, Call(ID, "", Wish.VOTE, ("A01",))),
        ({"codes": "", "wish": "misdialled"}, Call(ID, "13800138000", Wish.MISDIALLED)),
        ({"codes": "A01", "waited_ms": "5"}, Call(ID, "13800138000", Wish.VOTE, ("A01",))),
    ],
)
def test_a_form_without_a_script_says_the_same(posted: dict[str, str], call: Call) -> None:
    assert form.read(form.plain({"id": ID, "caller": "13800138000", "wish": "vote", **posted})) == call


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "wish", "words", "withheld", "waited_ms"]), json_values))
@settings(deadline=None, max_examples=500)
def test_garbage_is_one_call_or_one_word(changes: dict[str, Any]) -> None:
    with suppress(Flaw):
        call = form.read(GOOD | changes)
        assert len(call.caller) <= 40
        assert len(call.text) <= 400


@given(
    st.dictionaries(st.sampled_from([*GOOD, "wish", "words", "withheld"]), st.text(st.characters(codec=None)))
)
@settings(deadline=None, max_examples=300)
def test_a_form_of_garbage_is_one_call_or_one_word(posted: dict[str, str]) -> None:
    with suppress(Flaw):
        form.read(form.plain({"id": ID, **posted}))


def test_it_goes_the_ordinary_way() -> None:
    vote = Call(ID, "13800138000", Wish.VOTE, ("A01", "B03"), waited_ms=700)
    assert vote.inbound("wang", 10_000) == Inbound(
        f"wang/{ID}", "13800138000", "A01 B03", Form.TEXT, 9_300, 1
    )
    spoken = Call(ID, "", Wish.SPOKEN, words="那个小姑娘")
    assert spoken.inbound("wang", 10_000) == Inbound(f"wang/{ID}", "", "那个小姑娘", Form.SPOKEN, None, 1)
    assert Call(ID, "5169909", Wish.MISDIALLED).inbound("wang", 10_000).text == ""


BOOKS = [
    boards.campaign().codebook,
    codebook.build([Listing("w", str(number)) for number in range(1, 31)]),
    codebook.build([Listing("w", "A"), Listing("w", "B"), Listing("s", "3-C"), Listing("s", "D12E")]),
    codebook.build([Listing("w", "001"), Listing("w", "002"), Listing("s", "120")]),
]


@pytest.mark.parametrize("book", BOOKS)
def test_chosen_codes_are_read_as_those_that_were_chosen(book: codebook.CodeBook) -> None:
    """A page that shows A01 and B03 must record nothing else, whatever a campaign's codes look like."""
    candidates = list(dict.fromkeys(book.spelled.values()))[:12]
    for count in (1, 2, 3):
        for chosen in permutations(candidates, count):
            call = form.read(GOOD | {"codes": [one.candidate for one in chosen]})
            reading = selections.read_text(book, call.text)
            assert (reading.finding, reading.selections) == (Finding.CODES, chosen)
