"""What goes of nominations once the time to keep it is over: all but what everybody may see.

Of an approved nomination the public fields and the photo for the public stay, of any other nothing but that
there was one; of both, who ruled on it, when and how. What was done stands in the history as before.
"""

import asyncio
import json
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Final

from gateway.intake.running import Running
from gateway.nominations import cabinet, records
from gateway.nominations.forms import FORMS
from gateway.storage.blocks import load
from gateway.storage.database import Database, transaction
from gateway.storage.store import Store

_SQL: Final = load("gateway.nominations", "nominations.sql")
_SWEEPING: Final = load("gateway.keeping", "erasure.sql")
#: What stands in place of a name that nobody may know any more.
GONE: Final = "–"


async def forget(store: Store, data: Path, running: Running, by: str, at_ms: int) -> int:
    """Let it go from the database, and from this node's data folder; from how many nominations it went.

    To do it again changes nothing: every node has files of its own to destroy. The database's files may keep
    traces until they are swept. Raises `store.Unavailable`, `OSError`.
    """
    public = {
        contest: frozenset(one.key for one in FORMS[nominating.form].fields if one.ours) | {"name", "unit"}
        for contest, nominating in running.campaign.nominations.items()
    }
    gone = await store.run(_forget, running.id, public, by, at_ms)
    kept = await store.run(records.contents, running.id)
    await asyncio.to_thread(cabinet.keep_only, cabinet.folder_of(data, running.id), kept)
    return gone


def _forget(db: Database, campaign: str, public: Mapping[str, Set[str]], by: str, at_ms: int) -> int:
    gone = 0
    with transaction(db):
        private = {id_ for (id_,) in db.execute(_SQL["not-forgotten"], (campaign, b""))}
        for head in records.heads(db, campaign):
            if head.id not in private:
                continue
            said, _ = records.version(db, head.id)
            db.execute(_SQL["forget-versions"], (GONE, GONE, "{}", b"", head.id))
            db.execute(_SQL["forget-notes"], ("", head.id))
            db.execute(_SQL["forget-reasons"], ("", head.id))
            stays = head.portrait if head.standing == "approved" else 0
            db.execute(_SQL["forget-files"], (GONE, by, at_ms, head.id, stays))
            if head.standing == "approved":
                kept = {key: value for key, value in said.items() if key in public.get(head.contest, ())}
                fields = json.dumps(kept, ensure_ascii=False, sort_keys=True)
                db.execute(_SQL["keep-public"], (head.name, head.unit, fields, head.id))
            gone += 1
        if gone:  # the process may be killed before they are out of the database's files
            db.execute(_SWEEPING["to-be-swept"], (campaign,))
    return gone
