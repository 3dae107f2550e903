"""Notes, checkpoints, tiles and proofs: as published vectors have them, and as other libraries read them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tally import merkle, note, tiles
from tally.note import BadNote, Checkpoint, Signer
from tally.tiles import BadTile, Name, Reader, Tree

DATA = Path(__file__).parents[1] / "data/tally"
LOG = json.loads((DATA / "tessera_testlog.json").read_text())
PROOFS = json.loads((DATA / "merkle_rfc6962.json").read_text())
HASHER = json.loads((DATA / "rfc6962_hasher.json").read_text())
NOTE = json.loads((DATA / "signed_note.json").read_text())


def raw(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(b"%d" % n) for n in range(count)]


def grown(hashes: list[bytes]) -> dict[str, bytes]:
    """The tiles of a log that grew in odd steps, by path."""
    tree, files, at, step = Tree(), dict[str, bytes](), 0, 1
    while at < len(hashes):
        for name, tile in tree.append(hashes[at : at + step]):
            files[name.path] = tile
        at, step = at + step, step * 3 + 1
    files.update((name.path, tile) for name, tile in tree.partial())
    assert tree.root == merkle.root(merkle.extend(0, (), hashes)[1])
    assert tree.frontier == merkle.extend(0, (), hashes)[1]
    return files


# ---- notes ----------------------------------------------------------------------------------------


def test_a_published_note() -> None:
    key = note.read_vkey(NOTE["vkey"])
    assert key.vkey == NOTE["vkey"]
    assert note.open_note(NOTE["note"], [key]) == "This is an example message.\n"


@pytest.mark.parametrize("size", LOG["checkpoints"])
def test_the_checkpoints_of_a_public_log(size: str) -> None:
    key = note.read_vkey(LOG["vkey"])
    checkpoint = note.read_checkpoint(note.open_note(LOG["checkpoints"][size], [key]))
    assert checkpoint == Checkpoint("example.com/log/testdata", int(size), raw(LOG["roots"][size]))
    assert LOG["checkpoints"][size].startswith(checkpoint.text() + "\n")


def test_what_we_sign_is_read_again_and_by_nobody_elses_key() -> None:
    ours, other = Signer("televote/a/n1", bytes(32)), Signer("televote/a/n1", b"\1" * 32)
    signed = ours.sign(Checkpoint("televote/a/n1", 3, bytes(32)).text())
    assert signed == ours.sign(Checkpoint("televote/a/n1", 3, bytes(32)).text())
    assert note.open_note(signed, [other.verifier, ours.verifier]).startswith("televote/a/n1\n3\n")
    with pytest.raises(BadNote):
        note.open_note(signed, [other.verifier])
    for at in range(len(signed)):
        changed = signed[:at] + ("!" if signed[at] != "!" else "?") + signed[at + 1 :]
        with pytest.raises(BadNote):
            note.read_checkpoint(note.open_note(changed, [ours.verifier]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "x\n\n",
        "x\n\n— a b\n",
        "x\n\n— a AAAA",
        "x\n3\n\n— a !!!!\n",
        "\0\n\n— a AAAA\n",
        "x\n\n\n\n",
    ],
)
def test_what_is_no_note(text: str) -> None:
    with pytest.raises(BadNote):
        note.open_note(text, [Signer("a", bytes(32)).verifier])


@pytest.mark.parametrize(
    "text", ["", "a\n", "a\n1\n", "a\n01\nAA==\n", "a\n-1\n", "a\n1\nAA==\n", "a\n1\n!\n", "\n1\n"]
)
def test_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(BadNote):
        note.read_checkpoint(text)


@pytest.mark.parametrize(
    "key", ["", "a+b", "a+00000000+AAAA", NOTE["vkey"].replace("530d", "530e"), "a b+1+2"]
)
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(BadNote):
        note.read_vkey(key)


def test_the_hashes_of_rfc_6962() -> None:
    told = {name: bytes.fromhex(text) for name, text in HASHER["rfc6962_hasher"].items() if name != "source"}
    assert told == {
        "empty_root": merkle.root(()),
        "empty_leaf": merkle.leaf_hash(b""),
        "leaf_L123456": merkle.leaf_hash(b"L123456"),
        "node_N123_N456": merkle.node_hash(b"N123", b"N456"),
    }


# ---- tiles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(1, 16))
def test_the_tiles_of_a_public_log(size: int) -> None:
    packed = raw(LOG["entries_b64"][f"tile/entries/000.p/{size}"] if size < 16 else "")
    found = tiles.entries(packed)
    assert tiles.bundle(found) == packed
    tree = Tree()
    assert tree.append([merkle.leaf_hash(one) for one in found]) == []
    ((name, tile),) = tree.partial()
    assert (name.path, tile) == (f"tile/0/000.p/{size}", raw(LOG["tiles_b64"][f"tile/0/000.p/{size}"]))
    assert tree.root == raw(LOG["roots"][str(size)])


def test_the_layout_of_70_000_entries() -> None:
    """The worked example of c2sp.org/tlog-tiles."""
    told = HASHER["tile_layout"]
    assert (told["size"], told["full_l0"], told["index_1234067_path"]) == (70_000, 273, "x001/x234/067")
    widths = [told[f"partial_{one}_width"] for one in ("l0", "l1", "l2")]
    assert widths == [name.width for name in tiles.names(70_000) if name.level >= 0 and name.width < 256]
    named = [name for name in tiles.names(70_000) if name.level >= 0]
    assert sum(name.level == 0 and name.width == 256 for name in named) == 273
    partial = [(name.level, name.number, name.width) for name in named if name.width < 256]
    assert partial == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert Name(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert Name(-1, 5, 12).path == "tile/entries/005.p/12"


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000])
def test_a_log_as_it_grows_is_the_log_as_it_stands(size: int) -> None:
    files = grown(leaves(size))
    assert set(files) >= {name.path for name in tiles.names(size) if name.level >= 0}
    again = Tree.resumed(size, lambda name: files[name.path])
    assert (again.root, again.partial()) == (
        merkle.root(merkle.extend(0, (), leaves(size))[1]),
        [(name, files[name.path]) for name in tiles.names(size) if name.level >= 0 and name.width < 256],
    )
    more = leaves(size + 300)[size:]
    again.append(more)
    assert again.root == merkle.root(merkle.extend(0, (), leaves(size + 300))[1])


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/0",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "64/000",
        "00/000",
        "0/x000/001",
        "0/../000",
        "0/0000",
        "e/000",
    ],
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(BadTile):
        tiles.read_name(path)


@given(st.integers(-1, 63), st.integers(0, 10**10), st.integers(1, 256))
def test_paths_are_read_as_they_are_written(level: int, index: int, width: int) -> None:
    name = Name(level, index, width)
    assert tiles.read_name(name.path.removeprefix("tile/")) == name


def test_what_is_cut_off_is_said() -> None:
    with pytest.raises(BadTile):
        tiles.hashes(bytes(63), 2)
    with pytest.raises(BadTile):
        tiles.entries(b"\0\5abc")


# ---- proofs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", PROOFS["inclusion"], ids=lambda case: case["desc"])
def test_published_inclusion_proofs(case: dict[str, Any]) -> None:
    proof = [raw(one) for one in case["proof"] or ()]
    told = tiles.proves_inclusion(
        raw(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, raw(case["root"])
    )
    assert told is not case["wantErr"]


@pytest.mark.parametrize("case", PROOFS["consistency"], ids=lambda case: case["desc"])
def test_published_consistency_proofs(case: dict[str, Any]) -> None:
    proof = [raw(one) for one in case["proof"] or ()]
    told = tiles.proves_consistency(
        case["size1"], case["size2"], proof, raw(case["root1"]), raw(case["root2"])
    )
    assert told is not case["wantErr"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_proofs_from_tiles(data: st.DataObject) -> None:
    size = data.draw(st.one_of(st.integers(1, 600), st.sampled_from([65_536, 65_900])))
    hashes = leaves(size)
    files = grown(hashes)
    reader = Reader(size, lambda name: files[name.path])
    root = reader.root()
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    proof = reader.inclusion(index)
    assert tiles.proves_inclusion(hashes[index], index, size, proof, root)
    assert not tiles.proves_inclusion(bytes(32), index, size, proof, root)
    assert not any(
        tiles.proves_inclusion(hashes[index], index, size, [*proof[:at], bytes(32), *proof[at + 1 :]], root)
        for at in range(len(proof))
    )
    before = merkle.root(merkle.extend(0, (), hashes[:old])[1])
    assert reader.root(old) == before
    assert tiles.proves_consistency(old, size, reader.consistency(old), before, root)
    assert not tiles.proves_consistency(old, size, reader.consistency(old), bytes(32), root)
