"""L2: Go's packages for transparency logs read our log at every size, and take our proofs."""

import random
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tally import merkle, tiles
from tally.note import Checkpoint, Signer
from tally.tiles import Name, Reader, Tree
from tests.clients import building
from tests.clients.building import needs_go

LOG = Signer("televote/sizes/n1", bytes(range(32)))


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The Go program, built."""
    yield from building.program(tmp_path_factory.mktemp("go"), "sizes/main.go")


def entry(number: int) -> bytes:
    return b"entry %d" % number


class Grown:
    """A log that grew one entry at a time, with the tiles of all its sizes, in a folder."""

    def __init__(self, folder: Path, size: int, checkpoints: Iterable[int]) -> None:
        self.folder, self.size = folder, size
        self._files: dict[str, bytes] = {}
        wanted, notes, tree = set(checkpoints), [], Tree()
        for number in range(size):
            for name, tile in tree.append([merkle.leaf_hash(entry(number))]):
                self._put(name, tile)
            if tree.size in wanted:
                for name, tile in tree.partial():
                    self._put(name, tile)
                notes.append(LOG.sign(Checkpoint(LOG.verifier.name, tree.size, tree.root).text()) + "\0")
        (folder / "checkpoints").write_text("".join(notes), "utf-8")
        for first in range(0, size, tiles.WIDTH):
            packed = [entry(number) for number in range(first, min(first + tiles.WIDTH, size))]
            self._put(Name(-1, first // tiles.WIDTH, len(packed)), tiles.bundle(packed))

    def _put(self, name: Name, content: bytes) -> None:
        self._files[name.path] = content
        path = self.folder / name.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def reader(self, size: int) -> Reader:
        return Reader(size, lambda name: self._files[name.path])

    def proofs(self, records: Iterable[tuple[int, int]], trees: Iterable[tuple[int, int]]) -> None:
        """Our own proofs, of entries and of earlier sizes: (size, index), (size, old)."""
        with (self.folder / "proofs").open("w") as file:
            for kind, pairs in (("record", records), ("tree", trees)):
                for size, at in pairs:
                    reader = self.reader(size)
                    proof = reader.inclusion(at) if kind == "record" else reader.consistency(at)
                    print(kind, size, at, *(one.hex() for one in proof), file=file)


def asked(go: Path, folder: Path, step: int = 1) -> list[int] | None:
    """What it counted; None if it took something for wrong."""
    command = [go, folder, LOG.verifier.vkey, str(step)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode == 0) == (said.stderr == ""), said.stderr
    return [int(word) for word in said.stdout.split()] if said.returncode == 0 else None


@needs_go
def test_go_reads_small_logs_and_a_few_larger(go: Path, tmp_path: Path) -> None:
    sizes = [*range(1, 34), 63, 64, 65, 127, 255, 256, 257, 511, 512, 513, 600]
    log = Grown(tmp_path, 600, sizes)
    records = [(size, at) for size in sizes for at in {0, size // 2, size - 1}]
    trees = [(size, old) for size in sizes for old in sizes if old <= size]
    log.proofs(records, trees)
    counted = asked(go, tmp_path)
    assert counted == [len(sizes), sum(sizes), len(records), len(trees)]


@needs_go
@pytest.mark.parametrize(
    "what", ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001", "proofs"]
)
def test_go_rejects_a_changed_byte(go: Path, tmp_path: Path, what: str) -> None:
    """One byte of what is read; also that the check of the last test can fail."""
    log, rng = Grown(tmp_path, 600, [300, 600]), random.Random(what)
    log.proofs([(600, 5), (300, 299)], [(600, 300)])
    assert asked(go, tmp_path) is not None
    good = (tmp_path / what).read_bytes()
    for _ in range(4):
        changed = bytearray(good)
        if what == "proofs":
            at = rng.choice([at for at in range(20, len(good)) if good[at : at + 1] in b"0123456789abcdef"])
            changed[at] = ord("0") if changed[at] != ord("0") else ord("1")
        else:
            changed[rng.randrange(len(good))] ^= 1 << rng.randrange(8)
        (tmp_path / what).write_bytes(bytes(changed))
        assert asked(go, tmp_path) is None
    (tmp_path / what).write_bytes(good)
    assert asked(go, tmp_path) is not None


@pytest.mark.soak
@needs_go
def test_go_reads_every_size_to_1024(go: Path, tmp_path: Path) -> None:
    """Every entry at every size; our own proof of each, too; and of every pair of sizes up to 256."""
    sizes = range(1, 1_025)
    log = Grown(tmp_path, 1_024, sizes)
    log.proofs(
        ((size, at) for size in sizes for at in range(size)),
        ((size, old) for size in range(1, 257) for old in range(1, size + 1)),
    )
    assert asked(go, tmp_path) == [1_024, 524_800, 524_800, 32_896]


@pytest.mark.soak
@needs_go
def test_go_reads_70_000_entries(go: Path, tmp_path: Path) -> None:
    """The worked example of c2sp.org/tlog-tiles, every entry of it."""
    sizes = [*range(997, 70_000, 997), 65_535, 65_536, 65_537, 70_000]
    log = Grown(tmp_path, 70_000, sizes)
    trees = [(70_000, old) for old in sizes]
    log.proofs([(70_000, at) for at in range(70_000)], trees)
    assert sum(1 for path in (tmp_path / "tile/0").glob("[0-9][0-9][0-9]") if path.is_file()) == 273
    for path in ("0/273.p/112", "1/001.p/17", "2/000.p/1"):
        assert (tmp_path / "tile" / path).is_file()
    assert asked(go, tmp_path, 7) == [
        len(set(sizes)), sum(-(-size // 7) for size in set(sizes)), 70_000, len(trees)
    ]  # fmt: skip
