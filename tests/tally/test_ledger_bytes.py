"""The ledger's bytes: hashes as RFC 6962 and a public log have them, leaves and openings there and back."""

import base64
import json
from pathlib import Path

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally import entry, merkle, seal

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


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\xff",
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
