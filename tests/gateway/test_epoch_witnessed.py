"""A lost database, and what holds its ledger to what was signed: witnesses, `verify`, a recount alone."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.ledger import publisher
from gateway.ledger.watched import Alarm
from gateway.ledger.witness import Witness
from tally import __main__ as alone
from tally import merkle, note, tiles
from tally.note import Checkpoint, Signer
from tally.submission import Refusal, Submission
from tally.tiles import Name, Reader, Tree
from tests.conftest import House, Visitor
from tests.gateway.test_audit import verified
from tests.gateway.test_cosigning import hasty, notaries, signers, told_of, until  # noqa: F401 -- a fixture
from tests.gateway.test_epoch import CAMPAIGN, Lost, lost, send  # noqa: F401 -- a fixture
from tests.gateway.test_epoch_seen import _gap, _running, exported  # noqa: F401 -- a fixture
from tests.gateway.test_witness import key, look, votes

AT = 1_531_990_000


def signer(house: House, node: str) -> Signer:
    return publisher.signer(_running(house), node)


def handed_in(found: Lost, node: str, old: int = 0) -> bytes:
    """What the server hands in of a log."""
    now = found.signed(node)
    proof = Reader(now.size, found.files(node).read).consistency(old)
    return Submission(old, tuple(proof), found.files(node).checkpoint()).pack()


def more(found: Lost, leaf: bytes, since: int | None = None) -> tuple[Tree, dict[Name, bytes]]:
    """The old log with a leaf after it, or in the place of what it has from an entry on; and its tiles."""
    size = found.signed().size
    held = tiles.entries(found.files().read(Name(-1, 0, size)))[:since]
    tree = Tree()
    made = dict(tree.append([merkle.leaf_hash(one) for one in (*held, leaf)]))
    return tree, made | dict(tree.partial())


async def seen_once(house: House, tmp_path: Path) -> Lost:
    """Five votes in a copy, eight signed, all seen by the witness in `state`; the copy put back."""
    found = Lost(house, tmp_path)
    async with house.serve() as visitor:
        await votes(visitor, 0, 5)
    found.copy("older")
    async with house.serve() as visitor:
        await votes(visitor, 5, 3)
        assert (await look(visitor, tmp_path / "state", "--cosign")).exit_code == 0
    found.put_back("older")
    return found


def witness(visitor: Visitor, state: Path) -> Witness:
    return Witness(f"{visitor.server.url}/ledger/{CAMPAIGN}/n1", key(visitor.house), state)


async def add(one: Witness, body: bytes) -> str:
    return await asyncio.to_thread(one.add, body, AT, "notary.example")


@pytest.mark.usefixtures("hasty")
async def test_the_new_log_is_handed_in_and_served_cosigned(house: House, tmp_path: Path) -> None:
    """The witness has not seen all of the old log when that is given up."""

    async def is_cosigned(visitor: Visitor, node: str, name: str) -> bool:
        return name in signers((await visitor.get(f"/ledger/{CAMPAIGN}/{node}/checkpoint"))[1])

    found = Lost(house, tmp_path)
    async with notaries(tmp_path, "notary.example") as (one,):
        told_of(house, [one])
        async with house.serve() as visitor:
            await votes(visitor, 0, 5)
            await one.start(visitor)
            await until(lambda: is_cosigned(visitor, "n1", one.name))
            assert (await one.end())[0] == 0
            before = (await visitor.get(f"/ledger/{CAMPAIGN}/n1/cosigned"))[1]
        found.copy("older")
        async with house.serve() as visitor:
            await votes(visitor, 5, 3)
        found.put_back("older")
        await found.begin()
        for first in (20, 30):
            async with house.serve() as visitor:
                await one.start(visitor)
                await votes(visitor, first, 3)
                await until(lambda at=visitor: is_cosigned(at, "n1.e2", one.name))  # type: ignore[misc]
                text = (await visitor.get(f"/ledger/{CAMPAIGN}/n1.e2/cosigned"))[1]
                told = note.read_checkpoint(note.open_note(text, [one.key]))
                assert told == found.signed("n1.e2")
                old = (await visitor.get(f"/ledger/{CAMPAIGN}/n1/cosigned"))[1]  # perhaps signed later
                opened, opened_before = (note.open_note(one_text, [one.key]) for one_text in (old, before))
                assert note.read_checkpoint(opened) == note.read_checkpoint(opened_before)
                assert await one.end() == (0, "")
    seen, published = (one.state / "n1.e2/checkpoint").read_text("utf-8"), found.files("n1.e2").checkpoint()
    assert seen.startswith(published)
    # Whoever looked once more by then was served the same with what it had signed itself.
    assert seen == published or note.open_note(seen, [one.key]) == note.open_note(text, [one.key])


async def test_what_is_handed_in_of_a_new_epoch_is_looked_at_first(house: House, tmp_path: Path) -> None:
    found, state = await seen_once(house, tmp_path), tmp_path / "state"
    before = (state / "cosigned").read_bytes()
    await found.begin()
    body = handed_in(found, "n1.e2")
    with pytest.raises(Refusal, match="cannot be looked at") as refused:
        await add(Witness("http://127.0.0.1:1/n1", key(house), state), body)
    assert refused.value.status == 503
    async with house.serve() as visitor:
        await votes(visitor, 20, 2)
        one = witness(visitor, state)
        with pytest.raises(Refusal) as refused:
            await add(one, body)
        assert (refused.value.status, refused.value.size) == (409, found.signed("n1.e2").size)
        signed = found.files("n1.e2").checkpoint()
        lines = await add(one, handed_in(found, "n1.e2", refused.value.size or 0))
        mine = one.signer("").witness
        assert note.open_note(signed + lines, [mine]) == found.signed("n1.e2").text()
        assert (state / "n1.e2/checkpoint").read_text("utf-8") == signed
        assert (state / "cosigned").read_bytes() == before, "the old one's is kept"
        size = found.signed().size
        lines = await add(one, handed_in(found, "n1", size))
        assert note.open_note(found.files().checkpoint() + lines, [mine]) == found.signed().text()
        for node in ("n1.e3", "n1.e1", "n2", "n1.e" + "9" * 5_000):
            other = signer(house, node)
            text = other.sign(Checkpoint(other.verifier.name, 1, bytes(32)).text())
            with pytest.raises(Refusal) as refused:
                await add(one, Submission(0, (), text).pack())
            assert refused.value.status == (503 if node == "n1.e3" else 404)


async def test_an_epoch_that_hides_what_was_seen_is_not_signed(house: House, tmp_path: Path) -> None:
    found, state = await seen_once(house, tmp_path), tmp_path / "state"
    seen = (state / "checkpoint").read_text("utf-8")
    shutil.rmtree(house.folder / "ledger")
    found.put_back("")
    async with house.service():
        pass
    found.put_back("")
    await found.begin()
    async with house.serve() as visitor:
        found.files().put_checkpoint(seen)  # what was signed is shown again, beside a gap that tells of less
        for _ in range(2):
            with pytest.raises(Alarm, match="DOES NOT GO ON FROM WHAT WAS SIGNED") as alarm:
                await add(witness(visitor, state), handed_in(found, "n1.e2"))
            assert isinstance(alarm.value.__cause__, Refusal)
            assert alarm.value.__cause__.status == 422
    assert not (state / "n1.e2/checkpoint").exists()


OLD = {"grows": ("HAS GROWN", None), "forks": ("HAS ANOTHER HISTORY", -1)}


@pytest.mark.parametrize("how", OLD)
async def test_an_old_log_that_is_signed_again_is_told_of(house: House, tmp_path: Path, how: str) -> None:
    """By whoever has the key: handed in to a witness, or served to it."""
    found, state, (word, since) = await seen_once(house, tmp_path), tmp_path / "state", OLD[how]
    await found.begin()
    old, by = found.signed(), signer(house, "n1")
    tree, made = more(found, b"another leaf\n", since)
    text = by.sign(Checkpoint(by.verifier.name, tree.size, tree.root).text())
    proof = Reader(tree.size, made.__getitem__).consistency(old.size)
    async with house.serve() as visitor:
        assert (await look(visitor, state)).exit_code == 0
        seen = (state / "checkpoint").read_text("utf-8")
        one, body = witness(visitor, state), Submission(old.size, tuple(proof), text).pack()
        with pytest.raises(Alarm, match=word) as alarm:
            await add(one, body)
        assert isinstance(alarm.value.__cause__, Refusal)
        with pytest.raises(Refusal) as refused:
            await add(one, body)
        assert (refused.value.status, refused.value.size) == (409, None), "told once, refused ever after"
        assert len(list(state.glob("evidence-*"))) == 2
        visitor.service.publisher.stop()
        for name, content in made.items():
            found.files().put(name, content)
        found.files().put_checkpoint(text)
        for _ in range(2):
            said = await look(visitor, state)
            assert (said.exit_code, word in said.stderr) == (1, True), said.stderr
    assert (state / "checkpoint").read_text("utf-8") == seen


@pytest.mark.parametrize("copy", ["older", ""], ids=["put back", "deleted"])
async def test_a_ledger_of_two_epochs_verifies(lost: Lost, copy: str) -> None:  # noqa: F811 -- the fixture
    lost.put_back(copy)
    await lost.begin()
    async with lost.house.service() as counting:
        await send(counting, 20, 5)
    assert await verified(lost.house) == (7 if copy else 0) + lost.signed("n1.e2").size
    lost.put_back("")
    await lost.begin()
    assert await verified(lost.house) == 1, "and of three, of which nothing is left"


def edited(found: Lost, sql: str, *values: object) -> None:
    """The database, changed by somebody who may."""
    with closing(sqlite3.connect(found.house.database)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute(sql, values)
        db.commit()


def head(found: Lost) -> None:
    """Give the old log the head that its entries have now."""
    with closing(sqlite3.connect(found.house.database)) as db:
        hashes = [one for (one,) in db.execute("SELECT leaf_hash FROM entries WHERE log = 1 ORDER BY seq")]
    size, frontier = merkle.extend(0, (), hashes)
    edited(found, "UPDATE logs SET size = ?, frontier = ? WHERE id = 1", size, b"".join(frontier))


def cut(found: Lost) -> None:
    """The last of the old log goes, which is no vote's message any more."""
    edited(found, "DELETE FROM entries WHERE log = 1 AND seq = 6")


def cut_with_its_head(found: Lost) -> None:
    cut(found)
    head(found)


def written_anew(found: Lost) -> None:
    """Another time in an old entry, with its hash, and the log's head: no key is needed for that."""
    with closing(sqlite3.connect(found.house.database)) as db:
        (leaf,) = db.execute("SELECT leaf FROM entries WHERE log = 1 AND seq = 1").fetchone()
    at = leaf.split(b"\n")[3]
    changed = leaf.replace(at, b"%d" % (int(at) + 1))
    values = (changed, merkle.leaf_hash(changed))
    edited(found, "UPDATE entries SET leaf = ?, leaf_hash = ? WHERE log = 1 AND seq = 1", *values)
    head(found)


def written_anew_with_tiles(found: Lost) -> None:
    """Then nothing tells which entry it was."""
    written_anew(found)
    size = found.signed().size
    found.files().put(Name(0, 0, size), bytes(32 * size))


def another(size: int) -> Callable[[Lost], None]:
    """A checkpoint of the old log that is signed, and not the one that the gap tells of."""

    def change(found: Lost) -> None:
        by = signer(found.house, "n1")
        root = Reader(size, found.files().read).root()
        found.files().put_checkpoint(by.sign(Checkpoint(by.verifier.name, size, root).text()))

    return change


TAMPERED: dict[str, tuple[Callable[[Lost], None], str]] = {
    "the old log is cut": (cut, "entry 6: missing"),
    "and its head": (cut_with_its_head, "it tells of 7 entries of n1, and there are 6"),
    "an old entry is another": (written_anew, "entry 1: it is not the one that was signed"),
    "and its tile": (written_anew_with_tiles, "entry 0: or a later one up to 6 is not the one that was"),
    "what was signed of it is less": (another(7), "is not the one that the newest gap tells of"),
    "nothing was signed of the new one": (
        lambda found: (found.files("n1.e2").path / "checkpoint").unlink(),
        "n1.e2/checkpoint is missing",
    ),
    "nothing was signed of the old one": (
        lambda found: (found.files().path / "checkpoint").unlink(),
        "n1/checkpoint is missing",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
async def test_verify_finds_what_is_wrong_with_an_epoch(lost: Lost, what: str) -> None:  # noqa: F811 -- the fixture
    change, match = TAMPERED[what]
    lost.put_back("older")
    await lost.begin()
    assert await verified(lost.house) == 8
    change(lost)
    with pytest.raises((ValueError, RuntimeError), match=match):
        await verified(lost.house)


async def test_an_export_of_two_epochs_counts_alone(gap: Lost, capsys: pytest.CaptureFixture[str]) -> None:
    out = gap.folder / "out"
    manifest = await exported(gap.house, out)
    openings = out.with_suffix(".jsonl")
    for keys in ([], ["--vkey", key(gap.house).vkey]):
        assert alone.main(["recount", str(out), str(openings), *keys]) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    entries = sum(one["entries"] for one in manifest["ledger"])
    assert f"{entries} entries, under a signed root; counted again: the same figures" in said
    later = signer(gap.house, "n1.e2").verifier.vkey
    assert alone.main(["recount", str(out), str(openings), "--vkey", later]) == 1
    assert f"none of the keys is of televote/{CAMPAIGN}/n1" in capsys.readouterr().err
    manifest["ledger"] = manifest["ledger"][1:]
    (out / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert alone.main(["recount", str(out), str(openings)]) == 1
    assert "8 were kept when n1.e2 was begun" in capsys.readouterr().err


async def test_no_log_has_an_endless_epoch(house: House) -> None:
    async with house.serve() as visitor:
        for node in ("n1.e2", "n1.e1", "n1.e" + "9" * 5_000):
            assert (await visitor.get(f"/ledger/{CAMPAIGN}/{node}/checkpoint"))[0] == 404
