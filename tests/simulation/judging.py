"""Afterwards: the ledger, the totals and what was acknowledged, against the oracle."""

import hashlib
from collections import Counter
from typing import Any, NamedTuple

from gateway.checking import audit, judging
from gateway.ledger import publisher
from tally import merkle, note
from tally.entry import Opening
from tally.verify import Checked
from tests.simulation.campaigns import CAMPAIGN
from tests.simulation.oracle import Message, Oracle
from tests.simulation.world import Asked, Mail, World


class Result(NamedTuple):
    """What a run came to. `trace` is the same for the same seed: every entry, and all that anybody heard.
    `told` says whether its ballots were open."""

    trace: str
    told: bool
    met: Counter[str]
    messages: int
    acts: int


async def compare(world: World) -> Result:
    """Raises `Diverged` if anything is not as it should be."""
    async with audit.open_ledger(world.loaded, CAMPAIGN) as ledger:
        counted = await audit.recount(ledger, lambda _: None)
        if not counted.agrees:
            world.fail(f"the recount differs: {counted.differences} {counted.faults}")
        otherwise = (await judging.judge(world.loaded, ledger, lambda _: None)).otherwise
        # A clock that is set back behind what was recorded, and then people close: it looks like counting on.
        if any(one.by_the_rules != "late" or not world.faults.met["clock_jump"] for one in otherwise):
            world.fail(f"judged again, it is otherwise: {otherwise}")
        chunks = [chunk async for chunk in ledger.walk(lambda _: None)]
        hashes = [row.leaf_hash for chunk in chunks for row in chunk.rows]
        totals = {tuple(key): n for key, n in (await ledger.reader.totals(CAMPAIGN)).items() if n}
        _check_signed(world, publisher.signer(ledger.running, "n1").verifier, hashes)
    judge = _Judge(world, [entry for chunk in chunks for entry in chunk.entries])
    judge.walk()
    judge.all_there()
    judge.totals({key: n for key, n in totals.items() if key[0] != "act"})
    trace = hashlib.sha256(b"".join(hashes) + "\n".join(world.heard).encode()).hexdigest()
    return Result(
        trace, world.drawn.rules.told, world.faults.met, len(judge.there), sum(judge.marks.values())
    )


def _check_signed(world: World, verifier: Any, hashes: list[bytes]) -> None:
    """Everything that was ever signed is a beginning of this ledger."""
    for text in sorted(world.checkpoints):
        signed = note.read_checkpoint(note.open_note(text, [verifier]))
        _, frontier = merkle.extend(0, (), hashes[: signed.size])
        if signed.size > len(hashes) or merkle.root(frontier) != signed.root:
            world.fail(f"a checkpoint of {signed.size} was signed that this ledger does not go on from")


class _Judge:
    """`there` are the messages by entry, `marks` how often each act that was asked for is there."""

    def __init__(self, world: World, entries: list[Checked]) -> None:
        self.world, self.entries = world, entries
        self.oracle = Oracle(world.drawn.rules, self._cut())
        self.cut_ms = self._cut_ms()
        self.there: dict[int, Message] = {}
        self.marks: Counter[str] = Counter()

    def _cut(self) -> int | None:
        """When people closed early: the entry says it, unless it was in a grace."""
        closes = {channel: window.closes for channel, window in self.world.drawn.rules.windows.items()}
        for one in self.entries:
            detail = one.leaf.detail
            if one.leaf.kind == "schedule":
                closes = detail["closes_ms"]
            elif one.leaf.kind == "close" and detail["early"]:
                told = int(detail["closes_ms"])
                return told if told < max(closes.values()) else one.leaf.at_ms
        return None

    def _cut_ms(self) -> int | None:
        """When that really was: then somebody was asking for it. Our clock may have been wrong."""
        cut, asked = self.oracle.cut, [one for one in self.world.asked.values() if one.kind == "close"]
        times = sorted(0 if cut is None else cut - skew for skew in self.world.skews)
        return next((at for at in times if any(one.asked_ms <= at <= one.answered_ms for one in asked)), None)

    def walk(self) -> None:
        """Every entry, in order."""
        for one in self.entries:
            note_of = one.private.get("note", "")
            if one.opening is not None:
                self._message(one, one.opening)
            elif note_of in self.world.asked:
                self.marks[note_of] += 1
                self._act(one, self.world.asked[note_of])
            elif one.leaf.kind == "dispute":  # by the desk, where two heard different things
                self._ruled(one, "dispute", {})
            elif one.leaf.kind == "close":
                self.oracle.act("close", {})
            elif one.leaf.kind not in ("config", "open"):
                self.world.fail(f"entry {one.seq}: nobody asked for {one.leaf.kind}")

    def _message(self, one: Checked, opening: Opening) -> None:
        mail = self._sent(one, opening)
        message = mail.message
        if any(message is other for other in self.there.values()):
            self.world.fail(f"entry {one.seq}: {message.source} {message.id} is there twice")
        self.there[one.seq] = message
        times = [opening.received_ms - skew for skew in self.world.skews]
        times = [at for at in times if any(first <= at <= last for first, last in mail.tried)]
        if not times:
            self.world.fail(f"entry {one.seq}: received at {opening.received_ms}, and tried {mail.tried}")
        self.oracle.cutting = self.cut_ms is not None and min(times) >= self.cut_ms
        message.received = opening.received_ms
        if message.source == "desk" and message.sent is not None:
            message.sent += message.received  # its form tells how long ago
        self.oracle.message(message)
        told = [tuple(selection) for selection in opening.selections]
        if (message.outcome, message.ended, message.line) != (opening.outcome, told, opening.line):
            self.world.fail(f"entry {one.seq}: {opening}\nshould be {message}")
        self._told(one, message)

    def _sent(self, one: Checked, opening: Opening) -> Mail:
        """The message that was sent, by what the ledger calls it. Where there is no id, by what it says."""
        found = self.world.mails.get((opening.source, opening.message_id))
        if opening.source == "tencent":
            number = opening.line.removeprefix("+86")
            found = self.world.mails.get(("tencent", f"{number}|{opening.text}|{opening.sent_ms}"))
        if found is None:
            self.world.fail(f"entry {one.seq}: nobody sent {opening.source} {opening.message_id}")
        assert found is not None
        return found

    def _act(self, one: Checked, asked: Asked) -> None:
        ruling = asked.kind in ("count", "reject", "keep")
        if one.leaf.kind != ("adjudicate" if ruling else asked.kind) or asked.answer == "refused":
            self.world.fail(f"entry {one.seq}: {one.leaf.kind}, and {asked} was asked for")
        if "place" not in asked.told and asked.kind != "undo":
            self.oracle.act(asked.kind, asked.told)
            return
        named = one.leaf.detail["entry"]
        if asked.kind == "undo":
            right = self.there[named].id == asked.told["form"]
        else:
            right = named == asked.told["place"].seq
        if not right:
            self.world.fail(f"entry {one.seq}: is about {named}, and {asked} was asked for")
        self._ruled(one, asked.kind, asked.told)

    def _ruled(self, one: Checked, kind: str, told: dict[str, Any]) -> None:
        message, now = self.there[one.leaf.detail["entry"]], one.private["now"]
        keep = kind == "void" and not told["release"]
        self.oracle.rule(message, kind, told.get("chosen", ()), told.get("line", ""), keep=keep)
        came_to = (now["outcome"], [tuple(selection) for selection in now["selections"]])
        if (message.outcome, message.ended) != came_to:
            self.world.fail(f"entry {one.seq}: {kind} {told} came to {came_to}\nshould be {message}")
        self._told(one, message)

    def _told(self, one: Checked, message: Message) -> None:
        """Where ballots are open the entry tells everybody what the message has chosen; else nothing."""
        should = tuple(message.now()) if self.oracle.rules.told else None
        if one.leaf.selections != should:
            self.world.fail(f"entry {one.seq}: tells {one.leaf.selections}, and should tell {should}")

    def all_there(self) -> None:
        """What was acknowledged is there, and once; what was refused is not."""
        seen = {(message.source, message.id) for message in self.there.values()}
        for key, mail in self.world.mails.items():
            if mail.acknowledged and key not in seen:
                self.world.fail(f"{key} was acknowledged, and is not there")
        for mark, asked in self.world.asked.items():
            if self.marks[mark] > 1 or (asked.answer == "done" and not self.marks[mark]):
                self.world.fail(f"{asked} is there {self.marks[mark]} times")

    def totals(self, kept: dict[tuple[str, ...], int]) -> None:
        """The totals that are kept, against the oracle's messages as they stand now; and the balance."""
        should: Counter[tuple[str, ...]] = Counter()
        for message in self.there.values():
            channel, _ = self.world.drawn.rules.sources[message.source]
            should["received", channel, "", "", ""] += 1
            should["message", channel, "", "", message.outcome] += 1
            should["waiting", channel, "", "", message.outcome] += message.waits
            for contest, code, end in message.now():
                should["made", channel, "", "", ""] += 1
                should["selection", channel, contest, code, end] += 1
        wrong = {
            key: (kept.get(key, 0), should[key])
            for key in {*kept, *should}
            if kept.get(key, 0) != should[key]
        }
        if wrong:
            self.world.fail(f"totals, as kept and as they should be: {wrong}")
        for channel in ("sms", "hotline"):
            sums = Counter[str]()
            for (subject, where, *_), n in kept.items():
                sums[subject] += n if where == channel else 0
            if sums["received"] != sums["message"] or sums["made"] != sums["selection"]:
                self.world.fail(f"{channel} does not balance: {sums}")
