"""Every message judged again by the rules: whether what the ledger says of it is what they give.

A recount takes outcomes as they are recorded: a vote that was left out, or put down for another candidate, by
a gateway that was not what it should have been, passes it. Here each message is read once more as it came,
and judged by the campaign file and the sources' settings on what its caller had used and what acts had
changed by then; rulings are made once more, too. What comes after goes on from what is recorded, so that one
message that is wrong makes no other so.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Literal, NamedTuple, TypeVar, cast

from config.load import Loaded
from dedup.keys import VoterKey
from gateway.checking.audit import Checkable, OnRows
from gateway.checking.rulebook import Rulebook
from gateway.checking.used import SOMEWHERE, Used, Voted
from gateway.checking.walking import Chunk
from gateway.intake import decide, revise
from gateway.intake.journey import Prepared
from gateway.intake.revise import Case, Docket, Refused, Ruling
from gateway.storage.store import Head, Place
from tally import entry, order, rulings, seal, verify
from tally.acts import REVISIONS
from tally.entry import Leaf, Opening, Selected
from tally.holdings import Where
from tally.outcome import Selection
from tally.seal import Sealer
from tally.verify import Checked

T = TypeVar("T")

#: What a ruling that is made once more is sealed with: nobody keeps it.
_SEALER: Final = Sealer(bytes(range(seal.KEY_BYTES)), "judged/again")
_BLINDING: Final = bytes(entry.BLINDING_BYTES)
#: So much the clocks of nodes may be apart when people close early.
_APART_MS: Final = 1_000
#: In so many ways the messages of one caller are put in order, at most.
_WAYS: Final = 10_000


class Ended(NamedTuple):
    """What the rules say of a message: the fields are an opening's."""

    outcome: str
    selections: Selected
    voids: tuple[str, ...]
    voter: str
    channel: str
    day: str
    decided_by: str

    def words(self) -> list[str]:
        """How it ended, in words of the ledger. No caller is named."""
        return [self.outcome, *_listed(self.selections), *(f"voids {contest}" for contest in self.voids)]


@dataclass(frozen=True, slots=True)
class Otherwise:
    """An entry that the rules end in another way than is recorded, both in words of the ledger."""

    node: str
    seq: int
    recorded: str
    by_the_rules: str


@dataclass(slots=True)
class Judged:
    """What was found. So many `messages` and `rulings` were judged again; `erased` could not be: what they
    said is gone. `unknown` are sources that the settings do not name: their messages were judged with the
    campaign's own numbering, by the clock that is recorded with each."""

    messages: int = 0
    rulings: int = 0
    erased: int = 0
    unknown: set[str] = field(default_factory=set)
    otherwise: list[Otherwise] = field(default_factory=list)


async def judge(loaded: Loaded, ledger: Checkable, on_rows: OnRows) -> Judged:
    """Judge every message and ruling of a ledger again.

    Raises `Tampered` at the first bad entry, `Unsafe` if the campaign was opened with other rules, `Problems`
    if the settings of a source are wrong.
    """
    await ledger.follow()
    running = ledger.running
    targets = await ledger.reader.targets(running.id)

    async def walked(of: Collection[VoterKey] | None = None) -> Judging:
        judging = Judging(loaded, running.id, ledger.heads, targets, running.closed_ms, of)
        async with aclosing(ledger.walk(on_rows)) as chunks:
            async for chunk in chunks:
                judging.see(chunk)
        return judging

    first = await walked()
    judged = first.finish()
    if first.doubtful:
        judged.otherwise += (await walked(first.doubtful)).finish().otherwise
    judged.otherwise.sort(key=lambda one: (one.node, one.seq))
    return judged


class _Turn(NamedTuple):
    """A message to be put in order among those of its caller: as it is recorded, and to be judged again."""

    node: str
    checked: Checked
    opening: Opening
    item: Prepared


class Judging:
    """Feed it every chunk of a walk with `see`, then `finish`.

    Messages of several logs have no order among themselves, but acts between them. So where those of one
    caller give something else in the order of the walk, the caller is `doubtful`: walk again with `of` these
    callers, and it is asked whether there is an order in which the rules give what is recorded.
    """

    def __init__(
        self,
        loaded: Loaded,
        campaign: str,
        heads: Sequence[Head],
        targets: Collection[Where],
        cut_ms: int | None,
        of: Collection[VoterKey] | None = None,
    ) -> None:
        """`targets` are the messages that acts are about; `cut_ms` is when people closed early, if they did.

        Raises `Problems` if the settings of a source are wrong.
        """
        self._judged, self.doubtful = Judged(), set[VoterKey]()
        self._heads, self._targets, self._of = {head.node: head for head in heads}, frozenset(targets), of
        self._rules = Rulebook(loaded, campaign, cut_ms, _APART_MS if len(heads) > 1 else 0)
        self._used = Used(self._rules.running.caps)
        self._cases: dict[Where, Case] = {}
        self._unordered = defaultdict[VoterKey, list[_Turn]](list)
        self._past_cut = defaultdict[str, list[Otherwise]](list)

    def finish(self) -> Judged:
        """What was found, when every entry was seen."""
        self._put_in_order()
        self._tell_past_cut()
        return self._judged

    def see(self, chunk: Chunk) -> None:
        """Judge the next entries. Raises `Unsafe` if the campaign was opened with other rules."""
        for checked in chunk.entries:
            if not self._rules.is_past_cut(checked.leaf.at_ms) and checked.leaf.kind != "close":
                self._past_cut[chunk.node].clear()  # the clock was set back since
            if checked.leaf.is_message:
                self._message(chunk.node, checked)
            else:
                self._put_in_order()
                self._act(checked)

    # ---- messages -------------------------------------------------------------------------------------

    def _message(self, node: str, checked: Checked) -> None:
        opening = checked.opening
        if opening is None:
            self._judged.erased += 1
            return
        voter, brought_in = _voter(opening.voter), self._rules.is_brought_in(opening)
        if self._of is not None and voter not in self._of:
            return
        self._judged.messages += 1
        if opening.source not in self._rules.sources:
            self._judged.unknown.add(opening.source)
        recorded, items = _recorded(opening), self._rules.prepared(opening, brought_in=brought_in)
        judged = [item for item in items if item.ended is None]
        if self._of is None:
            self._compare(node, checked.seq, recorded, items)
        elif judged and not any(item.ended and recorded == _due(item, self._used) for item in items):
            self._unordered[voter].append(_Turn(node, checked, opening, judged[0]))
            return
        self._record(node, checked, opening)

    def _compare(self, node: str, seq: int, recorded: Ended, items: Sequence[Prepared]) -> None:
        """Whether the rules give what is recorded; if not, it is so, or depends on an order that the walk
        cannot know."""
        due = [_due(item, self._used) for item in items]
        if recorded in due:
            if recorded != due[-1] and self._rules.is_past_cut(items[0].received_ms):
                self._past_cut[node].append(Otherwise(node, seq, *_apart(recorded, due[-1])))
            return
        is_judged = any(item.ended is None for item in items)
        if len(self._heads) > 1 and is_judged and recorded[3:] == due[0][3:]:
            self.doubtful.add(_voter(recorded.voter))
        else:
            self._tell(node, seq, recorded, due[0])

    def _tell_past_cut(self) -> None:
        """What counts though it came after people had closed, and was recorded before that was."""
        for found in self._past_cut.values():
            self._judged.otherwise += found
        self._past_cut.clear()

    def _tell(self, node: str, seq: int, recorded: Ended, due: Ended) -> None:
        self._judged.otherwise.append(Otherwise(node, seq, *_apart(recorded, due)))

    def _record(self, node: str, checked: Checked, opening: Opening) -> None:
        """From now on it stands as it is recorded."""
        place, where = SOMEWHERE, (node, checked.seq)
        if where in self._targets:
            place = Place(self._heads[node].log_id, checked.seq)
            waits = opening.outcome in self._rules.running.pending
            self._cases[where] = revise.case_of(place, node, checked, "waiting" if waits else "")
        self._used.take(_voter(opening.voter), self._cast(opening), place)

    def _cast(self, opening: Opening) -> Voted:
        return self._voted(opening, opening.selections, opening.voids)

    def _voted(self, opening: Opening, selections: Selected, voids: Sequence[str]) -> Voted:
        there = self._rules.running.caps.contests
        counted = [Selection(contest, code) for contest, code, ended in selections if ended == "counted"]
        known = tuple([one for one in counted if one.contest in there])
        return Voted(known, tuple([one for one in voids if one in there]), opening.channel, opening.day)

    # ---- messages of several logs ---------------------------------------------------------------------

    def _put_in_order(self) -> None:
        """Between two acts: whether the messages of each caller can have followed each other in some way."""
        for voter, turns in self._unordered.items():
            logs = [[turn for turn in turns if turn.node == node] for node in self._heads]
            if not has_order(logs, partial(self._fits, voter)):
                self._blame(voter, turns)
            for turn in turns:
                self._record(turn.node, turn.checked, turn.opening)
        self._unordered.clear()

    def _fits(self, voter: VoterKey, taken: Iterable[_Turn], turn: _Turn) -> bool:
        """Whether the rules give what is recorded of a message, once those were taken."""
        used = self._used.of(voter)
        for _, _, opening, _ in taken:
            used.take(voter, self._cast(opening))
        return _due(turn.item, used) == _recorded(turn.opening)

    def _blame(self, voter: VoterKey, turns: Sequence[_Turn]) -> None:
        """There is no such way: those that are otherwise in the order of the walk are told."""
        used = self._used.of(voter)
        for node, checked, opening, item in turns:
            recorded, due = _recorded(opening), _due(item, used)
            if recorded != due:
                self._tell(node, checked.seq, recorded, due)
            used.take(voter, self._cast(opening))

    # ---- acts -----------------------------------------------------------------------------------------

    def _act(self, act: Checked) -> None:
        leaf = act.leaf
        if leaf.kind in REVISIONS:
            self._ruling(act)
            return
        if leaf.kind == "close":
            self._tell_past_cut()
        self._rules.follow(act)
        if leaf.kind == "withdraw" and leaf.detail["release"]:
            self._used.release(Selection(leaf.detail["contest"], leaf.detail["candidate"]))

    def _ruling(self, act: Checked) -> None:
        leaf, private = act.leaf, act.private
        where = leaf.detail["node"], leaf.detail["entry"]
        case = self._cases.get(where)
        if case is None or case.opening is None or not private:
            self._judged.erased += self._of is None
            return
        if self._of is None:
            self._judged.rulings += 1
            if not any(self._gives(case, ruling, act) for ruling in _asked(act, case)):
                self._judged.otherwise.append(Otherwise(act.node, act.seq, _made(act), "no such ruling"))
        if rulings.changes(leaf):
            mute = leaf.kind == "void" and not leaf.detail["release"]
            self._used.take_back(case.place, mute=mute)
        if leaf.detail.get("verdict") == "count":
            _, selections = rulings.ending(private["now"])
            voted = self._voted(case.opening, selections, private["now"]["voids"])
            self._used.take(_voter(private["voter"]), voted, case.place)
        state: Literal["disputed", "ruled"] = "disputed" if leaf.kind == "dispute" else "ruled"
        self._cases[where] = replace(case.after(act), state=state)

    def _gives(self, case: Case, ruling: Ruling, act: Checked) -> bool:
        """Whether such a ruling on a message, made once more, is this act."""
        running = self._rules.running
        voters = [revise.voter_of(running, case, line) for line in ("", ruling.line)]
        held = self._used.held(dict.fromkeys(voters))
        head = replace(self._heads[act.node], size=0, frontier=(), others={})
        docket = Docket(running, head, _SEALER, held, act.leaf.at_ms, lambda: _BLINDING)
        try:
            docket.rule(case, ruling)
        except Refused:
            return False
        made = verify.open_row(docket.decided.batch.entries[0], _SEALER)
        return (_said(made.leaf), made.private) == (_said(act.leaf), act.private)


def _asked(act: Checked, case: Case) -> Iterator[Ruling]:
    """What can have been ruled that such an act was made of it: how many of its selections were chosen, and
    how many the message had, is not told."""
    detail, private = act.leaf.detail, act.private
    ruling = Ruling(
        kind=cast("Any", act.leaf.kind),
        target=case.place,
        by=detail["by"],
        second=detail.get("second", ""),
        reason=detail["reason"],
        note=private["note"],
        verdict=detail.get("verdict", ""),
        release=detail.get("release", False),
        line=private["line"],
    )
    if act.leaf.kind == "dispute":
        yield ruling._replace(selections=tuple([Selection(*one) for one in private["heard"]]))
    elif ruling.verdict == "count":
        chosen = [Selection(contest, code) for contest, code, _ in private["now"]["selections"]]
        for some in range(1, len(chosen) + 1):
            yield ruling._replace(selections=tuple(chosen[:some]))
    else:
        yield ruling


def _said(leaf: Leaf) -> dict[str, Any]:
    """What people decided, without what depends on chance, or on other logs."""
    return {key: told for key, told in leaf.detail.items() if key not in (order.SEEN, "commit")}


def _made(act: Checked) -> str:
    """A ruling in words of the ledger."""
    verdict, (outcome, selections) = act.leaf.detail.get("verdict", ""), rulings.ending(act.private["now"])
    return ", ".join([f"{act.leaf.kind} {verdict}".strip(), outcome, *_listed(selections)])


def _listed(selections: Selected) -> list[str]:
    return [f"{contest}/{code} {ended}" for contest, code, ended in selections]


def has_order(logs: Sequence[Sequence[T]], fits: Callable[[list[T], T], bool]) -> bool:
    """Whether things of several logs, in order in each, can be put in one row such that each fits what was
    taken before it: `fits` is given these, in any order. False, too, where it takes too long to find out."""
    start, end = tuple(0 for _ in logs), tuple(map(len, logs))
    found, ways = {start}, [start]
    while ways and len(found) < _WAYS:
        at = ways.pop()
        if at == end:
            return True
        taken = [one for log, upto in zip(logs, at, strict=True) for one in log[:upto]]
        for log, upto in enumerate(at):
            after = (*at[:log], upto + 1, *at[log + 1 :])
            if upto < end[log] and after not in found and fits(taken, logs[log][upto]):
                found.add(after)
                ways.append(after)
    return False


def _apart(recorded: Ended, due: Ended) -> tuple[str, str]:
    """Both in words, with all in which they differ."""
    told = recorded.words(), due.words()
    for name, what in (("channel", "by {}"), ("day", "on {}"), ("decided_by", "by the time of {}")):
        one, other = getattr(recorded, name), getattr(due, name)
        if one != other:
            told[0].append(what.format(one))
            told[1].append(what.format(other))
    if recorded.voter != due.voter:
        told[0].append("of one caller")
        told[1].append("of another")
    return ", ".join(told[0]), ", ".join(told[1])


def _voter(named: str) -> VoterKey:
    return VoterKey(bytes.fromhex(named))


def _recorded(opening: Opening) -> Ended:
    return Ended._make(getattr(opening, name) for name in Ended._fields)


def _due(item: Prepared, used: Used) -> Ended:
    """How the rules end a message whose caller has used so much."""
    voter = item.heard.voter
    outcome, selections, voids, _ = decide.settle(Counter(), item, {voter: used.history(voter)})
    return Ended(
        outcome,
        selections,
        voids,
        voter.hex(),
        item.source.channel,
        item.day,
        item.placement.decided_by,
    )
