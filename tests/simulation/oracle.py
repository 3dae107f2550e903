"""What should have come of it, by the counting rules as people read them. It shares no code with the product.

It is fed what was sent, and what was done, in the order in which it was recorded.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Chosen = tuple[tuple[str, str], ...]


class Window(NamedTuple):
    """When a channel counts, in Unix milliseconds."""

    opens: int
    closes: int
    grace: int


class Contest(NamedTuple):
    """One contest: its caps (per, votes) in the order of the file, and how many a message may name."""

    caps: list[tuple[str, int]]
    void_all: bool
    min: int
    max: int


class Rules(NamedTuple):
    """A campaign's rules. `sources` are name -> (channel, whose clock); `told`: ballots are open."""

    zone: ZoneInfo
    windows: dict[str, Window]
    skew: int
    sources: dict[str, tuple[str, str]]
    contests: dict[str, Contest]
    total: list[tuple[str, int]]
    pending: frozenset[str]
    releases: bool
    withdrawn: set[tuple[str, str]]
    barred: set[str]
    tested: set[str]
    told: bool


@dataclass
class Vote:
    """A selection that was counted. `use` is of the caps: held, muted (no vote behind it), free."""

    voter: str
    contest: str
    code: str
    day: str
    use: str = "held"
    counted: bool = True


@dataclass
class Message:
    """As it was sent: `line` is "" where there is none, and `standing` why; `finding` is "codes", or the
    outcome that its text has. The rest is what the oracle makes of it."""

    source: str
    id: str
    line: str
    standing: str
    finding: str
    chosen: Chosen
    sent: int | None
    received: int = 0
    voter: str = ""
    day: str = ""
    outcome: str = ""
    ended: list[tuple[str, str, str]] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    voids: list[str] = field(default_factory=list)
    waits: bool = False

    def now(self) -> list[tuple[str, str, str]]:
        """Its selections, those that a later vote has voided shown as such."""
        stands = {(v.contest, v.code) for v in self.votes if v.counted}
        lost = [end == "counted" and (c, code) not in stands for c, code, end in self.ended]
        return [
            (c, code, "voided" if gone else end)
            for (c, code, end), gone in zip(self.ended, lost, strict=True)
        ]


class Oracle:
    """`cut` is when people closed early, by our clock, None if they did not; `cutting` whether the next
    message came after that: our clock may be wrong."""

    def __init__(self, rules: Rules, cut: int | None) -> None:
        self.rules, self.cut, self.cutting, self.closed = rules, cut, False, False
        self.votes: list[Vote] = []
        self.void: set[tuple[str, str]] = set()

    def place(self, m: Message) -> tuple[str, int]:
        (channel, clock), rules = self.rules.sources[m.source], self.rules
        opens, closes, grace = rules.windows[channel]
        until = closes + grace
        is_cut = self.closed or (self.cutting and self.cut is not None and m.received >= self.cut)
        if self.cut is not None and self.cut < until and is_cut:
            opens, closes, until = min(opens, self.cut), min(closes, self.cut), self.cut
        believed = clock == "provider" and m.sent is not None and m.sent <= m.received + rules.skew
        at = m.sent if believed and m.sent is not None else m.received
        if at < opens or at >= closes:
            return "early" if at < opens else "late", at
        return "in_transit" if believed and m.received > until else "", at

    def message(self, m: Message) -> None:
        rules, (when, at) = self.rules, self.place(m)
        m.day = datetime.fromtimestamp(at / 1000, rules.zone).date().isoformat()
        m.voter = m.line or f"{m.source} {m.id}"
        made = Counter(contest for contest, _ in m.chosen)
        reasons = {
            "unparsed": m.finding == "unparsed",
            "test": m.line in rules.tested,
            "barred_caller": m.line in rules.barred,
            when: bool(when),
            m.standing: bool(m.standing),
            m.finding: m.finding != "codes",
            "withdrawn": rules.withdrawn.issuperset(m.chosen),
            "overvote": any(n > rules.contests[contest].max for contest, n in made.items()),
            "undervote": any(n < rules.contests[contest].min for contest, n in made.items()),
        }
        m.outcome = next((reason for reason, holds in reasons.items() if holds), "")
        m.waits = m.outcome in rules.pending
        if not m.outcome:
            self.cast(m, m.chosen)
        elif m.waits or m.outcome == "withdrawn":
            m.ended = [(*one, "pending" if m.waits else "withdrawn") for one in m.chosen]

    def cast(self, m: Message, chosen: Chosen) -> None:
        while True:
            m.ended, m.votes = [], []
            for contest, code in chosen:
                end, trips = self.selection(m, contest, code)
                if trips:
                    break
                m.ended.append((contest, code, end))
                m.votes += [Vote(m.voter, contest, code, m.day)] if end == "counted" else []
            else:
                break
            self.void.add((m.voter, contest))
            m.voids.append(contest)
            self.turn(m.voter, contest, counted=False)
        self.votes += m.votes
        ends = {end for *_, end in m.ended}
        m.outcome = "counted" if "counted" in ends else "withdrawn" if ends == {"withdrawn"} else "repeat"

    def selection(self, m: Message, contest: str, code: str) -> tuple[str, bool]:
        """How one selection ends, and whether it voids all of its caller's votes in the contest."""
        rule, mine = self.rules.contests[contest], [v for v in self.votes + m.votes if v.voter == m.voter]
        mine = [v for v in mine if v.use != "free"]
        here = [v for v in mine if v.contest == contest]

        def spent(per: str, votes: list[Vote]) -> int:
            same = {
                "campaign": lambda _: True,
                "day": lambda v: v.day == m.day,
                "candidate": lambda v: v.code == code,
            }
            return sum(map(same[per], votes))

        if (contest, code) in self.rules.withdrawn:
            return "withdrawn", False
        if (m.voter, contest) in self.void:
            return "over_cap", False
        pers = [per for per, _ in rule.caps]
        if "candidate" not in pers and any(
            v.code == code and (v.day == m.day or "day" not in pers) for v in here
        ):
            return "same_candidate", False
        over = next((per for per, n in rule.caps if spent(per, here) >= n), "")
        if over == "candidate":
            return "same_candidate", False
        if over or any(spent(per, mine) >= n for per, n in self.rules.total):
            return "over_cap", bool(over) and rule.void_all
        return "counted", False

    def turn(self, voter: str, contest: str, *, counted: bool) -> None:
        for v in self.votes:
            if (v.voter, v.contest, v.use) == (voter, contest, "held"):
                v.counted = counted

    def rule(self, m: Message, kind: str, chosen: Chosen, line: str, *, keep: bool) -> None:
        """A ruling: count, reject, keep, undo, void, dispute. `keep` says that the caps stay used."""
        m.waits = kind == "dispute"
        if kind in ("dispute", "keep"):
            return
        gone = {"counted": "voided", "pending": "rejected"}
        m.ended = left = [(c, code, gone.get(end, end)) for c, code, end in m.now()]
        for v in m.votes:
            v.counted, v.use = False, "free" if v.use == "free" or not keep else "muted"
        for contest in [] if keep else m.voids:
            self.void.discard((m.voter, contest))
            self.turn(m.voter, contest, counted=True)
        if keep:
            return
        m.votes, m.voids, m.voter = [], [], line or m.voter
        if kind == "count":
            self.cast(m, chosen)
            m.ended += [one for one in left if one[:2] not in chosen]

    def act(self, kind: str, told: dict[str, Any]) -> None:
        rules = self.rules
        if kind == "withdraw":
            rules.withdrawn.add(told["candidate"])
            for v in self.votes if rules.releases else ():
                if (v.contest, v.code) == told["candidate"] and v.counted:
                    v.use = "free"
        elif kind == "bar":
            rules.barred.add(told["line"])
        elif kind == "unbar":
            rules.barred.discard(told["line"])
        elif kind == "schedule":
            for channel, closes in told["closes"].items():
                rules.windows[channel] = rules.windows[channel]._replace(closes=closes)
        elif kind == "close":
            self.closed = True
