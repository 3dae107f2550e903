"""What an insider or a failing disk changes in the database is found by `televote verify`, and named.

L5: edits by SQL, also with hashes, frontier and tiles made again, but without the campaign's key. D7: one bit
of the file. Of each many more in the long campaign, as many as `SOAK_TAMPERINGS` says.
"""

import asyncio
import os
import random
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway import setup
from gateway.checking import audit
from gateway.commands.base import televote
from gateway.ledger.folder import Folder
from gateway.ledger.publisher import origin
from gateway.storage import reader
from tally import bulk, merkle, tiles
from tally.tiles import Tree
from tests.conftest import OPENS_MS, Clock, House
from tests.docs import auditing

CAMPAIGN = "beita-2018"
TRIALS = int(os.environ.get("SOAK_TAMPERINGS", "1000"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A campaign with every kind of act, closed, its server stopped. It is copied, never changed."""
    folder = tmp_path_factory.mktemp("sound") / "var"
    dates = setup.Dates(
        datetime.fromisoformat("2018-07-09T08:00:00+08:00"),
        datetime.fromisoformat("2018-07-20T18:00:00+08:00"),
    )
    setup.write(folder, dates, "127.0.0.1:0", lambda text: f"receipts = true\n{text}")
    house = House(folder, Clock(OPENS_MS + 3_600_000))
    asyncio.run(auditing.play(house, bulk=40))
    said = verify(house)
    assert said.exit_code == 0, said.output
    assert "not signed yet" not in said.output
    return house


@pytest.fixture
def house(sound: House, tmp_path: Path) -> House:
    """A copy to be changed."""
    shutil.copytree(sound.folder, tmp_path / "var")
    return House(tmp_path / "var", sound.clock)


def verify(house: House) -> Result:
    """The command itself: a traceback is a failure, whatever it found."""
    said = CliRunner().invoke(televote, ["--settings", str(house.settings), "verify"])
    assert said.exception is None or isinstance(said.exception, SystemExit), repr(said.exception)
    return said


def restore(sound: House, house: House) -> None:
    """The copy as it was."""
    for name in ("televote.db", "televote.db-wal", "televote.db-shm"):
        (house.folder / name).unlink(missing_ok=True)
        if (sound.folder / name).exists():
            shutil.copy(sound.folder / name, house.folder / name)
    shutil.rmtree(house.folder / "ledger")
    shutil.copytree(sound.folder / "ledger", house.folder / "ledger")


def named(said: Result) -> int | None:
    """The entry that was named."""
    found = re.search(r"damaged at entry (\d+):", said.output)
    return int(found[1]) if found else None


# ---- L5: an insider -------------------------------------------------------------------------------------


@dataclass
class Insider:
    """Somebody with the database's files and no key. `rng` draws what they do."""

    db: sqlite3.Connection
    files: Folder
    rng: random.Random

    def __post_init__(self) -> None:
        for (trigger,) in self.db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            self.db.execute(f"DROP TRIGGER {trigger}")

    @property
    def size(self) -> int:
        size: int = self.db.execute("SELECT max(seq) + 1 FROM entries").fetchone()[0]
        return size

    def any_message(self) -> int:
        rows = self.db.execute("SELECT seq FROM entries EXCEPT SELECT seq FROM acts").fetchall()
        seq: int = self.rng.choice(rows)[0]
        return seq

    def any_act(self) -> int:
        seq: int = self.rng.choice(self.db.execute("SELECT seq FROM acts").fetchall())[0]
        return seq

    def row(self, seq: int) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self.db.execute(
            "SELECT kind, leaf, leaf_hash, sealed FROM entries WHERE seq = ?", (seq,)
        ).fetchone()
        return row

    def put(self, seq: int, kind: str, leaf: bytes, sealed: bytes | None) -> None:
        """An entry in place of another, its hash with it."""
        self.db.execute(
            "UPDATE entries SET kind = ?, leaf = ?, leaf_hash = ?, sealed = ? WHERE seq = ?",
            (kind, leaf, merkle.leaf_hash(leaf), sealed, seq),
        )

    def shift(self, since: int, by: int) -> None:
        """Every later entry, and all that points to it, moves."""
        big = 1_000_000
        for table, column in (
            ("entries", "seq"), ("acts", "seq"), ("acts", "target_seq"), ("cases", "seq"), ("claims", "seq"),
        ):  # fmt: skip
            self.db.execute(f"UPDATE {table} SET {column} = {column} + {big} WHERE {column} >= ?", (since,))
            self.db.execute(f"UPDATE {table} SET {column} = {column} - {big - by} WHERE {column} >= {big}")

    def make_again(self, *, files: bool) -> None:
        """Frontier and size of the log, and the published tiles, as they follow from the entries now."""
        leaves = [leaf for (leaf,) in self.db.execute("SELECT leaf FROM entries ORDER BY seq")]
        size, frontier = merkle.extend(0, (), map(merkle.leaf_hash, leaves))
        self.db.execute("UPDATE logs SET size = ?, frontier = ?", (size, merkle.pack(frontier)))
        if files:
            shutil.rmtree(self.files.path / "tile")
            tree = Tree()
            for name, tile in [*tree.append(map(merkle.leaf_hash, leaves)), *tree.partial()]:
                self.files.put(name, tile)
            for number in range(-(-len(leaves) // tiles.WIDTH)):
                part = leaves[number * tiles.WIDTH : (number + 1) * tiles.WIDTH]
                self.files.put(tiles.Name(-1, number, len(part)), tiles.bundle(part))


def edit_leaf(one: Insider) -> int:
    """A message ended otherwise."""
    seq = one.any_message()
    kind, leaf, _, sealed = one.row(seq)
    other = "repeat" if kind != "repeat" else "counted"
    one.put(seq, other, leaf.replace(f"\n{kind}\n".encode(), f"\n{other}\n".encode()), sealed)
    return seq


def edit_time(one: Insider) -> int:
    seq = one.any_message()
    kind, leaf, _, sealed = one.row(seq)
    lines = leaf.split(b"\n")
    lines[3] = b"%d" % (int(lines[3]) + one.rng.randrange(1, 10**6))
    one.put(seq, kind, b"\n".join(lines), sealed)
    return seq


def edit_act(one: Insider) -> int:
    """Another did it."""
    seq = one.any_act()
    kind, leaf, _, sealed = one.row(seq)
    one.put(seq, kind, re.sub(rb'"by":"[^"]*"', b'"by":"somebody"', leaf), sealed)
    return seq


def odd_act(one: Insider) -> int:
    """An act whose words are none."""
    seq = one.any_act()
    kind, leaf, _, sealed = one.row(seq)
    last = one.rng.choice([b"{}", b"[]", b"1", b'{"node":1}', b"null", b'{"commit":3}', b"["])
    one.put(seq, kind, b"\n".join([*leaf.split(b"\n")[:5], last, b""]), sealed)
    return seq


def forget_opening(one: Insider) -> int:
    """What a message said is gone, and its leaf says otherwise, too."""
    seq = edit_leaf(one)
    one.db.execute("UPDATE entries SET sealed = NULL WHERE seq = ?", (seq,))
    return seq


def delete(one: Insider) -> int:
    """Taken out, and the rest moved up."""
    seq = one.any_message()
    for table in ("entries", "cases", "claims"):
        one.db.execute(f"DELETE FROM {table} WHERE seq = ?", (seq,))
    one.shift(seq + 1, -1)
    return seq


def cut(one: Insider) -> int:
    """The end taken off."""
    seq = one.rng.randrange(1, one.size)
    for table in ("entries", "acts", "cases", "claims"):
        one.db.execute(f"DELETE FROM {table} WHERE seq >= ?", (seq,))
    one.db.execute("UPDATE acts SET target_log = NULL, target_seq = NULL WHERE target_seq >= ?", (seq,))
    return seq


def insert(one: Insider) -> int:
    """One more, made of another, with that one's opening or none."""
    seq, like = one.rng.randrange(1, one.size), one.any_message()
    kind, leaf, hashed, sealed = one.row(like)
    one.shift(seq, 1)
    one.db.execute(
        "INSERT INTO entries VALUES (1, ?, ?, ?, ?, ?)",
        (seq, kind, leaf, hashed, one.rng.choice([sealed, None])),
    )
    return seq + (like == seq)  # before itself: of the two, the first is what was signed


def append(one: Insider) -> int:
    seq, (kind, leaf, hashed, sealed) = one.size, one.row(one.any_message())
    one.db.execute("INSERT INTO entries VALUES (1, ?, ?, ?, ?, ?)", (seq, kind, leaf, hashed, sealed))
    return seq


def swap(one: Insider) -> int:
    first = one.any_message()
    second = one.any_message()
    while one.row(second)[1] == one.row(first)[1]:
        second = one.any_message()
    for seq, (kind, leaf, _, sealed) in ((first, one.row(second)), (second, one.row(first))):
        one.put(seq, kind, leaf, sealed)
    return min(first, second)


def reorder(one: Insider) -> int:
    """A run of entries backwards."""
    first = one.rng.randrange(1, one.size - 2)
    last = one.rng.randrange(first + 1, min(first + 12, one.size))
    rows = [one.row(seq) for seq in range(first, last + 1)]
    for seq, (kind, leaf, _, sealed) in zip(range(first, last + 1), reversed(rows), strict=True):
        one.put(seq, kind, leaf, sealed)
    return first


def opening(one: Insider) -> int:
    """Another's opening, or a changed one."""
    seq, other = one.any_message(), one.any_message()
    sealed = bytearray(one.row(seq)[3])
    sealed[one.rng.randrange(len(sealed))] ^= 1 << one.rng.randrange(8)
    moved = one.rng.choice([bytes(sealed), one.row(other)[3] if other != seq else b""])
    one.db.execute("UPDATE entries SET sealed = ? WHERE seq = ?", (moved, seq))
    return seq


def total(one: Insider) -> None:
    rows = one.db.execute("SELECT subject, channel, contest, candidate, outcome FROM totals").fetchall()
    which = one.rng.choice(rows)
    how = one.rng.choice(["UPDATE totals SET n = n + 1", "UPDATE totals SET n = n - 1", "DELETE FROM totals"])
    if how.startswith("DELETE") and one.db.execute(
        "SELECT n FROM totals WHERE (subject, channel, contest, candidate, outcome) = (?,?,?,?,?)", which
    ).fetchone() == (0,):
        how = "UPDATE totals SET n = n + 1"
    one.db.execute(f"{how} WHERE (subject, channel, contest, candidate, outcome) = (?,?,?,?,?)", which)


def move_votes(one: Insider) -> None:
    """One candidate's vote to another: the sums are as before."""
    where = "WHERE subject = 'selection' AND outcome = 'counted' AND candidate = ?"
    rows = one.db.execute(
        "SELECT candidate FROM totals WHERE subject = 'selection' AND outcome = 'counted' AND n > 0"
    ).fetchall()
    (loser,), (winner,) = one.rng.sample(rows, 2)
    one.db.execute(f"UPDATE totals SET n = n - 1 {where}", (loser,))
    one.db.execute(f"UPDATE totals SET n = n + 1 {where}", (winner,))


def claim(one: Insider) -> int:
    """A caller may vote again, or is known no more, or has used what another has."""
    rows = one.db.execute(
        "SELECT voter_key, campaign, cap, contest, period, ordinal, seq FROM claims"
    ).fetchall()
    *key, seq = one.rng.choice(rows)
    where = "WHERE (voter_key, campaign, cap, contest, period, ordinal) = (?,?,?,?,?,?)"
    how = one.rng.choice(
        [
            "DELETE FROM claims",
            "UPDATE claims SET voter_key = randomblob(16)",
            "UPDATE claims SET voter_key = CAST('x' AS BLOB)",
            "UPDATE claims SET period = period || 'x'",
            "UPDATE claims SET ordinal = ordinal + 1000",
            "UPDATE claims SET candidate = candidate || 'x'",
            "UPDATE claims SET channel = channel || 'x'",
            "UPDATE claims SET campaign = campaign + 1",
            "UPDATE claims SET log = log + 1",
        ]
    )
    one.db.execute(f"{how} {where}", key)
    return int(seq)


def act_kept(one: Insider) -> int:
    """An act is found no more, or is about another message; or a message is taken for one."""
    seq = one.any_act()
    how = one.rng.choice(
        [
            "DELETE FROM acts WHERE seq = ?",
            "UPDATE acts SET target_log = 1, target_seq = coalesce(target_seq, 0) + 1 WHERE seq = ?",
            "UPDATE acts SET log = 7 WHERE seq = ?",
        ]
    )
    if one.rng.random() < 0.25:
        seq, how = one.any_message(), "INSERT INTO acts VALUES (1, ?, NULL, NULL)"
    one.db.execute(how, (seq,))
    return seq


def case_kept(one: Insider) -> int:
    rows = one.db.execute("SELECT seq, state FROM cases").fetchall()
    seq, state = one.rng.choice(rows)
    other = one.rng.choice([word for word in ("waiting", "disputed", "ruled", "") if word != state])
    how, values = one.rng.choice(
        [
            ("DELETE FROM cases WHERE seq = ?", (seq,)),
            ("UPDATE cases SET state = ? WHERE seq = ?", (other, seq)),
            ("UPDATE cases SET text_key = 'x' || text_key WHERE seq = ?", (seq,)),
        ]
    )
    if one.rng.random() < 0.25:
        (seq,) = one.rng.choice(
            one.db.execute("SELECT seq FROM entries EXCEPT SELECT seq FROM cases").fetchall()
        )
        how, values = "INSERT INTO cases VALUES (1, ?, ?, '')", (seq, "waiting")
    one.db.execute(how, values)
    return int(seq)


def tempo_kept(one: Insider) -> None:
    """A source brought in more or fewer, or at another time, or another did, or it was counted otherwise."""
    rows = one.db.execute("SELECT minute_ms, source FROM tempo").fetchall()
    how = one.rng.choice(
        [
            "DELETE FROM tempo",
            "UPDATE tempo SET others = others + 1",
            "UPDATE tempo SET counted = counted + 1, others = others - 1",
            "UPDATE tempo SET minute_ms = minute_ms + 1",
            "UPDATE tempo SET minute_ms = minute_ms - 600000000",
            "UPDATE tempo SET source = 'another'",
            "UPDATE tempo SET log = 7",
        ]
    )
    one.db.execute(f"{how} WHERE (minute_ms, source) = (?,?)", one.rng.choice(rows))


def receipt_kept(one: Insider) -> int:
    """A voter is shown another's entry as the own one."""
    mine, other = one.any_message(), one.any_message()
    while mine == other:
        other = one.any_message()
    one.db.execute("DELETE FROM receipts WHERE seq = ?", (other,))
    one.db.execute("UPDATE receipts SET seq = ? WHERE seq = ?", (other, mine))
    return other


def receipt_gone(one: Insider) -> None:
    """Not the last one's: where that has none, the server gives all theirs when it starts."""
    one.db.execute(
        "DELETE FROM receipts WHERE seq = (SELECT seq FROM receipts WHERE seq < "
        "(SELECT max(seq) FROM receipts) ORDER BY abs(seq - ?) LIMIT 1)",
        (one.any_message(),),
    )


#: What they do to entries, and to what is kept beside them. It returns the first bad entry, if there is one.
ENTRIES: tuple[Callable[[Insider], int], ...] = (
    edit_leaf, edit_time, edit_act, odd_act, forget_opening, delete, cut, insert, append, swap, reorder,
    opening,
)  # fmt: skip
BESIDE: tuple[Callable[[Insider], int | None], ...] = (
    total, move_votes, claim, act_kept, case_kept, tempo_kept, receipt_kept, receipt_gone,
)  # fmt: skip
#: How far they cover it up.
COVERS = ("nothing", "frontier", "tiles")

#: Of an act without a private part, and of a message without an opening, nothing but the published hashes
#: says what it was: with these made again, it is certain that the log is another, but not from where on.
BY_TILES_ALONE = {"edit_act", "odd_act", "insert", "delete", "reorder"}


def change(
    house: House, trick: Callable[[Insider], int | None], cover: str, rng: random.Random
) -> int | None:
    with closing(sqlite3.connect(house.database)) as db:
        one = Insider(db, Folder(house.folder / "ledger" / CAMPAIGN / "n1"), rng)
        first = trick(one)
        if trick in ENTRIES and cover != "nothing":
            one.make_again(files=cover == "tiles")
        db.commit()
    return first


def tricks(trials: int) -> Iterator[tuple[int, Callable[[Insider], int | None], str]]:
    """All of them in turn, and covered up in each way in turn."""
    kinds = [*((trick, cover) for cover in COVERS for trick in ENTRIES), *((trick, "") for trick in BESIDE)]
    for trial in range(trials):
        yield trial, *kinds[trial % len(kinds)]


def insider(sound: House, house: House, trials: int) -> dict[str, int]:
    """So many tricks: all must be found. Returns how many of each were named exactly."""
    exact: dict[str, int] = {}
    for trial, trick, cover in tricks(trials):
        what = f"seed {trial}: {trick.__name__}, {cover}"
        first = change(house, trick, cover, random.Random(trial))
        said = verify(house)
        assert said.exit_code == 1, f"{what}: not found: {said.output}"
        assert said.output.startswith("Error: "), what
        if first is not None and (cover != "tiles" or trick.__name__ not in BY_TILES_ALONE):
            assert named(said) == first, f"{what}, at {first}: {said.output}"
        key = trick.__name__
        exact[key] = exact.get(key, 0) + (named(said) == first)
        restore(sound, house)
    assert verify(house).exit_code == 0, "and none of it was there before"
    return exact


def test_what_an_insider_changes_is_found(sound: House, house: House) -> None:
    insider(sound, house, 50)


#: What trials look at: each trick once, covered up in each way, after a ledger that nobody has changed.
EACH_ONCE = len(ENTRIES) * len(COVERS) + len(BESIDE)


def said(house: House, *options: str) -> list[tuple[int, str]]:
    """What both commands say."""
    calls = [["verify", *options], ["recount", "--json", *options]]
    told = [CliRunner().invoke(televote, ["--settings", str(house.settings), *call]) for call in calls]
    return [(one.exit_code, one.output) for one in told]


def test_in_bulk_or_one_by_one_the_same_is_found(
    sound: House, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each trick once, and nothing changed: both commands say the same, word for word."""

    def one_by_one(house: House) -> list[tuple[int, str]]:
        with monkeypatch.context() as patched:
            patched.setattr(bulk, "look", lambda *_: None)
            return said(house)

    assert said(house) == one_by_one(house)
    for trial, trick, cover in tricks(EACH_ONCE):
        change(house, trick, cover, random.Random(1000 + trial))
        assert said(house) == one_by_one(house), f"seed {trial}: {trick.__name__}, {cover}"
        restore(sound, house)


def shared(sound: House, house: House, monkeypatch: pytest.MonkeyPatch, every: int) -> None:
    """One process, or several that get a few entries at a time: they say the same, word for word."""
    monkeypatch.setattr(audit, "WORTH_SHARING", 0)
    monkeypatch.setattr(reader, "CHUNK", 16)
    assert said(house, "--jobs=2") == said(house, "--jobs=1")
    for trial, trick, cover in list(tricks(EACH_ONCE))[::every]:
        change(house, trick, cover, random.Random(2000 + trial))
        assert said(house, "--jobs=2") == said(house, "--jobs=1"), f"seed {trial}: {trick.__name__}, {cover}"
        restore(sound, house)
    guarded = pages(sound.database)
    for trial in range(0, 40, every):
        flip(house, guarded, random.Random(trial))
        assert said(house, "--jobs=2") == said(house, "--jobs=1"), f"seed {trial}: one bit"
        restore(sound, house)


def test_however_many_look_the_same_is_found(
    sound: House, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared(sound, house, monkeypatch, 4)


@pytest.mark.soak
def test_however_many_look_the_same_is_found_of_every_trick(
    sound: House, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared(sound, house, monkeypatch, 1)


@pytest.mark.soak
def test_whatever_an_insider_changes_is_found(sound: House, house: House) -> None:
    print(insider(sound, house, TRIALS))  # noqa: T201 -- what there was to find


def test_a_checkpoint_that_is_gone_or_another_is_told(sound: House, house: House) -> None:
    path = house.folder / "ledger" / CAMPAIGN / "n1/checkpoint"
    text = path.read_text("utf-8")
    path.unlink()
    assert "is missing" in verify(house).output
    path.write_text(text.replace(origin(CAMPAIGN, "n1"), origin(CAMPAIGN, "n2"), 1), "utf-8")
    said = verify(house)
    assert (said.exit_code, "not as it was signed" in said.output) == (1, True)


# ---- D7: one bit ----------------------------------------------------------------------------------------

#: What must be as it was: the ledger, and what follows from it.
GUARDED = ("entries", "acts", "cases", "claims", "totals", "logs")


def content(database: Path) -> dict[str, list[tuple[Any, ...]]] | None:
    """What the guarded tables hold, by whole tables; None if SQLite itself refuses."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
            db.text_factory = bytes  # what was text may be none any more
            return {
                table: sorted(db.execute(f"SELECT * FROM {table} NOT INDEXED").fetchall(), key=repr)
                for table in GUARDED
            }
    except (
        sqlite3.Error,
        UnicodeDecodeError,
    ):  # the latter of an error's own text, which names what is broken
        return None


def pages(database: Path) -> list[tuple[int, int]]:
    """Where the pages of the guarded tables and their indexes begin, and how long they are, in bytes."""
    with closing(sqlite3.connect(database)) as db:
        names = ", ".join(f"'{table}'" for table in GUARDED)
        return db.execute(
            "SELECT pgoffset, pgsize FROM dbstat "
            f"WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name IN ({names}))"
        ).fetchall()


def flip(house: House, guarded: list[tuple[int, int]], rng: random.Random) -> None:
    """One bit of the file; every second time, of the pages of the guarded tables."""
    with house.database.open("r+b") as file:
        start, size = rng.choice([(0, house.database.stat().st_size), rng.choice(guarded)])
        at = start + rng.randrange(size)
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1 << rng.randrange(8)]))


def bits(sound: House, house: House, trials: int) -> dict[str, int]:
    """So many flips, one at a time: what each did, and how many of them."""
    was, came, guarded = content(sound.database), dict[str, int](), pages(sound.database)
    assert was is not None
    for trial in range(trials):
        flip(house, guarded, random.Random(trial))
        now, said = content(house.database), verify(house)
        changed = [table for table in GUARDED if now is not None and now[table] != was[table]]
        what = "refused by SQLite" if now is None else changed[0] if changed else "nothing"
        if what == "nothing" and said.exit_code:
            what = "another part of the file, found"
        came[what] = came.get(what, 0) + 1
        if what not in ("nothing", "another part of the file, found"):
            assert said.exit_code != 0, f"seed {trial}: {what} changed: {said.output}"
        if "entries" in changed and now is not None and now["logs"] == was["logs"]:
            before = {row[1]: row for row in was["entries"]}
            after = {row[1]: row for row in now["entries"]}
            first = min(seq for seq in before if before[seq] != after.get(seq))
            told = named(said)
            assert told == first or "cannot read" in said.output, f"seed {trial}, at {first}: {said.output}"
        restore(sound, house)
    return came


def test_one_flipped_bit_of_the_file_is_found(sound: House, house: House) -> None:
    came = bits(sound, house, 80)
    assert came.get("entries", 0) > 5, "that it can find any"


@pytest.mark.soak
def test_any_flipped_bit_of_the_file_is_found(sound: House, house: House) -> None:
    print(bits(sound, house, TRIALS))  # noqa: T201 -- what there was to find
