"""What one batch writes, but for the claims of its messages, which wait in the tail (`tail.py`)."""

from collections.abc import Sequence

from dedup.keys import VoterKey
from gateway.storage import claims
from gateway.storage.blocks import CLAIMS, LEDGER, OUTBOX
from gateway.storage.claims import Claiming
from gateway.storage.database import Database
from gateway.storage.rows import insert
from gateway.storage.store import Batch, Conflict, Erasure
from tally import merkle


def append_one(db: Database, batch: Batch) -> list[Claiming]:
    """Append a batch, inside a transaction; returns the messages that are to wait. What acts claim does not.

    Raises `Conflict` if its log has moved.
    """
    head, after = batch.head, batch.after
    if batch.acts:
        db.execute(CLAIMS["next-edition"], (head.campaign_id,))
    at = (head.log_id, head.size, head.campaign_id, after.edition)
    moved = db.execute(LEDGER["advance-log"], (after.size, merkle.pack(after.frontier), *at))
    if moved.rowcount != 1:
        raise Conflict(f"the log of {head.campaign}/{head.node}, or its campaign, has moved")
    own = {"log": head.log_id}
    insert(db, LEDGER["append-entries"], "({log},?,?,?,?,?)".format_map(own), batch.entries)
    if batch.acts:
        _append_acts(db, batch)
        insert(db, CLAIMS["add-claims"], claims.SHAPE, sorted(claims.of_batch(batch)))
    added = [(*key, count) for key, count in batch.totals.items() if count]
    insert(db, LEDGER["add-totals"], "({log},?,?,?,?,?,?)".format_map(own), added)
    insert(db, LEDGER["put-cases"], "({log},?,?,?)".format_map(own), batch.cases)
    for earlier_log, earlier in batch.earlier.items():
        insert(db, LEDGER["put-cases"], f"({earlier_log},?,?,?)", earlier.cases)
    minutes = [
        (minute_ms, source, counted and count, not counted and count)
        for (minute_ms, source, counted), count in batch.tempo.items()
    ]
    insert(db, LEDGER["add-tempo"], "({log},?,?,?,?)".format_map(own), minutes)
    insert(db, OUTBOX["add-replies"], "(?,{log},?,?,?,?,?)".format_map(own), batch.replies)
    if batch.receipts:
        insert(db, LEDGER["add-receipts"], "(?,{log},?)".format_map(own), sorted(batch.receipts))
    return [] if batch.acts else claims.claiming(batch)


def frees(batches: Sequence[Batch]) -> bool:
    """Whether claims of callers who are not named are given back, or destroyed."""
    return any(batch.released or batch.erased for batch in batches)


def callers(batches: Sequence[Batch]) -> set[VoterKey]:
    """Whose claims acts make, or take back."""
    found: set[VoterKey] = set()
    for batch in batches:
        if batch.acts:
            found.update(row[0] for row in claims.of_batch(batch))
            found.update(one.voter for one in batch.yielded)
    return found


def _append_acts(db: Database, batch: Batch) -> None:
    """Acts, and what they take back: before new claims are written, for these may use what comes free."""
    campaign, log = batch.head.campaign_id, batch.head.log_id
    rows = [(log, act.seq, *(act.target or (None, None))) for act in batch.acts]
    insert(db, LEDGER["add-acts"], "(?,?,?,?)", rows)
    for voter, place, how in batch.yielded:
        db.execute(CLAIMS[how], (voter, campaign, *place))
    for gone in batch.released:
        db.execute(CLAIMS["release-candidate"], (campaign, *gone))
    for erasure in batch.erased:
        _erase(db, campaign, erasure)


def _erase(db: Database, campaign: int, erasure: Erasure) -> None:
    for log, spans in erasure.spans.items():
        for span in spans:
            db.execute(LEDGER["erase-entries"], (log, *span))
            db.execute(LEDGER["erase-cases"], (log, *span))
            db.execute(OUTBOX["forget"], (log, *span))
            for voter in erasure.voters or ():
                db.execute(CLAIMS["erase-caller"], (voter, campaign, log, *span))
    if erasure.voters is None:
        db.execute(CLAIMS["erase-everybody"], (campaign,))
