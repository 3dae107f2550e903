"""The ledger's bytes: hashes as RFC 6962 and a public log have them, leaves and openings there and back."""

import base64
import json
from pathlib import Path

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally import acts, entry, merkle, seal, verify

LOG = json.loads((Path(__file__).parents[1] / "data/tally/tessera_testlog.json").read_text())


def test_the_roots_of_a_public_log() -> None:
    """A published tlog-tiles test log: 15 entries, a signed root at each size (see the file's `source`)."""
    bundle = base64.b64decode(LOG["entries_b64"]["tile/entries/000.p/15"])
    entries = []
    while bundle:
        size = int.from_bytes(bundle[:2])
        entries.append(bundle[2 : 2 + size])
        bundle = bundle[2 + size :]
    size, frontier = 0, ()
    assert base64.b64encode(merkle.root(frontier)).decode() == LOG["roots"]["0"]
    for one in entries:
        size, frontier = merkle.extend(size, frontier, [merkle.leaf_hash(one)])
        assert base64.b64encode(merkle.root(frontier)).decode() == LOG["roots"][str(size)]
    assert size == 15
    assert merkle.unpack(merkle.pack(frontier)) == frontier


@given(st.lists(st.binary(max_size=40), max_size=70), st.integers(0, 70))
@settings(deadline=None, max_examples=60)
def test_an_independent_library_agrees(leaves: list[bytes], cut: int) -> None:
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        tree.append_entry(leaf)
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    size, frontier = merkle.extend(*merkle.extend(0, (), hashes[:cut]), hashes[cut:])
    assert size == len(leaves)
    if leaves:
        assert merkle.root(frontier) == tree.get_root()


#: What is ours by name: slugs, numbers in E.164, hexadecimal. Everything else may be any text at all.
ours = st.text("abcdefghijklmnopqrstuvwxyz0123456789-+", max_size=12)

openings = st.builds(
    entry.Opening,
    channel=st.sampled_from(["sms", "hotline"]),
    source=ours,
    message_id=st.text(max_size=20),
    line=ours,
    given=st.text(max_size=15),
    voter=ours,
    text=st.text(max_size=80),
    form=st.just("text"),
    received_ms=st.integers(0, 2**52),
    sent_ms=st.none() | st.integers(0, 2**52),
    decided_by=st.just("arrival"),
    day=st.just("2018-07-20"),
    outcome=st.just("counted"),
    selections=st.lists(st.tuples(st.text(), st.text(), st.text()), max_size=4).map(tuple),
    voids=st.lists(st.text(), max_size=2).map(tuple),
    note=st.text(max_size=9),
    raw_sha256=ours,
    raw=ours,
)


@given(openings)
@settings(deadline=None, max_examples=200)
def test_an_opening_is_canonical_json(opening: entry.Opening) -> None:
    assert opening.pack() == json.dumps(["opening/v1", *opening], separators=(",", ":")).encode()


@given(openings, st.binary(min_size=32, max_size=32))
@settings(deadline=None, max_examples=200)
def test_openings_come_back_as_they_went(opening: entry.Opening, blinding: bytes) -> None:
    sealer = seal.Sealer(bytes(range(64)), "c/n1")
    packed = opening.pack()
    sealed = sealer.seal(7, blinding, packed)
    assert sealer.open(7, sealed) == (blinding, packed)
    assert entry.unpack(packed) == opening
    with pytest.raises(entry.BadEntry):
        sealer.open(8, sealed)
    with pytest.raises(entry.BadEntry):
        seal.Sealer(bytes(range(64)), "c/n2").open(7, sealed)


def test_a_leaf_is_what_the_format_says_it_is() -> None:
    leaf = entry.message_leaf("beita-2018", "counted", 1532052000123, "1532052000", bytes(32))
    assert leaf == b"vote-leaf/v1\nbeita-2018\ncounted\n1532052000123\n1532052000\n" + b"A" * 43 + b"=\n"
    read = entry.read_leaf(leaf)
    assert (read.campaign, read.kind, read.at_ms, read.commit, read.is_message) == (
        "beita-2018",
        "counted",
        1532052000123,
        bytes(32),
        True,
    )
    act = entry.act_leaf("beita-2018", "close", 5, {"reason": "行\n", "by": "x"})
    assert act == b'act-leaf/v1\nbeita-2018\nclose\n5\n-\n{"by":"x","reason":"\\u884c\\n"}\n'
    assert entry.read_leaf(act).detail == {"reason": "行\n", "by": "x"}
    assert not entry.read_leaf(act).is_message


#: What is chosen -> the seventh line of a leaf that tells it.
TOLD = [
    ((), b"[]"),
    ((("window", "A01", "counted"),), b'[["window","A01","counted"]]'),
    (
        (("window", "A01", "over_cap"), ("star", "B03", "counted")),
        b'[["window","A01","over_cap"],["star","B03","counted"]]',
    ),
    ((("c", "行", "pending"),), b'[["c","\\u884c","pending"]]'),
]


@pytest.mark.parametrize(("chosen", "line"), TOLD)
def test_a_leaf_of_open_ballots_tells_what_was_chosen(chosen: entry.Selected, line: bytes) -> None:
    leaf = entry.message_leaf("beita-2018", "repeat", 1532052000123, "-", bytes(32), chosen)
    assert leaf == b"vote-leaf/v2\nbeita-2018\nrepeat\n1532052000123\n-\n" + b"A" * 43 + b"=\n" + line + b"\n"
    read = entry.read_leaf(leaf)
    assert (read.kind, read.is_message, read.commit) == ("repeat", True, bytes(32))
    assert read.selections == chosen
    act = entry.act_leaf("beita-2018", "undo", 5, {"by": "x", "selections": chosen})
    assert act == b'act-leaf/v1\nbeita-2018\nundo\n5\n-\n{"by":"x","selections":' + line + b"}\n"
    assert entry.read_leaf(act).selections == chosen


@given(st.lists(st.tuples(st.text(), st.text(), st.text()), max_size=5).map(tuple))
@settings(deadline=None, max_examples=100)
def test_what_was_chosen_comes_back(chosen: entry.Selected) -> None:
    read = entry.read_leaf(entry.message_leaf("c", "counted", 1, "-", bytes(32), chosen))
    assert (read.selections, read.detail) == (chosen, {})


def sealed_row(leaf: bytes, packed: bytes) -> verify.Stored:
    sealer = seal.Sealer(bytes(64), "c/n1")
    return verify.Stored(3, "counted", leaf, merkle.leaf_hash(leaf), sealer.seal(3, bytes(32), packed))


@pytest.mark.parametrize(
    ("told", "sound"),
    [
        (None, True),
        ((("w", "A01", "counted"),), True),
        ((("w", "A02", "counted"),), False),
        ((("w", "A01", "over_cap"),), False),
        ((("w", "A01", "counted"), ("w", "A02", "counted")), False),
        ((), False),
    ],
)
def test_what_is_told_is_what_is_sealed(told: entry.Selected | None, sound: bool) -> None:
    """Of a message and of an act about one."""
    chosen = (("w", "A01", "counted"),)
    opening = entry.Opening(
        "sms", "s", "m", "", "", "", "A01", "text", 1, None, "arrival", "", "counted", chosen
    )
    private = acts.pack({"now": {"outcome": "counted", "selections": chosen, "voids": []}})
    detail = {} if told is None else {"selections": told}
    for packed, leaf in (
        (
            opening.pack(),
            entry.message_leaf("c", "counted", 1, "-", entry.commitment(bytes(32), opening.pack()), told),
        ),
        (private, entry.act_leaf("c", "undo", 1, detail, entry.commitment(bytes(32), private))),
    ):
        row, sealer = sealed_row(leaf, packed), seal.Sealer(bytes(64), "c/n1")
        if sound:
            assert verify.open_row(row, sealer).leaf.selections == told
            continue
        with pytest.raises(entry.BadEntry, match="tells other selections than are sealed"):
            verify.open_row(row, sealer)


LINES = b"c\ncounted\n1\n-\n" + b"A" * 43 + b"=\n"


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\xff",
        b"vote-leaf/v1\n" + LINES + b"[]\n",
        b"vote-leaf/v2\n" + LINES,
        b"vote-leaf/v2\n" + LINES + b"[]\n[]\n",
        b"vote-leaf/v3\n" + LINES + b"[]\n",
        b"vote-leaf/v2\n" + LINES + b"\n",
        b"vote-leaf/v2\n" + LINES + b"{}\n",
        b"vote-leaf/v2\n" + LINES + b"7\n",
        b"vote-leaf/v2\n" + LINES + b'[["w","A01"]]\n',
        b"vote-leaf/v2\n" + LINES + b'["abc"]\n',
        b"vote-leaf/v2\n" + LINES + b'[["w", "A01", "counted"]]\n',
        b"vote-leaf/v2\n" + LINES + b"[" * 5000 + b"\n",
        b'act-leaf/v1\nc\nundo\n1\n-\n{"selections":7}\n',
        b"act-leaf/v1\nc\nundo\n1\n-\n{}\n[]\n",
        b"vote-leaf/v1\n",
        b"vote-leaf/v2\nc\nk\n1\n-\nAA==\n",
        b"vote-leaf/v1\nc\nk\n1\n-\nAA==\n",
        b"act-leaf/v1\nc\nk\nx\n-\n{}\n",
    ],
)
def test_other_bytes_are_no_leaf(bad: bytes) -> None:
    with pytest.raises(entry.BadEntry):
        entry.read_leaf(bad)


@pytest.mark.parametrize(
    "bad", [b"", b"{}", b"[]", b"null", b'["opening/v1"]', b'["opening/v9"' + b",1" * 18 + b"]", b"[" * 5000]
)
def test_other_bytes_are_no_opening(bad: bytes) -> None:
    with pytest.raises(entry.BadEntry):
        entry.unpack(bad)


@pytest.mark.parametrize(
    ("sent", "grain", "written"),
    [(None, 1000, "-"), (1532052000000, 1000, "1532052000"), (1532052000007, 1, "1532052000.007")],
)
def test_a_senders_time_keeps_its_granularity(sent: int | None, grain: int, written: str) -> None:
    assert entry.event_time(sent, grain) == written
