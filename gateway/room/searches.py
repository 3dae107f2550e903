"""Searches that somebody has begun: a page's address names one, so that no number stands in an address.

They are kept in memory only, the last ones of each account.
"""

import secrets
from collections import OrderedDict
from typing import Final

from gateway.room.records import Query

_OF_EACH: Final = 20
_ACCOUNTS: Final = 200


class Searches:
    """What each account has looked for."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], OrderedDict[str, Query]] = OrderedDict()

    def keep(self, campaign: str, login: str, query: Query) -> str:
        """Keep a search; returns its name."""
        mine = self._kept.setdefault((campaign, login), OrderedDict())
        self._kept.move_to_end((campaign, login))
        name = secrets.token_urlsafe(9)
        mine[name] = query
        while len(mine) > _OF_EACH:
            mine.popitem(last=False)
        while len(self._kept) > _ACCOUNTS:
            self._kept.popitem(last=False)
        return name

    def named(self, campaign: str, login: str, name: str) -> Query | None:
        """A search by its name, None if it is somebody else's or was forgotten."""
        return self._kept.get((campaign, login), OrderedDict()).get(name)
