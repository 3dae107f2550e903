"""How far a result has come after the vote: one state machine, in NIST's words for the status of results.

    unofficial-partial   the vote, or what it leaves to people, goes on
    unofficial-complete  counted, reconciled, and put out on public notice
    correction           an objection was upheld, or a certified result has to change
    recount              the committee has ordered the count to be done again
    certified            two people have signed; nothing moves but by a correction

Every edge is an entry of the ledger (`acts.Kind`), and there is no other edge (docs/rules.md); an upheld
objection needs a second notice. Pure: what has to hold for an edge is handed in as values.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from tally.reconciliation import KINDS

Status = Literal["unofficial-partial", "unofficial-complete", "correction", "recount", "certified"]
STATUSES: Final[tuple[Status, ...]] = (
    "unofficial-partial", "unofficial-complete", "correction", "recount", "certified",
)  # fmt: skip
#: The acts of this machine, in the order in which a campaign without objections has them.
Act = Literal["complete", "publish", "object", "answer", "recount", "certify", "correct"]

#: By status and act: the status after it. An act that is not here is not allowed then.
EDGES: Final[Mapping[tuple[Status, Act], Status]] = {
    ("unofficial-partial", "complete"): "unofficial-complete",
    ("unofficial-complete", "publish"): "unofficial-complete",
    ("unofficial-complete", "object"): "unofficial-complete",
    ("unofficial-complete", "answer"): "unofficial-complete",  # rejected; an upheld one is a correction
    ("unofficial-complete", "recount"): "recount",
    ("unofficial-complete", "certify"): "certified",
    ("correction", "object"): "correction",
    ("correction", "answer"): "correction",
    ("correction", "recount"): "recount",
    ("correction", "complete"): "unofficial-complete",
    ("recount", "object"): "recount",
    ("recount", "answer"): "recount",
    ("recount", "complete"): "unofficial-complete",
    ("certified", "object"): "certified",
    ("certified", "answer"): "certified",
    ("certified", "correct"): "correction",
}
#: What two people must agree to. An answer needs two if it upholds.
BY_TWO: Final = frozenset({"publish", "certify", "correct", "waive", "lot"})

#: What may still be done once a result is certified: nothing that moves it.
AFTER_CERTIFICATION: Final = frozenset({"object", "answer", "correct", "reveal", "erase", "gap"})

Verdict = Literal["upheld", "rejected", "not_admitted"]
VERDICTS: Final[tuple[Verdict, ...]] = ("upheld", "rejected", "not_admitted")

#: What must hold, by act; each is asked for by name when the act is done.
GATES: Final[Mapping[Act, tuple[str, ...]]] = {
    "complete": (
        "closed", "nothing_waits", "balanced", "recounted", "reconciled", "evaluated", "no_open_tie",
        "no_open_objection",
    ),
    "publish": ("same_result",),
    "certify": (
        "nothing_waits", "balanced", "recounted", "reconciled", "evaluated", "no_open_tie", "same_result",
        "notice_over", "no_open_objection",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """A public notice (公示): `listed` are the codes on it, by contest, in order of rank.

    `first_day` and `last_day` are calendar days ("2018-07-25"), the notice standing through the last one;
    `until_ms` is the first instant after it.
    """

    number: int
    at_ms: int
    first_day: str
    last_day: str
    until_ms: int
    listed: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection as the ledger tells it to everybody; what it says is sealed. `verdict` is "" while it is
    open, `due_ms` when an answer is due, `answered_ms` when it was ruled on."""

    number: int
    at_ms: int
    channel: str
    anonymous: bool
    due_ms: int
    verdict: Verdict | Literal[""] = ""
    answered_ms: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a result has come. `result` is the digest of the result that was last said to be complete.

    `closed` is whether the vote is: before that, nothing is reconciled or waived. `reconciled` is "" until a
    source was compared with a statement ("reconciled"), or that was waived ("waived"); `reconciliations` are
    how many messages each source had then: once it has more, it must be compared again. `differing` are the
    sources whose record and statement differed: that one person has explained it is not enough.
    `corrected` is whether a correction has been begun since the last notice.
    """

    status: Status = "unofficial-partial"
    result: str = ""
    closed: bool = False
    reconciled: Literal["", "reconciled", "waived"] = ""
    reconciliations: Mapping[str, int] = field(default_factory=dict)
    differing: frozenset[str] = frozenset()
    notices: tuple[Notice, ...] = ()
    objections: tuple[Objection, ...] = ()
    corrected: bool = False

    @property
    def notice(self) -> Notice | None:
        """The notice that holds: the last one, unless a correction has overtaken it."""
        return self.notices[-1] if self.notices and not self.corrected else None

    @property
    def open_objections(self) -> tuple[Objection, ...]:
        """Those that nobody has ruled on."""
        return tuple(one for one in self.objections if not one.verdict)

    def is_reconciled(self, messages: Mapping[str, int]) -> bool:
        """Whether every source was compared as it is now and nothing differed, or that was waived; `messages`
        are by source."""
        return self.reconciled == "waived" or all(
            self.reconciliations.get(source) == n and source not in self.differing
            for source, n in messages.items()
        )

    def objection(self, number: int) -> Objection | None:
        """An objection by its number."""
        return next((one for one in self.objections if one.number == number), None)


class NotAllowed(ValueError):
    """An act that the machine has no edge for; `word` says why."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def edge(progress: Progress, kind: Act, verdict: str = "") -> Status:
    """The status after an act. Raises `NotAllowed`: there is no such edge."""
    after = EDGES.get((progress.status, kind))
    if after is None:
        raise NotAllowed("not_now")
    if kind == "answer" and verdict == "upheld":
        return after if progress.status == "certified" else "correction"
    return after


def unmet(kind: Act, holds: Mapping[str, bool]) -> tuple[str, ...]:
    """What of an act's gates does not hold, in their order."""
    return tuple(gate for gate in GATES.get(kind, ()) if not holds[gate])


def needs_two(kind: str, verdict: str = "") -> bool:
    """Whether two different people must agree to an act."""
    return kind in BY_TWO or (kind == "answer" and verdict == "upheld")


def after(progress: Progress, kind: str, detail: Mapping[str, Any], at_ms: int) -> Progress:
    """How far the result has come with one more act of the ledger; as before for any other kind.

    Raises `NotAllowed` if the machine has no such edge: then the ledger is not one that we wrote.
    """
    match kind:
        case "close":
            return replace(progress, closed=True)
        case "reconcile" | "waive" if not progress.closed:
            return progress  # ledgers have some, from when it was allowed: they open no gate
        case "reconcile":
            return _reconciled(progress, detail)
        case "waive":
            return replace(progress, reconciled="waived")
        case "complete":
            return replace(progress, status=edge(progress, "complete"), result=detail["result"])
        case "publish":
            status, told = edge(progress, "publish"), detail["notice"]
            notice = Notice(
                told["number"], at_ms, told["first_day"], told["last_day"], told["until_ms"], told["listed"]
            )
            return replace(progress, status=status, notices=(*progress.notices, notice), corrected=False)
        case "object":
            status = edge(progress, "object")
            new = Objection(
                detail["objection"], at_ms, detail["channel"], detail["anonymous"], detail["due_ms"]
            )
            return replace(progress, status=status, objections=(*progress.objections, new))
        case "answer":
            return _answered(progress, detail["objection"], detail["verdict"], at_ms)
        case "recount":
            return replace(progress, status=edge(progress, "recount"), corrected=True)
        case "certify":
            return replace(progress, status=edge(progress, "certify"))
        case "correct":
            return replace(progress, status=edge(progress, "correct"), corrected=True)
        case _:
            return progress


def _reconciled(progress: Progress, detail: Mapping[str, Any]) -> Progress:
    source = frozenset([detail["source"]])
    differs = any(detail.get(kind) for kind in KINDS)
    return replace(
        progress,
        reconciled=progress.reconciled or "reconciled",
        reconciliations=MappingProxyType({**progress.reconciliations, detail["source"]: detail["messages"]}),
        differing=progress.differing | source if differs else progress.differing - source,
    )


def _answered(progress: Progress, number: int, verdict: Verdict, at_ms: int) -> Progress:
    asked = progress.objection(number)
    if asked is None or asked.verdict:
        raise NotAllowed("no_such_objection")
    status = edge(progress, "answer", verdict)
    objections = tuple(
        replace(one, verdict=verdict, answered_ms=at_ms) if one.number == number else one
        for one in progress.objections
    )
    corrected = progress.corrected or status == "correction"
    return replace(progress, status=status, objections=objections, corrected=corrected)


def result_of(
    standings: Mapping[str, Any], shortlist: Mapping[str, Sequence[str]], evaluation: str = ""
) -> Mapping[str, Any]:
    """What a result is: every candidate's votes and rank, who is listed, and what still waits.

    `standings` are as `standings.build` gives them, whole; `shortlist` the codes by contest, in order;
    `evaluation` the digest of the scores, "" if the public vote alone decides.
    """
    return MappingProxyType({
        "campaign": standings["campaign"],
        "contests": [
            {
                "id": contest["id"],
                "candidates": [[one["code"], one["votes"], one["rank"]] for one in contest["candidates"]],
                "listed": list(shortlist.get(contest["id"], ())),
            }
            for contest in standings["contests"]
        ],
        "waiting": standings["balance"]["waiting"],
        "evaluation": evaluation,
    })  # fmt: skip


def digest(result: Mapping[str, Any]) -> str:
    """SHA-256 over a result's canonical JSON, in hex: what is completed, put on notice and certified."""
    packed = json.dumps(dict(result), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(packed.encode("ascii")).hexdigest()
