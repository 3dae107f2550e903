"""Plays a seed: all that is drawn happens at once, in virtual time; then it is judged."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Awaitable
from pathlib import Path

import structlog

from tests.simulation import campaigns, faults, people, post
from tests.simulation.campaigns import CAMPAIGN, HOUR, MINUTE
from tests.simulation.judging import Result, compare
from tests.simulation.world import Diverged, World, in_one_thread


def play(seed: int) -> Result:
    """Run one seed. Raises `Diverged`, which says how to run it again."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        world = World(seed, Path(folder))
        with in_one_thread(world), asyncio.Runner(loop_factory=lambda: world.loop) as runner:
            try:
                return runner.run(_run(world))
            except Diverged:
                raise
            except Exception as error:
                raise Diverged(seed, repr(error)) from error
            finally:
                structlog.reset_defaults()


async def _run(world: World) -> Result:
    working = asyncio.gather(*_work(world))
    serving, watching = asyncio.create_task(world.serve()), asyncio.create_task(_watch(world))
    await asyncio.wait([working, serving], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():  # with a fault of its own: it goes on until it is told to end
        working.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)
        serving.result()
    working.result()
    world.faults.disarm()
    await world.until(world.drawn.last_ms + 6 * HOUR)
    while world.service is None or not world.service.recorder.healthy:  # noqa: ASYNC110 -- its time is ours
        await asyncio.sleep(60)
    await world.service.schedule.tick()
    world.ending = True
    world.crashed.set()
    await asyncio.gather(serving, watching)
    return await compare(world)


def _work(world: World) -> list[Awaitable[None]]:
    """All that happens, each thing a task that waits for its time."""
    rng, drawn = world.rng, world.drawn
    pool = [*rng.sample(campaigns.MOBILES, rng.randrange(2, 6)), campaigns.FIXED]
    rows = people.log_rows(world, pool)

    def some_time() -> int:
        if rng.random() < 0.5:
            return rng.randrange(drawn.opens_ms - HOUR, drawn.last_ms + 3 * HOUR)
        return drawn.closes_ms + rng.randrange(-20 * MINUTE, 20 * MINUTE)

    work = list(post.letters(world, pool))
    for number in range(rng.randrange(0, 9)):
        at = rng.randrange(drawn.opens_ms - HOUR, drawn.closes_ms + 10 * MINUTE)
        work.append(people.call(world, number, at, pool))
    if rows:
        work.append(people.log(world, some_time(), rows))
    work += [people.committee(world, some_time()) for _ in range(rng.randrange(0, 22))]
    if rng.random() < 0.15:
        work.append(people.close_early(world, some_time()))
    for kind in faults.ARMED:
        work += [_trouble(world, kind, some_time()) for _ in range(rng.choice([0, 0, 0, 1, 1, 2]))]
    return work


async def _trouble(world: World, kind: str, at: int) -> None:
    """Something breaks, and is whole again after a while."""
    await world.until(at)
    rng, broken = world.rng, world.faults
    if kind == "crash":
        if world.service is not None and not broken.dead:
            broken.met[kind] += 1
            broken.kill()
    elif kind == "outage":
        broken.down = True
        await asyncio.sleep(rng.uniform(0.5, 600))
        broken.down = False
    elif kind == "slow_disk":
        broken.met[kind] += 1
        broken.slow = rng.choice([0.05, 1.0])
        await asyncio.sleep(rng.uniform(10, 900))
        broken.slow = 0.0
    elif kind == "clock_jump":
        broken.met[kind] += 1
        world.skew_ms = rng.choice([-HOUR, HOUR, -4 * MINUTE, 4 * MINUTE])
        world.skews.add(world.skew_ms)
        await asyncio.sleep(rng.uniform(60, 4 * 3600))
        world.skew_ms = 0
    else:
        broken.arm(kind)


async def _watch(world: World) -> None:
    """Somebody keeps every checkpoint that they see."""
    path = world.folder / "ledger" / CAMPAIGN / "n1" / "checkpoint"
    while not world.ending:
        if path.exists():
            world.checkpoints.add(path.read_text("utf-8"))
        await asyncio.sleep(1200)
