"""In bulk it is the same as one by one: the same is read, counted and refused, and nothing else is."""

import hmac
import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally import bulk, entry, merkle, seal, verify
from tally.bulk import Columns, Said, Words
from tally.entry import Opening
from tally.recount import Recount
from tally.rules import Rules
from tally.verify import Stored, Verifier

CAMPAIGN, NODE = "beita-2018", "n1"
SEALER = seal.Sealer(bytes(range(64)), f"{CAMPAIGN}/{NODE}")
CANDIDATES = frozenset({("window", "A01"), ("window", "A02"), ("star", "B01")})
COUNTED, AGAIN, OVER = "counted", "repeat", "over_cap"

ODD_TEXTS = (
    "A01", "", '"', "\\", '\\"', "a\nb", "],[", '","', '"],[],"x', "投给 A01", "\ud800", "\x00\x7f",
    "x" * 2000, '[["window","A01","counted"]],[]', "\u2028", "\\u0041",
)  # fmt: skip


def message(voter: int, text: str = "A01", **fields: object) -> Opening:
    opening = Opening(
        channel="sms", source="sim", message_id=f"m{voter}/{text}", line="+8613800138000", given="",
        voter=f"{voter:032x}", text=text, form="text", received_ms=1_531_094_400_000, sent_ms=None,
        decided_by="gateway", day="2018-07-09", outcome=COUNTED, selections=(("window", "A01", COUNTED),),
    )  # fmt: skip
    return opening._replace(**fields)


def stored(seq: int, opening: Opening, *, told: bool = False) -> Stored:
    packed, blinding = opening.pack(), bytes([seq % 256]) * 32
    leaf = entry.message_leaf(
        CAMPAIGN, opening.outcome, opening.received_ms, "-", entry.commitment(blinding, packed),
        opening.selections if told else None,
    )  # fmt: skip
    return Stored(seq, opening.outcome, leaf, merkle.leaf_hash(leaf), SEALER.seal(seq, blinding, packed))


def run(openings: list[Opening], *, told: bool = False) -> list[Stored]:
    return [stored(seq, one, told=told) for seq, one in enumerate(openings)]


def look(rows: list[Stored], campaign: str = CAMPAIGN) -> tuple[Said, Words] | None:
    return bulk.look(campaign, SEALER, 0, Columns(*zip(*rows, strict=True)))


def assert_said(said: Said, words: Words, at: int, one: Opening) -> None:
    channel, ended = said.manners[at]
    assert (channel.decode(), words.sources[at].decode()) == (one.channel, one.source)
    assert bulk.text(words.message_ids[at]) == one.message_id
    assert (said.voters[at].decode(), int(words.received_ms[at])) == (one.voter, one.received_ms)
    assert bulk.ending(ended) == (one.day, one.outcome, one.selections, one.voids)
    assert words.openings[at] == one.pack()


@pytest.mark.parametrize("told", [False, True])
def test_whatever_people_write_is_read_as_it_was(told: bool) -> None:
    openings = [
        message(n, text, message_id=text + str(n), given=text, note=text) for n, text in enumerate(ODD_TEXTS)
    ]
    rows, strict = run(openings, told=told), Verifier(CAMPAIGN, SEALER)
    found = look(rows)
    assert found is not None
    said, words = found
    for row in rows:
        last = strict.check(row)
    assert (said.told, said.latest_ms) == (told, last.leaf.at_ms)
    for at, one in enumerate(openings):
        assert_said(said, words, at, one)


#: What may be mistaken for the end of a text, or for the escape of one.
_tricky = st.text(st.sampled_from('"\\\\,[]u0\n你') | st.characters(), max_size=12)


@given(st.lists(st.tuples(_tricky, _tricky, _tricky), min_size=1, max_size=5))
@settings(deadline=None, max_examples=300)
def test_any_texts_are_read_as_they_were(texts: list[tuple[str, str, str]]) -> None:
    """Where no quotation mark is escaped, another pattern reads them."""
    openings = [
        message(n, text, message_id=message_id, given=text[::-1], note=note)
        for n, (text, message_id, note) in enumerate(texts)
    ]
    found = bulk.read([one.pack() for one in openings])
    assert found is not None
    said, words = found
    for at, one in enumerate(openings):
        assert_said(said, words, at, one)
    assert said.by_manner == {said.manners[0]: len(texts)}


@given(st.lists(st.tuples(st.binary(min_size=32, max_size=32), st.binary(max_size=300)), max_size=5))
def test_commitments_are_those_of_the_standard_library(opened: list[tuple[bytes, bytes]]) -> None:
    assert entry.commitments(opened) == [hmac.digest(key, one, "sha256") for key, one in opened]
    assert entry.commitments(opened) == [entry.commitment(key, one) for key, one in opened]


def test_where_one_leaf_ends_matters() -> None:
    """What is moved from a leaf to the one before leaves their lines as they were, but neither is a leaf."""
    rows = run([message(n) for n in range(4)])
    assert look(rows) is not None
    for cut in (1, 6, 13, 24, len(rows[2].leaf) - 1):
        parts = rows[1].leaf + rows[2].leaf[:cut], rows[2].leaf[cut:]
        moved = [
            row._replace(leaf=leaf, leaf_hash=merkle.leaf_hash(leaf))
            for row, leaf in zip(rows[1:3], parts, strict=True)
        ]
        verifier = Verifier(CAMPAIGN, SEALER)
        verifier.check(rows[0])
        with pytest.raises(verify.Tampered):
            verifier.check(moved[0])
        assert look([rows[0], *moved, rows[3]]) is None


def _leaf(row: Stored, was: bytes, now: bytes) -> Stored:
    leaf = row.leaf.replace(was, now)
    return row._replace(leaf=leaf, leaf_hash=merkle.leaf_hash(leaf))


def _changed(sealed: bytes) -> bytes:
    return sealed[:-1] + bytes([sealed[-1] ^ 1])


CHANGES: dict[str, Callable[[Stored], Stored]] = {
    "hash": lambda row: row._replace(leaf_hash=bytes(32)),
    "place": lambda row: row._replace(seq=row.seq + 1),
    "kind": lambda row: row._replace(kind=AGAIN),
    "opening": lambda row: row._replace(
        sealed=row.sealed[:-1] + bytes([row.sealed[-1] ^ 1]) if row.sealed else b"x"
    ),
    "another's opening": lambda row: row._replace(sealed=stored(row.seq, message(99)).sealed),
    "outcome": lambda row: _leaf(row, b"\ncounted\n", b"\nrepeat\n")._replace(kind=AGAIN),
    "time": lambda row: _leaf(row, b"\n1531094400000\n", b"\n1531094400001\n"),
    "campaign": lambda row: _leaf(row, b"\nbeita-2018\n", b"\nbeita-2019\n"),
    "version": lambda row: _leaf(row, b"vote-leaf/v1", b"vote-leaf/v9"),
    "a line more": lambda row: _leaf(row, b"-\n", b"-\n-\n"),
    "a line less": lambda row: _leaf(row, b"\n-\n", b"\n"),
    "more after the end": lambda row: _leaf(row, row.leaf, row.leaf + b"x"),
    "no end": lambda row: _leaf(row, row.leaf[-6:], row.leaf[-6:-1]),
    "type": lambda row: row._replace(kind=7),  # type: ignore[arg-type]
    "no blob": lambda row: row._replace(leaf=row.leaf.decode()),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("at", [0, 3, 6])
def test_what_one_by_one_refuses_is_not_taken(change: str, at: int) -> None:
    rows = run([message(n) for n in range(7)])
    rows[at] = CHANGES[change](rows[at])
    strict = Verifier(CAMPAIGN, SEALER)
    for row in rows[:at]:
        strict.check(row)
    with pytest.raises(verify.Tampered) as found:
        strict.check(rows[at])
    assert found.value.seq == at
    assert look(rows) is None


def test_a_run_of_another_campaign_is_not_taken() -> None:
    rows = run([message(n) for n in range(3)])
    with pytest.raises(verify.Tampered):
        Verifier("beita-2019", SEALER).check(rows[0])
    assert look(rows, "beita-2019") is None


@pytest.mark.parametrize("at", [0, 3, 6])
def test_what_a_leaf_tells_is_what_is_sealed(at: int) -> None:
    rows, strict = run([message(n) for n in range(7)], told=True), Verifier(CAMPAIGN, SEALER)
    rows[at] = _leaf(rows[at], b"A01", b"A02")
    for row in rows[:at]:
        strict.check(row)
    with pytest.raises(verify.Tampered):
        strict.check(rows[at])
    assert look(rows) is None


@pytest.mark.parametrize(
    "opening",
    [
        pytest.param(b'["opening/v1"]', id="too few"),
        pytest.param(message(1).pack() + b"\n" + message(2).pack(), id="two"),
        pytest.param(message(1).pack().replace(b"sms", b"s\\u006ds"), id="an escape of ours"),
        pytest.param(message(1).pack().replace(b'"sim"', b'"s\\u0069m"'), id="an escape in a source"),
        pytest.param(message(1).pack().replace(b'"A01",', b'"A\\u00301",'), id="an escape in a selection"),
        pytest.param(message(1).pack().replace(b"window", b"win\tdow"), id="a control character of ours"),
        pytest.param(message(1, "中文").pack().replace(b"\\u4e2d", b"\\x4e2d"), id="an escape that is none"),
        pytest.param(message(1, "中文").pack().replace(b"\\u6587", b"\\u658"), id="half an escape"),
        pytest.param(message(1, "see").pack().replace(b"see", b"s\tee"), id="a control character of theirs"),
        pytest.param(message(1).pack().replace(b'"text"', '"文"'.encode()), id="not ASCII"),
        pytest.param(message(1).pack().replace(b'"gateway"', b'"gate\nway"'), id="a line break"),
        pytest.param(message(1).pack().replace(b"0001", b"00\n1"), id="a line break in a pseudonym"),
        pytest.param(message(1).pack().replace(b"0001", b"001"), id="a short pseudonym"),
        pytest.param(message(1).pack().replace(b"null", b"nil"), id="no time"),
        pytest.param(message(1).pack().replace(b'","', b'", "', 1), id="a blank"),
        pytest.param(message(1).pack().replace(b"[]", b'["star",]'), id="no JSON"),
        pytest.param(message(1).pack().replace(b"0001", b"000X"), id="no pseudonym"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_is_not_in_our_own_words_is_left_to_others(opening: bytes) -> None:
    whole, quoting = message(3).pack(), message(4, 'say "A01"').pack()
    assert bulk.read([whole, whole]) is not None
    assert bulk.read([whole, quoting]) is not None
    for several in (
        [opening, quoting],
        [quoting, opening],
        [opening],
        [whole, opening],
        [opening, whole],
        [whole, opening, whole],
    ):
        assert bulk.read(several) is None


# ---- counting -------------------------------------------------------------------------------------------

RULES = {
    "once": Rules({"window": (("campaign", 1),), "star": (("campaign", 1),)}, (), CANDIDATES),
    "daily": Rules({"window": (("day", 1),), "star": (("day", 2),)}, (("campaign", 3),), CANDIDATES),
    "each": Rules({"window": (("candidate", 1),), "star": ()}, (), CANDIDATES, frozenset({"unclear"})),
    "none": Rules({"window": (("campaign", 0),), "star": (("campaign", 1),)}, (), CANDIDATES),
}


def _drawn(rng: random.Random) -> Iterator[Opening]:
    """Messages of few callers, lawful and not: the recount must find the same whatever it is given."""
    for n in range(120):
        ends = rng.sample(sorted(CANDIDATES), rng.randint(0, 2)) + [("star", "B99")] * (rng.random() < 0.03)
        told = tuple((*one, rng.choice([COUNTED, COUNTED, OVER])) for one in ends)
        counts = any(ended == COUNTED for *_, ended in told) is not (rng.random() < 0.03)
        yield message(
            rng.randrange(60),
            str(n),
            outcome=COUNTED if counts else rng.choice([AGAIN, "unclear"]),
            selections=told,
            voids=("window",) if rng.random() < 0.05 else (),
            day=rng.choice(["2018-07-09", "2018-07-10"]),
            channel=rng.choice(["sms", "hotline"]),
        )


def callers() -> list[str]:
    return [f"{n:032x}" for n in range(60)]


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("seed", range(15))
def test_it_is_counted_the_same(rules: str, seed: int) -> None:
    rng = random.Random(seed)
    openings = list(_drawn(rng))
    one_by_one, in_bulk = Recount(RULES[rules]), Recount(RULES[rules])
    for seq, opening in enumerate(openings):
        one_by_one.message(seq, opening, NODE)
    at = 0
    while at < len(openings):
        some = openings[at : at + rng.choice([1, 2, 7, 40])]
        found = bulk.read([one.pack() for one in some])
        assert found is not None
        if rng.random() < 0.2:
            for seq, opening in enumerate(some, at):
                in_bulk.message(seq, opening, NODE)
        else:
            in_bulk.messages(at, found[0], NODE)
        at += len(some)
    assert in_bulk.totals == one_by_one.totals
    assert in_bulk.holdings.claims == one_by_one.holdings.claims
    assert sorted(in_bulk.faults) == sorted(one_by_one.faults)
    assert sorted(in_bulk.holdings.held()) == sorted(one_by_one.holdings.held())
    assert sorted(in_bulk.holdings.overridden()) == sorted(one_by_one.holdings.overridden())
    assert in_bulk.holdings.voters == one_by_one.holdings.voters
    holdings = in_bulk.holdings
    for voter, seq, uses in ((one, seq, uses) for one in callers() for uses, seq in [holdings.alone(one)]):
        assert all(holdings.is_alone(voter, use, seq) for use in uses)
        assert not any(holdings.is_alone(voter, use, seq + 1) for use in uses)
        assert not any(holdings.is_alone(voter, ("other", *use[1:]), seq) for use in uses)
    several = list(in_bulk.holdings.held(lone=False))
    lone = [use for one in callers() for use in in_bulk.holdings.alone(one)[0]]
    assert len(several) + len(lone) == len(list(in_bulk.holdings.held()))
    assert lone or rules == "none"
