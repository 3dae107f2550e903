"""What callers have used up, by what is recorded of their messages: for `gateway/checking/judging.py`."""

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import count
from typing import Final, NamedTuple

from dedup.caps import CampaignCaps, Claim
from dedup.judge import VOID, History
from dedup.keys import VoterKey
from gateway.storage.store import HeldClaim, Place
from tally.outcome import Selection

#: Of a message about which there is no act nobody asks where it stands.
SOMEWHERE: Final = Place(-1, -1)


class Voted(NamedTuple):
    """What of a message bears on the caps: the selections that count, the contests in which it voids its
    caller's votes, its channel and day."""

    counted: tuple[Selection, ...]
    voids: tuple[str, ...]
    channel: str
    day: str


class _Held(NamedTuple):
    claims: tuple[Claim, ...]
    channel: str
    place: Place

    def without(self, candidate: str) -> "_Held":
        """The same when the votes for a candidate are given back, if votes they are still."""
        if not self.channel:
            return self
        return self._replace(claims=tuple([one for one in self.claims if one.candidate != candidate]))


class Used:
    """Most callers vote once, and few of these votes differ: what they have claimed is the same object."""

    def __init__(self, caps: CampaignCaps) -> None:
        self._caps = caps
        self._by: dict[VoterKey, tuple[_Held, ...]] = {}
        self._at: dict[Place, VoterKey] = {}
        self._alike: dict[Voted, tuple[_Held, ...]] = {}

    def history(self, voter: VoterKey) -> History:
        """What a caller has claimed, in a new object."""
        history = History()
        for claims, channel, _ in self._by.get(voter, ()):
            history.add(claims, channel)
        return history

    def held(self, voters: Iterable[VoterKey]) -> Iterator[tuple[HeldClaim, Place]]:
        """Each claim of these callers, and where the message stands that made it."""
        for voter in voters:
            for claims, channel, place in self._by.get(voter, ()):
                for claim in claims:
                    yield HeldClaim(voter, claim, channel), place

    def of(self, voter: VoterKey) -> "Used":
        """The same of one caller alone, to go on by itself."""
        own = Used(self._caps)
        own._by[voter] = self._by.get(voter, ())
        return own

    def take(self, voter: VoterKey, voted: Voted, place: Place = SOMEWHERE) -> None:
        """A message's votes use the caps from now on, whether these allow it or not."""
        if not (voted.counted or voted.voids):
            return
        before = self._by.get(voter, ())
        if before or place != SOMEWHERE:
            claims = self._claims(voted, before)
            self._by[voter] = (*before, _Held(claims, voted.channel, place))
        else:
            alike = self._alike.get(voted)
            if alike is None:
                alike = (_Held(self._claims(voted, ()), voted.channel, place),)
                self._alike[voted] = alike
            self._by[voter] = alike
        if place != SOMEWHERE:
            self._at[place] = voter

    def take_back(self, place: Place, *, mute: bool) -> None:
        """What a message has used comes free, or stays used with no vote behind it (`mute`)."""
        voter = self._at.get(place)
        if voter is None:
            return
        if mute:
            held = (one._replace(channel="") if one.place == place else one for one in self._by[voter])
        else:
            held = (one for one in self._by[voter] if one.place != place)
            del self._at[place]
        self._by[voter] = tuple(held)

    def release(self, gone: Selection) -> None:
        """Whoever voted for a candidate gets the votes back, those left out that were voided."""
        for voter, held in self._by.items():
            less = tuple(one.without(gone.candidate) for one in held)
            if less != held and not self.history(voter).is_void(gone.contest):
                self._by[voter] = less

    def _claims(self, voted: Voted, before: Sequence[_Held]) -> tuple[Claim, ...]:
        taken = {claim[:4] for one in before for claim in one.claims}
        claims: list[Claim] = []
        for contest, candidate in voted.counted:
            for where, allowed in ((contest, self._caps.contests[contest].caps), ("", self._caps.total)):
                for cap in allowed:
                    slot = where, cap.per, cap.period(contest, candidate, voted.day)
                    claim = Claim(*slot, _first_free(slot, taken), candidate)
                    taken.add(claim[:4])
                    claims.append(claim)
        return (*claims, *(Claim(contest, VOID, "", 1, "") for contest in voted.voids))


def _first_free(slot: tuple[str, str, str], taken: Set[tuple[str, str, str, int]]) -> int:
    """The lowest ordinal that is not taken, whatever the cap allows: what is recorded is taken as it is."""
    return next(ordinal for ordinal in count(1) if (*slot, ordinal) not in taken)
