"""What texts and keypad digits are read as (docs/rules.md): the tables are the rule, row by row."""

import time

import pytest

from tally import codebook, selections
from tally.codebook import CodeBook, Listing
from tally.selections import Finding

#: A window contest A01-A12 and a star contest B01-B08: only A09-A12 have a number of their own.
ALIASES = {
    "A01": ("政务大厅不动产窗口",),
    "A03": ("税务窗口", "三号税务厅"),
    "B01": ("李明",),
    "B02": ("李明华", "Alice Chen"),
    "B03": ("莫言",),
    "B04": ("华文",),
    "B05": ("阿依古丽·买买提",),
}


def _book(*contests: list[str]) -> CodeBook:
    return codebook.build(
        [
            Listing(f"contest {place}", code, ALIASES.get(code, ()))
            for place, codes in enumerate(contests, 1)
            for code in codes
        ]
    )


PREFIXED = _book([f"A{number:02}" for number in range(1, 13)], [f"B{number:02}" for number in range(1, 9)])
HUNDREDS = _book([str(number) for number in range(101, 121)], [str(number) for number in range(201, 211)])
SMALL = _book([str(number) for number in range(1, 31)])
LETTERS = _book(["A", "B", "C", "D"], ["T", "NOT"])
MIXED = _book(["3A", "4A"], ["X7", "Z-9"], ["500"])


def _said(reading: selections.Reading) -> str:
    """`A01 B03` for codes; the finding, its reason in brackets, and who is named, for all else."""
    named = [selection.candidate for selection in reading.selections]
    if reading.finding is Finding.CODES:
        return " ".join(named)
    return " ".join([reading.finding + (f"({reading.why})" if reading.why else ""), *named])


PREFIXED_ROWS = [
    # one code, however it is written
    ("A01", "A01"),
    ("a01", "A01"),
    ("Ａ０１", "A01"),
    ("ａ０１", "A01"),
    ("A1", "A01"),
    ("A001", "A01"),
    ("A-01", "A01"),
    ("A—01", "A01"),
    ("A－０１", "A01"),
    ("A 01", "A01"),
    ("A　01", "A01"),
    ("A_01", "A01"),
    ("A.01", "A01"),
    ("A - 1", "A01"),
    (" A01 \r\n", "A01"),
    ("A\u200b0\u200b1", "A01"),
    ("\ufeffA01", "A01"),
    ("A\x0001", "A01"),
    ("A0️⃣1️⃣", "A01"),
    ("Ⓐ①", "A01"),
    ("A٠١", "A01"),
    ("Ａ０１２", "A12"),
    ("A012", "A12"),
    ("「A01」", "A01"),
    ("(A01)", "A01"),
    ("《A01》", "A01"),
    ("'A01'", "A01"),
    ("“A01”", "A01"),
    # Chinese numerals
    ("A一", "A01"),
    ("A十二", "A12"),
    ("A十二号", "A12"),
    ("投A十二加油", "A12"),
    ("A一加油", "A01"),
    ("A-十二", "A12"),
    ("A〇一", "A01"),
    ("A零一", "A01"),
    ("A一二", "A12"),
    ("A十B二", "A10 B02"),
    ("A壹", "A01"),
    ("A拾贰号", "A12"),
    ("A拾貳號", "A12"),
    ("A參", "A03"),
    ("A二十參", "unknown(unknown)"),
    ("A1萬", "unknown(unknown)"),
    ("A參加", "unclear(ambiguous)"),
    ("我參加投票A01", "A01"),
    ("A廿二", "unknown(unknown)"),
    ("A一百零一", "unknown(unknown)"),
    ("A一定赢", "unclear(ambiguous)"),
    ("A一票", "unclear(ambiguous)"),
    ("A1十", "unknown(unknown)"),
    ("A01一票", "A01"),
    ("A01一定赢", "A01"),
    ("A01十分满意", "A01"),
    # beside ordinary words
    ("投A01", "A01"),
    ("投A01号", "A01"),
    ("我选A01", "A01"),
    ("支持A01，加油！", "A01"),
    ("我投A01一票，谢谢", "A01"),
    ("A01最美服务窗口", "A01"),
    ("最美服务窗口A01", "A01"),
    ("编号：A01", "A01"),
    ("TP A01", "A01"),
    ("vote for A01 please", "A01"),
    ("A01👍👍👍", "A01"),
    ("投票给A01号候选人张三", "A01"),
    ("A01号窗口的服务态度好，办事快", "A01"),
    # several
    ("A01B03", "A01 B03"),
    ("B03A01", "B03 A01"),
    ("a01b03", "A01 B03"),
    ("A01 B03", "A01 B03"),
    ("A01,B03", "A01 B03"),
    ("A01，B03", "A01 B03"),
    ("A01、B03", "A01 B03"),
    ("A01；B03", "A01 B03"),
    ("A01+B03", "A01 B03"),
    ("A01/B03", "A01 B03"),
    ("A01*B03", "A01 B03"),
    ("A01#B03", "A01 B03"),
    ("A01.B03", "A01 B03"),
    ("A01_B03", "A01 B03"),
    ("A01。B03", "A01 B03"),
    ("A01\nB03", "A01 B03"),
    ("A01\t\r\nB03", "A01 B03"),
    ("A01和B03", "A01 B03"),
    ("A01号B03号", "A01 B03"),
    ("A 01 B 03", "A01 B03"),
    ("A01A02A03", "A01 A02 A03"),
    ("窗口投A01，明星投B03", "A01 B03"),
    ("分别投A01和B03", "A01 B03"),
    ("A01 A01", "A01"),
    ("A01 a1 A-001", "A01"),
    ("A01B03A01", "A01 B03"),
    # ranges
    ("A01-03", "unclear(range) A01"),
    ("A01-A03", "unclear(range) A01 A03"),
    ("A01~A03", "unclear(range) A01 A03"),
    ("A01～03", "unclear(range) A01"),
    ("A01到A03", "unclear(range) A01 A03"),
    ("A01 to A03", "unclear(range) A01 A03"),
    ("A01 through A03", "unclear(range) A01 A03"),
    ("A01 to A02", "A01 A02"),
    ("A01或A02", "unclear(doubt) A01 A02"),
    ("A01 or A02", "unclear(doubt) A01 A02"),
    ("A01号至A03号", "unclear(range) A01 A03"),
    ("A01——B03", "unclear(range) A01 B03"),
    ("A01-A99", "unclear(range) A01"),
    ("9-12", "unclear(range)"),
    ("A01-A02", "A01 A02"),
    ("A02到A01", "A02 A01"),
    # a number without its letter
    ("12", "A12"),
    ("012", "A12"),
    ("１２", "A12"),
    ("12号", "A12"),
    ("投12号", "A12"),
    ("第12号", "A12"),
    ("十二号", "A12"),
    ("十二", "A12"),
    ("投十二号", "A12"),
    ("No.12", "A12"),
    ("No12", "A12"),
    ("№12", "A12"),
    ("12号窗口", "A12"),
    ("11、12", "A11 A12"),
    ("01", "unclear(ambiguous)"),
    ("3号", "unclear(ambiguous)"),
    ("三号", "unclear(ambiguous)"),
    ("12 3", "unclear(ambiguous)"),
    ("99", "unknown(unknown)"),
    ("投99号", "unknown(unknown)"),
    ("我家住在99号附近", "unknown(unknown)"),
    ("2018", "unknown(unknown)"),
    ("20180720", "nothing"),
    ("我们去年办了99件事", "nothing"),
    ("12 99", "A12"),
    # beside a code
    ("A01 12", "unclear(ambiguous) A01"),
    ("A01,02,03", "unclear(ambiguous) A01"),
    ("1、A01 2、B03", "unclear(ambiguous) A01 B03"),
    ("A12 12号", "A12"),
    ("A01 99", "A01"),
    ("A01 666", "A01"),
    ("A01 100分", "A01"),
    ("我今年12岁，投A01", "A01"),
    ("A01 2票", "A01"),
    ("A01 2 票", "A01"),
    ("A 2 票", "unclear(ambiguous)"),
    ("投1票给A01", "A01"),
    ("投A01，3次", "A01"),
    ("A01 1.5元", "A01"),
    ("12日投A01", "A01"),
    ("7月12号投A01", "A01"),
    ("2018-07-12 A01", "A01"),
    ("2018年7月12日12:30 A01", "A01"),
    ("12点30分 A01", "A01"),
    ("给12点赞", "A12"),
    ("A01，我的手机13812345678", "A01"),
    ("A01 138 1234 5678", "A01"),
    ("A01 电话0739-5169909", "A01"),
    ("A、B03", "unclear(ambiguous) B03"),
    ("A/12", "unclear(ambiguous)"),
    ("C99 12", "unclear(ambiguous)"),
    # not in the book
    ("A99", "unknown(unknown)"),
    ("C01", "unknown(unknown)"),
    ("投C01号", "unknown(unknown)"),
    ("A013", "unknown(unknown)"),
    ("A0101", "unknown(unknown)"),
    ("AO1", "unknown(unknown)"),
    ("A0l", "unknown(unknown)"),
    ("AI2", "unknown(unknown)"),
    ("А01", "unknown(unknown)"),  # Cyrillic
    ("Á01", "unknown(unknown)"),
    ("A0\u03361", "unknown(unknown)"),  # struck through
    ("CA01", "unknown(unknown)"),
    ("DATA01", "unknown(unknown)"),
    ("A01X", "unknown(unknown)"),
    ("3A01", "unknown(unknown)"),
    ("A01B", "unknown(unknown)"),
    ("A", "unknown(unknown)"),
    ("A00000000000000000000000000001", "unknown(unknown)"),
    ("A01 C99", "A01"),
    ("A99 A01 A98", "A01"),
    ("A01 A013", "A01"),
    # doubt
    ("不投A01", "unclear(doubt) A01"),
    ("别投A01", "unclear(doubt) A01"),
    ("A01不是B03", "unclear(doubt) A01 B03"),
    ("A01改B03", "unclear(doubt) A01 B03"),
    ("A01 改为 B03", "unclear(doubt) A01 B03"),
    ("取消A01", "unclear(doubt) A01"),
    ("A01错了，是B03", "unclear(doubt) A01 B03"),
    ("撤回A01", "unclear(doubt) A01"),
    ("请勿投A01", "unclear(doubt) A01"),
    ("非A01", "unclear(doubt) A01"),
    ("莫投A01", "unclear(doubt) A01"),
    ("我没投A01", "unclear(doubt) A01"),
    ("反对A01", "unclear(doubt) A01"),
    ("除了A01都行", "unclear(doubt) A01"),
    ("A01换成B03", "unclear(doubt) A01 B03"),
    ("退订A01", "unclear(doubt) A01"),
    ("A01 回T退订", "unclear(doubt) A01"),
    ("不选12号", "unclear(doubt)"),
    ("不投3号", "unclear(doubt)"),
    ("不投李明", "unclear(doubt) B01"),
    ("not A01", "unclear(doubt) A01"),
    ("cancel A01", "unclear(doubt) A01"),
    ("don't vote A01", "unclear(doubt) A01"),
    ("Don’t vote A01", "unclear(doubt) A01"),
    ("A01 wrong, B03 instead", "unclear(doubt) A01 B03"),
    ("No A01", "unclear(doubt) A01"),
    ("STOP A01", "unclear(doubt) A01"),
    ("No.A01", "A01"),
    ("note: A01", "A01"),
    ("another vote, A01", "A01"),
    ("不投A99", "unknown(unknown)"),
    # no doubt in it
    ("A01不错", "A01"),
    ("A01服务真不错，加油", "A01"),
    ("选A01错不了", "A01"),
    ("特别支持A01", "A01"),
    ("非常满意A01", "A01"),
    ("A01了不起", "A01"),
    ("A01不愧是最美", "A01"),
    ("A01服务不断改善", "A01"),
    ("投A01不动产登记窗口", "A01"),
    ("退役军人窗口A01", "A01"),
    ("发改局A01", "A01"),
    ("特别不满意A01", "unclear(doubt) A01"),
    # nothing
    ("", "nothing"),
    ("   ", "nothing"),
    ("\u200b\x00", "nothing"),
    ("你好", "nothing"),
    ("谢谢", "nothing"),
    ("T", "nothing"),
    ("TD", "nothing"),
    ("退订", "nothing"),
    ("STOP", "nothing"),
    ("？？？", "nothing"),
    ("一定支持你们", "nothing"),
    ("投一票", "nothing"),
    ("十分满意", "nothing"),
    ("统一服务，唯一选择", "nothing"),
    ("hello", "nothing"),
    ("\ud800\udfff", "nothing"),
    ("𝕏🎉", "nothing"),
    # aliases
    ("李明", "B01"),
    ("投李明一票", "B01"),
    ("李明华", "B02"),
    ("支持李明华加油", "B02"),
    ("alice chen", "B02"),
    ("Vote Alice  Chen!", "B02"),
    ("Alice Cheng", "nothing"),
    ("malice chen", "nothing"),
    ("李明 B01", "B01"),
    ("B01李明", "B01"),
    ("B03莫言", "B03"),
    ("莫言", "B03"),
    ("莫投莫言", "unclear(doubt) B03"),
    ("政务大厅不动产窗口", "A01"),
    ("阿依古丽•买买提", "B05"),
    ("税务窗口和李明", "A03 B01"),
    ("三号税务厅", "A03"),
    ("A01李明", "A01 B01"),
    ("李明A01", "B01 A01"),
    ("李明华文", "unclear(overlap) B02 B04"),
    ("李明12", "unclear(ambiguous) B01"),
    # signatures
    ("【中国移动】A01", "A01"),
    ("A01【张三】", "A01"),
    ("【北塔政务】A01【张三】", "A01"),
    ("[微笑]A01[强]", "A01"),
    ("【B03】A01", "A01"),
    ("【不错】A01", "A01"),
    ("【退订回T】A01", "A01"),
    ("投【A01】谢谢", "A01"),
    ("【A01】", "unclear(signature) A01"),
    ("[A01]", "unclear(signature) A01"),
    ("【A01】谢谢", "unclear(signature) A01"),
    ("【A01】C99", "unclear(signature) A01"),
    ("【张三】", "nothing"),
    ("【张三", "nothing"),
    ("【A01", "A01"),
    # addresses
    ("http://vote.cn/A01", "nothing"),
    ("https://x.example/?c=A01&d=B03", "nothing"),
    ("www.beita.gov.cn/A01", "nothing"),
    ("t.cn/A01", "nothing"),
    ("A01@qq.com", "nothing"),
    ("li.A01@mail.example.org", "nothing"),
    ("详见http://t.cn/A02，我投A01", "A01"),
    ("A01 http://t.cn/B03", "A01"),
]

SMALL_ROWS = [
    ("12", "12"),
    ("012", "12"),
    ("1 2", "1 2"),
    ("1,2", "1 2"),
    ("1、2、3", "1 2 3"),
    ("1/2", "1 2"),
    ("1.2", "1 2"),
    ("1+2", "1 2"),
    ("12号", "12"),
    ("1号2号", "1 2"),
    ("1号和2号", "1 2"),
    ("一二", "12"),
    ("一、二", "1 2"),
    ("十二号", "12"),
    ("投十二", "12"),
    ("廿一", "21"),
    ("卅", "30"),
    ("十二和十三", "12 13"),
    ("十一十二", "unknown(unknown)"),
    ("投 3 次 12", "unclear(ambiguous) 12"),
    ("12 个人觉得好", "12"),
    ("支持第一名", "nothing"),
    ("1-3", "unclear(range) 1 3"),
    ("1到3号", "unclear(range) 1 3"),
    ("1-2", "1 2"),
    ("12-99", "unclear(range) 12"),
    ("5-13812345678", "5"),
    ("2018-07-20 12", "12"),
    ("2018年7月20日", "nothing"),
    ("7月20号", "nothing"),
    ("12:30", "nothing"),
    ("12岁", "nothing"),
    ("给12投1票", "12"),
    ("12 99", "12"),
    ("99", "unknown(unknown)"),
    ("1299", "unknown(unknown)"),
    ("13812345678", "nothing"),
    ("138 1234 5678", "nothing"),
    ("A12", "unknown(unknown)"),
    ("12A", "unknown(unknown)"),
    ("5G", "unknown(unknown)"),
    ("No. 12", "12"),
    ("not 12", "unclear(doubt) 12"),
    ("不要12", "unclear(doubt) 12"),
    ("½", "unknown(unknown)"),
]

HUNDREDS_ROWS = [
    ("101", "101"),
    ("一〇一", "101"),
    ("一百零一", "101"),
    ("一百零一号", "101"),
    ("两百零一", "201"),
    ("一百二", "unknown(unknown)"),  # 120, or 102
    ("101 201", "101 201"),
    ("101201", "unknown(unknown)"),
    ("我投101和202", "101 202"),
    ("1", "unknown(unknown)"),
    ("101.202", "101 202"),
    ("0101", "101"),
    ("00000101", "101"),
]

LETTERS_ROWS = [
    ("A", "A"),
    ("a", "A"),
    ("投B", "B"),
    ("A,B", "A B"),
    ("A B", "A B"),
    ("AB", "nothing"),
    ("vote for B please", "B"),
    ("Bob likes B", "unclear(ambiguous) B"),
    ("I'd vote B", "unclear(ambiguous) B"),
    ("不选B", "unclear(doubt) B"),
    ("A1", "unknown(unknown)"),
    ("T", "T"),  # a code, if it is one, and no stop word
    ("投not", "NOT"),
    ("TD", "nothing"),
]

MIXED_ROWS = [
    ("3A", "3A"),
    ("3-a", "3A"),
    ("三A", "3A"),
    ("3A4A", "3A 4A"),
    ("X7 Z9", "X7 Z-9"),
    ("z-09", "Z-9"),
    ("500", "500"),
    ("3", "3A"),
    ("7号", "X7"),
    ("3AX7", "unknown(unknown)"),  # a run of letters is never cut
    ("3X7", "unknown(unknown)"),
]


def _table(*named: tuple[str, CodeBook, list[tuple[str, str]]]) -> list[object]:
    return [
        pytest.param(book, text, said, id=f"{name}-{ascii(text)[1:-1]}")
        for name, book, rows in named
        for text, said in rows
    ]


@pytest.mark.parametrize(
    ("book", "text", "said"),
    _table(
        ("prefixed", PREFIXED, PREFIXED_ROWS),
        ("small", SMALL, SMALL_ROWS),
        ("hundreds", HUNDREDS, HUNDREDS_ROWS),
        ("letters", LETTERS, LETTERS_ROWS),
        ("mixed", MIXED, MIXED_ROWS),
    ),
)
def test_a_text_is_read(book: CodeBook, text: str, said: str) -> None:
    assert _said(selections.read_text(book, text)) == said


def test_who_is_named_comes_with_the_contest() -> None:
    reading = selections.read_text(PREFIXED, "A01 B03")
    assert reading.selections == (("contest 1", "A01"), ("contest 2", "B03"))


OWN_KEYS = codebook.build(
    [Listing("w", "A01", keypad="7"), Listing("w", "A02", keypad="70"), Listing("s", "B01", keypad="703")]
)
KEYPAD_ROWS = [
    (PREFIXED, "", "nothing"),
    (PREFIXED, "#", "nothing"),
    (PREFIXED, "**", "nothing"),
    (PREFIXED, "#101", "nothing"),
    (PREFIXED, "101", "A01"),
    (PREFIXED, "101#", "A01"),
    (PREFIXED, " 1 0 1 #", "A01"),
    (PREFIXED, "１０１＃", "A01"),
    (PREFIXED, "101*203", "A01 B03"),
    (PREFIXED, "*101**203*", "A01 B03"),
    (PREFIXED, "101#203", "A01"),
    (PREFIXED, "101203", "A01 B03"),
    (PREFIXED, "101101", "A01"),
    (PREFIXED, "101*101", "A01"),
    (PREFIXED, "1011", "unknown(unknown)"),
    (PREFIXED, "101999", "unknown(unknown)"),
    (PREFIXED, "999", "unknown(unknown)"),
    (PREFIXED, "0101", "unknown(unknown)"),
    (PREFIXED, "101*999", "A01"),
    (PREFIXED, "1A1", "unknown(unknown)"),
    (PREFIXED, "hangup", "nothing"),
    (PREFIXED, "1" * 3000, "unclear(too_long)"),
    (PREFIXED, "*" * 3000, "nothing"),
    (HUNDREDS, "101*201", "101 201"),
    (HUNDREDS, "101201", "101 201"),
    (SMALL, "12", "12"),
    (SMALL, "1*2", "1 2"),
    (SMALL, "012", "unknown(unknown)"),
    (SMALL, "1212", "unknown(unknown)"),  # codes of one and of two digits: not cut
    (LETTERS, "1", "unknown(unknown)"),
    (OWN_KEYS, "7", "A01"),
    (OWN_KEYS, "70", "A02"),
    (OWN_KEYS, "703", "B01"),
    (OWN_KEYS, "77", "unknown(unknown)"),
]


@pytest.mark.parametrize(("book", "digits", "said"), KEYPAD_ROWS, ids=lambda value: str(value)[:20])
def test_keys_are_read(book: CodeBook, digits: str, said: str) -> None:
    assert _said(selections.read_digits(book, digits)) == said


LONG_ROWS = [
    ("加油" * 1000, "nothing"),
    ("加油" * 1000 + "A01", "nothing"),
    ("A01" + "加油" * 1000, "unclear(too_long)"),
    ("C99" + "加油" * 1000, "unclear(too_long)"),
    ("A01" + "加油" * 900, "A01"),
    ("A01" + "\ufdfa" * 1000, "unclear(too_long)"),  # few characters that become many
]


@pytest.mark.parametrize(("text", "said"), LONG_ROWS, ids=range(len(LONG_ROWS)))
def test_a_text_too_long_to_be_a_vote_is_not_read(text: str, said: str) -> None:
    assert _said(selections.read_text(PREFIXED, text)) == said


HOSTILE = {
    "combining marks": "\u0315\u0300\u0316\u0344",
    "long foldings": "\ufdfa",
    "codes": "A01",
    "half codes": "A-",
    "numbers": "1 ",
    "ranges": "1-",
    "dots": "a.",
    "decimals": "1.1",
    "mail": "a@b.",
    "web": "http:",
    "brackets": "【】",
    "open brackets": "【[",
    "doubt": "不",
    "numerals": "十一",
    "letters and numerals": "A一",
    "aliases": "李明华",
    "apostrophes": "n't'",
    "filler": "投票",
    "years": "2018年",
    "blanks": " \n",
    "invisible": "\u200b",
    "surrogates": "\ud800",
}


@pytest.mark.parametrize("length", [2000, 200_000])
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_long(unit: str, length: int) -> None:
    text = (unit * length)[:length]
    quickest = 9.0
    for book in (PREFIXED, SMALL) * 2:
        started = time.thread_time()
        selections.read_text(book, text)
        selections.read_digits(book, text)
        quickest = min(quickest, time.thread_time() - started)
    assert quickest < 0.05
