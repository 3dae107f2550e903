"""Motions: what a member of the committee wants done, whole and in one canonical form. Pure.

What is confirmed, proposed, shown and approved is this form, together with what the act was seen to come to
(its outlook): the SHA-256 over both stands for them. Whoever agrees to it agrees to nothing else.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from gateway.intake.revise import Ruling
from gateway.intake.running import Running
from gateway.storage.store import Place
from tally import certification
from tally.outcome import Channel, Selection

Kind = Literal[
    "withdraw", "bar", "unbar", "reschedule", "close", "void", "adjudicate", "lot",
    "waive", "complete", "publish", "object", "answer", "recount", "certify", "correct",
]  # fmt: skip

#: Motions about messages; the others are about the campaign.
RULINGS: Final = ("void", "adjudicate")
#: Motions about the result, after the vote (`tally/certification.py`).
RESULT: Final = ("waive", "complete", "publish", "object", "answer", "recount", "certify", "correct")

_VERSION: Final = "motion/v1"
_canonical: Final = json.JSONEncoder(
    separators=(",", ":"), sort_keys=True, ensure_ascii=True, allow_nan=False
).encode


class Motion(NamedTuple):
    """What is to be done, and why. Fields that do not apply are empty.

    - `withdraw`: `selections` is the candidate.
    - `bar`, `unbar`: `line` is the number (E.164).
    - `reschedule`: `closes_ms` are the new closes by channel.
    - `close`: now, whether it is due or early.
    - `void`: the messages at `targets`; `release` says whether their caps come free.
    - `adjudicate`: the messages at `targets`: `verdict`, and to "count", as which `selections`; `line` is
      the caller's number where the message has none of its own.
    - `lot`: `selections` are those who are equal, in the order that was drawn.
    - about the result (`RESULT`): `told` has what the form said, by name; `room/secretary.py` reads it.

    `reason` is a word of `acts.REASONS`, `note` is for the committee only.
    """

    kind: Kind
    reason: str
    note: str = ""
    targets: tuple[Place, ...] = ()
    verdict: Literal["", "count", "reject", "keep"] = ""
    selections: tuple[Selection, ...] = ()
    release: bool = False
    line: str = ""
    closes_ms: tuple[tuple[Channel, int], ...] = ()
    told: tuple[tuple[str, str], ...] = ()

    @property
    def reasons(self) -> str:
        """Which of `acts.REASONS` are its reasons."""
        if self.kind == "answer":
            return self.said("verdict")
        return {"adjudicate": self.verdict, "reschedule": "schedule"}.get(self.kind, self.kind)

    def said(self, name: str) -> str:
        """What the form said under a name, "" if nothing."""
        return dict(self.told).get(name, "")

    def rulings(self, by: str, second: str) -> list[Ruling]:
        """The rulings of a motion about messages."""
        kind: Literal["void", "adjudicate"] = "void" if self.kind == "void" else "adjudicate"
        return [
            Ruling(
                kind,
                place,
                by,
                second,
                self.reason,
                self.note,
                self.verdict,
                self.selections,
                self.release,
                self.line,
            )
            for place in self.targets
        ]


def needs_two(motion: Motion, running: Running, now_ms: int) -> bool:
    """Whether two people must agree to it (docs/rules.md)."""
    match motion.kind:
        case "void" | "reschedule":
            return True
        case "close":
            return now_ms <= running.settled_ms
        case "adjudicate":
            return running.campaign.adjudicators == 2
        case "withdraw" | "bar" | "unbar":
            return False
        case kind:
            return certification.needs_two(kind, motion.said("verdict"))


def pack(campaign: str, motion: Motion, outlook: Mapping[str, Any], nonce: str = "") -> bytes:
    """The canonical bytes: every parameter, and what it comes to.

    `nonce` is 128 random bits in hex wherever the hash outlives the page: without it a number could be
    found by trying them all.
    """
    return _canonical([_VERSION, campaign, motion._asdict(), outlook, nonce]).encode("ascii")


def digest(packed: bytes) -> str:
    """What stands for the act: SHA-256, in hex."""
    return hashlib.sha256(packed).hexdigest()


def unpack(packed: bytes) -> tuple[Motion, Mapping[str, Any]]:
    """The motion and the outlook that `pack` wrote. Raises `ValueError`."""
    version, _, fields, outlook, _ = json.loads(packed)
    if version != _VERSION:
        raise ValueError(f"a motion of another version: {version}")
    fields["targets"] = tuple(Place(*place) for place in fields["targets"])
    fields["selections"] = tuple(Selection(*one) for one in fields["selections"])
    fields["closes_ms"] = tuple((channel, at_ms) for channel, at_ms in fields["closes_ms"])
    fields["told"] = tuple((name, value) for name, value in fields["told"])
    return Motion(**fields), outlook


def plain(value: Any) -> Any:
    """A value as JSON gives it back: tuples become lists."""
    return json.loads(_canonical(value))
