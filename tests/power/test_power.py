"""Power loss: what the real server wrote and synced is traced, the power "goes", the server starts again.

From a trace disk states are drawn (`disk.py` says which, and which not), each is put into a folder of its
own, and a real server is started over it. Nothing acknowledged may be missing, nothing be there twice; all
must verify, recount, and be as it was signed. The same with a server that does not sync must fail.

`POWER_STATES` is how many states the long campaign draws, `POWER_SEED` where its seeds begin.
"""

import asyncio
import os
import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from tests.power import disk, moments, rig
from tests.power.disk import Files
from tests.power.moments import BEGINNING, CHECKPOINT, COMMIT, RESTING, SIGNING
from tests.power.rig import CAMPAIGN, Broken, Sender, Spawner
from tests.power.trace import Trace

VOTES = 2200
#: Votes for a server that does not sync.
FEW = 400
#: States after which a new trace is made, in the long campaign.
ANEW = 250
RECOVERY, ANY = "recovery", "any"
#: Of ten states, where the power goes. In the last ones it goes a second time, after a restart.
WHERE = [COMMIT, CHECKPOINT, COMMIT, SIGNING, CHECKPOINT, RESTING, COMMIT, BEGINNING, RECOVERY, RECOVERY]
SECTORS = (512, 4096)


@dataclass
class Load:
    """A run that was traced: the folder as it was before, and what was done to it."""

    folder: Path
    before: Files
    trace: Trace
    tried: list[str]
    begun: int
    moments: dict[str, list[int]] = field(default_factory=dict)

    def acknowledged(self, moment: int) -> set[str]:
        return {name for at, name in self.trace.acknowledged if at < moment}

    def left(self, moment: int, rng: random.Random, sector: int) -> Files:
        return disk.crash(self.before, self.trace.events, moment, rng, sector)


async def load(spawner: Spawner, folder: Path, votes: int, patch: str = "", *, fresh: bool = True) -> Load:
    """A folder, votes, a stop, a start, more votes, and an end without warning."""
    if fresh:
        rig.set_up(folder)
    before, since = rig.held(folder), spawner.position()
    sender = Sender(folder, random.Random(votes))
    server = spawner.start(folder, patch)
    server.wait()
    await sender.votes(server.url, [f"m{n}" for n in range(votes)], patient=True)
    assert server.end(signal.SIGTERM) == 0
    server = spawner.start(folder, patch)
    server.wait()
    await sender.votes(server.url, [f"m{n}" for n in range(votes, votes + 100)], patient=True)
    server.end()
    traced = spawner.trace(since, server, before)
    begun = traced.acknowledged[0][0]
    assert {name for _, name in traced.acknowledged} == sender.acknowledged
    found = Load(folder, before, traced, sender.tried, begun)
    found.moments = moments.moments(traced.events, begun)
    found.moments[ANY] = [
        line for name, lines in found.moments.items() if name != BEGINNING for line in lines
    ]
    return found


@dataclass(frozen=True)
class Rig:
    """What starts servers, traced and not."""

    traced: Spawner
    plain: Spawner


@pytest.fixture(scope="module")
def rigged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("spawner")
    with rig.spawning(folder / "strace") as traced, rig.spawning() as plain:
        yield Rig(traced, plain)


@pytest.fixture(scope="module")
def run(rigged: Rig, tmp_path_factory: pytest.TempPathFactory) -> Load:
    return asyncio.run(load(rigged.traced, tmp_path_factory.mktemp("run") / "var", VOTES))


async def survive(rigged: Rig, load: Load, folder: Path, where: str, rng: random.Random) -> None:
    """One state, or with `RECOVERY` a second one after it, and all that must hold. Raises `Broken`."""
    first = rng.choice([COMMIT, CHECKPOINT]) if where == RECOVERY else where
    moment, sector = rng.choice(load.moments[first]), rng.choice(SECTORS)
    acknowledged, left = load.acknowledged(moment), load.left(moment, rng, sector)
    _mark(load, left, moment)
    rig.put(left, load.folder, folder)
    number, tried = VOTES + 1000, set(load.tried)
    if where == RECOVERY:
        since = rigged.traced.position()
        server = rigged.traced.start(folder)
        server.wait()
        fresh = [f"m{number + n}" for n in range(10)]
        await Sender(folder, rng).votes(server.url, fresh, senders=2)
        tried.update(fresh)
        server.end(rng.choice([signal.SIGTERM, signal.SIGKILL]))
        traced = rigged.traced.trace(since, server, left)
        listens = traced.acknowledged[0][0]
        inside = moments.moments(traced.events, listens)
        doing = rng.choice([name for name, lines in inside.items() if lines])
        line = rng.choice(inside[doing])
        acknowledged |= {name for at, name in traced.acknowledged if at < line}
        left = disk.crash(left, traced.events, line, rng, sector)
        shutil.rmtree(folder)
        rig.put(left, load.folder, folder)
    with rig.listening(rigged.plain, folder) as server:
        found = await rig.examine(folder, acknowledged, tried)
        # What was acknowledged is known when it comes again; what was not is there once after that.
        again = [*rng.sample(sorted(acknowledged), min(10, len(acknowledged)))]
        again += rng.sample(sorted(tried - acknowledged), min(10, len(tried - acknowledged)))
        sender = Sender(folder, rng)
        await sender.votes(server.url, [*again, f"m{number + 100}"])
        after = await rig.examine(folder, acknowledged | sender.acknowledged, {*tried, *sender.tried})
        new = after.total() - found.total()
        if new != len({*again, f"m{number + 100}"} - found.keys()):
            raise Broken("counted twice", (new, again))


def _mark(load: Load, left: Files, moment: int) -> None:
    """What was signed, and is on the disk for certain, is there or something newer is: it never goes back."""
    path = f"ledger/{CAMPAIGN}/n1"
    sizes, part = [0], b""
    for event in load.trace.events:
        if event.path == f"{path}/.checkpoint.part" and event.kind == "write":
            part = event.data
        elif event.path == path and event.kind == "sync" and event.end < moment:
            sizes.append(int(part.split(b"\n")[1]))
    kept = left.get(f"{path}/checkpoint")
    size = int(kept.split(b"\n")[1]) if kept else 0
    if size < sizes[-1]:
        raise Broken("the mark went back", (sizes[-1], size))


async def campaign(rigged: Rig, run: Load, folder: Path, seeds: range) -> Counter[str]:
    """So many states; how often the power went where. Raises `AssertionError` with the seed."""
    went: Counter[str] = Counter()
    for seed in seeds:
        rng, where = random.Random(seed), WHERE[seed % len(WHERE)]
        try:
            await survive(rigged, run, folder / str(seed), where, rng)
        except Broken as broken:
            raise AssertionError(f"seed {seed}, power lost in {where}: {broken}") from broken
        shutil.rmtree(folder / str(seed))
        went[where] += 1
    return went


def test_the_load_is_worth_it(run: Load) -> None:
    """Checkpoints while votes came, the log of writes begun anew after one, every class of moment."""
    kinds = {name: len(lines) for name, lines in run.moments.items()}
    assert min(kinds.values()) > 20, kinds
    begun = [
        at
        for at, event in enumerate(run.trace.events)
        if event.path.endswith("-wal") and event.kind == "make"
    ]
    anew = [
        at
        for at, event in enumerate(run.trace.events)
        if event.path.endswith("-wal") and event.kind == "write" and event.offset == 0
    ]
    assert len(begun) == 2, "two starts"
    assert len(anew) >= 3, "and once between them"


@pytest.mark.parametrize("part", range(5))
async def test_nothing_acknowledged_is_lost_when_the_power_goes(
    rigged: Rig, run: Load, tmp_path: Path, part: int
) -> None:
    """One promise for 50 drawn states."""
    went = await campaign(rigged, run, tmp_path, range(part * 10, part * 10 + 10))
    assert went == Counter(WHERE)


@pytest.mark.soak
async def test_nothing_acknowledged_is_lost_in_many_power_losses(rigged: Rig, tmp_path: Path) -> None:
    first, states = int(os.environ.get("POWER_SEED", "1000")), int(os.environ.get("POWER_STATES", "2000"))
    done: Counter[str] = Counter()
    while done.total() < states:
        begin = first + done.total()
        if done.total() % ANEW == 0:  # other batches, other checkpoints
            run = await load(rigged.traced, tmp_path / f"var{begin}", VOTES)
        done += await campaign(rigged, run, tmp_path, range(begin, begin + min(50, states - done.total())))
        sys.stdout.write(f"{done.total()} power losses survived: {dict(done)}\n")
        sys.stdout.flush()
    assert done.total() == states


@pytest.mark.parametrize(
    ("patch", "where", "how"),
    [("NORMAL", ANY, "lost"), ("OFF", CHECKPOINT, "corrupt")],
    ids=["NORMAL", "OFF"],
)
async def test_a_server_that_syncs_less_is_caught(
    rigged: Rig, tmp_path: Path, patch: str, where: str, how: str
) -> None:
    """The control: with the same load and the same examination, most states must break a promise. One state
    in four that goes in a checkpoint is corrupt without syncs: there may be more of them, until one is."""
    run = await load(rigged.traced, tmp_path / "var", FEW, patch)
    broke: Counter[str] = Counter()
    for seed in range(40):
        try:
            await survive(rigged, run, tmp_path / str(seed), where, random.Random(seed))
        except Broken as broken:
            broke[broken.how] += 1
        if seed >= 7 and broke[how]:
            break
    assert broke[how] > 0, broke
    assert 2 * (broke["lost"] + broke["corrupt"]) > seed, broke


@pytest.mark.parametrize("when", ["8..10", "9+7"])
async def test_what_a_failed_sync_has_forgotten_is_not_acknowledged(
    rigged: Rig, tmp_path: Path, when: str
) -> None:
    """A sync fails, the system takes its pages for written; then the power goes. In each thread that writes
    the syncs numbered `when` fail (8..10: the eighth to the tenth; 9+7: the ninth, each seventh after it).
    """
    folder = tmp_path / "var"
    rig.set_up(folder)
    first = rigged.plain.start(folder)
    first.wait()
    assert first.end(signal.SIGTERM) == 0
    with rig.spawning(tmp_path / "strace", f"fdatasync:error=EIO:when={when}") as failing:
        run = await load(failing, folder, 60, fresh=False)
    lines = [event.end for event in run.trace.events if event.kind == "failed"]
    assert len(lines) > 1
    run.moments[ANY] = [line for line in run.moments[ANY] if line > lines[0]]
    for seed in range(6):
        try:
            await survive(rigged, run, tmp_path / str(seed), ANY, random.Random(seed))
        except Broken as broken:
            raise AssertionError(f"seed {seed}: {broken}") from broken


async def test_what_a_killed_server_left_unsynced_is_not_acknowledged(rigged: Rig, tmp_path: Path) -> None:
    """Killed between writing a commit and its sync, started again, asked again; then the power goes."""
    rig.set_up(tmp_path / "var")
    settings = tmp_path / "var/televote.toml"  # nobody signs in here: nothing is written at the start
    text = settings.read_text("utf-8")
    settings.write_text(text.replace('[accounts]\nkey_file = "accounts.secret"\n', ""))
    run = await load(rigged.traced, tmp_path / "var", 60, fresh=False)
    wal = [event for event in run.trace.events if event.path.endswith("-wal") and event.at > run.begun]
    commits = [one.at for last, one in pairwise(wal) if (last.kind, one.kind) == ("write", "sync")]
    asked_again = 0
    for seed in range(6):
        rng, folder = random.Random(seed), tmp_path / str(seed)
        moment = rng.choice(commits)
        left = disk.Disk(run.before, rng, rng.choice(SECTORS))
        left.play(disk.until(run.trace.events, moment))
        seen = left.shows()
        rig.put(seen, run.folder, folder)
        since, acknowledged = rigged.traced.position(), run.acknowledged(moment)
        server = rigged.traced.start(folder)
        server.wait()
        found = await rig.examine(folder, acknowledged, run.tried)
        again = sorted(found.keys() - acknowledged)
        asked_again += len(again)
        if not again:  # what was under way was no vote
            server.end()
            shutil.rmtree(folder)
            continue
        await Sender(folder, rng).votes(server.url, again)
        server.end()
        traced = rigged.traced.trace(since, server, seen, run.trace.lines)
        line = rng.choice([at for at, _ in traced.acknowledged]) + 1
        left.play(disk.until(traced.events, line))
        shutil.rmtree(folder)
        rig.put(left.is_left(), run.folder, folder)
        acknowledged |= {name for at, name in traced.acknowledged if at < line}
        with rig.listening(rigged.plain, folder):
            await rig.examine(folder, acknowledged, run.tried)
    assert asked_again >= 5
