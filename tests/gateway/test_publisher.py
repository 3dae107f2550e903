"""What is committed is signed within a second, never two histories; and a stranger's tools can follow."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway import durable
from gateway.intake.inbound import Inbound
from gateway.ledger import publisher
from gateway.ledger.folder import Folder, Missing
from gateway.ledger.publisher import Forked
from gateway.service import Service
from tally import merkle, note, tiles
from tally.note import Checkpoint
from tally.tiles import Name, Reader
from tests.conftest import House, Visitor

CAMPAIGN = "beita-2018"


def folder(house: House) -> Folder:
    return Folder(house.folder / "ledger" / CAMPAIGN / "n1")


async def send(counting: Service, first: int, count: int) -> None:
    sent = [Inbound(f"m{n}", f"138{n:08d}", "A01") for n in range(first, first + count)]
    await counting.take(counting.sources["sim"], sent)


def signed(house: House, counting: Service) -> Checkpoint:
    """What stands in the file, if it was signed by whom it should be."""
    key = publisher.signer(counting.campaigns[CAMPAIGN], "n1").verifier
    return note.read_checkpoint(note.open_note(folder(house).checkpoint(), [key]))


def sound(house: House, checkpoint: Checkpoint) -> None:
    """The files give the root that was signed, from the entries and from the tiles."""
    files = folder(house)
    leaves = [
        merkle.leaf_hash(one)
        for name in tiles.names(checkpoint.size)
        if name.level < 0
        for one in tiles.entries(files.read(name), name.width)
    ]
    assert len(leaves) == checkpoint.size
    assert merkle.root(merkle.extend(0, (), leaves)[1]) == checkpoint.root
    reader = Reader(checkpoint.size, files.read)
    assert reader.root() == checkpoint.root
    for index in range(0, checkpoint.size, 37):
        proof = reader.inclusion(index)
        assert tiles.proves_inclusion(leaves[index], index, checkpoint.size, proof, checkpoint.root)


async def test_everything_is_under_a_checkpoint_and_each_goes_on_from_the_last(house: House) -> None:
    seen: list[Checkpoint] = []
    for first, count in ((0, 3), (3, 250), (253, 300), (553, 1)):
        async with house.service() as counting:
            await send(counting, first, count)
            await counting.publisher.tick()
            assert signed(house, counting).size == counting.recorder.head(CAMPAIGN).size
            await send(counting, 10_000 + first, 1)
        seen.append(signed(house, counting))
        sound(house, seen[-1])
    reader = Reader(seen[-1].size, folder(house).read)
    for old in seen:
        proof = reader.consistency(old.size)
        assert tiles.proves_consistency(old.size, seen[-1].size, proof, old.root, seen[-1].root)
    assert not list(folder(house).path.rglob("*.part")), "nothing half-written is left"


async def test_it_is_signed_while_it_runs(house: House) -> None:
    async with house.service() as counting:
        await send(counting, 0, 5)
        for _ in range(100):
            if signed(house, counting).size == counting.recorder.head(CAMPAIGN).size:
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("after five seconds it is not signed")


async def test_it_keeps_up_with_commits_of_any_size(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house.service() as counting:
        counting.publisher.stop()
        await send(counting, 0, 9_000)
        reads: list[int] = []
        run = counting.store.run

        async def counted(job: Any, *given: Any) -> Any:
            done = await run(job, *given)
            if job is publisher.leaves:
                reads.append(len(done))
                await send(counting, sum(reads) + 9_000, 4_000)  # the commit that came before the next read
            return done

        monkeypatch.setattr(counting.store, "run", counted)
        for _ in range(3):
            await counting.publisher.tick()
        behind = counting.recorder.head(CAMPAIGN).size - signed(house, counting).size
        assert behind <= 8_000, "what has come during the last reads, and no more"


async def test_what_comes_while_it_signs_is_signed_at_a_stop(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stop comes while a checkpoint of less is under way."""
    async with house.service() as counting:
        publish = counting.publisher._publish

        async def meanwhile(name: str) -> None:
            await publish(name)
            if not counting.publisher._stopping.is_set():
                await send(counting, 0, 3)
                counting.publisher.stop()

        monkeypatch.setattr(counting.publisher, "_publish", meanwhile)
        await counting.publisher._stopping.wait()
    assert signed(house, counting).size == counting.recorder.head(CAMPAIGN).size > 3


async def test_an_older_database_does_not_start(house: House, tmp_path: Path) -> None:
    async with house.service() as counting:
        await send(counting, 0, 3)
    shutil.copy(house.database, tmp_path / "older.db")
    async with house.service() as counting:
        await send(counting, 3, 3)
    shutil.copy(house.database, tmp_path / "newest.db")
    before = folder(house).checkpoint()
    for name in ("older", "none"):
        house.database.unlink()
        if name == "older":
            shutil.copy(tmp_path / "older.db", house.database)
        with pytest.raises(Forked, match="an older copy"):
            async with house.service():
                pass
        assert folder(house).checkpoint() == before, "nothing was signed"
    shutil.copy(tmp_path / "newest.db", house.database)
    async with house.service() as counting:
        await send(counting, 6, 1)
    sound(house, signed(house, counting))


async def test_another_history_of_the_same_length_is_not_signed(house: House, tmp_path: Path) -> None:
    async with house.service() as counting:
        await send(counting, 0, 3)
    shutil.copy(house.database, tmp_path / "older.db")
    async with house.service() as counting:
        await send(counting, 3, 3)
    kept = tmp_path / "ledger"
    shutil.move(house.folder / "ledger", kept)
    shutil.copy(tmp_path / "older.db", house.database)
    async with house.service() as counting:
        await send(counting, 100, 9)
    shutil.rmtree(house.folder / "ledger")
    shutil.move(kept, house.folder / "ledger")
    before = folder(house).checkpoint()
    with pytest.raises(Forked, match="does not go on"):
        async with house.service():
            pass
    assert folder(house).checkpoint() == before


async def test_two_at_once_leave_the_files_of_the_first(house: House, tmp_path: Path) -> None:
    """Two services sign one log into one folder, from two copies of a database: whoever comes second does
    not sign, and writes no tile either, be it full or not."""
    async with house.service() as counting:
        await send(counting, 0, 200)
    other = House(tmp_path / "other", house.clock)
    shutil.copytree(house.folder, other.folder, ignore=shutil.ignore_patterns("ledger", "*.sock"))
    (other.folder / "ledger").symlink_to(house.folder / "ledger")
    async with house.service() as one, other.service() as two:
        await send(one, 200, 400)
        await send(two, 1_000, 700)
        await one.publisher.tick()
        await two.publisher.tick()
        assert (one.publisher.forked, two.publisher.forked) == (set(), {CAMPAIGN})
        sound(house, signed(house, one))
        await send(one, 600, 1)
        await one.publisher.tick()
        sound(house, signed(house, one))
    with pytest.raises(Forked):
        async with other.service():
            pass
    sound(house, signed(house, one))


async def test_another_history_does_not_take_the_place_of_files_that_are_left(
    house: House, tmp_path: Path
) -> None:
    """The edge is lost, and the database is of another history: what is full stays as it is."""
    async with house.service() as counting:
        await send(counting, 0, 300)
    other = House(tmp_path / "other", house.clock)
    shutil.copytree(house.folder, other.folder, ignore=shutil.ignore_patterns("ledger", "*.db*", "*.sock"))
    async with other.service() as counting:
        await send(counting, 1_000, 400)
    files = folder(house)
    full = {path: path.read_bytes() for path in (files.path / "tile").rglob("000") if path.is_file()}
    assert len(full) == 2
    for edge in (files.path / "tile").rglob("*.p"):
        shutil.rmtree(edge)
    shutil.rmtree(other.folder / "ledger")
    (other.folder / "ledger").symlink_to(house.folder / "ledger")
    with pytest.raises(Forked):
        async with other.service():
            pass
    assert {path: path.read_bytes() for path in full} == full
    async with house.service() as counting:  # and the right one makes the edge again
        sound(house, signed(house, counting))


@pytest.mark.parametrize("running", [True, False])
async def test_an_entry_that_was_changed_is_not_signed(house: House, running: bool) -> None:
    async def change(counting: Service) -> None:
        def edit(db: sqlite3.Connection) -> None:
            db.execute("DROP TRIGGER entries_keep")
            db.execute(
                "UPDATE entries SET leaf = CAST(replace(leaf, 'counted', 'repeat!') AS BLOB) WHERE seq = 3"
            )

        await counting.store.run(edit)

    async with house.service() as counting:
        await counting.publisher.tick()
        counting.publisher.stop()
        await send(counting, 0, 3)
        if running:
            await change(counting)
            await counting.publisher.tick()
            assert counting.publisher.forked == {CAMPAIGN}
            assert signed(house, counting).size < counting.recorder.head(CAMPAIGN).size
    if not running:
        with closing(sqlite3.connect(house.database)) as db:
            db.execute("DROP TRIGGER entries_keep")
            db.execute("UPDATE entries SET leaf = x'00', leaf_hash = leaf_hash WHERE seq = 3")
            db.commit()
        shutil.rmtree(folder(house).path / "tile")
        with pytest.raises(Forked):
            async with house.service():
                pass


async def test_files_that_are_lost_are_made_again(house: House) -> None:
    async with house.service() as counting:
        await send(counting, 0, 600)
    shutil.rmtree(folder(house).path / "tile")
    async with house.service() as counting:
        await send(counting, 600, 1)
    sound(house, signed(house, counting))


async def test_what_is_full_is_not_written_again_when_the_edge_is_lost(house: House) -> None:
    """A checkpoint rests on it. Written again, and not synced yet, it would be lost with the power, while the
    edge beside it may be whole: nobody would look at it again."""
    async with house.service() as counting:
        await send(counting, 0, 600)
    files = folder(house)
    full = {path: path.stat().st_ino for path in (files.path / "tile").rglob("00?") if path.is_file()}
    assert len(full) == 4
    edge = next(path for path in (files.path / "tile/entries").glob("*.p/*") if path.is_file())
    shutil.rmtree(edge.parent)
    damaged = next(iter(full))
    damaged.write_bytes(damaged.read_bytes()[:100])
    async with house.service() as counting:
        sound(house, signed(house, counting))
    kept = {path: path.stat().st_ino for path in full}
    assert kept.pop(damaged) != full.pop(damaged)
    assert kept == full


async def test_what_is_full_is_synced_before_the_edge_is_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house.service() as counting:
        await send(counting, 0, 600)
    shutil.rmtree(folder(house).path / "tile")
    synced, sync = set[Path](), durable.sync

    def syncing(path: Path) -> None:
        sync(path)
        synced.add(path)

    put = Folder.put

    def putting(files: Folder, name: Name, content: bytes) -> None:
        if name.width < tiles.WIDTH:
            there = {path for path in (files.path / "tile").rglob("00?") if path.is_file()}
            assert there
            assert there <= synced
        put(files, name, content)

    monkeypatch.setattr(durable, "sync", syncing)
    monkeypatch.setattr(Folder, "put", putting)
    async with house.service() as counting:
        sound(house, signed(house, counting))


async def test_a_checkpoint_by_another_key_is_not_gone_on_from(house: House) -> None:
    async with house.service() as counting:
        await send(counting, 0, 1)
    stranger = note.Signer(publisher.origin(CAMPAIGN, "n1"), bytes(32))
    folder(house).put_checkpoint(stranger.sign(signed(house, counting).text()))
    with pytest.raises(Forked, match="not signed with the key"):
        async with house.service():
            pass


def test_a_wider_tile_serves_a_narrower_one(tmp_path: Path) -> None:
    files, whole = Folder(tmp_path), b"".join(merkle.leaf_hash(b"%d" % n) for n in range(256))
    for width in (3, 7):
        files.put(Name(0, 0, width), whole[: 32 * width])
    assert [one.name for one in (tmp_path / "tile/0/000.p").iterdir()] == ["7"]
    assert files.read(Name(0, 0, 5)) == whole[:160]
    for missing in (Name(0, 0, 8), Name(0, 0), Name(1, 0, 1)):
        with pytest.raises(Missing):
            files.read(missing)
    files.put(Name(0, 0), whole)
    assert not (tmp_path / "tile/0/000.p").exists()
    assert files.read(Name(0, 0, 255)) == whole[: 32 * 255]


async def test_the_files_over_http(house: House) -> None:
    async with house.serve() as visitor:
        await send(visitor.service, 0, 5)
        await visitor.service.publisher.tick()
        base = f"/ledger/{CAMPAIGN}/n1"
        _, vkey = await visitor.get(f"{base}/key")
        status, text = await visitor.get(f"{base}/checkpoint")
        checkpoint = note.read_checkpoint(note.open_note(text, [note.read_vkey(vkey)]))
        assert (status, checkpoint.origin, checkpoint.size) == (200, f"televote/{CAMPAIGN}/n1", 7)
        bundle = await _bytes(visitor, f"{base}/tile/entries/000.p/7")
        leaves = [merkle.leaf_hash(one) for one in tiles.entries(bundle)]
        assert merkle.root(merkle.extend(0, (), leaves)[1]) == checkpoint.root
        assert await _bytes(visitor, f"{base}/tile/0/000.p/7") == b"".join(leaves)
        for path in ("tile/0/000", "tile/0/001", "tile/9/../0", "tile/0/000.p/8", "tile/0/0", "nothing"):
            assert (await visitor.get(f"{base}/{path}"))[0] == 404
        for path in (
            f"/ledger/{CAMPAIGN}/n2/checkpoint",
            "/ledger/other/n1/checkpoint",
            "/ledger/other/n1/key",
            f"/ledger/{CAMPAIGN}/%00/checkpoint",
            f"/ledger/{CAMPAIGN}/{'n' * 300}/checkpoint",
        ):
            assert (await visitor.get(path))[0] == 404


@pytest.mark.parametrize("node", ["n2", "n-2", "n_2", "n_2.e2"])
async def test_another_nodes_files_are_there_whatever_it_is_called(house: House, node: str) -> None:
    async with house.serve() as visitor:
        await send(visitor.service, 0, 5)
        await visitor.service.publisher.tick()
        folder = house.folder / "ledger" / CAMPAIGN
        shutil.copytree(folder / "n1", folder / node)
        assert (await visitor.get(f"/ledger/{CAMPAIGN}/{node}/checkpoint"))[0] == 200


async def _bytes(visitor: Visitor, path: str) -> bytes:
    async with visitor.session.get(visitor.server.url + path) as response:
        assert response.status == 200
        assert "immutable" in response.headers["Cache-Control"]
        return await response.read()


@pytest.mark.parametrize("level", [-1, 0])
@pytest.mark.parametrize("left", ["zeros", "nothing", "no file"])
async def test_an_edge_that_the_power_took_is_made_again(house: House, level: int, left: str) -> None:
    """What is not full is not synced: of its bytes any may be missing. What is full goes on from it."""
    async with house.service() as counting:
        await send(counting, 0, 100)
    size = signed(house, counting).size
    tile = folder(house).path / Name(level, 0, size).path
    match left:
        case "zeros":
            tile.write_bytes(bytes(tile.stat().st_size))
        case "nothing":
            tile.write_bytes(b"")
        case _:
            tile.unlink()
    async with house.service() as counting:
        sound(house, signed(house, counting))
        await send(counting, 100, 200)
        await counting.publisher.tick()
        sound(house, signed(house, counting))


async def test_what_was_half_written_when_the_server_was_killed_is_cleared_away(house: House) -> None:
    async with house.service() as counting:
        await send(counting, 0, 100)
    for level in (-1, 0):
        narrow = (folder(house).path / Name(level, 0, 1).path).parent
        (narrow / ".101.part").write_bytes(b"half")
    async with house.service() as counting:
        await send(counting, 100, 200)
        await counting.publisher.tick()
        sound(house, signed(house, counting))
    assert not list(folder(house).path.rglob("*.part"))
