"""What a report is: a pure function from a `Result` to bytes, found by being there.

A file in `gateway/reports/` with `report = ReportKind(…)`, and a golden file: nothing else is edited.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from config.problems import Lang
from config.wording import Said
from gateway.kinds import discover
from gateway.reporting.result import Result

#: Who may have a report: everybody; the committee; whoever may see what callers are called in the ledger.
Audience = Literal["public", "committee", "auditor"]
Size = Literal["a4", "a3"]
SIZES: Final[tuple[Size, ...]] = ("a4", "a3")


class NotYet(ValueError):
    """There is nothing to report, and what must come first; said in both languages."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.en)
        self.said = said


class Options(NamedTuple):
    """How a report is wanted. `size` is the paper, for those that are set as pages."""

    lang: Lang = "zh"
    size: Size = "a4"


@dataclass(frozen=True, slots=True)
class ReportKind:
    """One report. `suffix` is its format; one that is "html" can be had as a PDF too.

    `write` raises `NotYet`. `before`: it is made of the campaign alone, before there is a vote.
    """

    kind: str
    suffix: Literal["csv", "html", "json", "xlsx"]
    audience: Audience
    title: Said
    about: Said
    write: Callable[[Result, Options], Iterable[bytes]]
    before: bool = False

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats it can be had in."""
        return ("html", "pdf") if self.suffix == "html" else (self.suffix,)


def kinds() -> dict[str, ReportKind]:
    """Every report there is, by name."""
    return {
        name: kind
        for name, kind in discover("gateway.reports", "report").items()
        if isinstance(kind, ReportKind)
    }
