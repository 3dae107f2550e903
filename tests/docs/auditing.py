"""A campaign with every kind of act, exported with its openings: what auditors are tried on."""

import os
from pathlib import Path

from gateway.checking import audit
from gateway.exporting import exporter
from gateway.intake.inbound import Form
from tests.conftest import CLOSES_MS, SETTLED_MS, House
from tests.intake.test_revise import (
    A01,
    A02,
    B03,
    CAMPAIGN,
    MINUTE,
    Room,
    count,
    dispute,
    keep,
    reject,
    undo,
    void,
)

Rules = tuple[tuple[str, str], ...]

#: One vote too many voids all of a contest; a withdrawal gives votes back; two people rule.
RULES: Rules = (
    ('over_cap = "first"', 'over_cap = "void_all"'),
    ('withdrawal = "keep"', 'withdrawal = "release"'),
    ("adjudicators = 1", "adjudicators = 2"),
)


#: The same with open ballots, beside which a vote too many voids none.
OPEN_RULES: Rules = (*RULES[1:], ("adjudicators = 2", 'adjudicators = 2\nballots = "open"'))


def open_ballots(house: House, more: str = "") -> None:
    """Let the house's campaign have open ballots, and whatever else."""
    house.edit(house.campaign, "adjudicators = 1", f'adjudicators = 1\nballots = "open"{more}')


async def play(house: House, bulk: int = 300, rules: Rules = RULES) -> None:
    """Every kind of act, with more than one tile of messages around them; closed, and one message waits."""
    for old, new in rules:
        house.edit(house.campaign, old, new)
    async with house.service() as counting:
        room = Room(house, counting)
        for number in range(bulk):
            await room.send(f"137{number:08d}", ["A02", "B04", "A03 B03", "不要A01", "你好"][number % 5])
        first = await room.send("13812345678", "A01 B03")
        await room.send("13812345678", "A02")  # voids the first one's A01
        unclear = [await room.send(f"1381234567{n}", "不要A01，要A02") for n in range(4)]
        await room.rule(count(unclear[0].place, A02, second="li"), reject(unclear[1].place, second="li"))
        await room.rule(count(unclear[2].place, A02, B03, second="li"))
        call = await room.send("13912345670", "A01", by="op1")
        slip = await room.send("13912345670", "A02 B03", by="op1")
        await room.rule(undo(slip.place))
        calls = [await room.send(f"1361234567{n}", "A01", by="op1") for n in range(3)]
        await room.rule(*[dispute(one.place, A02) for one in calls])
        await room.rule(keep(calls[0].place)._replace(second="li"))
        await room.rule(count(calls[1].place, A02, reason="caller_confirmed", second="li"))
        await room.rule(reject(calls[2].place, second="li"))
        await room.rule(void(first.place, release=True))
        muted = await room.send("13512345678", "B03")
        await room.rule(void(muted.place))
        await room.send("13512345678", "B04")
        unread = await room.send("", "?", Form.UNPARSED)
        await room.rule(count(unread.place, A01, reason="transcribed", line="+8613412345678", second="li"))
        await counting.acts.withdraw(room.running, A01, "wang", "at_own_wish", "told us by letter")
        await room.send("13412345678", "A03")
        await counting.acts.bar(room.running, "138 1234 0000", "wang", "bulk_sender")
        await room.send("13812340000", "A02")
        await counting.acts.unbar(room.running, "13812340000", "wang", "barred_by_mistake")
        await counting.acts.reveal(room.running, call.place, "wang", "complaint", "case 7")
        later = CLOSES_MS + 10 * MINUTE
        await counting.acts.reschedule(room.running, {"sms": later}, "wang", "li", "network_failure")
        house.clock.ms = later
        await room.send("13312345678", "A02")
        house.clock.ms = SETTLED_MS + 20 * MINUTE
        await counting.schedule.tick()


async def export(house: House, folder: Path) -> Path:
    """The export of what was played in `folder`; returns the openings, which stand beside it."""
    os.mkdir(folder)  # noqa: PTH102 -- before anything runs
    openings = folder.with_suffix(".openings.jsonl")
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        await exporter.export_to(folder, ledger, lambda _: None, openings)
    return openings
