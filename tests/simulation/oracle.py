"""What should have come of it, by the counting rules as people read them. It shares no code with the product.

It is fed what was sent and what was done, in the order in which it was recorded: `Oracle.message`, `.act`.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo


class Window(NamedTuple):
    opens: int
    closes: int
    grace: int


class Contest(NamedTuple):
    caps: list[tuple[str, int]]
    void_all: bool
    min: int
    max: int


class Rules(NamedTuple):
    """`sources` are name -> (channel, whose clock)."""

    zone: ZoneInfo
    windows: dict[str, Window]
    skew: int
    sources: dict[str, tuple[str, str]]
    contests: dict[str, Contest]
    total: list[tuple[str, int]]
    candidates: frozenset[tuple[str, str]]
    pending: frozenset[str]
    releases: bool
    withdrawn: set[tuple[str, str]]
    barred: set[str]
    tested: set[str]


@dataclass
class Vote:
    voter: str
    contest: str
    code: str
    day: str
    use: str = "held"  # then "muted" or "free"
    counted: bool = True


@dataclass
class Message:
    """As it was sent. `line` is "" where there is none; `finding` "codes", or the outcome the text has."""

    source: str
    id: str
    line: str
    standing: str  # "", "withheld_caller", "invalid_caller"
    finding: str
    chosen: tuple[tuple[str, str], ...]
    sent: int | None
    received: int = 0
    voter: str = ""
    day: str = ""
    outcome: str = ""
    ended: list[tuple[str, str, str]] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    voids: list[str] = field(default_factory=list)
    waits: bool = False


# ---- the rules: sixty lines ------------------------------------------------------------------------
class Oracle:
    def __init__(self, rules: Rules, cut: int | None) -> None:
        """`cut` is when people closed early, None if they did not."""
        self.rules, self.cut, self.closed = rules, cut, False
        self.votes: list[Vote] = []
        self.void: set[tuple[str, str]] = set()

    def place(self, m: Message) -> tuple[str, int]:
        (channel, clock), w = self.rules.sources[m.source], self.rules.windows
        opens, closes, until = w[channel].opens, w[channel].closes, sum(w[channel][1:])
        if self.cut is not None and (self.closed or m.received >= self.cut) and self.cut < until:
            opens, closes, until = min(opens, self.cut), min(closes, self.cut), self.cut
        own = clock == "provider" and m.sent is not None and m.sent <= m.received + self.rules.skew
        at = m.sent if own and m.sent is not None else m.received
        when = "early" if at < opens else "late" if at >= closes else "in_transit" if own and m.received > until else ""
        return when, at

    def message(self, m: Message) -> None:
        r, (when, at) = self.rules, self.place(m)
        m.day, m.voter = str(datetime.fromtimestamp(at / 1000, r.zone).date()), m.line or f"{m.source} {m.id}"
        made, live = Counter(c for c, _ in m.chosen), [one for one in m.chosen if one not in r.withdrawn]
        m.outcome = next((outcome for outcome, holds in (
            ("unparsed", m.finding == "unparsed"), ("test", m.line in r.tested), ("barred_caller", m.line in r.barred),
            (when, when), (m.standing, m.standing), (m.finding, m.finding != "codes"), ("withdrawn", not live),
            ("overvote", any(n > r.contests[c].max for c, n in made.items())),
            ("undervote", any(n < r.contests[c].min for c, n in made.items()))) if holds), "")
        m.waits = m.outcome in r.pending
        if not m.outcome:
            self.cast(m, m.chosen)
        elif m.waits or m.outcome == "withdrawn":
            m.ended = [(*one, "pending" if m.waits else "withdrawn") for one in m.chosen]

    def cast(self, m: Message, chosen: tuple[tuple[str, str], ...]) -> None:
        for tripped in [None, *self.rules.contests]:  # each void_all contest can trip once, and all is judged anew
            votes, trips = [], ""
            m.ended = []
            for c, code in chosen:
                rule = self.rules.contests[c]
                mine = [v for v in self.votes + votes if v.voter == m.voter and v.use != "free"]
                here, total = [v for v in mine if v.contest == c], self.rules.total
                shortest = [v for v in here if v.day == m.day or "day" not in dict(rule.caps)]
                spent = lambda per, of: sum(per == "campaign" or (per == "day" and v.day == m.day) or (per == "candidate" and v.code == code) for v in of)  # noqa: E501,E731
                over = next((per for per, n in rule.caps if spent(per, here) >= n), "")
                end = ("withdrawn" if (c, code) in self.rules.withdrawn else "over_cap" if (m.voter, c) in self.void
                       else "same_candidate" if over == "candidate" or ("candidate" not in dict(rule.caps)
                       and any(v.code == code for v in shortest)) else "over_cap" if over
                       or any(spent(per, mine) >= n for per, n in total) else "counted")
                if end == "over_cap" and over and rule.void_all and (m.voter, c) not in self.void:
                    trips = trips or c
                m.ended.append((c, code, end))
                votes += [Vote(m.voter, c, code, m.day)] if end == "counted" else []
            if not trips:
                break
            self.void.add((m.voter, trips))
            m.voids.append(trips)
            self.turn(m.voter, trips, counted=False)
        self.votes, m.votes = self.votes + votes, votes
        ends = {end for *_, end in m.ended}
        m.outcome = "counted" if "counted" in ends else "withdrawn" if ends == {"withdrawn"} else "repeat"

    def turn(self, voter: str, contest: str, *, counted: bool) -> None:
        for v in self.votes:
            v.counted = counted if (v.voter, v.contest, v.use) == (voter, contest, "held") else v.counted

    def rule(self, m: Message, kind: str, verdict: str, chosen: tuple[tuple[str, str], ...], keep: bool, line: str) -> None:
        m.waits = kind == "dispute"
        if kind == "dispute" or verdict == "keep":
            return
        gone = {"counted": "voided", "pending": "rejected"}
        left = [(c, code, gone.get(end, end)) for c, code, end in self.now(m)]
        for v in m.votes:
            v.counted, v.use = False, v.use if keep and v.use == "free" else "muted" if keep else "free"
        for contest in [] if keep else m.voids:
            self.void.discard((m.voter, contest))
            self.turn(m.voter, contest, counted=True)
        m.votes, m.voids, m.ended, m.voter = (m.votes if keep else []), (m.voids if keep else []), left, line or m.voter
        if verdict == "count":
            self.cast(m, chosen)
            m.ended += [one for one in left if one[:2] not in chosen]

    def act(self, kind: str, told: dict[str, Any]) -> None:
        if kind == "withdraw":
            self.rules.withdrawn.add(told["candidate"])
            for v in self.votes if self.rules.releases else ():
                v.use = "free" if (v.contest, v.code) == told["candidate"] and v.counted else v.use
        elif kind in ("bar", "unbar"):
            (self.rules.barred.add if kind == "bar" else self.rules.barred.discard)(told["line"])
        elif kind == "schedule":
            for channel, closes in told["closes"].items():
                self.rules.windows[channel] = self.rules.windows[channel]._replace(closes=closes)
        elif kind == "close":
            self.closed = True

    def now(self, m: Message) -> list[tuple[str, str, str]]:
        stands = {(v.contest, v.code) for v in m.votes if v.counted}
        return [(c, code, "voided" if end == "counted" and (c, code) not in stands else end) for c, code, end in m.ended]
