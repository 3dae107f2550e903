"""Two people: who may agree to what, until when, and that it is done once, as it was shown, or not at all."""

import asyncio
from typing import Any

import pytest

from gateway.casebook import START
from gateway.intake.inbound import Form
from gateway.intake.revise import Refused
from gateway.room import motion, proposals
from gateway.room.chamber import Done
from gateway.room.motion import Motion
from gateway.room.proposals import LASTS_MS, Proposal
from gateway.storage.store import Place, Unavailable
from tally.outcome import Selection
from tests.conftest import CLOSES_MS, SETTLED_MS, House
from tests.room.chambers import (
    A01,
    A02,
    CAMPAIGN,
    count,
    open_room,
    refused,
    reject,
    void,
)

ENGINES = ("sqlite", "postgresql")

OPEN = Proposal(7, "void", "d" * 64, b"sealed", "wang", 1_000_000, "open", "")
IN_TIME = OPEN.until_ms

#: What stands, who agrees, the digest they were shown, when: and why not.
OBJECTIONS: list[tuple[str, Proposal | None, str, str, int, str]] = [
    ("another person, in time", OPEN, "li", "d" * 64, IN_TIME, ""),
    ("in the last millisecond", OPEN, "li", "d" * 64, OPEN.at_ms + LASTS_MS, ""),
    ("a millisecond later", OPEN, "li", "d" * 64, OPEN.at_ms + LASTS_MS + 1, "stale"),
    ("the same account", OPEN, "wang", "d" * 64, IN_TIME, "same_person"),
    ("another act than was shown", OPEN, "li", "e" * 64, IN_TIME, "other_parameters"),
    ("no digest", OPEN, "li", "", IN_TIME, "other_parameters"),
    ("no proposal", None, "li", "d" * 64, IN_TIME, "no_such_proposal"),
    ("done", OPEN._replace(state="approved", sealed=b""), "li", "d" * 64, IN_TIME, "already_done"),
    ("half done", OPEN._replace(state="approved"), "li", "d" * 64, IN_TIME, "interrupted"),
    ("declined", OPEN._replace(state="declined", sealed=b""), "li", "d" * 64, IN_TIME, "was_declined"),
    ("withdrawn", OPEN._replace(state="withdrawn", sealed=b""), "li", "d" * 64, IN_TIME, "was_withdrawn"),
    ("lapsed", OPEN._replace(state="stale", sealed=b""), "li", "d" * 64, IN_TIME, "stale"),
]


@pytest.mark.parametrize(("_", "stands", "second", "shown", "now_ms", "word"), OBJECTIONS)
def test_who_can_agree_to_what(
    _: str, stands: Proposal | None, second: str, shown: str, now_ms: int, word: str
) -> None:
    assert proposals.objection(stands, second, shown, now_ms) == word


def test_every_refusal_has_its_row() -> None:
    elsewhere = {"proposer_gone"}  # it needs the accounts: see below
    assert {row[-1] for row in OBJECTIONS} | elsewhere == {"", "same_person", *proposals.REFUSALS}


TWO = void(Place(1, 2), note="seen on site")
CHANGES: list[dict[str, Any]] = [
    {"kind": "adjudicate"},
    {"reason": "operator_slip"},
    {"note": "seen on site."},
    {"targets": (Place(1, 3),)},
    {"targets": (Place(1, 2), Place(1, 3))},
    {"verdict": "count"},
    {"selections": (A01,)},
    {"release": True},
    {"line": "+8613812345678"},
    {"closes_ms": (("sms", 1),)},
    {"told": (("first_day", "2018-07-25"),)},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_the_digest_is_of_every_parameter(change: dict[str, Any]) -> None:
    told = motion.digest(motion.pack(CAMPAIGN, TWO, {"moves": []}, "00"))
    assert motion.digest(motion.pack(CAMPAIGN, TWO._replace(**change), {"moves": []}, "00")) != told


def test_the_digest_is_of_campaign_outlook_and_nonce_too() -> None:
    packed = {
        motion.pack(campaign, TWO, outlook, nonce)
        for campaign in (CAMPAIGN, "other")
        for outlook in ({"moves": []}, {"moves": [1]})
        for nonce in ("00", "01")
    }
    assert len({motion.digest(one) for one in packed}) == 8
    assert {tuple(row) for row in CHANGES} >= {(name,) for name in Motion._fields}, "each is a parameter"


def test_a_motion_survives_packing() -> None:
    full = Motion(
        "adjudicate",
        "transcribed",
        "注意",
        (Place(1, 2),),
        "count",
        (A01, A02),
        True,
        "+86138",
        (("sms", 5),),
    )
    assert motion.unpack(motion.pack(CAMPAIGN, full, {"a": [1]}, "00")) == (full, {"a": [1]})


# ---- over the real thing --------------------------------------------------------------------------


async def test_two_people_void_a_vote(house: House) -> None:
    async with open_room(house) as room:
        place = await room.send("13812345678", "A01")
        proposal = await room.propose(void(place))
        assert await room.votes() == {"A01": 1}, "nothing is done yet"
        (opened,) = await room.chamber.open(room.running)
        assert (opened.proposal.by, opened.motion.targets) == ("wang", (place,))
        done = await room.approve(proposal)
        assert await room.votes() == {}
        leaf = (await room.leaves())[-1]
        assert (leaf.kind, leaf.detail["by"], leaf.detail["second"]) == ("void", "wang", "li")
        assert done.entries == (place.seq + 1,)
        assert await room.chamber.open(room.running) == []
        (ended,) = await room.chamber.latest(room.running, 5)
        assert (ended.state, ended.second, ended.sealed) == ("approved", "li", b"")


async def test_one_person_is_never_enough(house: House) -> None:
    house.edit(house.campaign, "adjudicators = 1", "adjudicators = 2")
    async with open_room(house) as room:
        place, unclear = await room.send("13812345678", "A01"), await room.send("13812345679", "不要A01")
        later = (("sms", CLOSES_MS + 60_000),)
        for made in (
            void(place),
            reject(unclear),
            Motion("reschedule", "network_failure", closes_ms=later),
            Motion("close", "vote_compromised"),
        ):
            before = await room.kinds()
            proposal = await room.propose(made)
            for who in ("wang", "wang"):  # whatever session they use, it is one account
                assert await refused(room.approve(proposal, second=who)) == "same_person"
            assert await room.kinds() == before
            await room.approve(proposal)
            assert (await room.kinds()).total() == before.total() + 1


async def test_of_a_hundred_who_agree_at_once_one_does_it(house: House) -> None:
    async with open_room(house) as room:
        proposal = await room.propose(void(await room.send("13812345678", "A01")))
        agreed = [room.approve(proposal, second=f"member{n}") for n in range(100)]
        ended = await asyncio.gather(*agreed, return_exceptions=True)
        assert sum(isinstance(one, Done) for one in ended) == 1
        assert {one.word for one in ended if isinstance(one, Refused)} == {"already_done"}
        assert (await room.kinds())["void"] == 1


async def test_of_two_servers_on_one_claim_only_one_gets_it(house: House) -> None:
    """The database has the last word, not the lock of a process."""
    async with open_room(house) as room:
        proposal = await room.propose(void(await room.send("13812345678", "A01")))
        run = room.counting.store.run
        asked = [run(proposals.end, proposal.id, "approved", f"m{n}") for n in range(100)]
        assert (await asyncio.gather(*asked)).count(True) == 1
        assert await refused(room.approve(proposal)) == "interrupted"


async def test_a_proposal_is_stale_after_a_quarter_of_an_hour(house: House) -> None:
    async with open_room(house) as room:
        proposal = await room.propose(void(await room.send("13812345678", "A01")))
        house.clock.ms += LASTS_MS + 1
        assert await refused(room.approve(proposal)) == "stale"
        assert await room.chamber.open(room.running) == []
        assert await refused(room.approve(proposal)) == "stale"
        assert await room.votes() == {"A01": 1}
        (ended,) = await room.chamber.latest(room.running, 5)
        assert (ended.state, ended.sealed) == ("stale", b"")


async def test_whoever_proposed_it_is_still_there(house: House) -> None:
    async with open_room(house) as room:
        proposal = await room.propose(void(await room.send("13812345678", "A01")))
        room.gone.add("wang")
        assert await refused(room.approve(proposal)) == "proposer_gone"
        room.gone.clear()
        await room.approve(proposal)


async def test_it_is_declined_by_another_and_withdrawn_by_its_own(house: House) -> None:
    async with open_room(house) as room:
        place = await room.send("13812345678", "A01")
        for who, word in (("li", "was_declined"), ("wang", "was_withdrawn")):
            proposal = await room.propose(void(place))
            await room.chamber.decline(room.running, proposal.id, who)
            assert await refused(room.approve(proposal)) == word
            assert await refused(room.chamber.decline(room.running, proposal.id, "zhao")) == word
        assert await refused(room.chamber.decline(room.running, 99, "zhao")) == "no_such_proposal"
        assert await room.votes() == {"A01": 1}


async def test_another_act_than_was_shown_is_not_done(house: House) -> None:
    async with open_room(house) as room:
        first = await room.propose(void(await room.send("13812345678", "A01")))
        second = await room.propose(void(await room.send("13812345679", "A02")))
        assert await refused(room.approve(first, digest=second.digest)) == "other_parameters"
        house.sql("UPDATE proposals SET sealed = (SELECT sealed FROM proposals WHERE id = ?)", second.id)
        assert await refused(room.approve(first)) == "other_parameters", "somebody changed the database"
        assert (await room.kinds())["void"] == 0


async def test_whoever_acts_alone_does_what_they_saw(house: House) -> None:
    async with open_room(house) as room:
        gone = Motion("withdraw", "at_own_wish", selections=(A01,))
        shown = await room.chamber.consider(room.running, gone)
        assert not shown.two
        other = gone._replace(reason="disqualified")
        assert await refused(room.chamber.act(room.running, other, "wang", shown.digest)) == "changed"
        await room.act(gone._replace(selections=(A02,)))
        assert await refused(room.chamber.act(room.running, gone, "wang", shown.digest)) == "changed"
        assert await room.kinds() == {"withdraw": 1}


async def test_what_has_changed_meanwhile_is_not_done(house: House) -> None:
    async with open_room(house) as room:
        place = await room.send("13812345678", "A01")
        stale = await room.propose(void(place))
        await room.approve(await room.propose(void(place, reason="operator_slip")))
        assert await refused(room.approve(stale)) == "nothing_to_void"
        close = {"kind": "reschedule", "reason": "network_failure"}
        first = await room.propose(Motion(**close, closes_ms=(("sms", CLOSES_MS + 60_000),)))
        other = await room.propose(Motion(**close, closes_ms=(("hotline", CLOSES_MS + 60_000),)))
        await room.approve(first)
        assert await refused(room.approve(other)) == "changed"
        assert await room.kinds() == {"void": 1, "schedule": 1}


async def test_what_is_proposed_already_is_not_proposed_again(house: House) -> None:
    async with open_room(house) as room:
        place = await room.send("13812345678", "A01")
        first = await room.propose(void(place))
        for again in (void(place), void(place, note="the same, whatever is noted beside it")):
            assert await refused(room.propose(again, "li")) == "already_proposed"
        other = await room.propose(void(place, reason="operator_slip"), "li")
        await room.chamber.decline(room.running, first.id, "li")
        await room.approve(await room.propose(void(place)))
        assert await refused(room.approve(other, "wang")) == "nothing_to_void"


async def test_a_void_is_refused_if_the_caller_voided_the_vote_meanwhile(house: House) -> None:
    house.edit(house.campaign, 'over_cap = "first"', 'over_cap = "void_all"')
    async with open_room(house) as room:
        place = await room.send("13812345678", "A01 B01")
        proposal = await room.propose(void(place))
        await room.send("13812345678", "A02")
        assert await room.votes() == {"B01": 1}
        assert await refused(room.approve(proposal)) == "changed"
        assert await room.votes() == {"B01": 1}


async def test_all_messages_or_none(house: House) -> None:
    async with open_room(house) as room:
        places = [await room.send(f"1381234567{n}", "A01") for n in range(5)]
        proposal = await room.propose(void(*places))
        await room.approve(await room.propose(void(places[3])))
        assert await refused(room.approve(proposal)) == "nothing_to_void"
        assert await room.votes() == {"A01": 4}
        done = await room.approve(await room.propose(void(*(one for one in places if one != places[3]))))
        assert len(done.entries) == 4
        assert await room.votes() == {}
        assert (await room.kinds())["void"] == 5, "each message its own leaf"


async def test_what_could_not_be_recorded_can_be_agreed_to_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_room(house) as room:
        proposal = await room.propose(void(await room.send("13812345678", "A01")))
        recorder = room.counting.recorder

        async def full(*_: object) -> None:
            raise Unavailable("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(recorder, "revise", full)
            with pytest.raises(Unavailable):
                await room.approve(proposal)
        await room.approve(proposal)
        assert (await room.kinds())["void"] == 1


async def test_a_close_that_is_due_needs_one_and_an_early_one_two(house: House) -> None:
    async with open_room(house) as room:
        close = Motion("close", "committee_decision", "as decided")
        assert (await room.chamber.consider(room.running, close)).two
        house.clock.ms = SETTLED_MS + 1
        shown = await room.chamber.consider(room.running, close)
        assert not shown.two
        done = await room.chamber.act(room.running, close, "wang", shown.digest)
        assert isinstance(done, Done)
        leaf = (await room.leaves())[-1]
        assert (leaf.detail["by"], leaf.detail["early"], "second" in leaf.detail) == ("wang", False, False)
        assert await refused(room.chamber.consider(room.running, close)) == "not_open"


@pytest.mark.on_sqlite
async def test_nothing_of_it_can_be_read_at_rest(house: House) -> None:
    house.edit(house.campaign, "adjudicators = 1", "adjudicators = 2")
    async with open_room(house) as room:
        place = await room.send("", "13800001234", Form.UNPARSED, raw=b"\xff")
        await room.propose(count([place], Selection("window", "A07"), line="+8613800001234", note="密密麻麻"))
        (opened,) = await room.chamber.open(room.running)
        assert opened.motion.line == "+8613800001234"
    kept = b"".join(path.read_bytes() for path in house.folder.glob("televote.db*"))
    for secret in (b"3800001234", b"A07", "密密麻麻".encode(), b"\\u5bc6"):
        assert secret not in kept


async def test_the_digest_of_a_number_cannot_be_found_by_trying(house: House) -> None:
    async with open_room(house) as room:
        place = await room.send("13812345678", "A01")
        proposal = await room.propose(void(place))
        shown = await room.chamber.consider(room.running, void(place))
        assert proposal.digest != shown.digest, "it has a nonce that nobody sees"


EVERY_ACT = [
    (Motion("withdraw", "at_own_wish", selections=(A01,)), "withdraw"),
    (Motion("bar", "fraud", line="+8613812345678"), "bar"),
    (Motion("unbar", "barred_by_mistake", line="+8613812345678"), "unbar"),
    (Motion("reschedule", "network_failure", closes_ms=(("sms", CLOSES_MS + 60_000),)), "schedule"),
    (void(Place(1, 2)), "void"),
    (reject(Place(1, 3)), "adjudicate"),
    (Motion("close", "committee_decision"), "close"),
]


async def test_every_act_leaves_one_leaf(house: House) -> None:
    async with open_room(house) as room:
        assert (await room.send("13812345679", "A01"), await room.send("13812345670", "不要A01")) == (
            Place(1, 2),
            Place(1, 3),
        )
        for made, kind in EVERY_ACT:
            before = await room.kinds()
            shown = await room.chamber.consider(room.running, made)
            ended = await room.chamber.act(room.running, made, "wang", shown.digest)
            if isinstance(ended, Proposal):
                assert await room.kinds() == before, "a proposal is no act"
                ended = await room.approve(ended)
            assert await room.kinds() - before == {kind: 1}
            leaf = (await room.leaves())[-1]
            assert (leaf.kind, leaf.detail["by"], leaf.detail["reason"]) == (kind, "wang", made.reason)
            assert ended.entries == (room.counting.recorder.head(CAMPAIGN).size - 1,)
        number = await room.counting.acts.reveal(room.running, Place(1, 2), "wang", "complaint")
        assert number == "+8613812345679"
        assert (await room.kinds())["reveal"] == 1


async def test_what_the_rules_do_not_allow_is_not_even_proposed(house: House) -> None:
    async with open_room(house) as room:
        place = await room.send("13812345678", "A01")
        for made, word in (
            (void(place, reason="because"), "no_reason"),
            (void(), "no_such_message"),
            (void(Place(1, 99)), "no_such_message"),
            (void(place, place), "twice"),
            (reject(place), "not_waiting"),
            (Motion("withdraw", "at_own_wish", selections=(Selection("window", "Z9"),)), "no_candidate"),
            (Motion("bar", "fraud", line="12"), "not_a_line"),
            (Motion("unbar", "barred_by_mistake", line="+8613812345678"), "not_barred"),
            (Motion("reschedule", "network_failure"), "nothing_changes"),
            (Motion("reschedule", "network_failure", closes_ms=(("sms", 1),)), "too_late"),
        ):
            assert await refused(room.chamber.consider(room.running, made)) == word
        assert await room.counting.casebook.waiting(CAMPAIGN, 5, START) == []


async def test_two_ways_of_ruling(house: House) -> None:
    async with open_room(house) as room:
        place = await room.send("13812345678", "不要A01")
        done = await room.chamber.rule(room.running, count([place], A02), "wang")
        assert isinstance(done, Done)
        assert await room.votes() == {"A02": 1}
        assert await refused(room.chamber.rule(room.running, reject(place), "li")) == "not_waiting"
