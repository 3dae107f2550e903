"""The draw for a hand audit: anybody draws the same, with nothing but SHA-256."""

import subprocess
from collections import Counter

import pytest

from tally.sampling import BadManifest, Batch, draw, read_manifest

HEAD = "Container,Tabulator,Batch Name,Number of Ballots"
BATCHES = [Batch("d1", "sim", "h1", 3), Batch("d1", "desk", "h1", 1), Batch("d2", "sim", "h2", 6)]


def by_hand(seed: str, number: int, size: int) -> int:
    """The same with Debian's own tools."""
    made = subprocess.run(["sha256sum"], input=f"{seed},{number}".encode(), capture_output=True, check=True)
    return int(made.stdout.split()[0], 16) % size


def test_anybody_draws_the_same() -> None:
    items = [(batch, ballot) for batch in BATCHES for ballot in range(1, batch.ballots + 1)]
    drawn = list(draw(BATCHES, "13579864203141592653", 20))
    assert [one.number for one in drawn] == list(range(1, 21))
    for one in drawn:
        assert (one.batch, one.ballot) == items[by_hand("13579864203141592653", one.number, len(items))]


def test_more_draws_begin_with_the_fewer() -> None:
    assert list(draw(BATCHES, "7", 50))[:10] == list(draw(BATCHES, "7", 10))
    assert list(draw(BATCHES, "7", 10)) != list(draw(BATCHES, "8", 10))


def test_every_ballot_is_as_likely() -> None:
    drawn = Counter((one.batch.name, one.batch.tabulator, one.ballot) for one in draw(BATCHES, "1", 10_000))
    assert len(drawn) == 10
    assert sum((n - 1000) ** 2 / 1000 for n in drawn.values()) < 27.9, "chi-square, 9 degrees, 0.1 %"


def rows(lines: list[str]) -> list[tuple[int, list[str]]]:
    return [(number, line.split(",")) for number, line in enumerate(lines, 1)]


def test_a_manifest_is_read() -> None:
    lines = ["CVR," + HEAD, "Y,d1,sim,h1,3", "Y,d1,desk,h1,1", "N,d2,sim,h2, 6 "]
    assert read_manifest(rows(lines)) == BATCHES


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ([], "line 1: there is no column Container"),
        ([HEAD.replace("Tabulator", "Machine")], "line 1: there is no column Tabulator"),
        ([HEAD], "line 2: there is no batch"),
        ([HEAD, "d,t,b,0"], "line 2: the number"),
        ([HEAD, "d,t,b,１"], "line 2: the number"),
        ([HEAD, "d,t,b,-1"], "line 2: the number"),
        ([HEAD, "d,t,b"], "line 2: the number"),
        ([HEAD, "d,t,b,99999999999"], "line 2: the number"),
        ([HEAD, "d,t,b,1", "e,t,b,2"], "line 3: this tabulator has a batch"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(lines: list[str], wrong: str) -> None:
    with pytest.raises(BadManifest, match=f"^{wrong}") as refused:
        read_manifest(rows(lines))
    assert refused.value.zh.startswith(f"第 {wrong[5]} 行：")
