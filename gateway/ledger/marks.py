"""What was signed of a campaign's logs, as their files tell: what we are bound to, whatever the database
says."""

from pathlib import Path
from typing import Final

from gateway.ledger.folder import Folder
from gateway.storage.store import Unsafe
from tally import epochs, note
from tally.note import BadNote, Checkpoint, Verifier

#: The checkpoint that the files had before a newer one was brought from outside (`gateway/keeping/epoch.py`).
BEFORE: Final = "checkpoint.before"

OLDER: Final = (
    "the ledger of {campaign} {what}: the database is an older copy. Put the newest one back; nothing was "
    "changed. If the newest one is gone for good, two people can go on without what is lost, in a new epoch "
    "of the ledger: televote new-epoch {campaign}"
)
RESTORED: Final = (
    "the ledger of {campaign} was put back from a backup, and more may have been signed after it was made. "
    "If the newest ledger folder is still there, put that in its place. If it is gone, go on in a new epoch: "
    "televote new-epoch {campaign}, with --signed and the newest checkpoint that anybody has saved. Only if "
    "the service had been stopped before the backup was made, and has not run since, delete {file}"
)
MOVED: Final = (
    "the checkpoint of {campaign} in {folder} is not the one that was signed here last: another process "
    "signs this log, or somebody has changed the file. Stop whichever has the older database"
)


class Forked(Unsafe):
    """The database does not go on from what was signed."""


def signed(folder: Folder, key: Verifier) -> Checkpoint | None:
    """What was signed last of a log. Raises `Forked` if that cannot be known."""
    text = folder.checkpoint()
    if not text:
        return None
    try:
        return note.read_checkpoint(note.open_note(text, [key]))
    except BadNote as error:
        raise Forked(
            f"{folder.path / 'checkpoint'} was not signed with the key of {key.name}: it says what was "
            "signed before, and must be as it was"
        ) from error


def before(folder: Folder, key: Verifier) -> Checkpoint | None:
    """The checkpoint that the files had before a newer one was brought, None if none was."""
    try:
        return note.read_checkpoint(note.open_note((folder.path / BEFORE).read_text("utf-8"), [key]))
    except (FileNotFoundError, BadNote):
        return None


def newest(campaign: Path, node: str) -> int:
    """The newest epoch of which anything was signed, in the folder of a campaign's logs; 0 if nothing was."""
    if not campaign.is_dir():
        return 0
    logs = [one.name for one in campaign.iterdir() if one.is_dir() and Folder(one).checkpoint()]
    return epochs.newest(logs, node)
