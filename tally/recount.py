"""The count again, from the ledger alone, by code that had no part in writing it (docs/rules.md).

It trusts no projection: it adds up the outcomes in the openings, follows every ruling, applies the
`void_all` marks, and holds every caller to the caps (`tally/holdings.py`).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from tally import bulk, certification, erased, rulings
from tally.acts import REVISIONS
from tally.bulk import Ending, Manner, Said
from tally.certification import NotAllowed, Progress
from tally.count import ACTS, TotalKey, Totals
from tally.entry import Leaf, Opening, Selected
from tally.erased import Gone
from tally.holdings import Holdings, Kind, Vote, Where
from tally.rules import Rules
from tally.rulings import Message
from tally.verify import Checked

#: By node and entry of a message: its outcome and selections now, and the entry of the last ruling on it.
Endings = dict[Where, tuple[str, Selected, int]]


@dataclass(slots=True)
class Recount:
    """Feed every entry in order; then read `totals`, `holdings` and `faults`.

    `targets` are the messages that acts are about, as (node, seq): only these are kept in memory. `holdings`
    are what callers have used. `faults` are sentences. `endings` has how each message ended on which somebody
    has ruled, and the entry of the last ruling. `erased` is how many messages an `erase` act has taken the
    place of: it tells what they came to together. `progress` is how far the result has come. `sheets` are the
    contests and judges of score sheets.
    """

    rules: Rules
    targets: frozenset[Where] = frozenset()
    totals: Totals = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    endings: Endings = field(default_factory=dict)
    erased: int = 0
    progress: Progress = field(default_factory=Progress)
    sheets: set[tuple[str, str]] = field(default_factory=set)
    holdings: Holdings = field(init=False)
    _erased: dict[str, Gone] = field(default_factory=lambda: defaultdict(Gone))
    _gone: dict[str, list[list[int]]] = field(default_factory=dict)
    _explained: dict[str, list[list[int]]] = field(default_factory=dict)
    _messages: dict[Where, Message] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.holdings = Holdings(self.rules, self.totals, self.faults)

    def feed(self, one: Checked, node: str = "") -> None:
        """Count one entry, whatever it is."""
        if one.opening is not None:
            self.message(one.seq, one.opening, node)
        elif one.leaf.is_message:
            self.gone(one, node)
        else:
            self.act(one, node)

    def message(self, seq: int, opening: Opening, node: str = "") -> None:
        """Count one message."""
        ended = Ending(opening.day, opening.outcome, opening.selections, opening.voids)
        kind = self.holdings.kind(node, opening.channel, ended)
        self._total(kind, 1)
        self.holdings.take(kind, opening.voter, seq)
        if (node, seq) in self.targets:
            waits = opening.outcome in self.rules.pending
            self._messages[node, seq] = Message(
                opening, opening.voter, opening.outcome, opening.selections, opening.voids, waits
            )

    def messages(self, first: int, said: Said, node: str = "") -> None:
        """Count a run of messages from entry `first` on, none of which an act is about."""
        kinds: dict[Manner, Kind] = {}
        for (channel, ended), messages in said.by_manner.items():
            kind = self.holdings.kind(node, channel.decode(), bulk.ending(ended))
            kinds[channel, ended] = kind
            self._total(kind, messages)
        self.holdings.take_run(first, said.voters, map(kinds.__getitem__, said.manners))

    def _total(self, kind: Kind, messages: int) -> None:
        totals, channel, outcome = self.totals, kind.channel, kind.ended.outcome
        totals[TotalKey("received", channel, "", "", "")] += messages
        totals[TotalKey("message", channel, "", "", outcome)] += messages
        if outcome in self.rules.pending:
            totals[TotalKey("waiting", channel, "", "", outcome)] += messages
        for contest, candidate, ended in kind.ended.selections:
            totals[TotalKey("made", channel, "", "", "")] += messages
            totals[TotalKey("selection", channel, contest, candidate, ended)] += messages

    def gone(self, entry: Checked, node: str = "") -> None:
        """An entry that commits to something, and nothing is there to be opened."""
        seq = entry.seq
        if entry.leaf.is_message:
            self._erased[node].add(seq, entry.leaf.kind)
        spans = self._gone.setdefault(node, [])
        if spans and spans[-1][1] == seq - 1:
            spans[-1][1] = seq
        else:
            spans.append([seq, seq])

    def finish(self) -> None:
        """When every entry was fed: whatever is gone must be what an act says was erased."""
        for node, spans in self._gone.items():
            explained = sorted(self._explained.get(node, []))
            for first, last in spans:
                for low, high in explained:
                    if low <= first <= high:
                        first = high + 1
                if first <= last:
                    self.faults.append(f"entry {first}: what it said is gone, and no act says it was erased")

    def act(self, act: Checked, node: str = "") -> None:
        """Count an entry that is an act, and follow what it changes."""
        self.totals[ACTS] += 1
        detail = act.leaf.detail
        self._follow(act)
        if act.leaf.kind in ("score", "lot"):
            self._judged(act)
        if act.leaf.kind == "erase":
            self._erase(act)
        elif act.leaf.commit and not act.private:
            self.gone(act, node)
        if act.leaf.kind in REVISIONS:
            self._erased[detail["node"]].rule(detail["entry"], detail["outcome"])
        if act.leaf.kind in REVISIONS and act.private:
            message = self._messages.get((detail["node"], detail["entry"]))
            if message is None:
                self._fault(act, f"rules on entry {detail['entry']}, which cannot be followed")
            else:
                self._revise(act, message)
        elif act.leaf.kind == "withdraw":
            if detail["release"] != self.rules.releases:
                self._fault(act, "gives votes back, or not, against the rules")
            if detail["release"]:
                self.holdings.free_candidate(detail["contest"], detail["candidate"])

    def _follow(self, act: Checked) -> None:
        """How far the result has come: by the declared edges alone, and by two where two must agree."""
        kind, detail = act.leaf.kind, act.leaf.detail
        if self.progress.status == "certified" and kind not in certification.AFTER_CERTIFICATION:
            self._fault(act, "after the result was certified")
        two = certification.needs_two(kind, detail.get("verdict", ""))
        if two and detail.get("second", "") in ("", detail["by"]):
            self._fault(act, "needs two people")
        try:
            self.progress = certification.after(self.progress, kind, detail, act.leaf.at_ms)
        except NotAllowed:
            self._fault(act, f"is not allowed of a result that is {self.progress.status}")

    def _judged(self, act: Checked) -> None:
        """One sheet a judge and contest, of whole and possible marks; lots among candidates of one
        contest."""
        contest, by = act.leaf.detail["contest"], act.leaf.detail["by"]
        criteria = self.rules.judged.get(contest)
        if criteria is None:
            self._fault(act, "is of a contest that is not judged")
            return
        if act.leaf.kind == "lot":
            order = act.leaf.detail["order"]
            if len(set(order)) < len(order) or any(
                (contest, one) not in self.rules.candidates for one in order
            ):
                self._fault(act, "names candidates twice, or none of the contest")
            return
        if (contest, by) in self.sheets:
            self._fault(act, "is a second sheet of the same judge")
        if not act.private:
            self._fault(act, "has lost its marks, which no act may erase")
        self.sheets.add((contest, by))
        if sum(one == contest for one, _ in self.sheets) > self.rules.judges:
            self._fault(act, f"is one sheet more than the {self.rules.judges} of the rules")
        for code, marks in act.private["marks"].items() if act.private else ():
            if (contest, code) not in self.rules.candidates or not _possible(criteria, marks):
                self._fault(act, f"has marks for {code} that cannot be")

    def _erase(self, act: Checked) -> None:
        """Take what the erased messages came to, together, for themselves."""
        if not act.private:
            self._fault(act, "has lost what the erased messages came to")
            return
        ended = Counter[str]()
        for node, spans in act.leaf.detail["entries"].items():
            self._explained.setdefault(node, []).extend(spans)
            for first, last in spans:
                ended += self._erased[node].take(first, last)
        for fault in erased.unlawful(self.rules, act.private, ended):
            self._fault(act, fault)
        for *key, n in act.private["totals"]:
            self.totals[TotalKey(*key)] += n
        self.erased += act.private["messages"]

    def _fault(self, act: Checked, what: str) -> None:
        self.faults.append(f"entry {act.seq}: {act.leaf.kind} {what}")

    # ---- rulings --------------------------------------------------------------------------------------

    def _revise(self, act: Checked, message: Message) -> None:
        leaf, private, holdings = act.leaf, act.private, self.holdings
        holdings.learn(message.voter)
        holdings.learn(private["voter"])
        was, now = rulings.ending(private["was"]), rulings.ending(private["now"])
        place = (leaf.detail["node"], leaf.detail["entry"])
        standing = self._standing(place, message) if rulings.changes(leaf) else message.selections
        if was != (message.outcome, message.selections):
            self._fault(act, "does not begin with what the message had come to")
        for fault in rulings.unlawful(self.rules, leaf, private, message):
            self._fault(act, fault)
        if rulings.changes(leaf):
            mute = leaf.kind == "void" and not leaf.detail["release"]
            contests = {contest for contest, *_ in message.selections}
            holdings.take_back(place, message.voter, contests, mute=mute)
            if not mute:
                holdings.unmark(message.voter, message.voids)
        counting = leaf.detail.get("verdict") == "count"
        if not rulings.follows(leaf, standing, now[1]):
            self._fault(act, "gives selections an outcome that it cannot give")
        message.voter = private["voter"]
        if counting:
            for contest in private["now"]["voids"]:
                holdings.void(message.voter, contest, message.opening.channel, place[1])
        self._move(leaf, message, (was[0], standing), now)
        if counting:
            self._count_again(place, message, now[1])
        message.outcome, message.selections = now
        message.voids = tuple(private["now"]["voids"])
        self.endings[place] = (*now, act.seq)

    def _standing(self, place: Where, message: Message) -> Selected:
        """The selections, those shown as voided that a later vote of the caller has voided."""
        stands = self.holdings.stands
        return tuple(
            (
                contest,
                code,
                ended if ended != "counted" or stands(place, message.voter, contest, code) else "voided",
            )
            for contest, code, ended in message.selections
        )

    def _move(
        self, leaf: Leaf, message: Message, was: tuple[str, Selected], now: tuple[str, Selected]
    ) -> None:
        totals, channel = self.totals, message.opening.channel
        for sign, (outcome, selections) in ((-1, was), (1, now)):
            totals[TotalKey("message", channel, "", "", outcome)] += sign
            totals[TotalKey("made", channel, "", "", "")] += sign * len(selections)
            for contest, code, ended in selections:
                totals[TotalKey("selection", channel, contest, code, ended)] += sign
        waits = leaf.kind == "dispute"
        totals[TotalKey("waiting", channel, "", "", message.outcome)] += waits - message.waits
        message.waits = waits

    def _count_again(self, place: Where, message: Message, selections: Selected) -> None:
        for contest, code, ended in selections:
            if ended == "counted":
                vote = Vote(*place, message.opening.channel, code, message.opening.day)
                self.holdings.count(contest, message.voter, vote)


def _possible(criteria: Mapping[str, tuple[Fraction, Fraction]], marks: Mapping[str, str] | None) -> bool:
    """Whether marks are of all criteria, from nothing to the most, in steps; None is a recusal."""
    if marks is None:
        return True
    if set(marks) != set(criteria):
        return False
    given = [(Fraction(text), *criteria[name]) for name, text in marks.items()]
    return all(0 <= points <= most and (points / step).denominator == 1 for points, most, step in given)
