"""What a ruling may do to a message, and what a message has come to (docs/rules.md). Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tally.entry import Leaf, Opening, Selected
from tally.outcome import Selection
from tally.rules import Rules

#: What becomes of a selection when a message is taken back, voided, or ruled against.
_GONE: Final = {"counted": "voided", "pending": "rejected"}
_UNDO_MS: Final = 120_000


@dataclass(slots=True)
class Message:
    """A message on which somebody has ruled, or may, as it stands."""

    opening: Opening
    voter: str
    outcome: str
    selections: Selected
    voids: tuple[str, ...]
    waits: bool


def ending(told: Mapping[str, Any]) -> tuple[str, Selected]:
    """An outcome and selections, as an act's private part tells them."""
    return told["outcome"], tuple((contest, code, ended) for contest, code, ended in told["selections"])


def voided(selections: Selected, over: frozenset[Selection]) -> Selected:
    """Selections as they stand once a later message of the caller has voided some: `Holdings.overridden`."""
    return tuple(
        (contest, code, "voided" if ended == "counted" and Selection(contest, code) in over else ended)
        for contest, code, ended in selections
    )


def changes(leaf: Leaf) -> bool:
    """Whether what the message had come to is taken back before anything else."""
    return leaf.kind in ("undo", "void") or leaf.detail.get("verdict") in ("count", "reject")


def unlawful(rules: Rules, leaf: Leaf, private: Mapping[str, Any], message: Message) -> Iterator[str]:
    """What docs/rules.md forbids of it."""
    detail, second = leaf.detail, leaf.detail.get("second", "")
    two = leaf.kind == "void" or (leaf.kind == "adjudicate" and rules.adjudicators == 2)
    if two and second in ("", detail["by"]):
        yield "needs two people"
    if leaf.kind == "adjudicate" and not message.waits:
        yield "rules on a message that does not wait"
    if private.get("line") and message.opening.line:
        yield "counts a message that has a line of its own for another"
    if leaf.kind == "undo" and not message.opening.message_id.startswith(f"{detail['by']}/"):
        yield "takes back another operator's call"
    if leaf.kind == "undo" and leaf.at_ms - message.opening.received_ms > _UNDO_MS:
        yield "comes too late"


def follows(leaf: Leaf, standing: Selected, now: Selected) -> bool:
    """Whether these selections can come of those by such an act."""
    if not changes(leaf):
        return now == standing
    gone = tuple((contest, code, _GONE.get(ended, ended)) for contest, code, ended in standing)
    if leaf.detail.get("verdict") != "count":
        return now == gone
    judged = {"counted", "over_cap", "same_candidate", "withdrawn"}
    named = {one[:2] for one in now}
    return {one[:2] for one in gone} <= named and all(one in gone or one[2] in judged for one in now)
