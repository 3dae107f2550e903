"""Messages that were judged, as entries of the ledger: in columns, each step for a whole batch. Pure."""

import base64
import operator
from collections.abc import Sequence
from typing import Final

from dedup.caps import Claim
from gateway.intake.inbound import Form
from gateway.intake.journey import Prepared
from gateway.storage.store import Head
from tally import columns, entry, merkle
from tally.entry import Selected
from tally.outcome import MessageOutcome
from tally.seal import Sealer
from tally.verify import Stored

_UNPARSED: Final = Form.UNPARSED


#: How a message and its selections ended, the contests in which it voids its caller's votes, and the caps it
#: uses.
Settled = tuple[MessageOutcome, Selected, tuple[str, ...], tuple[Claim, ...]]


def entries(
    head: Head, sealer: Sealer, messages: Sequence[Prepared], settled: Sequence[Settled], randomness: bytes
) -> list[Stored]:
    """The entries of messages, in order, behind `head`. `randomness` is 32 bytes a message, or more."""
    size, seqs = entry.BLINDING_BYTES, range(head.size, head.size + len(messages))
    blindings = [randomness[at : at + size] for at in range(0, size * len(seqs), size)]
    openings = list(map(_opening, messages, settled))
    commits = entry.commitments(zip(blindings, openings, strict=True))
    campaign = head.campaign
    leaves = [_leaf(campaign, *entered) for entered in zip(messages, settled, commits, strict=True)]
    return columns.rows(
        Stored,
        seqs,
        [outcome for outcome, *_ in settled],
        leaves,
        merkle.leaf_hashes(leaves),
        sealer.seal_all(seqs, map(operator.add, blindings, openings)),
    )


def _opening(message: Prepared, settled: Settled) -> bytes:
    source, inbound, received_ms, who, heard, placement, day, *_, note, raw_sha256, _ = message
    message_id, given, text, form, sent_ms, _, raw, _ = inbound
    outcome, selections, voids, _ = settled
    unread = form is _UNPARSED
    return entry.pack(
        source.channel,
        source.name,
        message_id,
        who.line,
        "" if who.line else given,
        heard.voter.hex(),
        "" if unread else text,
        form,
        received_ms,
        sent_ms,
        placement.decided_by,
        day,
        outcome,
        selections,
        voids,
        note,
        raw_sha256,
        base64.b64encode(raw).decode() if unread else "",
    )


def _leaf(campaign: str, message: Prepared, settled: Settled, commit: bytes) -> bytes:
    outcome, selections, *_ = settled
    inbound = message.inbound
    return entry.message_leaf(
        campaign,
        outcome,
        message.received_ms,
        entry.event_time(inbound.sent_ms, inbound.sent_grain_ms),
        commit,
        selections if message.source.running.open_ballots else None,
    )
