"""What holds of every text and every code book (docs/rules.md)."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tally import codebook, selections
from tally.codebook import CodeBook, CodeBookClash, Listing
from tally.outcome import Selection
from tally.selections import Finding, Reading

BOOKS = [
    codebook.build(
        [Listing("w", f"A{number:02}") for number in range(1, 13)]
        + [Listing("s", f"B{number:02}", ("李明", "Alice Chen")[: number == 1]) for number in range(1, 9)]
    ),
    codebook.build([Listing("w", str(number)) for number in range(1, 31)]),
    codebook.build([Listing("w", "A"), Listing("w", "B"), Listing("s", "3-C"), Listing("s", "D12E")]),
]
books = st.sampled_from(BOOKS)

#: Pieces that mean something to the reader, so that random texts get past its front door.
PIECES = (
    "A B C A01 B03 a1 012 12 3 1 99 2018 13812345678 十 二 一百 号 票 岁 月 日 不 不错 改 特别 投 到 至 李明"
    " alice chen not no. can't T - ~ , 、 / . + _ : ' @ www. .cn http: 【 】 [ ] é ½ ＡＺ０９ 😀"
    " \u0301 \ufe0f\u20e3 \u200b \x00 \n \ud800"
).split(" ")
texts = st.one_of(
    st.text(st.characters(codec=None, exclude_categories=())),
    st.lists(st.sampled_from([*PIECES, " "]), max_size=12).map("".join),
)
#: Characters whose case and width change nothing but case and width.
plain_texts = st.lists(
    st.sampled_from([*"ABCTabct0123 ,.-~:/号投不到十李明", "A01", "B03", "not", "alice chen"]), max_size=12
).map("".join)
invisible = st.sampled_from(["\u200b", "\ufeff", "\x00", "\xad", "\u2060", "\ufe0f"])


def _wide(text: str) -> str:
    return "".join(
        chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else "\u3000" if one == " " else one for one in text
    )


@given(books, texts)
@settings(deadline=None, max_examples=600)
def test_every_text_has_one_reading_within_the_book(book: CodeBook, text: str) -> None:
    for read in (selections.read_text, selections.read_digits):
        reading = read(book, text)
        assert reading == read(book, text)
        assert set(reading.selections) <= set(book.codes.values())
        assert len(set(reading.selections)) == len(reading.selections)
        assert bool(reading.why) == (reading.finding in (Finding.UNKNOWN, Finding.UNCLEAR))
        if reading.finding is not Finding.UNCLEAR:
            assert bool(reading.selections) == (reading.finding is Finding.CODES)


@given(books, plain_texts, st.data())
@settings(deadline=None, max_examples=300)
def test_case_width_and_the_invisible_change_nothing(book: CodeBook, text: str, data: st.DataObject) -> None:
    reading = selections.read_text(book, text)
    at = data.draw(st.integers(0, len(text)))
    for same in (text.upper(), text.lower(), _wide(text), text[:at] + data.draw(invisible) + text[at:]):
        assert selections.read_text(book, same) == reading


@given(books, plain_texts)
@settings(deadline=None, max_examples=200)
def test_a_text_that_is_read_again_from_the_cache_is_read_the_same(book: CodeBook, text: str) -> None:
    """A blank is nothing, but more than 32 of them pass by the cache and the quick way for a lone code."""
    assert selections.read_text(book, text) == selections.read_text(book, " " * 40 + text)


letters = st.text("ABCDEFGHJKMNPT", min_size=1, max_size=3)
numbers = st.integers(0, 999)
prefixed = st.builds(
    lambda prefix, number, width: f"{prefix}{number:0{width}}", letters, numbers, st.integers(1, 4)
)
numeric = st.builds(lambda number, width: f"{number:0{width}}", numbers, st.integers(1, 4))
code_lists = st.one_of(st.lists(prefixed, min_size=2, max_size=8), st.lists(numeric, min_size=2, max_size=8))


def _built(codes: list[str]) -> CodeBook:
    try:
        return codebook.build(
            [Listing("ws"[place % 2], code, keypad=str(place)) for place, code in enumerate(codes)]
        )
    except CodeBookClash:
        assume(False)
        raise


def _spellings(code: str) -> list[str]:
    prefix = code.rstrip("0123456789")
    digits = code[len(prefix) :].lstrip("0") or "0"
    inside = ["", "-", " ", "_", ".", " - "] if prefix else [""]
    return [
        prefix + separator + "0" * zeros + digits + after
        for separator in inside
        for zeros in range(3)
        for after in ("", "号", " 加油！", "，谢谢")
    ]


def _chosen(book: CodeBook, *codes: str) -> Reading:
    by_code = {selection.candidate: selection for selection in book.codes.values()}
    named: list[Selection] = [by_code[code] for code in codes]
    return Reading(Finding.CODES, tuple(named))


@given(code_lists)
@settings(deadline=None, max_examples=60)
def test_every_code_reads_as_itself_however_it_is_spelled(codes: list[str]) -> None:
    book = _built(codes)
    for code in codes:
        for spelling in _spellings(code):
            assert selections.read_text(book, spelling) == _chosen(book, code), spelling
            assert selections.read_text(book, f"投{spelling.lower()}") == _chosen(book, code), spelling


@given(code_lists)
@settings(deadline=None, max_examples=60)
def test_two_codes_are_read_in_order_with_any_separator_between_them(codes: list[str]) -> None:
    book = _built(codes)
    first, second = codes[:2]
    separators = [" ", ",", "，", "、", ";", "；", " + ", "*", "#", "\n", "\r\n", "，投", "和"]
    separators += ["/", ".", "+", ""] if not first.isdigit() else []
    for separator in separators:
        assert selections.read_text(book, first + separator + second) == _chosen(book, first, second), (
            separator
        )


@given(code_lists)
@settings(deadline=None, max_examples=60)
def test_every_keypad_code_reads_as_its_candidate(codes: list[str]) -> None:
    book = _built(codes)
    for selection, keys in book.keypad.items():
        assert selections.read_digits(book, f" {keys} #9").selections == (selection,)


@given(code_lists, st.sampled_from(["不", "别投", "取消 ", "not ", "改"]))
@settings(deadline=None, max_examples=60)
def test_a_word_of_doubt_is_never_counted(codes: list[str], doubt: str) -> None:
    book = _built(codes)
    for text in (f"{doubt}{codes[0]}", f"{codes[0]} {doubt}", f"{codes[0]}，{doubt} {codes[1]}"):
        reading = selections.read_text(book, text)
        assert (reading.finding, reading.why) == (Finding.UNCLEAR, "doubt")


aliases = st.text("李明华文不改一二投A1b ·", min_size=2, max_size=5)


@given(st.lists(aliases, min_size=1, max_size=4, unique=True))
@settings(deadline=None, max_examples=300)
def test_every_alias_of_an_accepted_book_reads_as_its_candidate(names: list[str]) -> None:
    try:
        book = codebook.build([Listing("w", f"Z{place}", (name,)) for place, name in enumerate(names)])
    except CodeBookClash:
        return
    for place, name in enumerate(names):
        assert selections.read_text(book, name) == _chosen(book, f"Z{place}")
