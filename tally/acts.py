"""What people, and the schedule, do to a campaign: the kinds of act, who must agree, and what a leaf tells.

An act's leaf is public: who, when, which entry, and a reason in a fixed word. What could name a voter, or
a choice, is in the act's private part: sealed beside the leaf, and committed to in it as a message's
opening is. So a ruling is as checkable as a vote, and as secret.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from tally import entry

Kind = Literal[
    "config",
    "open",
    "close",
    "adjudicate",
    "undo",
    "void",
    "dispute",
    "withdraw",
    "bar",
    "unbar",
    "schedule",
    "reveal",
    "erase",
    "backfill",
    "reconcile",
    "waive",
    "complete",
    "publish",
    "object",
    "answer",
    "recount",
    "certify",
    "correct",
    "gap",
    "score",
    "lot",
]

#: Acts about one message: each gives it a new ending, or asks for one.
REVISIONS: Final = frozenset({"adjudicate", "undo", "void", "dispute"})

#: Why, in a word that stands in the ledger for good. A free note is private.
REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    "count": ("clear_to_a_person", "delayed_by_the_network", "transcribed", "caller_confirmed"),
    "reject": ("no_clear_wish", "no_such_candidate", "not_a_vote", "too_late", "cannot_be_read"),
    "keep": ("first_entry_right",),
    "undo": ("wrong_number", "wrong_choice", "caller_changed_mind", "test_call"),
    "void": ("fraud", "operator_slip", "bought_votes", "bulk_sender", "court_or_supervisor"),
    "dispute": ("entries_differ",),
    "withdraw": ("at_own_wish", "disqualified", "no_longer_eligible"),
    "bar": ("bulk_sender", "staff_line", "fraud"),
    "unbar": ("barred_by_mistake",),
    "schedule": ("channel_failure", "network_failure", "committee_decision"),
    "close": ("committee_decision", "channel_failure", "vote_compromised"),
    "reveal": ("adjudication", "complaint", "fraud_inquiry", "reconciliation"),
    "erase": ("caller_asked", "retention_over", "court_or_supervisor"),
    "backfill": ("missing_here",),
    "reconcile": ("records_compared", "differences_explained"),
    "waive": ("no_statement_to_be_had", "differences_explained", "committee_decision"),
    "complete": ("count_complete",),
    "publish": ("first_notice", "after_correction"),
    "object": ("phone", "letter", "email", "in_person", "petition_office"),
    "upheld": ("not_eligible", "untrue_deeds", "votes_bought", "counting_fault", "other_breach"),
    "rejected": ("not_borne_out", "already_examined", "not_relevant"),
    "not_admitted": ("anonymous_without_leads", "out_of_time"),
    "recount": ("objection_upheld", "court_or_supervisor", "committee_decision"),
    "certify": ("result_confirmed",),
    "correct": ("error_found", "objection_upheld", "court_or_supervisor"),
    "score": ("points_given",),
    "lot": ("drawn",),
}

_PRIVATE: Final = "act-opening/v1"
_canonical: Final = json.JSONEncoder(
    separators=(",", ":"), sort_keys=True, ensure_ascii=True, allow_nan=False
).encode


def pack(private: Mapping[str, Any]) -> bytes:
    """The canonical bytes of an act's private part."""
    return _canonical([_PRIVATE, private]).encode("ascii")


def unpack(packed: bytes) -> Mapping[str, Any]:
    """The private part that `pack` wrote. Raises `entry.BadEntry`."""
    try:
        version, private = json.loads(packed)
    except (ValueError, TypeError, RecursionError) as error:
        raise entry.BadEntry("not an act's private part") from error
    if version != _PRIVATE or not isinstance(private, dict):
        raise entry.BadEntry("not an act's private part")
    return private
