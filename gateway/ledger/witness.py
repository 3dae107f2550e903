"""A witness of a log, on another machine: it follows what goes on, signs it, and shouts at what does not.

A log that goes on in a new epoch (`tally/epochs.py`) is followed there, if its gap names what was seen of the
logs before; and these are still looked at, for they must stay as they were.

What was seen is kept, durably, before anything is signed for it.
"""

import base64
import secrets
from pathlib import Path
from typing import NamedTuple

from gateway import durable
from gateway.ledger.watched import Alarm, Unreachable, Watched
from tally import epochs, note, submission
from tally.entry import Leaf
from tally.note import Checkpoint, Signer, Verifier
from tally.submission import Refusal


class Seen(NamedTuple):
    """The newest checkpoint of the newest epoch, and its note; and what was lost at the beginning of each
    later epoch: the log, and its gap."""

    checkpoint: Checkpoint
    signed: str
    gaps: list[tuple[str, Leaf]]


class Witness:
    """Of one log, and those that it goes on as: `url` has its `checkpoint` and `tile/`, `log` is its key,
    `state` our own folder."""

    def __init__(self, url: str, log: Verifier, state: Path) -> None:
        self._first, self._state = Watched(url.rstrip("/"), log, state), state

    def look(self) -> Seen:
        """What is there now, if all goes on from what was seen before. Raises `Alarm`, `Unreachable`."""
        log, before, gaps = self._first, dict[str, Checkpoint](), list[tuple[str, Leaf]]()
        while True:
            later = log.following()
            now, signed = log.look(before, ended=later.is_seen)
            if before:
                gaps.append((log.name, log.gap(now)))
            if not later.is_served():
                return Seen(now, signed, gaps)
            before[log.label] = now
            log = later

    def cosign(self, signed: str, at: int, name: str) -> str:
        """Vouch for a note of what is kept, at a time (Unix seconds). It is kept beside it, in `cosigned`."""
        log = self._known(signed.partition("\n")[0])
        assert log is not None, "what was not looked at is not vouched for"
        with log.alone():
            vouched = self.signer(name).cosign(signed, at)
            durable.keep(log.state / "cosigned", vouched)
        return vouched

    def add(self, body: bytes, at: int, name: str) -> str:
        """Our signature lines for what a log hands in (`tally.submission`), once it is kept.

        Raises `submission.Refusal`, and `Alarm` in its place, once, if the log may contradict itself; `Alarm`
        each time for an epoch that does not go on from what was seen.
        """
        asked = submission.read(body)
        now, signed = submission.opened(asked.signed, self._keys(asked.signed))
        log = self._known(now.origin) or self._new(now.origin)
        log.take(asked, now, signed, ended=log.following().is_seen)
        ours = note.kept_of(self.cosign(signed, at, name), [self.signer(name).witness])
        return ours.rpartition("\n\n")[2]

    def signer(self, name: str) -> Signer:
        """Our own key, made when it is first asked for; it keeps the name it was made with."""
        path = self._state / "witness.key"
        if not path.exists():
            made = base64.b64encode(secrets.token_bytes(note.SEED_BYTES)).decode()
            self._state.mkdir(parents=True, exist_ok=True)
            durable.keep(path, f"{name}\n{made}\n", 0o600)
        kept, seed = path.read_text("utf-8").split()
        return Signer(kept, base64.b64decode(seed))

    def _keys(self, signed: str) -> list[Verifier]:
        """The key of the log that a note is of, if that is ours, or one that ours may go on as."""
        origin, key = signed.partition("\n")[0], self._first.key
        (place, name), (ours, first) = _parted(origin), _parted(key.name)
        of, epoch = epochs.split(name)
        node, begun = epochs.split(first)
        later = (place, of) == (ours, node) and epoch > begun
        return [key._replace(name=origin)] if later else [key]

    def _known(self, origin: str) -> Watched | None:
        """The log of that name, if it is our first, or something was seen of it."""
        log = self._first
        while log.name != origin:
            log = log.following()
            if not log.is_seen:
                return None
        return log

    def _new(self, origin: str) -> Watched:
        """A log of which nothing was seen yet: whether ours has gone on as it tells the log alone.

        Raises `Refusal`, and `Alarm` from it.
        """
        try:
            self.look()
        except Unreachable as error:
            raise Refusal(503, "a new epoch, and the log cannot be looked at") from error
        except Alarm as alarm:
            raise alarm from Refusal(422, "it does not go on from what was seen here")
        log = self._known(origin)
        if log is None:
            raise Refusal(503, "a new epoch, which is not to be seen where the log is")
        return log


def _parted(origin: str) -> tuple[str, str]:
    place, _, name = origin.rpartition("/")
    return place, name
