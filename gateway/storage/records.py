"""A campaign's logs and totals: functions of a database, the same on both engines."""

import os
from collections.abc import Sequence
from typing import Final

from gateway.storage import cases
from gateway.storage.blocks import CLAIMS, LEDGER, STORAGE
from gateway.storage.database import Database, transaction
from gateway.storage.store import Acted, Head, Place, Unsafe, edges, in_order
from tally import epochs, merkle
from tally.count import TotalKey
from tally.verify import Stored

_PROBE_BYTES: Final = 256 * 1024


def head(db: Database, campaign: str, node: str, key_check: bytes) -> Head:
    """See `store.Store`."""
    with transaction(db):
        return read_head(db, campaign, node, key_check)


def read_head(db: Database, campaign: str, node: str, key_check: bytes) -> Head:
    """The same, inside a transaction."""
    campaign_id, edition, closing_ms = own_campaign(db, campaign, key_check)
    names = [name for name, *_ in db.execute(LEDGER["logs"], (campaign,))]
    if epoch := epochs.newest(names, node):
        node = epochs.label(node, epoch)
    else:
        db.execute(LEDGER["add-log"], (campaign, node, b""))
    log_id, size, frontier = db.execute(LEDGER["log"], (campaign, node)).fetchone()
    (last,) = db.execute(LEDGER["last-entry"], (log_id,)).fetchone()
    others = edges(db.execute(LEDGER["logs"], (campaign,)), node)
    if size != (0 if last is None else last + 1):
        raise Unsafe(
            f"the ledger of {campaign}/{node} has {0 if last is None else last + 1} entries, "
            f"its head says {size}: run `televote verify` and restore from a backup"
        )
    return Head(
        campaign, node, campaign_id, log_id, size, merkle.unpack(frontier), edition, closing_ms, others
    )


def own_campaign(db: Database, campaign: str, key_check: bytes) -> tuple[int, int, int | None]:
    """The campaign's number, its edition, and since when nothing counts if people are closing it early; once
    it is sure that its secret is the one it was begun with. Raises `Unsafe`."""
    known = db.execute(CLAIMS["campaign"], (campaign,)).fetchone()
    if known is None:
        db.execute(CLAIMS["add-campaign"], (campaign, key_check))
        known = db.execute(CLAIMS["campaign"], (campaign,)).fetchone()
    number, check, *rest = known
    if check != key_check:
        raise Unsafe(
            f"campaign {campaign} was begun with another secret: with this one every caller would be new "
            f"and could vote again. Put the first {campaign}.key back in the secrets folder"
        )
    return number, *rest


def cut_short(db: Database, log: Head, at_ms: int) -> int:
    """See `store.Store`."""
    db.execute(CLAIMS["cut-short"], (at_ms, log.campaign_id))
    kept: int = db.execute(CLAIMS["closing"], (log.campaign_id,)).fetchone()[0]
    return kept


def adopt(db: Database, log: Head, pending: Sequence[str]) -> None:
    """See `store.Store`."""
    with transaction(db):
        cases.adopt(db, log.log_id, pending)


def entries_at(db: Database, places: Sequence[Place]) -> list[Stored]:
    """See `store.Store`."""
    return [Stored(*db.execute(LEDGER["entry"], place).fetchone()) for place in places]


def acts(db: Database, campaign: str) -> list[Acted]:
    """See `store.Store`."""
    return in_order([Acted(row[0], Stored(*row[1:])) for row in db.execute(LEDGER["acts"], (campaign,))])


def totals(db: Database, campaign: str) -> dict[TotalKey, int]:
    """See `store.Store`."""
    return {TotalKey(*row[:5]): row[5] for row in db.execute(LEDGER["totals"], (campaign,))}


def snapshot(db: Database, campaign: str) -> tuple[int, str] | None:
    """See `store.Store`."""
    row: tuple[int, str] | None = db.execute(LEDGER["snapshot"], (campaign,)).fetchone()
    return row


def add_snapshot(db: Database, campaign: str, due_ms: int, standings: str) -> None:
    """See `store.Store`."""
    db.execute(LEDGER["add-snapshot"], (campaign, due_ms, standings))


def probe(db: Database) -> None:
    """See `store.Store`."""
    # As much as a good batch, or the last free page would pass for a disk with room. Zeros would be packed.
    with transaction(db):
        db.execute(STORAGE["probe"], (os.urandom(_PROBE_BYTES),))
    with transaction(db):
        db.execute(STORAGE["unprobe"])
