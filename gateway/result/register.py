"""The register of objections, as the ledger has it: what came, from whom, what was ruled and answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.intake.running import Running
from gateway.storage.store import Acted
from tally import entry, verify
from tally.seal import Sealer


@dataclass(frozen=True, slots=True)
class Entered:
    """An objection: `detail` and `private` are those of its `object` act, `answer` those of the ruling on it.

    What was erased is empty.
    """

    detail: Mapping[str, Any]
    private: Mapping[str, Any]
    at_ms: int
    answer: Mapping[str, Any]
    answered_ms: int


def read(running: Running, recorded: Sequence[Acted]) -> list[Entered]:
    """The objections of a campaign, in the order they came."""
    found: dict[int, Entered] = {}
    for node, stored in recorded:
        leaf = entry.read_leaf(stored.leaf)
        if leaf.kind not in ("object", "answer"):
            continue
        private = _private(running, node, stored)
        number = leaf.detail["objection"]
        if leaf.kind == "object":
            found[number] = Entered(leaf.detail, private, leaf.at_ms, {}, 0)
        else:
            asked = found[number]
            answer = {**leaf.detail, **private}
            found[number] = Entered(asked.detail, asked.private, asked.at_ms, answer, leaf.at_ms)
    return list(found.values())


def _private(running: Running, node: str, stored: verify.Stored) -> Mapping[str, Any]:
    try:
        opened = verify.open_row(stored, Sealer(running.keys.sealing, f"{running.id}/{node}"))
    except entry.BadEntry:  # `verify` names it; what was public is still to be read
        return {}
    return opened.private or {}
