"""Rulings: what each makes of a message, of its votes and of its caller's caps; and the recount agrees."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from gateway.casebook import START
from gateway.checking import audit, judging
from gateway.intake import journey, revise
from gateway.intake.decide import Verdict
from gateway.intake.inbound import Form, Inbound
from gateway.intake.revise import REFUSALS, Refused, Ruling
from gateway.intake.running import Running
from gateway.intake.source import Source
from gateway.service import Service
from gateway.storage.store import Place
from tally import acts
from tally.count import TotalKey
from tally.outcome import Selection
from tally.verify import Tampered
from tests.conftest import CLOSES_MS, SETTLED_MS, House

ENGINES = ("sqlite", "postgresql")

CAMPAIGN = "beita-2018"
A01, A02, B03 = Selection("window", "A01"), Selection("window", "A02"), Selection("star", "B03")
MINUTE = 60_000


@dataclass
class Room:
    """A running service, and what people do in it."""

    house: House
    counting: Service
    sent: int = 0

    @property
    def running(self) -> Running:
        return self.counting.campaigns[CAMPAIGN]

    @property
    def source(self) -> Source:
        return self.counting.sources["sim"]

    async def send(self, caller: str, text: str, form: Form = Form.TEXT, by: str = "") -> Verdict:
        self.sent += 1
        name = f"{by}/form-{self.sent}" if by else f"m{self.sent}"
        inbound = Inbound(name, caller, text, form, raw=b"raw" if form is Form.UNPARSED else b"")
        prepared = journey.prepare(self.source, inbound, self.house.clock.ms)
        (verdict,) = await self.counting.recorder.submit(self.running, [prepared])
        return verdict

    async def rule(self, *rulings: Ruling) -> list[Verdict]:
        return await self.counting.recorder.revise(self.running, rulings, self.house.clock.ms)

    async def refused(self, *rulings: Ruling) -> str:
        with pytest.raises(Refused) as caught:
            await self.rule(*rulings)
        assert caught.value.word in REFUSALS
        return caught.value.word

    async def votes(self) -> dict[str, int]:
        """Candidate -> counted votes, without the zeros."""
        totals = await self.counting.store.totals(CAMPAIGN)
        assert all(n >= 0 for n in totals.values()), totals
        found: dict[str, int] = {}
        for key, n in totals.items():
            if key.subject == "selection" and key.outcome == "counted" and n:
                found[key.candidate] = found.get(key.candidate, 0) + n
        return found

    async def ended(self) -> dict[str, int]:
        """Selection outcome -> how many, without the zeros."""
        totals = await self.counting.store.totals(CAMPAIGN)
        found: dict[str, int] = {}
        for key, n in totals.items():
            if key.subject == "selection" and n:
                found[key.outcome] = found.get(key.outcome, 0) + n
        return found

    async def waiting(self) -> list[int]:
        kept = (await self.counting.store.totals(CAMPAIGN)).items()
        cases = await self.counting.casebook.waiting(CAMPAIGN)
        assert sum(n for key, n in kept if key.subject == "waiting") == len(cases)
        return [case.place.seq for case in cases]


def count(place: Place, *chosen: Selection, **more: object) -> Ruling:
    said = {"by": "wang", "reason": "clear_to_a_person", **more}
    return Ruling("adjudicate", place, verdict="count", selections=chosen, **said)  # type: ignore[arg-type]


def reject(place: Place, by: str = "wang", second: str = "") -> Ruling:
    return Ruling("adjudicate", place, by, second, reason="no_clear_wish", verdict="reject")


def keep(place: Place) -> Ruling:
    return Ruling("adjudicate", place, "wang", reason="first_entry_right", verdict="keep")


def undo(place: Place, by: str = "op1") -> Ruling:
    return Ruling("undo", place, by, reason="wrong_number")


def void(place: Place, release: bool = False, by: str = "wang", second: str = "li") -> Ruling:
    return Ruling("void", place, by, second, reason="fraud", release=release)


def dispute(place: Place, *heard: Selection) -> Ruling:
    return Ruling("dispute", place, "op2", reason="entries_differ", selections=heard)


async def agrees(house: House) -> audit.Recounted:
    """The ledger, read by the recount's own code, gives what was kept."""
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
        again = await judging.judge(house.load(), ledger, lambda _: None)
    assert counted.agrees, (counted.differences, counted.faults)
    assert not again.otherwise
    return counted


# ---- what each ruling does ------------------------------------------------------------------------


async def test_a_vote_that_turns_out_to_be_of_another_caller(house: House) -> None:
    """The first one's cap comes free: found by the simulation's seed 3766."""
    async with house.service() as counting:
        room = Room(house, counting)
        unread = await room.send("", "not_json", Form.UNPARSED)
        await room.rule(count(unread.place, A02, line="+8613812345678"))
        assert (await room.send("13812345678", "A01")).outcome == "repeat"
        await room.rule(dispute(unread.place, A02))
        await room.rule(count(unread.place, A02, line="+8613912345678"))
        assert (await room.send("13912345678", "A01")).outcome == "repeat"
        assert (await room.send("13812345678", "A01")).outcome == "counted"
    await agrees(house)


async def test_what_a_ruling_cannot_count(house: House) -> None:
    """A message with its own line for another, one that came before the vote, one of a barred line."""
    house.edit(house.campaign, "bar_list = []", 'bar_list = ["13712345678"]')
    now_ms = house.clock.ms
    async with house.service() as counting:
        room = Room(house, counting)
        house.clock.ms = room.running.window("sms").opens_ms - 1
        early = await room.send("", "not_json", Form.UNPARSED)
        house.clock.ms = now_ms
        unclear = await room.send("13812345678", "不要A01，要A02")
        barred = await room.send("13712345678", "A01")
        assert await room.refused(count(unclear.place, A02, line="+8613912345678")) == "own_line"
        assert await room.refused(count(early.place, A01)) == "before_opening"
        await room.rule(reject(early.place), count(unclear.place, A02))
        assert (barred.outcome, await room.votes()) == ("barred_caller", {"A02": 1})
        await room.rule(dispute(barred.place, A01))
        assert await room.refused(count(barred.place, A01)) == "barred_line"
        await room.rule(reject(barred.place))
    await agrees(house)


async def test_a_ballot_that_is_too_short_cannot_be_counted(house: House) -> None:
    house.edit(house.campaign, "selections = { min = 1, max = 1 }", "selections = { min = 2, max = 2 }")
    async with house.service() as counting:
        room = Room(house, counting)
        unclear = await room.send("13812345678", "不要A01，要A02")
        assert await room.refused(count(unclear.place, A02)) == "too_few"
        await room.rule(count(unclear.place, A01, A02))
    await agrees(house)


async def test_a_ruling_counts_what_was_unclear(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        unclear = await room.send("13812345678", "不要A01，要A02")
        assert (unclear.outcome, await room.waiting()) == ("unclear", [unclear.place.seq])
        (verdict,) = await room.rule(count(unclear.place, A02))
        assert verdict.outcome == "counted"
        assert verdict.selections == (("window", "A02", "counted"), ("window", "A01", "rejected"))
        assert (await room.votes(), await room.waiting()) == ({"A02": 1}, [])
        repeat = await room.send("13812345678", "A03")
        assert repeat.outcome == "repeat", "a ruled vote uses up the cap like any other"
        assert await room.refused(reject(unclear.place)) == "not_waiting"
    await agrees(house)


async def test_a_ruling_is_held_to_the_caps_too(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        unclear = await room.send("13812345678", "不要A01")
        await room.send("13812345678", "A03")
        (verdict,) = await room.rule(count(unclear.place, A01))
        assert (verdict.outcome, verdict.selections) == ("repeat", (("window", "A01", "over_cap"),))
        assert await room.votes() == {"A03": 1}
    await agrees(house)


async def test_a_rejected_message_keeps_its_outcome_and_waits_no_more(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        unclear = await room.send("13812345678", "不要A01")
        (verdict,) = await room.rule(reject(unclear.place))
        assert (verdict.outcome, verdict.selections) == ("unclear", (("window", "A01", "rejected"),))
        assert await room.waiting() == []
    counted = await agrees(house)
    assert counted.standings["balance"]["waiting"] == 0
    assert counted.endings[("n1", unclear.place.seq)][0] == "unclear"


async def test_messages_without_a_number_are_each_their_own_caller(house: House) -> None:
    """One withheld number cannot be told from another, unless a person can read the number."""
    async with house.service() as counting:
        room = Room(house, counting)
        first, second, third = [await room.send("", word, Form.UNPARSED) for word in ("a", "b", "c")]
        await room.rule(count(first.place, A01, reason="transcribed"))
        await room.rule(count(second.place, A01, reason="transcribed"))
        await room.send("13812345678", "A02")
        line = "+8613812345678"
        (verdict,) = await room.rule(count(third.place, A01, reason="transcribed", line=line))
        assert verdict.selections == (("window", "A01", "over_cap"),)
        assert await room.votes() == {"A01": 2, "A02": 1}
    await agrees(house)


async def test_an_operator_takes_back_an_own_call(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        call = await room.send("13812345678", "A01", by="op1")
        assert await room.refused(undo(call.place, by="op2")) == "not_yours"
        assert await room.refused(undo(call.place, by="op")) == "not_yours", "a name that begins alike"
        (verdict,) = await room.rule(undo(call.place))
        assert (verdict.outcome, verdict.selections) == ("counted", (("window", "A01", "voided"),))
        assert await room.refused(undo(call.place)) == "nothing_to_undo"
        again = await room.send("13812345678", "A02", by="op1")
        assert again.outcome == "counted", "the caps came free"
        house.clock.ms += 2 * MINUTE + 1
        assert await room.refused(undo(again.place)) == "too_late"
        assert await room.votes() == {"A02": 1}
    await agrees(house)


@pytest.mark.parametrize(("release", "then"), [(True, "counted"), (False, "repeat")])
async def test_two_people_void_a_vote(house: House, release: bool, then: str) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        vote = await room.send("13812345678", "A01")
        assert await room.refused(void(vote.place, second="")) == "needs_two"
        assert await room.refused(void(vote.place, second="wang")) == "same_person"
        await room.rule(void(vote.place, release))
        assert await room.votes() == {}
        assert (await room.send("13812345678", "A02")).outcome == then
        assert await room.refused(void(vote.place)) == "nothing_to_void"
    await agrees(house)


async def test_operators_who_heard_different_things(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        calls = [await room.send(f"1381234567{n}", "A01", by="op1") for n in range(3)]
        for call in calls:
            await room.rule(dispute(call.place, A02))
        assert await room.refused(dispute(calls[0].place, A02)) == "already_waiting"
        assert await room.votes() == {"A01": 3}, "they count until a person rules"
        await room.rule(keep(calls[0].place))
        (corrected,) = await room.rule(count(calls[1].place, A02, reason="caller_confirmed"))
        assert corrected.selections == (("window", "A02", "counted"), ("window", "A01", "voided"))
        (gone,) = await room.rule(reject(calls[2].place))
        assert gone.selections == (("window", "A01", "voided"),)
        assert (await room.votes(), await room.waiting()) == ({"A01": 1, "A02": 1}, [])
        outcomes = [(await room.send(f"1381234567{n}", "B03")).outcome for n in range(3)]
        assert outcomes == ["counted"] * 3, "another contest is as free as before"
        assert (await room.send("13812345672", "A03")).outcome == "counted", "and the rejected one's cap"
    await agrees(house)


@pytest.mark.parametrize(
    ("ruling", "word"),
    [
        (lambda place: count(Place(place.log_id, 99), A01), "no_such_message"),
        (lambda place: count(Place(place.log_id, 0), A01), "no_such_message"),
        (lambda place: count(Place(77, place.seq), A01), "no_such_message"),
        (lambda place: count(place), "no_selection"),
        (lambda place: count(place, Selection("window", "Z99")), "no_candidate"),
        (lambda place: count(place, Selection("nowhere", "A01")), "no_candidate"),
        (lambda place: count(place, A01, A02), "too_many"),
        (lambda place: count(place, A01, reason="because"), "no_reason"),
        (lambda place: keep(place)._replace(reason="first_entry_right"), "not_disputed"),
        (lambda place: void(place), "nothing_to_void"),
        (lambda place: undo(place), "not_yours"),
        (lambda place: dispute(place, A01), "already_waiting"),
    ],
)
async def test_what_the_rules_forbid(house: House, ruling: object, word: str) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        unclear = await room.send("13812345678", "不要A01")
        size = counting.recorder.head(CAMPAIGN).size
        assert await room.refused(ruling(unclear.place)) == word  # type: ignore[operator]
        assert counting.recorder.head(CAMPAIGN).size == size, "nothing was recorded"
        assert counting.recorder.healthy


async def test_all_or_none(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        places = [(await room.send(f"1381234567{n}", "不要A01")).place for n in range(4)]
        assert await room.refused(*[reject(place) for place in [*places, places[0]]]) == "twice"
        assert len(await room.waiting()) == 4
        case = await counting.casebook.case(CAMPAIGN, places[0])
        assert case is not None
        assert await counting.casebook.case("another-vote", places[0]) is None, "it is none of theirs"
        alike = await counting.casebook.alike(CAMPAIGN, case)
        assert alike == places
        await room.rule(*[reject(place) for place in alike])
        assert await room.waiting() == []
    await agrees(house)


async def test_two_adjudicators_where_the_campaign_asks(house: House) -> None:
    house.edit(house.campaign, "adjudicators = 1", "adjudicators = 2")
    async with house.service() as counting:
        room = Room(house, counting)
        unclear = await room.send("13812345678", "不要A01")
        assert await room.refused(reject(unclear.place)) == "needs_two"
        assert await room.refused(reject(unclear.place, second="wang")) == "same_person"
        await room.rule(reject(unclear.place, second="li"))
    await agrees(house)


# ---- with the void_all rule -----------------------------------------------------------------------


async def test_an_undo_gives_back_what_the_slip_had_voided(house: House) -> None:
    house.edit(house.campaign, 'over_cap = "first"', 'over_cap = "void_all"')
    async with house.service() as counting:
        room = Room(house, counting)
        first = await room.send("13812345678", "A01")
        slip = await room.send("13812345678", "A02", by="op1")
        assert (slip.outcome, await room.votes()) == ("repeat", {})
        await room.rule(undo(slip.place))
        assert await room.votes() == {"A01": 1}, "the first vote counts again"
        assert await room.refused(void(first.place, by="li", second="li")) == "same_person"
        await room.rule(void(first.place))
        assert await room.votes() == {}
    await agrees(house)


async def test_a_vote_that_a_later_one_voided_is_not_voided_twice(house: House) -> None:
    house.edit(house.campaign, 'over_cap = "first"', 'over_cap = "void_all"')
    async with house.service() as counting:
        room = Room(house, counting)
        first = await room.send("13812345678", "A01 B03")
        await room.send("13812345678", "A02")
        (verdict,) = await room.rule(void(first.place))
        assert verdict.selections == (("window", "A01", "voided"), ("star", "B03", "voided"))
        assert await room.votes() == {}
        unclear = await room.send("13812345678", "不要A02")
        (late,) = await room.rule(count(unclear.place, A02))
        assert late.selections == (("window", "A02", "over_cap"),)
    await agrees(house)


async def test_a_ruling_can_void_what_the_caller_voted_before(house: House) -> None:
    house.edit(house.campaign, 'over_cap = "first"', 'over_cap = "void_all"')
    async with house.service() as counting:
        room = Room(house, counting)
        await room.send("13812345678", "A01")
        unclear = await room.send("13812345678", "不要A01，要A02")
        await room.rule(count(unclear.place, A02))
        assert (await room.votes(), await room.ended()) == ({}, {"voided": 1, "over_cap": 1, "rejected": 1})
    await agrees(house)


# ---- acts about the campaign ----------------------------------------------------------------------


async def test_a_candidate_withdraws(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        await room.send("13812345678", "A01")
        await counting.acts.withdraw(room.running, A01, "wang", "at_own_wish", "told us by letter")
        assert (await room.send("13812345679", "A01")).outcome == "withdrawn"
        assert (await room.send("13812345678", "A02")).outcome == "repeat", "the cap stays used"
        with pytest.raises(Refused, match="already_withdrawn"):
            await counting.acts.withdraw(room.running, A01, "wang", "at_own_wish")
        with pytest.raises(Refused, match="no_reason"):
            await counting.acts.withdraw(room.running, A02, "wang", "because")
    async with house.service() as counting:
        assert A01 in counting.campaigns[CAMPAIGN].withdrawn, "a restart remembers"
    rows = (await agrees(house)).standings["contests"][0]["candidates"]
    (gone,) = [row for row in rows if row["code"] == "A01"]
    assert (gone["votes"], gone["rank"], gone["withdrawn"]) == (1, None, True)


async def test_a_withdrawal_that_gives_votes_back(house: House) -> None:
    house.edit(house.campaign, 'withdrawal = "keep"', 'withdrawal = "release"')
    async with house.service() as counting:
        room = Room(house, counting)
        vote = await room.send("13812345678", "A01 B03")
        await counting.acts.withdraw(room.running, A01, "wang", "disqualified")
        assert (await room.send("13812345678", "A02")).selections == (("window", "A02", "counted"),)
        assert await room.votes() == {"A01": 1, "A02": 1, "B03": 1}, (
            "what counted for the candidate stays shown"
        )
        await room.rule(void(vote.place, release=True))
        assert await room.votes() == {"A02": 1}
    await agrees(house)


async def test_a_line_is_barred_and_may_vote_again(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        await counting.acts.bar(room.running, "138 1234 5678", "wang", "bulk_sender")
        assert (await room.send("13812345678", "A01")).outcome == "barred_caller"
        for number, word in (("13812345678", "already_barred"), ("12", "not_a_line")):
            with pytest.raises(Refused, match=word):
                await counting.acts.bar(room.running, number, "wang", "fraud")
    async with house.service() as counting:
        room = Room(house, counting, sent=10)
        assert (await room.send("13812345678", "A01")).outcome == "barred_caller", "a restart remembers"
        await counting.acts.unbar(room.running, "13812345678", "wang", "barred_by_mistake")
        assert (await room.send("13812345678", "A01")).outcome == "counted"
    await agrees(house)
    kept = [sealed for (sealed,) in house.sql("SELECT sealed FROM entries WHERE sealed IS NOT NULL")]
    assert kept
    assert not any(b"13812345678" in sealed for sealed in kept), "the barred line is sealed"


async def test_a_message_that_waited_while_its_line_was_barred_is_judged_by_the_new_rules(
    house: House,
) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        early = journey.prepare(room.source, Inbound("m", "13812345678", "A01"), house.clock.ms)
        await counting.acts.bar(room.running, "13812345678", "wang", "fraud")
        (verdict,) = await counting.recorder.submit(room.running, [early])
        assert verdict.outcome == "barred_caller"
    await agrees(house)


async def test_two_people_move_the_close(house: House) -> None:
    later = CLOSES_MS + 3_600_000
    async with house.service() as counting:
        room, chair = Room(house, counting), counting.acts
        for by, second, at, word in [
            ("wang", "", later, "needs_two"),
            ("wang", "wang", later, "same_person"),
            ("wang", "li", CLOSES_MS, "nothing_changes"),
            ("wang", "li", house.clock.ms, "too_late"),
        ]:
            with pytest.raises(Refused, match=word):
                await chair.reschedule(room.running, {"sms": at}, by, second, "network_failure")
        await chair.reschedule(room.running, {"sms": later}, "wang", "li", "network_failure")
        house.clock.ms = CLOSES_MS
        assert (await room.send("13812345678", "A01")).outcome == "counted"
    async with house.service() as counting:
        room = Room(house, counting, sent=10)
        house.clock.ms = later
        assert (await room.send("13812345679", "A01")).outcome == "late"
        with pytest.raises(Refused, match="too_late"):
            await counting.acts.reschedule(
                room.running, {"sms": later + MINUTE}, "wang", "li", "network_failure"
            )
        house.clock.ms = max(SETTLED_MS, later + 15 * MINUTE) + 1
        await counting.schedule.tick()
        with pytest.raises(Refused, match="not_open"):
            await counting.acts.reschedule(room.running, {"sms": later * 2}, "wang", "li", "network_failure")
    await agrees(house)


async def test_a_number_is_shown_once_the_ledger_has_why(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        vote = await room.send("13812345678", "A01")
        size = counting.recorder.head(CAMPAIGN).size
        number = await counting.acts.reveal(room.running, vote.place, "wang", "complaint", "case 7")
        assert (number, counting.recorder.head(CAMPAIGN).size) == ("+8613812345678", size + 1)
        with pytest.raises(Refused, match="no_such_message"):
            await counting.acts.reveal(room.running, Place(vote.place.log_id, 0), "wang", "complaint")
    await agrees(house)


async def test_what_the_casebook_shows(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        unclear = await room.send("13812345678", "不要A01")
        await room.send("13812345678", "A02")
        await room.rule(reject(unclear.place))
        earlier = await counting.casebook.earlier(room.running, "+8613812345678")
        assert [(one.channel, one.outcome) for one in earlier] == [("sms", "unclear"), ("sms", "counted")]
        case = await counting.casebook.case(CAMPAIGN, unclear.place)
        assert case is not None
        assert [(act.leaf.kind, act.leaf.detail["by"]) for act in case.acts] == [("adjudicate", "wang")]
        assert case.opening is not None
        assert (case.opening.text, case.state) == ("不要A01", "ruled")
        assert await counting.casebook.waiting(CAMPAIGN, 10, START) == []


# ---- whatever people do ---------------------------------------------------------------------------


async def _something(room: Room, rng: random.Random, sent: Sequence[Verdict]) -> Verdict | None:
    """One random step: a message, or a ruling that may be refused."""
    if rng.random() < 0.5 or not sent:
        text = rng.choice(["A01", "A02", "B03", "A01 B03", "不要A01", "A02 B04", "A99", "不要A01 要B03"])
        return await room.send(f"1381234567{rng.randrange(4)}", text, by=rng.choice(["", "op1", "op2"]))
    place = rng.choice(sent).place
    ruling = rng.choice(
        [
            count(place, rng.choice([A01, A02, B03])),
            count(place, A01, B03),
            reject(place),
            keep(place),
            undo(place),
            void(place, release=rng.random() < 0.5),
            dispute(place, A02),
        ]
    )
    try:
        await room.rule(ruling)
    except Refused:
        return None
    return None


@pytest.mark.parametrize(
    "seed", [*range(8), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(8, 340))]
)
@pytest.mark.parametrize(
    "rules",
    [
        'over_cap = "first"',
        'over_cap = "void_all"',
        'over_cap = "void_all"  # released',
        'over_cap = "first"  # released, open',
    ],
    ids=["first", "void_all", "released", "open"],
)
async def test_the_recount_agrees_after_anything(house: House, rules: str, seed: int) -> None:
    """Random acts and messages (promise C7): the recount from the ledger gives the kept numbers."""
    rng = random.Random(seed)
    house.edit(house.campaign, 'over_cap = "first"', rules)
    if "released" in rules:
        house.edit(house.campaign, 'withdrawal = "keep"', 'withdrawal = "release"')
    if "open" in rules:
        house.edit(house.campaign, 'withdrawal = "release"', 'withdrawal = "release"\nballots = "open"')
    async with house.service() as counting:
        room, sent = Room(house, counting), list[Verdict]()
        for step in range(60):
            house.clock.ms += rng.randrange(40_000)
            verdict = await _something(room, rng, sent)
            if verdict is not None and not verdict.redelivered:
                sent.append(verdict)
            if step == 40:
                await counting.acts.withdraw(room.running, A01, "wang", "at_own_wish")
        totals = await counting.store.totals(CAMPAIGN)
        assert min(totals.values()) >= 0
        await room.waiting()
    await agrees(house)


def test_every_kind_of_ruling_has_its_reasons() -> None:
    assert {"count", "reject", "keep"} | acts.REVISIONS - {"adjudicate"} <= set(acts.REASONS)
    assert all(acts.REASONS.values())
    assert TotalKey("waiting", "sms", "", "", "unclear").subject == "waiting"


# ---- the recount does not take the judge's word ---------------------------------------------------


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda call, _: void(call, second=""), "needs two people"),
        (lambda call, _: void(call, second="wang"), "needs two people"),
        (lambda call, _: count(call, A02), "rules on a message that does not wait"),
        (lambda call, _: undo(call, by="op2"), "takes back another operator's call"),
        (lambda call, _: undo(call), "comes too late"),
        (lambda _, unclear: count(unclear, Selection("window", "A99")), "no candidate A99 in contest window"),
    ],
)
async def test_the_recount_finds_a_ruling_that_was_not_allowed(
    house: House, monkeypatch: pytest.MonkeyPatch, make: Callable[[Place, Place], Ruling], fault: str
) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        call = await room.send("13812345678", "A01", by="op1")
        unclear = await room.send("13812345679", "不要A01")
        house.clock.ms += 3 * MINUTE
        monkeypatch.setattr(revise, "objection", lambda *_: "")
        ruling = make(call.place, unclear.place)
        await room.rule(ruling)
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
    assert [one for one in counted.faults if one.endswith(fault)], counted.faults


async def test_a_private_part_that_was_changed_is_found(house: House) -> None:
    async with house.service() as counting:
        room = Room(house, counting)
        unclear = await room.send("13812345679", "不要A01")
        (ruled,) = await room.rule(reject(unclear.place))
    ((sealed,),) = house.sql("SELECT sealed FROM entries WHERE seq = ?", ruled.place.seq)
    house.sql(
        "UPDATE entries SET sealed = ? WHERE seq = ?", sealed[:-1] + bytes([sealed[-1] ^ 1]), ruled.place.seq
    )
    async with audit.open_ledger(house.load(), CAMPAIGN) as ledger:
        with pytest.raises(Tampered, match=f"entry {ruled.place.seq}"):
            await audit.verify(ledger, lambda _: None)
