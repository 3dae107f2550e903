"""How the tables lie on Citus, as data: what grows with votes is spread, the rest is everywhere.

Every unique key of a spread table contains its column: a caller's claims share a shard, and so does what one
log has. A log's head is written by every batch, so `logs` stays on the coordinator: a copy on every machine
would have all nodes wait for each other.
"""

from typing import Final

from gateway.storage.database import Database, transaction
from gateway.storage.store import Unsafe

#: By the column that tells the shard.
SPREAD: Final = {
    "claims": "voter_key",
    "outbox": "voter_key",
    "entries": "log",
    "acts": "log",
    "cases": "log",
    "totals": "log",
    "tempo": "log",
    "receipts": "log",
}
#: On the coordinator alone.
LOCAL: Final = ("logs", "migrations", "probe")
#: On every machine. Those that others refer to come first.
EVERYWHERE: Final = (
    *("campaigns", "nodes", "checkpoints", "snapshots"),
    *("accounts", "welcomes", "sessions", "known"),
    *("desk_calls", "desk_choices", "desk_reentries", "proposals", "followed", "parts", "marks"),
    *("nominations", "nomination_versions", "nomination_opinions", "nomination_codes"),
    *("nomination_withdrawals", "nomination_files"),
)


def statements() -> list[str]:
    """What spreads the tables. Citus takes no triggers, so those of `entries` go: what has been changed there
    is found by `televote verify`."""
    first = {column: next(table for table in SPREAD if SPREAD[table] == column) for column in SPREAD.values()}
    return [
        *(f"DROP TRIGGER {name} ON entries" for name in ("entries_keep", "entries_stay", "entries_whole")),
        *(f"SELECT create_reference_table('{table}')" for table in EVERYWHERE),
        *(f"SELECT citus_add_local_table_to_metadata('{table}')" for table in LOCAL),
        *(
            f"SELECT create_distributed_table('{table}', '{column}'"
            + (")" if first[column] == table else f", colocate_with => '{first[column]}')")
            for table, column in SPREAD.items()
        ),
    ]


def spread(db: Database) -> None:
    """Spread the tables of a database with our schema. Raises `Unsafe`."""
    if db.execute("SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetchone() is None:
        raise Unsafe("the database has no Citus: CREATE EXTENSION citus, on every machine, as its docs say")
    with transaction(db):
        if db.execute("SELECT 1 FROM pg_dist_partition LIMIT 1").fetchone():
            raise Unsafe("the tables have been spread already")
        for statement in statements():
            db.execute(statement)
