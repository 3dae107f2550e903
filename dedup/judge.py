"""Counted, repeat or void: what a caller's selections come to, given what the caller has used.

Pure: the store says what was claimed, this says what follows, and the store's unique key on claims
has the last word.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from dedup.caps import CampaignCaps, Cap, Claim, ContestCaps

Judged = Literal["counted", "over_cap", "same_candidate"]

#: The cap name of the mark that a caller's votes in a contest are void (`over_cap = "void_all"`).
VOID = "void"


class Use(NamedTuple):
    """What one claimed ordinal was used for: the candidate, and the channel the vote came by.

    `channel` is "" where no counted vote stands behind the use any more: it was voided, the use kept.
    """

    candidate: str
    channel: str


class History:
    """What one caller has claimed."""

    __slots__ = ("_added", "_used")

    def __init__(self) -> None:
        self._used: dict[tuple[str, str, str], dict[int, Use]] = {}
        self._added: list[tuple[Sequence[Claim], str]] = []

    def add(self, claims: Sequence[Claim], channel: str) -> None:
        """Take up claims that the store holds, or that were just judged."""
        self._added.append((claims, channel))

    @property
    def is_new(self) -> bool:
        """Whether the caller was never judged."""
        return not (self._added or self._used)

    @property
    def used(self) -> Mapping[tuple[str, str, str], Mapping[int, Use]]:
        """(contest, cap, period) -> ordinal -> use. Worked out when asked for: most callers vote once."""
        for claims, channel in self._added:
            for contest, cap, period, ordinal, candidate in claims:
                self._used.setdefault((contest, cap, period), {})[ordinal] = Use(candidate, channel)
        self._added.clear()
        return self._used

    def is_void(self, contest: str) -> bool:
        """Whether the caller's votes in the contest were voided by the `void_all` rule."""
        return (contest, VOID, "") in self.used

    def votes(self, contest: str, rule: ContestCaps) -> list[Use]:
        """The caller's counted votes in a contest: each has exactly one claim on the first cap."""
        first = rule.caps[0].per
        return [
            use
            for (where, cap, _), uses in self.used.items()
            if where == contest and cap == first
            for use in uses.values()
            if use.channel
        ]


class Judgement(NamedTuple):
    """One outcome for each selection, in order; the claims they use; the contests they void."""

    outcomes: tuple[Judged, ...]
    claims: tuple[Claim, ...] = ()
    voids: tuple[str, ...] = ()


def judge(selections: Sequence[tuple[str, str]], history: History, caps: CampaignCaps, day: str) -> Judgement:
    """Judge one message's selections, (contest, candidate) each, all distinct, in order.

    `day` is the calendar day of the deciding instant in the campaign's zone ("2018-07-20").
    The order of messages is the order of calls. `history` is read, not changed.

    A `per = "candidate"` cap says how often a caller may vote for one candidate. Where a contest has
    none, the answer is once in its shortest period. A vote above that is `same_candidate`, which does
    not set off `void_all`: a voter who sends the same vote twice has not voted for anyone else.
    """
    if history.is_new and len(selections) == 1:
        return _first_vote(*selections[0], caps, day)
    already = tuple(
        [contest for contest, rule in caps.contests.items() if rule.void_all and history.is_void(contest)]
    )
    voids = already
    while True:
        outcomes, claims, tripped = _pass(selections, history, caps, day, voids)
        if tripped is None:
            break
        voids = (*voids, tripped)
    if len(voids) == len(already):
        return Judgement(tuple(outcomes), tuple(claims))
    fresh = voids[len(already) :]
    marks = [Claim(contest, VOID, "", 1, "") for contest in fresh]
    return Judgement(tuple(outcomes), (*claims, *marks), fresh)


@lru_cache(maxsize=4096)
def _first_vote(contest: str, candidate: str, caps: CampaignCaps, day: str) -> Judgement:
    """Most callers vote once, for one: then every cap has its first use, the same for all of them."""
    outcome, claims = _one(contest, candidate, caps.contests[contest], caps.total, History(), [], day)
    return Judgement((outcome,), tuple(claims or ()))


def _pass(
    selections: Sequence[tuple[str, str]],
    history: History,
    caps: CampaignCaps,
    day: str,
    voids: Sequence[str],
) -> tuple[list[Judged], list[Claim], str | None]:
    """Judge all selections, those in void contests being over the cap; stop at a contest to be voided."""
    outcomes: list[Judged] = []
    claims: list[Claim] = []
    for contest, candidate in selections:
        rule = caps.contests[contest]
        if contest in voids:
            outcomes.append("over_cap")
            continue
        outcome, used = _one(contest, candidate, rule, caps.total, history, claims, day)
        if outcome == "over_cap" and rule.void_all and used is None:
            return outcomes, claims, contest
        outcomes.append(outcome)
        claims.extend(used or ())
    return outcomes, claims, None


def _one(
    contest: str,
    candidate: str,
    rule: ContestCaps,
    total: tuple[Cap, ...],
    history: History,
    fresh: list[Claim],
    day: str,
) -> tuple[Judged, list[Claim] | None]:
    """One selection: its outcome, and the claims it uses. None if the contest's own cap is used up."""
    if _already(contest, candidate, rule, history, day):
        return "same_candidate", []
    claims: list[Claim] = []
    for where, allowed in ((contest, rule.caps), ("", total)):
        for cap in allowed:
            period = cap.period(contest, candidate, day)
            ordinal = _free(where, cap, period, history, fresh)
            if ordinal is None:
                if cap.per == "candidate":
                    return "same_candidate", []
                return "over_cap", None if where else []
            claims.append(Claim(where, cap.per, period, ordinal, candidate))
    return "counted", claims


def _already(contest: str, candidate: str, rule: ContestCaps, history: History, day: str) -> bool:
    """Whether the caller has voted for the candidate in the contest's shortest period."""
    if not history.used:
        return False
    pers = {cap.per for cap in rule.caps}
    if "candidate" in pers:
        return False
    shortest = (contest, "day", day) if "day" in pers else (contest, "campaign", "")
    uses = history.used.get(shortest)
    return uses is not None and any(use.candidate == candidate for use in uses.values())


def _free(where: str, cap: Cap, period: str, history: History, fresh: list[Claim]) -> int | None:
    """The lowest unused ordinal of a cap, None if all its votes are used."""
    slot = (where, cap.per, period)
    if not fresh and slot not in history.used:
        return 1
    taken = set(history.used.get(slot, ()))
    taken.update(claim.ordinal for claim in fresh if claim[:3] == slot)
    return next((ordinal for ordinal in range(1, cap.votes + 1) if ordinal not in taken), None)
