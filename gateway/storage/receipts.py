"""Messages by their receipts. Functions of a connection."""

from typing import Final, NamedTuple

from gateway.storage import cases
from gateway.storage.blocks import LEDGER
from gateway.storage.database import Database
from gateway.storage.store import Filed, Place
from tally import receipt

_CHUNK: Final = 2000


class Looked(NamedTuple):
    """Whether a message has the receipt, and the message as it stands now. Of one that was lost with the
    newest database (`gateway/keeping/epoch.py`) only the name of its log and its place in it are known."""

    known: bool
    filed: Filed | None
    lost: tuple[str, int] | None = None


def look_up(db: Database, code: int, decoy: Place) -> Looked:
    """The message that has a receipt.

    If none has, the one at `decoy` is read all the same: a guess takes as long as a code that is right.
    """
    log, seq, known = db.execute(LEDGER["receipt-or"], (code, *decoy)).fetchone()
    found = cases.filed(db, [Place(log, seq)])
    if found or not known:
        return Looked(bool(known), found[0] if found else None)
    (name,) = db.execute(LEDGER["log-name"], (log,)).fetchone()
    return Looked(True, None, (name, seq))


def adopt(db: Database, log: int) -> None:
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
