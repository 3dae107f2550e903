"""How each source stands: compared with a statement, with differences, not yet, or no longer."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from tally.certification import Progress

State = Literal["open", "compared", "differs", "stale", "waived"]


class Standing(NamedTuple):
    """A source, how many messages it has, and whether it was compared with all of them."""

    source: str
    messages: int
    state: State


def standings(progress: Progress, messages: Mapping[str, int]) -> list[Standing]:
    """Every source by its name. Pure."""
    return [Standing(name, n, _state(progress, name, n)) for name, n in sorted(messages.items())]


def _state(progress: Progress, source: str, n: int) -> State:
    compared = progress.reconciliations.get(source)
    differs = source in progress.differing
    if compared == n and not differs:
        return "compared"
    if progress.reconciled == "waived":
        return "waived"
    if compared == n:
        return "differs"
    return "open" if compared is None else "stale"
