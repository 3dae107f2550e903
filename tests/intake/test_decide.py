"""Messages decided in one batch end as the same messages decided one by one, and are the same entries."""

import random

import pytest

from gateway import entrances
from gateway.intake import decide, journey
from gateway.intake.decide import Decided, Verdict
from gateway.intake.inbound import Form, Inbound
from gateway.intake.journey import Prepared
from gateway.storage.store import Batch, Head, Heard, HeldClaim, Place, Recall
from tally import entry, merkle, verify
from tally.seal import KEY_BYTES, Sealer
from tests.conftest import CLOSES_MS, House
from tests.pages.test_receipts import giving

LOG = 3


def messages(house: House, rng: random.Random, count: int) -> list[Prepared]:
    """Of few callers, by both channels, some twice, some too late, some that nobody can read."""
    loaded = house.load()
    opened = entrances.open_all(loaded, entrances.run_campaigns(loaded))
    sources = [opened["sim"], opened["hotline"]]
    made: list[Prepared] = []
    for number in range(count):
        if made and rng.random() < 0.2:
            made.append(rng.choice(made))
            continue
        text = rng.choice(["A01", "A02", "B01", "A01B02", "不要A01", "A99", "hello", "wrong_shape"])
        form = Form.UNPARSED if text == "wrong_shape" else Form.TEXT
        caller = rng.choice(["", "0", *(f"138{n:08d}" for n in range(count // 3))])
        inbound = Inbound(f"m{number}", caller, text, form, raw=text.encode())
        made.append(journey.prepare(rng.choice(sources), inbound, CLOSES_MS + rng.randint(-60_000, 10_000)))
    return made


def remembered(batches: list[Batch]) -> Recall:
    rows = [row for batch in batches for row in batch.messages]
    places = {Heard(voter, message): Place(LOG, seq) for voter, message, seq, *_ in rows}
    claims = [HeldClaim(voter, use, channel) for voter, _, _, channel, uses in rows for use in uses]
    return Recall(places, claims)


def verdicts(decided: Decided, known: dict[Place, Verdict]) -> list[Verdict]:
    """What the recorder makes of them: messages of an earlier batch are looked up."""
    known |= {one.place: one for one in reversed(decided.verdicts) if isinstance(one, Verdict)}
    return [
        known[one]._replace(redelivered=True) if isinstance(one, Place) else one for one in decided.verdicts
    ]


@pytest.mark.parametrize("over_cap", ["first", "void_all"])
@pytest.mark.parametrize("seed", range(6))
def test_in_one_batch_or_in_many(house: House, seed: int, over_cap: str) -> None:
    house.edit(house.campaign, 'over_cap = "first"', f'over_cap = "{over_cap}"')
    giving(house)
    rng = random.Random(seed)
    items = messages(house, rng, 120)
    sealer = Sealer(rng.randbytes(KEY_BYTES), "beita-2018/main")
    blindings = rng.randbytes(entry.BLINDING_BYTES * len(items))
    found = []
    for most in (len(items), 17, 1):
        head = Head("beita-2018", "main", 1, LOG, 0, ())
        batches: list[Batch] = []
        known: dict[Place, Verdict] = {}
        told: list[Verdict] = []
        left, spare = items, blindings
        while left:
            some, left = left[:most], left[most:]
            decided = decide.decide(head, sealer, some, remembered(batches), spare)
            head, spare = decided.batch.after, spare[entry.BLINDING_BYTES * len(decided.batch.entries) :]
            told += verdicts(decided, known)
            batches.append(decided.batch)
        entries = [one for batch in batches for one in batch.entries]
        rows = [row for batch in batches for row in batch.messages]
        receipts = [row for batch in batches for row in batch.receipts]
        totals = sum((batch.totals for batch in batches[1:]), batches[0].totals.copy())
        found.append((told, entries, rows, receipts, sorted(totals.items()), head))
    assert found[0] == found[1] == found[2]
    _, entries, rows, receipts, _, head = found[0]
    assert len(entries) == len(rows) == len(receipts) == len({item.heard for item in items})
    assert merkle.extend(0, (), [one.leaf_hash for one in entries]) == (head.size, head.frontier)
    for one in entries:
        assert one.leaf_hash == merkle.leaf_hash(one.leaf)
        assert verify.open_row(one, sealer).opening is not None
