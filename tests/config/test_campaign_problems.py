"""Bad campaign files: every mistake at once, at its line, in two languages."""

from pathlib import Path

import pytest

from config import load
from config.problems import Problems
from tests.config.reading import DATA, ORGANISER, SMALL, campaign_problems, edited, plain

INSTANT = "is not a date with time and offset — write it without quotes, such as 2018-07-09T08:00:00+08:00"
SLUG = (
    "is not a short name — write 1 to 40 lower-case letters and digits, joined by single - or _, "
    "such as beita-2018"
)
CODE = (
    "is not a code — write 1 to 16 letters and digits, such as A01; "
    "- may stand between the letters and the number"
)
BLANK = "is blank, or has spaces around it — write the text without them"
DURATION = 'is not a length of time — write a number and s, m or h, such as "90s", "15m" or "24h"'
PUBLISH = 'does not say when results are shown — write "live", "daily at 20:00", "after_close" or "never"'
LINE = "is not the number of a line that could vote — correct it, or leave it out"
OUTCOME = (
    "is not an outcome that may wait for a person — write one of: overvote, unknown_code, withheld_caller "
    "(unclear, in_transit and unparsed always wait)"
)
KEYS = 'is not a row of keys — write 1 to 16 digits in quotes, such as "101"'
PLACEHOLDER = (
    "has braces around something else than a placeholder "
    "— only {candidate}, {contest}, {code}, {receipt} may stand in braces"
)

ONE_OR_TWO = "is not one of the numbers allowed here — write one of these, without quotes: 1, 2"
DAY = "is not a day — write it without quotes and without a time, such as 2018-06-01"

#: Candidates whose selections do not fit into the two bytes that give an entry's length.
MANY = "".join(
    f'[[contests.candidates]]\ncode = "C{n:05}"\nname = "多{n:05}"\nunit = "区"\nkeypad = "{70000 + n}"\n\n'
    for n in range(2_000)
)

# (edits of small.toml, what is said)
MISTAKES = {
    "nothing wrong": ([], []),
    "no id": ([('id = "small"\n', "")], ["1: id: is missing — add it"]),
    "capital id": ([('"small"', '"Small"')], [f"1: id: {SLUG}"]),
    "double hyphen": ([('"small"', '"a--b"')], [f"1: id: {SLUG}"]),
    "name with a line break": (
        [('"小评选"', '"小\\n评选"')],
        ["2: name: holds a line break or a control character — write it on one line"],
    ),
    "name that turns the direction of what follows": (
        [('"小评选"', '"小\u202e评选"')],
        ["2: name: holds the invisible character U+202E — delete it, or type the text again"],
    ),
    "alias with a sign of no width": (
        [('aliases = ["', 'aliases = ["\u200b')],
        [
            "33: contests[0].candidates[0].aliases[0]: holds the invisible character U+200B — "
            "delete it, or type the text again"
        ],
    ),
    "name too long": ([("小评选", "小" * 201)], ["2: name: is too long — write at most 200 characters"]),
    "name no text": ([('"小评选"', "3")], ["2: name: is not a text — write it in quotes"]),
    "unknown zone": (
        [("Asia/Shanghai", "Asia/Beijing")],
        ["3: timezone: is not a known time zone — write one such as Asia/Shanghai"],
    ),
    "zone of the machine": (
        [("Asia/Shanghai", "localtime")],
        ["3: timezone: is not a known time zone — write one such as Asia/Shanghai"],
    ),
    "zone outside": (
        [("Asia/Shanghai", "../../etc/passwd")],
        ["3: timezone: is not a known time zone — write one such as Asia/Shanghai"],
    ),
    "publish sometime": ([('"after_close"', '"later"')], [f"4: publish: {PUBLISH}"]),
    "publish at one digit": ([('"after_close"', '"daily at 8:00"')], [f"4: publish: {PUBLISH}"]),
    "publish at 24": ([('"after_close"', '"daily at 24:00"')], [f"4: publish: {PUBLISH}"]),
    "publish true": ([('"after_close"', "true")], [f"4: publish: {PUBLISH}"]),
    "pending no such outcome": ([("unknown_code", "unknown")], [f"5: pending[0]: {OUTCOME}"]),
    "pending that always waits": ([("unknown_code", "unclear")], [f"5: pending[0]: {OUTCOME}"]),
    "pending no text": ([('["unknown_code"]', "[[1]]")], [f"5: pending[0]: {OUTCOME}"]),
    "pending no list": (
        [('["unknown_code"]', '"unknown_code"')],
        ["5: pending: is not a list — write the values in square brackets"],
    ),
    "barred no number": ([('"13800138000"', '"138"')], [f"6: bar_list[0]: {LINE}"]),
    "test line no number": (
        [("[window]", 'test_lines = [\n  "07395169909",\n  "abc",\n]\n\n[window]')],
        [f"10: test_lines[1]: {LINE}"],
    ),
    "barred no text": (
        [('"13800138000"', "13800138000")],
        ["6: bar_list[0]: is not a text — write it in quotes"],
    ),
    "opening without zone": (
        [("08:00:00+08:00", "08:00:00")],
        ["9: window.opens_at: does not say in which time zone it is meant — write 2018-07-09T08:00:00+08:00"],
    ),
    "opening without zone, elsewhere": (
        [("08:00:00+08:00", "08:00:00"), ("Asia/Shanghai", "Europe/London")],
        ["9: window.opens_at: does not say in which time zone it is meant — write 2018-07-09T08:00:00+01:00"],
    ),
    "opening in a year that no zone could show": (
        [("2018-07-09T08:00:00+08:00", "0001-07-09T08:00:00+08:00")],
        ["9: window.opens_at: is of a year that no vote can be in — write a year from 1971 to 8999"],
    ),
    "opening in quotes": (
        [("2018-07-09T08:00:00+08:00", '"2018-07-09T08:00:00+08:00"')],
        [f"9: window.opens_at: {INSTANT}"],
    ),
    "opening a day": ([("2018-07-09T08:00:00+08:00", "2018-07-09")], [f"9: window.opens_at: {INSTANT}"]),
    "opening a number": ([("2018-07-09T08:00:00+08:00", "20180709")], [f"9: window.opens_at: {INSTANT}"]),
    "close at the opening": (
        [("2018-07-20T18:00:00+08:00", "2018-07-09T00:00:00Z")],
        [
            "10: window.closes_at: is not after the opening "
            "— write a closes_at later than 2018-07-09T08:00:00+08:00"
        ],
    ),
    "one channel's close before the opening": (
        [('"24h"', '"24h"\ncloses_at = 2018-07-01T18:00:00+08:00')],
        [
            "15: window.hotline.closes_at: is not after the opening "
            "— write a closes_at later than 2018-07-09T08:00:00+08:00"
        ],
    ),
    "one channel's opening after the close": (
        [('"24h"', '"24h"\nopens_at = 2018-08-01T18:00:00+08:00')],
        [
            "13: window.hotline.closes_at: is not after the opening "
            "— write a closes_at later than 2018-08-01T18:00:00+08:00"
        ],
    ),
    "no grace": ([('grace = "15m"\n', "")], ["8: window.grace: is missing — add it"]),
    "grace in days": ([('"15m"', '"1d"')], [f"11: window.grace: {DURATION}"]),
    "grace a number": ([('"15m"', "15")], [f"11: window.grace: {DURATION}"]),
    "grace negative": ([('"15m"', '"-15m"')], [f"11: window.grace: {DURATION}"]),
    "no caller section": (
        [('[caller]\nregion = "CN"\narea_code = "0739"\n', "")],
        ["1: caller: is missing — add it"],
    ),
    "no region": ([('region = "CN"\n', "")], ["16: caller.region: is missing — add it"]),
    "region in small letters": (
        [('"CN"', '"us"')],
        ["17: caller.region: is not a country or region code of two letters — write one such as US"],
    ),
    "area code of letters": (
        [('"0739"', '"O739"')],
        [
            "18: caller.area_code: is not an area code — write 1 to 6 digits in quotes, "
            'with the leading zero, such as "0739"'
        ],
    ),
    "premium callers": (
        [('"0739"', '"0739"\naccept_kinds = ["premium"]')],
        [
            "19: caller.accept_kinds[0]: is not one of the words allowed here "
            "— write one of: mobile, fixed_line, fixed_line_or_mobile, other"
        ],
    ),
    "no callers": (
        [('"0739"', '"0739"\naccept_kinds = []\naccept_regions = []')],
        [
            "19: caller.accept_kinds: has too few entries — give at least 1",
            "20: caller.accept_regions: has too few entries — give at least 1",
        ],
    ),
    "placeholder of another kind": ([("{candidate}", "{name}")], [f"21: replies.zh.counted: {PLACEHOLDER}"]),
    "placeholder not closed": ([("{candidate}", "{candidate")], [f"21: replies.zh.counted: {PLACEHOLDER}"]),
    "three adjudicators": (
        [("[window]", "adjudicators = 3\n\n[window]")],
        [f"8: adjudicators: {ONE_OR_TWO}"],
    ),
    "adjudicators in quotes": (
        [("[window]", 'adjudicators = "2"\n\n[window]')],
        [f"8: adjudicators: {ONE_OR_TWO}"],
    ),
    "a day in quotes": (
        [("[window]", '[timetable]\ntally_by = "2018-07-25"\n\n[window]')],
        [f"9: timetable.tally_by: {DAY}"],
    ),
    "a day with a time": (
        [("[window]", "[timetable]\ntally_by = 2018-07-25T18:00:00+08:00\n\n[window]")],
        [f"9: timetable.tally_by: {DAY}"],
    ),
    "no contests": (
        [(SMALL[SMALL.index("[[contests]]") :], "")],
        ["1: contests: is missing — add it"],
    ),
    "contest key in the wrong place": (
        [("[caller]", "seats = 1\n\n[caller]")],
        [
            "16: window.hotline.seats: is not a key that is known here "
            "— the keys are: closes_at, grace, opens_at"
        ],
    ),
    "no seats": ([("seats = 1", "seats = 0")], ["26: contests[0].seats: is too small — write 1 or more"]),
    "seats in quotes": (
        [("seats = 1", 'seats = "1"')],
        ["26: contests[0].seats: is not a whole number — write digits without quotes or point"],
    ),
    "seats true": (
        [("seats = 1", "seats = true")],
        ["26: contests[0].seats: is not a whole number — write digits without quotes or point"],
    ),
    "seats with a point": (
        [("seats = 1", "seats = 1.0")],
        ["26: contests[0].seats: is not a whole number — write digits without quotes or point"],
    ),
    "cap per week": (
        [('per = "campaign", votes = 1', 'per = "week", votes = 1')],
        [
            "27: contests[0].caps[0].per: is not one of the words allowed here "
            "— write one of: campaign, day, candidate"
        ],
    ),
    "cap of none": (
        [('per = "campaign", votes = 1', 'per = "campaign", votes = 0')],
        ["27: contests[0].caps[0].votes: is too small — write 1 or more"],
    ),
    "cap in a list over lines": (
        [('per = "day"', 'pre = "day"')],
        [
            "48: contests[1].caps[1].per: is missing — add it",
            "48: contests[1].caps[1].pre: is not a key that is known here — is per meant?",
        ],
    ),
    "cap twice": (
        [('per = "day"', 'per = "campaign"')],
        ["46: contests[1].caps: caps the votes per campaign a second time — keep one cap per campaign"],
    ),
    "campaign cap twice": (
        [
            (
                "[window]",
                'caps = [{ per = "day", votes = 1 }, { per = "day", votes = 2 }]\n\n[window]',
            )
        ],
        ["8: caps: caps the votes per day a second time — keep one cap per day"],
    ),
    "contest id twice": (
        [('id = "star"', 'id = "window"')],
        ["43: contests[1].id: is also the id of the contest at small.toml:24 — give each contest its own id"],
    ),
    "min above max": (
        [("seats = 1", "seats = 1\nselections = { min = 2 }")],
        ["27: contests[0].selections: has min above max — write min no greater than max"],
    ),
    "more selections than candidates": (
        [("seats = 1", "seats = 1\nselections = { min = 3, max = 3 }")],
        [
            "23: contests[0]: asks for more selections than the contest has candidates: every vote would be "
            "an undervote — write a selections.min of at most 2"
        ],
    ),
    "code with a gap": ([('"A02"', '" A02"')], [f"37: contests[0].candidates[1].code: {BLANK}"]),
    "code of Chinese": ([('"A02"', '"甲02"')], [f"37: contests[0].candidates[1].code: {CODE}"]),
    "code that begins another": (
        [('"A02"', '"A"')],
        [
            "37: contests[0].candidates[1].code: A and A01 at small.toml:30 cannot be told apart: "
            "one is part of the other — change one of the two"
        ],
    ),
    "name that holds a code": (
        [('["社保窗口"]', '["社保A02"]')],
        [
            "33: contests[0].candidates[0].aliases[0]: 社保A02 (A01) and A02 at small.toml:37 "
            "cannot be told apart: a name holds the other's code — change one of the two"
        ],
    ),
    "code too long": ([('"A02"', f'"A{2:016}"')], [f"37: contests[0].candidates[1].code: {CODE}"]),
    "code again": (
        [('"A02"', '"A01"')],
        [
            "37: contests[0].candidates[1].code: A01 and A01 at small.toml:30 are one and "
            "the same code or name "
            "— change one of the two"
        ],
    ),
    "code with other zeros": (
        [('"A02"', '"A-1"')],
        [
            "37: contests[0].candidates[1].code: A-1 and A01 at small.toml:30 are one and "
            "the same code or name "
            "— change one of the two"
        ],
    ),
    "code of another contest": (
        [('"B02"', '"A2"')],
        [
            "52: contests[1].candidates[1].code: A2 and A02 at small.toml:37 are one and the "
            "same code or name "
            "— change one of the two"
        ],
    ),
    "alias again": (
        [('unit = "区税务局"', 'unit = "区税务局"\naliases = ["税务", "社保窗口"]')],
        [
            "40: contests[0].candidates[1].aliases[1]: 社保窗口 (A02) and 社保窗口 (A01) at small.toml:33 "
            "are one and the same code or name — change one of the two"
        ],
    ),
    "alias a common word": (
        [('["社保窗口"]', '["窗口"]')],
        [
            "33: contests[0].candidates[0].aliases[0]: is too common a word to name anybody "
            "— write a longer name"
        ],
    ),
    "alias like a code": (
        [('["社保窗口"]', '["12号"]')],
        [
            "33: contests[0].candidates[0].aliases[0]: can be read as a number "
            "— write a name that is no number"
        ],
    ),
    "keys again": (
        [('keypad = "201"', 'keypad = "101"')],
        [
            "51: contests[1].candidates[0].keypad: 101 (B01) and 101 (A01) at small.toml:34 "
            "are the same keys "
            "— give one of the two another keypad"
        ],
    ),
    "keys of letters": ([('"102"', '"1O2"')], [f"40: contests[0].candidates[1].keypad: {KEYS}"]),
    "withdrawn in quotes": (
        [('keypad = "102"', 'withdrawn = "yes"')],
        [
            "40: contests[0].candidates[1].withdrawn: is neither true nor false "
            "— write true or false without quotes"
        ],
    ),
    "candidate no table": (
        [('{ code = "B01", keypad = "201", name = "示例01", unit = "社保窗口" }', '"B01"')],
        [
            "51: contests[1].candidates[0]: is not a table of keys "
            "— write it as a [section], or as { key = value }"
        ],
    ),
    "TOML: no quotes": (
        [('"小评选"', "小评选")],
        [
            "2: column 8: this is not a value (texts stand in quotes) — see docs/campaign-file.md",
        ],
    ),
    "TOML: key twice": (
        [('name = "小评选"', 'name = "小评选"\nname = "又"')],
        ["3: column 11: this key was given before — see docs/campaign-file.md"],
    ),
    "TOML: bracket not closed": (
        [('"13800138000"]\norganiser', '"13800138000"\norganiser')],
        ["7: column 1: a square bracket is not closed — see docs/campaign-file.md"],
    ),
    "organiser: no web address, no e-mail address": (
        [('"https://example.org/rules"', '"example.org/rules", email = "award"')],
        [
            '7: organiser.email: is not an e-mail address — write it as "name@host"',
            "7: organiser.rules_url: is not a web address "
            '— write it whole, such as "https://www.example.gov.cn/rules"',
        ],
    ),
    "warning: nobody is told whom to turn to": (
        [(ORGANISER, "")],
        [
            "1: warning: organiser.name: is not given: nobody is named as holding the vote "
            '— write it under [organiser], such as name = "…"',
            "1: warning: organiser.complaints: is not given: the public is to be told whom to complain to "
            "before the vote opens — write a telephone number under [organiser]",
            "1: warning: organiser.rules_url: is not given: the public is to be told where the rules are "
            "before the vote opens — write a web address under [organiser]",
        ],
    ),
    "warning: more seats than candidates": (
        [("seats = 1", "seats = 3")],
        [
            "26: warning: contests[0].seats: is more than the candidates of the contest "
            "— is the list complete?"
        ],
    ),
    "warning: ballot over the cap": (
        [("seats = 1", "seats = 1\nselections = { max = 2 }")],
        [
            "27: warning: contests[0].selections: lets one message name more candidates than "
            "the cap per campaign "
            "counts — is max = 1 meant?"
        ],
    ),
    "warning: long reply": (
        [("的一票已计入。", "的一票已计入。" * 10)],
        [
            "21: warning: replies.zh.counted: may be 77 characters long, sent and paid for as 2 SMS "
            "— keep it within 70 characters, the longest names filled in"
        ],
    ),
    "warning: reply of the GSM alphabet": (
        [('"您投给{candidate}的一票已计入。"', '"Vote {code} counted. ' + "x" * 156 + '"')],
        [
            "21: warning: replies.zh.counted: may be 174 characters long, sent and paid for as 2 SMS "
            "— keep it within 160 characters, the longest names filled in"
        ],
    ),
    "reply of the GSM alphabet, just within one": (
        [('"您投给{candidate}的一票已计入。"', '"Vote {code} counted. ' + "x" * 142 + '"')],
        [],
    ),
    "warning: reply with as many names as a ballot has": (
        [("seats = 1", "seats = 1\nselections = { max = 2 }"), ("的一票", "的一票" * 19)],
        [
            "27: warning: contests[0].selections: lets one message name more candidates than "
            "the cap per campaign "
            "counts — is max = 1 meant?",
            "21: warning: replies.zh.counted: may be 73 characters long, sent and paid for as 2 SMS "
            "— keep it within 70 characters, the longest names filled in",
        ],
    ),
    "retention too short": (
        [("[window]", 'retention = "719h"\n[window]')],
        [
            "8: retention: is shorter than complaints and the audit need — write at least 720h",
        ],
    ),
    "warning: a reply with a receipt": (
        [("{candidate}的一票已计入。", "。" * 57 + "{receipt}")],
        [
            "21: warning: replies.zh.counted: may be 74 characters long, sent and paid for as 2 SMS "
            "— keep it within 70 characters, the longest names filled in"
        ],
    ),
    "open ballots where a vote too many voids all, and a reply tells its receipt": (
        [
            ('publish = "after_close"', 'publish = "after_close"\nballots = "open"'),
            ("的一票已计入。", "的一票已计入。{receipt}"),
            ("seats = 1", 'seats = 1\nover_cap = "void_all"'),
        ],
        [
            "22: replies.zh.counted: tells the receipt with the reply, and ballots are open: whoever sees it "
            "could look up the choice — take {receipt} out and write receipts = true (the committee tells "
            'codes once it is certified), or ballots = "sealed"',
            "28: contests[0].over_cap: would tell everybody which messages came from one number, and ballots "
            'are open — write over_cap = "first", or ballots = "sealed"',
        ],
    ),
    "ballots that are neither open nor sealed": (
        [('publish = "after_close"', 'publish = "after_close"\nballots = "secret"')],
        ["5: ballots: is not one of the words allowed here — write one of: sealed, open"],
    ),
    "open ballots, and so many candidates that an entry cannot name all": (
        [
            ('publish = "after_close"', 'publish = "after_close"\nballots = "open"'),
            ('[[contests.candidates]]\ncode = "A02"', MANY + '[[contests.candidates]]\ncode = "A02"'),
        ],
        [
            "5: ballots: is open, and there are so many candidates that an entry could not name them all "
            '— keep contest ids and codes short, 60 kB together, or write ballots = "sealed"',
        ],
    ),
    "warning: reply of wide signs": (
        [("{candidate}的一票已计入。", "😀" * 35)],
        [
            "21: warning: replies.zh.counted: may be 73 characters long, sent and paid for as 2 SMS "
            "— keep it within 70 characters, the longest names filled in"
        ],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str, tmp_path: Path) -> None:
    edits, said = MISTAKES[name]
    assert campaign_problems(tmp_path, edited(*edits)) == [f"small.toml:{line}" for line in said]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_mistake_at_once(lang: str) -> None:
    with pytest.raises(Problems) as raised:
        load.campaign(DATA / "many-mistakes.toml")
    expected = (DATA / f"many-mistakes.{lang}.txt").read_text(encoding="utf-8").splitlines()
    assert plain(raised.value.problems, DATA, "zh" if lang == "zh" else "en") == expected
