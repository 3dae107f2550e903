"""How often one caller may vote: the caps of a campaign, and the claims that use them up (docs/rules.md).

A claim is one use of one cap. A cap is held by the claims' unique key
(voter, contest, cap, period, ordinal): an ordinal beyond the cap's votes does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Per = Literal["campaign", "day", "candidate"]


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `votes` counted votes of one caller per campaign, calendar day or candidate."""

    per: Per
    votes: int

    def period(self, contest: str, candidate: str, day: str) -> str:
        """Within which uses of this cap are counted together, for a vote on a day."""
        return "" if self.per == "campaign" else day if self.per == "day" else f"{contest}/{candidate}"


@dataclass(frozen=True, slots=True)
class ContestCaps:
    """The caps of one contest, all of which must hold.

    `void_all` says what an over-cap vote does: False (`first`): the earlier votes stand; True: all of
    the caller's votes in the contest are voided.
    """

    caps: tuple[Cap, ...]
    void_all: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CampaignCaps:
    """The caps of a campaign: by contest id, and over all contests together (`total`).

    Compared by identity: a campaign has one, and what follows from it may be remembered.
    """

    contests: Mapping[str, ContestCaps]
    total: tuple[Cap, ...] = ()

    @property
    def void_all(self) -> bool:
        """Whether a vote over the cap takes earlier ones with it, in any contest."""
        return any(contest.void_all for contest in self.contests.values())


class Claim(NamedTuple):
    """One use of one cap. `contest` is "" for a cap over all contests; `ordinal` counts from 1."""

    contest: str
    cap: str
    period: str
    ordinal: int
    candidate: str
