"""Begins a log in place of one that has lost entries (`keeping.epoch`). A function of a connection."""

from collections.abc import Callable, Mapping, Sequence

from gateway.storage.append import append_one
from gateway.storage.blocks import LEDGER, OUTBOX
from gateway.storage.database import Database, transaction
from gateway.storage.records import own_campaign
from gateway.storage.store import Batch, Head, ReceiptRow, edges


def begin(
    db: Database,
    campaign: str,
    key_check: bytes,
    earlier: Sequence[str],
    name: str,
    first: Callable[[Head], Batch],
    receipts: Mapping[str, Sequence[ReceiptRow]],
) -> Head:
    """Begin the log `name` with a first batch, in one transaction; returns its head.

    `earlier` are the node's logs before it, in order: those that the database has never seen are added,
    empty. `receipts` are those of lost messages, by log: they are still to be found. Raises `Unsafe`.
    """
    with transaction(db):
        campaign_id, edition, closing_ms = own_campaign(db, campaign, key_check)
        for one in (*earlier, name):
            if db.execute(LEDGER["log"], (campaign, one)).fetchone() is None:
                db.execute(LEDGER["add-log"], (campaign, one, b""))
        for one in earlier:
            (log_id, *_) = db.execute(LEDGER["log"], (campaign, one)).fetchone()
            db.execute(OUTBOX["restored"], (log_id,))
            rows = [(row.code, log_id, row.seq) for row in receipts.get(one, ())]
            db.executemany(LEDGER["add-receipts"].format(rows="(?,?,?)"), rows)
        (log_id, *_) = db.execute(LEDGER["log"], (campaign, name)).fetchone()
        others = edges(db.execute(LEDGER["logs"], (campaign,)), name)
        batch = first(Head(campaign, name, campaign_id, log_id, 0, (), edition, closing_ms, others))
        append_one(db, batch)
    return batch.after
