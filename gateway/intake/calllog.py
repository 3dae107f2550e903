"""What a call-log format is: rows of text in, `Inbound` values out. It does no I/O.

A format is one module in `gateway/calllogs/` that offers `calllog: CallLogKind`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel

from gateway.intake.inbound import Inbound
from gateway.kinds import discover
from tally.outcome import Channel


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a log: the 1-based line it starts on, and the call in it.

    `inbound` is None for a record that is no call at all by the source's settings (a totals row, a
    disposition that is not wanted): it is skipped, and `note` says why. `note` is "" for a good row;
    for one that could not be read it says what is wrong, in the user's words, and `inbound` has
    `Form.UNPARSED`. No note holds a number or a text.
    """

    line: int
    inbound: Inbound | None
    note: str = ""


class CallLog(Protocol):
    """One configured log format."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Our words for what is read, and which columns of the log hold it: to be shown."""
        ...

    def read(self, lines: Iterable[str]) -> Iterator[Row]:
        """The log's records, lazily. Total: a bad record becomes an unparsed row, never an error.

        Raises `UnreadableLog` only when the file as a whole cannot be this format (a header without
        the mapped columns): nothing has been yielded then.
        """
        ...


class UnreadableLog(ValueError):
    """The file is not in the format its source is set up for; `en` and `zh` say what to change."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en, self.zh = en, zh


class CallLogBuilder(Protocol):
    """Builds a log reader from its validated options."""

    def __call__(self, options: BaseModel) -> CallLog: ...


@dataclass(frozen=True, slots=True)
class CallLogKind:
    """A kind of call log, as `televote sources` lists it."""

    kind: str
    channel: Channel
    options: type[BaseModel]
    build: CallLogBuilder
    gives_time: bool = True
    configure: str = ""
    reference: str = ""


def kinds() -> dict[str, CallLogKind]:
    """Every kind of call log there is, by name."""
    found = discover("gateway.calllogs", "calllog")
    return {name: kind for name, kind in found.items() if isinstance(kind, CallLogKind)}
