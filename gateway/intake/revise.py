"""Acts and rulings, judged: what a person's decision makes of a message, of its votes, of its caller's caps.

A ruling never changes an entry. It is an entry of its own that gives the message a new ending: what was
counted is counted no more, or what waited is. Pure, as `decide.py` is; the same judge holds the caps.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple, cast

from dedup import keys
from dedup.caps import Claim
from dedup.judge import VOID, History
from dedup.keys import VoterKey
from gateway.intake.decide import Decided, Verdict, Vote, cast_vote, finish
from gateway.intake.running import Ballot, Running
from gateway.storage.store import (
    ActRow,
    Batch,
    CaseRow,
    CaseState,
    ClaimRow,
    Earlier,
    Erasure,
    Filed,
    Head,
    HeldClaim,
    Place,
    Yielded,
)
from tally import acts, count, entry, merkle, order, rulings, verify
from tally.certification import GATES
from tally.count import TotalKey
from tally.entry import Opening, Selected
from tally.outcome import Channel, MessageOutcome, Selection
from tally.seal import Sealer
from tally.verify import Checked, Stored

#: How long an operator may take back an own call. Later the committee does.
UNDO_MS: Final = 120_000


class Refused(RuntimeError):
    """A ruling that the rules do not allow; `word` says why, `REFUSALS` lists them all."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


#: Why a ruling, or an act, is refused.
REFUSALS: Final = (
    "no_such_message", "erased", "twice", "no_reason", "not_waiting", "not_disputed", "already_waiting",
    "needs_two", "same_person", "no_selection", "no_candidate", "too_many", "too_few", "not_yours",
    "too_late", "nothing_to_undo", "nothing_to_void", "own_line", "barred_line", "before_opening",
    "already_withdrawn", "already_barred", "not_barred",
    "not_a_line", "not_open", "nothing_changes", "changed", "certified", "not_now", "no_such_objection",
    "no_subject", "no_answer", "bad_day", "day_gone", "day_to_come", "wrong_notice",
    "not_judged", "not_open_yet", "submitted", "panel_full", "unfinished", "not_closed", "no_tie",
    "not_the_tied", "not_reviewed", "unexplained", "nothing_missing",
    "already_waived", "already_proposed",
    *(f"gate_{gate}" for gate in dict.fromkeys(one for gates in GATES.values() for one in gates)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person, or the schedule, did: it becomes an entry of its own.

    `detail` is public as it stands, `private` is sealed. `released` are the candidates whose voters get
    their votes back, `erased` is what it destroys. `size` is how long the log must be, where the act was
    worked out from all there was.
    """

    running: Running
    kind: acts.Kind
    at_ms: int
    detail: Mapping[str, Any]
    private: Mapping[str, Any] = field(default_factory=dict)
    released: tuple[Selection, ...] = ()
    erased: Erasure | None = None
    size: int | None = None


class Ruling(NamedTuple):
    """What a person decides about one message.

    - `adjudicate`: a message that waits: `verdict` "count" (as `selections`), "reject", or, where two
      operators heard different things, "keep". `line` is the caller's number (E.164) if the message has
      none of its own, and the person could read it.
    - `undo`: an operator takes back an own call, within two minutes. Its caps come free.
    - `void`: two people remove counted votes. `release` says whether the caps come free.
    - `dispute`: a second operator heard `selections`; the message waits for a person.

    `reason` is a word of `acts.REASONS` and public; `note` is sealed. `by` and `second` are account names.
    """

    kind: Literal["adjudicate", "undo", "void", "dispute"]
    target: Place
    by: str
    second: str = ""
    reason: str = ""
    note: str = ""
    verdict: Literal["", "count", "reject", "keep"] = ""
    selections: tuple[Selection, ...] = ()
    release: bool = False
    line: str = ""

    @property
    def changes(self) -> bool:
        """Whether what the message had come to is taken back before anything else."""
        return self.kind != "dispute" and self.verdict != "keep"


@dataclass(frozen=True, slots=True)
class Case:
    """A message as it stands now, with every act about it. `opening` is None if it was erased.

    `voids` are the contests in which it voided its caller's earlier votes; `voter` whose caps it uses.
    """

    place: Place
    node: str
    opening: Opening | None
    outcome: MessageOutcome
    selections: Selected
    voids: tuple[str, ...]
    state: CaseState | Literal[""]
    text_key: str
    voter: str
    acts: tuple[Checked, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether a person must rule."""
        return self.state in ("waiting", "disputed")

    def after(self, act: Checked) -> "Case":
        """The case after an act about it, all but its state."""
        case = replace(self, acts=(*self.acts, act))
        if now := act.private.get("now"):
            outcome, selections = rulings.ending(now)
            return replace(
                case,
                outcome=MessageOutcome(outcome),
                selections=selections,
                voids=tuple(now["voids"]),
                voter=act.private["voter"],
            )
        if act.leaf.kind in acts.REVISIONS:  # it is erased, but for what everybody may see
            return replace(case, outcome=MessageOutcome(act.leaf.detail["outcome"]))
        return case


def read_case(filed: Filed, sealer: Sealer) -> Case:
    """A stored message, opened by the sealer of its log. Raises `entry.BadEntry` if it is damaged."""
    campaign, _, own = filed.log.partition("/")
    message = verify.open_row(filed.stored, sealer)
    case = case_of(filed.place, own, message, filed.state, filed.text_key)
    for node, stored in filed.acts:
        act = verify.open_row(stored, sealer if node == own else sealer.of(f"{campaign}/{node}"))
        case = case.after(act)
    return case


def case_of(
    place: Place, node: str, message: Checked, state: CaseState | Literal[""], text_key: str = ""
) -> Case:
    """A message before any act about it."""
    opening = message.opening
    return Case(
        place,
        node,
        opening,
        MessageOutcome(message.leaf.kind),
        opening.selections if opening else (),
        opening.voids if opening else (),
        state,
        text_key,
        opening.voter if opening else "",
    )


def voter_of(running: Running, case: Case, line: str) -> VoterKey:
    """Whose caps a ruling on this message asks.

    A message without a number has nobody's: it is judged as its own caller, for one withheld number
    cannot be told from another.
    """
    opening = case.opening
    if line:
        return keys.voter_key(running.keys.voter, line, "")
    if opening is None or opening.line or any("now" in act.private for act in case.acts):
        return VoterKey(bytes.fromhex(case.voter))
    return keys.voter_key(running.keys.voter, "", f"{opening.source} {opening.message_id}")


def objection(running: Running, case: Case, ruling: Ruling, at_ms: int) -> str:
    """The first rule that forbids a ruling, as a word of `REFUSALS`; "" if none does."""
    return next((word for word, holds in _rules(running, case, ruling, at_ms) if holds), "")


def _rules(running: Running, case: Case, ruling: Ruling, at_ms: int) -> Iterable[tuple[str, bool]]:
    opening = case.opening
    yield "certified", running.certified
    yield "erased", opening is None
    assert opening is not None
    yield "no_reason", ruling.reason not in acts.REASONS[ruling.verdict or ruling.kind]
    if ruling.kind == "void" or (ruling.kind == "adjudicate" and running.campaign.adjudicators == 2):
        yield "needs_two", not ruling.second
        yield "same_person", ruling.second == ruling.by
    match ruling.kind:
        case "adjudicate":
            yield "not_waiting", not case.waits
            yield "not_disputed", ruling.verdict == "keep" and case.state != "disputed"
            yield "no_selection", ruling.verdict == "count" and not ruling.selections
            yield from _ballot(running, ruling.selections)
            if ruling.verdict == "count":
                yield from _countable(running, opening, ruling)
        case "undo":
            yield "not_yours", not opening.message_id.startswith(f"{ruling.by}/")
            yield "too_late", at_ms - opening.received_ms > UNDO_MS
            yield "nothing_to_undo", not (case.waits or case.voids or _counted(case.selections))
        case "void":
            yield "nothing_to_void", not _counted(case.selections)
        case "dispute":
            yield "already_waiting", case.waits
            yield from _ballot(running, ruling.selections)


def _countable(running: Running, opening: Opening, ruling: Ruling) -> Iterable[tuple[str, bool]]:
    """What a message cannot be counted against: it has a line of its own, it came before the vote, its line
    was barred when it came. One that could not be read has been asked none of this."""
    yield "own_line", bool(ruling.line and opening.line)
    yield (
        "barred_line",
        opening.outcome == MessageOutcome.BARRED_CALLER or ruling.line in running.barred | running.tested,
    )
    window = running.window(cast("Channel", opening.channel))
    yield "before_opening", opening.received_ms < window.opens_ms
    yield "too_few", any(n < ballot.min for n, ballot in _named(running, ruling.selections))


def _ballot(running: Running, chosen: Sequence[Selection]) -> Iterable[tuple[str, bool]]:
    yield "no_candidate", not running.rules().candidates.issuperset(chosen)
    yield "too_many", any(n > ballot.max for n, ballot in _named(running, chosen))
    yield "twice", len(set(chosen)) < len(chosen)


def _named(running: Running, chosen: Sequence[Selection]) -> list[tuple[int, Ballot]]:
    """How many candidates of each contest are named, and what its ballot allows."""
    named = Counter(contest for contest, _ in chosen)
    return [(n, running.ballots[contest]) for contest, n in named.items() if contest in running.ballots]


def _counted(selections: Selected) -> bool:
    return any(outcome == "counted" for *_, outcome in selections)


class Foreseen(NamedTuple):
    """What rulings come to: how each message ends, and by how much each total moves."""

    endings: tuple[tuple[str, Selected], ...]
    moves: tuple[tuple[TotalKey, int], ...]


class _Claimed(NamedTuple):
    claim: Claim
    channel: str
    place: Place


class Docket:
    """The rulings of one transaction, judged one after the other on what the callers have claimed."""

    def __init__(
        self,
        running: Running,
        head: Head,
        sealer: Sealer,
        held: Iterable[tuple[HeldClaim, Place]],
        at_ms: int,
        blinding: Callable[[], bytes],
    ) -> None:
        self._running, self._sealer, self._at_ms, self._blinding = running, sealer, at_ms, blinding
        self._claimed: dict[VoterKey, list[_Claimed]] = {}
        for (voter, claim, channel), place in held:
            self._claimed.setdefault(voter, []).append(_Claimed(claim, channel, place))
        self._ruled: set[Place] = set()
        self.decided = Decided(Batch(head, head))

    def rule(self, case: Case, ruling: Ruling) -> None:
        """Judge one ruling. Raises `Refused`."""
        if case.place in self._ruled:
            raise Refused("twice")
        if word := objection(self._running, case, ruling, self._at_ms):
            raise Refused(word)
        self._ruled.add(case.place)
        owner, voter = (voter_of(self._running, case, line) for line in ("", ruling.line))
        standing = self._standing(case, owner) if ruling.changes else case.selections
        if ruling.kind == "void" and not _counted(standing):
            raise Refused("nothing_to_void")
        verdict, voids = self._ending(case, ruling, owner, voter, standing)
        self._move(case, ruling, standing, verdict)
        self._append(case, ruling, verdict, voids, voter)

    def _standing(self, case: Case, voter: VoterKey) -> Selected:
        """The message's selections, those that a later vote of the caller's has voided shown as such."""
        own = {
            claimed.claim.contest for claimed in self._claimed.get(voter, ()) if claimed.place == case.place
        }
        history = self._history(voter)
        return tuple(
            (
                contest,
                code,
                "voided" if ended == "counted" and contest in own and history.is_void(contest) else ended,
            )
            for contest, code, ended in case.selections
        )

    def _history(self, voter: VoterKey) -> History:
        history = History()
        for claim, channel, _ in self._claimed.get(voter, ()):
            history.add((claim,), channel)
        return history

    def _ending(
        self, case: Case, ruling: Ruling, owner: VoterKey, voter: VoterKey, standing: Selected
    ) -> tuple[Verdict, tuple[str, ...]]:
        """The message's new outcome and selections, and the contests in which it now voids earlier votes.

        What it has used is its `owner`'s so far; a person may have found out that the caller is another.
        """
        seq = self.decided.batch.head.size + len(self.decided.batch.entries)
        place = Place(self.decided.batch.head.log_id, seq)
        if not ruling.changes:
            return Verdict(case.outcome, case.selections, place), case.voids
        mute = ruling.kind == "void" and not ruling.release
        self._take_back(case, owner, "mute" if mute else "release")
        voids = case.voids if mute else ()
        gone = {"counted": "voided", "pending": "rejected"}
        left = tuple((contest, code, gone.get(ended, ended)) for contest, code, ended in standing)
        if ruling.verdict != "count":
            return Verdict(case.outcome, left, place), voids
        judged, voids = self._cast(case, ruling, voter)
        ended = [outcome for *_, outcome in judged]
        outcome = (
            MessageOutcome.COUNTED
            if "counted" in ended
            else MessageOutcome.WITHDRAWN
            if set(ended) == {"withdrawn"}
            else MessageOutcome.REPEAT
        )
        others = tuple(one for one in left if Selection(*one[:2]) not in ruling.selections)
        return Verdict(outcome, (*judged, *others), place), voids

    def _cast(self, case: Case, ruling: Ruling, voter: VoterKey) -> tuple[Selected, tuple[str, ...]]:
        assert case.opening is not None
        batch, running, channel = self.decided.batch, self._running, case.opening.channel
        withdrawn = running.withdrawn.intersection(ruling.selections)
        vote = Vote(ruling.selections, withdrawn, channel, case.opening.day)
        outcomes, uses, voids = cast_vote(batch.totals, vote, self._history(voter), running.caps)
        self._claimed.setdefault(voter, []).extend([_Claimed(use, channel, case.place) for use in uses])
        log = batch if case.place.log_id == batch.head.log_id else self._earlier(case)
        log.claims.extend([ClaimRow(voter, *use, channel, case.place.seq) for use in uses])
        judged = zip(ruling.selections, outcomes, strict=True)
        return tuple((*selection, outcome) for selection, outcome in judged), voids

    def _take_back(self, case: Case, voter: VoterKey, how: Literal["release", "mute"]) -> None:
        """What the message has claimed comes free, or stays used with no vote behind it.

        If it comes free, and the message had voided the caller's earlier votes, these count again.
        """
        batch, place = self.decided.batch, case.place
        batch.yielded.append(Yielded(voter, place, how))
        mine = self._claimed.get(voter, [])
        if how == "release":
            kept = [one for one in mine if one.place != place]
        else:
            kept = [
                one._replace(channel="") if one.place == place and one.claim.cap != VOID else one
                for one in mine
            ]
        self._claimed[voter] = kept
        if how == "release":
            history = self._history(voter)
            for contest in case.voids:
                for use in history.votes(contest, self._running.caps.contests[contest]):
                    batch.totals[count.selection(use.channel, contest, use.candidate, "voided")] -= 1
                    batch.totals[count.selection(use.channel, contest, use.candidate, "counted")] += 1

    def _move(self, case: Case, ruling: Ruling, standing: Selected, verdict: Verdict) -> None:
        """Move the totals, and the case, from what was to what is."""
        assert case.opening is not None
        batch, channel = self.decided.batch, case.opening.channel
        totals = batch.totals
        for contest, code, ended in standing:
            totals[count.selection(channel, contest, code, ended)] -= 1
        for contest, code, ended in verdict.selections:
            totals[count.selection(channel, contest, code, ended)] += 1
        totals[count.made(channel)] += len(verdict.selections) - len(standing)
        totals[count.message(channel, case.outcome)] -= 1
        totals[count.message(channel, verdict.outcome)] += 1
        if case.waits:
            totals[count.waiting(channel, case.outcome)] -= 1
        if ruling.kind == "dispute":
            totals[count.waiting(channel, case.outcome)] += 1
        state: CaseState = "disputed" if ruling.kind == "dispute" else "ruled"
        own = case.place.log_id == batch.head.log_id
        cases = batch.cases if own else self._earlier(case).cases
        cases.append(CaseRow(case.place.seq, state, case.text_key))

    def _earlier(self, case: Case) -> Earlier:
        """What the batch does to the log in which the message stands, if that is not its own."""
        return self.decided.batch.earlier.setdefault(case.place.log_id, Earlier())

    def _append(
        self,
        case: Case,
        ruling: Ruling,
        verdict: Verdict,
        voids: tuple[str, ...],
        voter: VoterKey,
    ) -> None:
        detail = {
            "by": ruling.by,
            "node": case.node,
            "entry": case.place.seq,
            "reason": ruling.reason,
            "outcome": verdict.outcome.value,
        }
        if ruling.second:
            detail["second"] = ruling.second
        if ruling.verdict:
            detail["verdict"] = ruling.verdict
        if ruling.kind == "void":
            detail["release"] = ruling.release
        if self._running.open_ballots:
            detail["selections"] = verdict.selections
        private: dict[str, Any] = {
            "was": {"outcome": case.outcome.value, "selections": case.selections, "voids": case.voids},
            "now": {"outcome": verdict.outcome.value, "selections": verdict.selections, "voids": voids},
            "voter": voter.hex(),
            "line": ruling.line,
            "note": ruling.note,
        }
        if ruling.kind == "dispute":
            private["heard"] = ruling.selections
        act = Act(self._running, ruling.kind, self._at_ms, detail, private)
        append(self.decided.batch, self._sealer, act, self._blinding(), case.place)
        self.decided.verdicts.append(verdict)


def append(batch: Batch, sealer: Sealer, act: Act, blinding: bytes, target: Place | None = None) -> None:
    """Append an act's entry to a batch; `blinding` is 32 fresh random bytes."""
    seq = batch.head.size + len(batch.entries)
    packed = acts.pack(act.private) if act.private else b""
    commit = entry.commitment(blinding, packed) if packed else b""
    detail = {**act.detail, **_bound(act.kind, batch.head)}
    leaf = entry.act_leaf(act.running.id, act.kind, act.at_ms, detail, commit)
    sealed = sealer.seal(seq, blinding, packed) if packed else None
    batch.entries.append(Stored(seq, act.kind, leaf, merkle.leaf_hash(leaf), sealed))
    batch.acts.append(ActRow(seq, target))
    batch.released.extend(act.released)
    if act.erased is not None:
        batch.erased.append(act.erased)
        batch.totals.subtract(act.erased.waiting)
    batch.totals[count.ACTS] += 1


def _bound(kind: str, head: Head) -> dict[str, Any]:
    """What an act tells of the campaign's other logs: their sizes, for it comes after all that is in them;
    and the close their roots, which it binds."""
    if not head.others:
        return {}
    told: dict[str, Any] = {order.SEEN: {name: edge.size for name, edge in sorted(head.others.items())}}
    if kind == "close":
        told["roots"] = {name: merkle.root(edge.frontier).hex() for name, edge in sorted(head.others.items())}
    return told


def record(head: Head, sealer: Sealer, done: Sequence[Act], blinding: Callable[[], bytes]) -> Decided:
    """Acts about a campaign, as a batch."""
    batch = Batch(head, head)
    for act in done:
        append(batch, sealer, act, blinding())
    finish(batch)
    return Decided(batch)


def judge(docket: Docket, cases: Mapping[Place, Case], rulings: Sequence[Ruling]) -> Decided:
    """Rulings on messages of one campaign, as a batch. Raises `Refused`: then none of them is made."""
    for ruling in rulings:
        if ruling.target not in cases:
            raise Refused("no_such_message")
        docket.rule(cases[ruling.target], ruling)
    finish(docket.decided.batch)
    return docket.decided


def foreseen(decided: Decided) -> Foreseen:
    """What rulings come to, once they are judged."""
    endings = [
        (verdict.outcome.value, verdict.selections)
        for verdict in decided.verdicts
        if isinstance(verdict, Verdict)
    ]
    moves = sorted((key, n) for key, n in decided.batch.totals.items() if n)
    return Foreseen(tuple(endings), tuple(moves))
