"""What works beside the requests outlives whatever comes up; and if it has ended all the same, it shows."""

import asyncio
import io
import json
from collections import Counter
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from gateway.ledger import publisher
from gateway.ledger.folder import Folder
from gateway.storage.store import Conflict, Unavailable, Unsafe
from gateway.telling import Postponed
from gateway.watching import watch
from tally import note
from tests import postgres as own
from tests.conftest import House, Visitor

CAMPAIGN = "beita-2018"
LOOPS = {"signing_postponed", "parts_postponed", "standings_postponed"}


def signed(visitor: Visitor) -> int:
    """How many entries the published checkpoint has."""
    key = publisher.signer(visitor.service.campaigns[CAMPAIGN], "n1").verifier
    text = Folder(visitor.house.folder / "ledger" / CAMPAIGN / "n1").checkpoint()
    return note.read_checkpoint(note.open_note(text, [key])).size


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it; the timeout is a watchdog, not a measure."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 -- it comes of tasks that look at a clock of their own
            await asyncio.sleep(0.05)


async def goes_on(visitor: Visitor, caller: str) -> None:
    """A vote is counted, signed and shown, and the node says that it is ready."""
    board, before = visitor.server.board, visitor.service.recorder.head(CAMPAIGN).size

    def shown() -> int:
        return int(board.standings(CAMPAIGN)["balance"]["messages"].get("counted", 0))

    counted = shown()
    async with asyncio.timeout(30):
        while await visitor.vote(caller, "A01", caller) != 200:  # noqa: ASYNC110 -- as a provider sends again
            await asyncio.sleep(0.2)
    await until(lambda: signed(visitor) == before + 1 and shown() == counted + 1)
    assert (await visitor.get("/readyz"))[0] == 200


async def test_refused_connections_end_nothing(house: House, postgres: own.Server) -> None:
    """The role is set up wrongly, and every session is cut off: what reconnects is refused, until it is set
    up right again."""
    name = postgres.fresh("televote")
    house.move_to(postgres.url(name))
    with capture_logs() as log:
        async with house.serve() as visitor:
            await goes_on(visitor, "13812345678")
            postgres.sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
            postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            assert await visitor.vote("13912345678", "A01", "m1") == 503
            # Signing has something to do only once more than it has signed is there.
            visitor.service.publisher._signed_sizes.clear()
            await until(lambda: {line["event"] for line in log} >= LOOPS - {"standings_postponed"})
            await asyncio.sleep(2.5)  # further rounds
            postgres.sql(f"ALTER DATABASE {name} RESET synchronous_commit")
            await goes_on(visitor, "13912345678")
    told = [line for line in log if line["event"] in LOOPS and line["error"] == "Unsafe"]
    assert all("synchronous_commit=off" in line["why"] for line in told)
    assert max(Counter(line["event"] for line in told).values()) == 1, "it is told once, not in every round"


@pytest.mark.parametrize("error", [Unsafe("u"), Conflict("c"), Unavailable("g"), TypeError("t")])
async def test_whatever_it_is_they_go_on(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def refused(*_: object) -> None:
        raise error

    with capture_logs() as log:
        async with house.serve() as visitor:
            await goes_on(visitor, "13812345678")
            with monkeypatch.context() as patched:
                for name in ("run", "totals"):
                    patched.setattr(type(visitor.service.store), name, refused)
                patched.setattr(type(visitor.service.publisher), "_publish", refused)
                visitor.service.recorder.version += 1
                await until(lambda: {line["event"] for line in log} >= LOOPS)
                await visitor.service.eraser.tick()
            await goes_on(visitor, "13912345678")
    assert {line["error"] for line in log if line["event"] in LOOPS} == {type(error).__name__}
    assert [line["error"] for line in log if line["event"] == "retention_postponed"] == [type(error).__name__]


async def test_a_task_that_ended_all_the_same_makes_the_node_unready(house: House) -> None:
    async def broken() -> None:
        raise TypeError("13877766655")

    stream = io.StringIO()
    async with house.serve() as visitor:
        assert (await visitor.get("/readyz"))[0] == 200
        watch.log_to(stream)
        await asyncio.gather(visitor.service.shift.begin(broken()), return_exceptions=True)
        status, text = await visitor.get("/readyz")
        assert (status, json.loads(text)["reasons"]) == (503, ["task_ended"])
        assert (await visitor.get("/healthz"))[0] == 200
    line = json.loads(stream.getvalue().splitlines()[0])
    assert (line["event"], line["level"], line["exception"]) == ("fault", "error", "TypeError")
    assert line["raised_at"][-1].startswith("test_outliving.py:"), "the place in the code, and no words"
    assert "13877766655" not in stream.getvalue()


def test_what_lasts_is_told_at_every_change_and_for_each_campaign() -> None:
    postponed = Postponed("signing_postponed")
    with capture_logs() as log:
        for campaign, error in (
            *(("a", Unavailable("gone")), ("a", Unavailable("gone")), ("b", Unavailable("gone"))),
            *(("a", OSError(28, "No space left on device")), ("a", None), ("a", OSError(28, "No space"))),
        ):
            with postponed.outlived(campaign=campaign):
                if error is not None:
                    raise error
    assert [(line["campaign"], line["error"], line["why"]) for line in log] == [
        *(("a", "Unavailable", "gone"), ("b", "Unavailable", "gone")),
        *(("a", "OSError", "No space left on device"), ("a", "OSError", "No space")),
    ]


async def test_what_is_stored_is_not_in_the_words_of_an_error(house: House) -> None:
    """Of text that is damaged Python's error would quote it all, and the words of ours are logged."""
    async with house.service() as counting:
        with pytest.raises(Unavailable, match=r"^OperationalError$"):
            await counting.store.run(lambda db: db.execute("SELECT CAST(x'ff31333837' AS TEXT)").fetchall())
