"""A witness on another machine: it follows what goes on, and shouts at what does not."""

import asyncio
import base64
import json
import shutil
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway import entrances
from gateway.commands.base import televote
from gateway.ledger import publisher
from tally import note
from tally.note import BadNote, Signer
from tests.conftest import House, Visitor

CAMPAIGN = "beita-2018"


def key(house: House) -> note.Verifier:
    return publisher.signer(entrances.run_campaigns(house.load())[CAMPAIGN], "n1").verifier


async def look(visitor: Visitor, state: Path, *more: str, vkey: str = "") -> Result:
    """The command, against a server."""
    url = f"{visitor.server.url}/ledger/{CAMPAIGN}/n1"
    command = ["witness", url, "--key", vkey or key(visitor.house).vkey, "--state", str(state), *more]
    return await asyncio.to_thread(CliRunner().invoke, televote, command)


async def votes(visitor: Visitor, first: int, count: int) -> None:
    for number in range(first, first + count):
        assert await visitor.kannel(f"138{number:08d}", "A01", f"m{number}") == 200
    await visitor.service.publisher.tick()


async def test_it_follows_a_log_that_grows(house: House, tmp_path: Path) -> None:
    state = tmp_path / "state"
    for first, count in ((0, 3), (3, 0), (3, 270), (273, 5)):
        async with house.serve() as visitor:
            await votes(visitor, first, count)
            said = await look(visitor, state)
            assert (said.exit_code, said.stderr) == (0, "")
            told = json.loads((await look(visitor, state, "--json")).stdout)
            size = visitor.service.recorder.head(CAMPAIGN).size
            assert f"televote/{CAMPAIGN}/n1: {size} entries" in said.output
            assert (told["log"], told["entries"]) == (f"televote/{CAMPAIGN}/n1", size)
            assert (f"root {told['root']}: consistent" in said.output, told["gaps"]) == (True, [])
            served = (house.folder / "ledger" / CAMPAIGN / "n1/checkpoint").read_text("utf-8")
            assert (state / "checkpoint").read_text("utf-8") == served
    assert not (state / "witness.key").exists(), "nothing was asked to be signed"


async def test_it_cosigns_with_a_key_of_its_own(house: House, tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with house.serve() as visitor:
        await votes(visitor, 0, 3)
        for _ in range(2):
            said = await look(visitor, state, "--cosign", "--name", "notary.example")
            assert said.exit_code == 0
        told = json.loads((await look(visitor, tmp_path / "b", "--cosign", "--json")).stdout)
        assert note.open_note(told["cosigned"], [note.read_vkey(told["key"])]).startswith(told["log"])
    assert stat.S_IMODE((state / "witness.key").stat().st_mode) == 0o600
    cosigned = (state / "cosigned").read_text("utf-8")
    assert cosigned in said.output
    ours = note.read_vkey(said.output.split("our key: ")[1])
    assert (ours.name, ours.kind) == ("notary.example", note.COSIGNATURE)
    assert note.open_note(cosigned, [ours]) == note.open_note(cosigned, [key(house)])
    assert len(cosigned.rpartition("\n\n")[2].splitlines()) == 2, "one of the log's, one of ours"
    # By hand, as c2sp.org/tlog-cosignature has it:
    text, _, lines = cosigned.rpartition("\n\n")
    signature = base64.b64decode(lines.splitlines()[1].rpartition(" ")[2])
    assert len(signature) == 4 + 8 + 64
    at = int.from_bytes(signature[4:12], "big")
    signed = f"cosignature/v1\ntime {at}\n{text}\n".encode()
    public = Ed25519PublicKey.from_public_bytes(ours.public)
    public.verify(signature[12:], signed)
    with pytest.raises(InvalidSignature):
        public.verify(signature[12:], signed.replace(b"time ", b"time 1"))


def test_a_witness_is_no_log() -> None:
    """The same key signs otherwise as a log and as a witness, and each is read as what it is alone."""
    both = Signer("one", bytes(32))
    cosigned = Signer("log", b"\1" * 32).sign("log\n1\n\n")
    cosigned = both.cosign(cosigned, 1_531_094_400)
    assert note.open_note(cosigned, [both.witness]) == "log\n1\n\n"
    with pytest.raises(BadNote):
        note.open_note(cosigned, [both.verifier])
    with pytest.raises(BadNote):
        note.open_note(both.sign("log\n1\n"), [both.witness])


async def other_history(house: House, votes_first: int, votes_now: int, aside: Path) -> None:
    """The same key, but another past: a database and its signed files, begun anew."""
    shutil.move(house.folder / "ledger", aside)
    for file in house.folder.glob("televote.db*"):
        file.unlink()
    async with house.serve() as visitor:
        await votes(visitor, votes_first, votes_now)


@pytest.mark.parametrize(
    ("now", "word"), [(9, "HAS ANOTHER HISTORY"), (6, "HAS ANOTHER HISTORY"), (2, "HAS LOST ENTRIES")]
)
async def test_it_shouts_at_a_fork_and_keeps_both_notes(
    house: House, tmp_path: Path, now: int, word: str
) -> None:
    state = tmp_path / "state"
    async with house.serve() as visitor:
        await votes(visitor, 0, 6)
        assert (await look(visitor, state, "--cosign")).exit_code == 0
    before, vouched = (state / "checkpoint").read_bytes(), (state / "cosigned").read_bytes()
    await other_history(house, 100, now, tmp_path / "aside")
    async with house.serve() as visitor:
        for _ in range(2):
            said = await look(visitor, state, "--cosign")
            assert said.exit_code == 1
            assert word in said.stderr
    assert (state / "checkpoint").read_bytes() == before, "and goes on believing what it saw first"
    assert (state / "cosigned").read_bytes() == vouched, "nothing was vouched for"
    kept = sorted(state.glob("evidence-*.txt"))
    assert len(kept) == 2
    sizes = {note.read_checkpoint(note.open_note(one.read_text("utf-8"), [key(house)])).size for one in kept}
    assert sizes == {8, now + 2}
    assert all(str(one) in said.stderr for one in kept)


async def test_it_says_what_cannot_be_shown(house: House, tmp_path: Path) -> None:
    """A tile that does not give the root is no proof of a fork; it is not believed either."""
    state = tmp_path / "state"
    async with house.serve() as visitor:
        await votes(visitor, 0, 3)
        assert (await look(visitor, state)).exit_code == 0
        await votes(visitor, 3, 3)
        (tile,) = (house.folder / "ledger" / CAMPAIGN / "n1/tile/0/000.p").iterdir()
        tile.write_bytes(bytes(len(tile.read_bytes())))
        for place in (state, tmp_path / "new"):
            said = await look(visitor, place)
            assert said.exit_code == 1
            assert "do not give the root that is signed" in said.stderr
    assert not list(state.glob("evidence-*"))


async def test_a_damaged_tile_accuses_nobody(house: House, tmp_path: Path) -> None:
    """The root can be had without it, but not what the log was before."""
    state = tmp_path / "state"
    async with house.serve() as visitor:
        await votes(visitor, 0, 3)
        assert (await look(visitor, state)).exit_code == 0
        await votes(visitor, 3, 260)
        tile = house.folder / "ledger" / CAMPAIGN / "n1/tile/0/000"
        good = tile.read_bytes()
        tile.write_bytes(bytes(len(good)))
        said = await look(visitor, state)
        assert (said.exit_code, "do not give the root that is signed" in said.stderr) == (1, True)
        assert not list(state.glob("evidence-*"))
        tile.write_bytes(good)
        assert (await look(visitor, state)).exit_code == 0


async def test_what_it_cannot_look_at(house: House, tmp_path: Path) -> None:
    async with house.serve() as visitor:
        stranger = Signer(f"televote/{CAMPAIGN}/n1", bytes(32)).verifier.vkey
        said = await look(visitor, tmp_path / "a", vkey=stranger)
        assert (said.exit_code, "not signed with the key given" in said.stderr) == (1, True)
        said = await look(visitor, tmp_path / "a", "--cosign", "--name", "two words")
        assert (said.exit_code, "neither blanks nor +" in said.stderr) == (2, True)
        said = await look(visitor, tmp_path / "b", vkey="nothing")
        assert (said.exit_code, "--key" in said.stderr) == (2, True)
        url = visitor.server.url
    vkey = key(house).vkey
    for asked, told in (
        (f"{url}/ledger/{CAMPAIGN}/n1", "cannot be looked at"),
        ("ftp://award.example/n1", "no web address"),
    ):
        command = ["witness", asked, "--key", vkey, "--state", str(tmp_path / "c")]
        said = await asyncio.to_thread(CliRunner().invoke, televote, command)
        assert (said.exit_code, told in said.stderr) == (2, True), said.stderr
