"""Messages by their receipts. Functions of a connection."""

import sqlite3
from typing import Final

from gateway.storage import cases
from gateway.storage.blocks import LEDGER
from gateway.storage.store import Filed, Place
from tally import receipt

_CHUNK: Final = 2000


def look_up(db: sqlite3.Connection, code: int, decoy: Place) -> tuple[bool, Filed | None]:
    """Whether a message has that receipt, and the message as it stands now.

    If none has, the one at `decoy` is read all the same: a guess takes as long as a code that is right.
    """
    log, seq, known = db.execute(LEDGER["receipt-or"], (code, *decoy)).fetchone()
    found = cases.filed(db, [Place(log, seq)])
    return bool(known), found[0] if found else None


def adopt(db: sqlite3.Connection, log: int) -> None:
    """Give the messages of a log their receipts, if they were recorded while the campaign gave none."""
    last = db.execute(LEDGER["last-message"], (log,)).fetchone()
    if last is None or db.execute(LEDGER["receipt"], (receipt.number(last[0]),)).fetchone():
        return
    since = 0
    while rows := db.execute(LEDGER["messages"], (log, since, _CHUNK)).fetchall():
        db.executemany(
            LEDGER["add-receipts"].format(rows="(?,?,?)"),
            [(receipt.number(leaf_hash), log, seq) for seq, leaf_hash in rows],
        )
        since = rows[-1][0] + 1
