"""What was signed of a log before, held against its entries as they are read again.

The tiles that were published with a checkpoint have every entry's hash. They stand where whoever can change
the database may change them too, so they are believed only where they give the root that is signed; then they
tell which entry is the first that is another.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gateway.ledger.folder import Folder, Missing
from tally import merkle, note, tiles
from tally.note import BadNote, Checkpoint, Verifier
from tally.tiles import BadTile, Name
from tally.verify import Tampered

_OTHER: Final = "it is not the one that was signed"
_OLDER: Final = (
    ". If the database is an older copy, put the newest one back; if that is gone for good, two people can "
    "go on without what is lost, in a new epoch of the ledger: televote new-epoch {campaign}"
)


def read(published: Path, key: Callable[[str], Verifier]) -> "dict[str, Checkpoint | BadNote]":
    """The checkpoint of each node whose log has one in `published`, and what is wrong with it if it is not
    signed as it must be. `key` gives a node's key."""
    return {
        path.parent.name: of(path.read_text("utf-8", "replace"), key(path.parent.name))
        for path in sorted(published.glob("*/checkpoint"))
    }


def of(text: str, verifier: Verifier) -> Checkpoint | BadNote:
    """A checkpoint, and what is wrong with it if it is not signed as it must be."""
    try:
        told = note.read_checkpoint(note.open_note(text, [verifier]))
    except BadNote as error:
        return error
    return told if told.origin == verifier.name else BadNote("it is another log's")


class Bound:
    """One log's entries against what was signed: `see` them, in order; `end` after the last.

    `kept` is how many there are of a log that has gone on in another epoch: the others are lost, and these
    must be the beginning of what was signed, as the tiles prove; or as `before` says, which was signed too.
    `doubt` is what is to be said if the entries are not those that were signed, and nothing tells which.
    """

    def __init__(
        self, signed: Checkpoint, folder: Folder, kept: int | None = None, before: Checkpoint | None = None
    ) -> None:
        self._signed, self._folder, self._before = signed, folder, before
        self._upto = signed.size if kept is None else min(kept, signed.size)
        self._size, self._frontier = 0, merkle.Frontier()
        self._first: int | None = None
        self._tile: list[bytes] = []
        self.doubt: Tampered | None = None

    def see(self, hashes: Sequence[bytes]) -> None:
        """The hashes of the next entries. Raises `Tampered` at the last under the signature, if the entries
        so far do not give the root, and it can be told which is the first bad one."""
        while hashes and self._size < self._upto:
            at = self._size % tiles.WIDTH
            if at == 0:
                self._tile = self._published(self._size // tiles.WIDTH)
            some = list(hashes[: min(tiles.WIDTH - at, self._upto - self._size)])
            hashes = hashes[len(some) :]
            self._compare(some, self._tile[at : at + len(some)])
            self._size, self._frontier = merkle.extend(self._size, self._frontier, some)
            if self._size == self._upto:
                self._compare_root()

    def _compare(self, hashes: Sequence[bytes], published: Sequence[bytes]) -> None:
        """Take down the first that is another than was published. Where nothing is, nothing can be told."""
        if self._first is None and hashes[: len(published)] != published:
            pairs = zip(hashes, published, strict=False)
            self._first = self._size + next(at for at, (had, told) in enumerate(pairs) if had != told)

    def _compare_root(self) -> None:
        if self._is_shown(merkle.root(self._frontier)):
            return
        if self._first is not None and self._are_signed():
            raise Tampered(self._first, _OTHER)
        self.doubt = Tampered(
            0,
            f"or a later one up to {self._upto - 1} is not the one that was signed. Which one "
            "cannot be told, for the published tiles are not those that were signed either",
        )

    def earlier(self, found: Tampered) -> Tampered:
        """The first bad entry, given one: an inserted one shows only at the next, if nobody can open it."""
        if self._first is not None and self._first < found.seq and self._are_signed():
            return Tampered(self._first, _OTHER)
        return found

    def end(self) -> None:
        """Raises `Tampered` if fewer entries were there than were signed."""
        if self._size < self._upto:
            what = f"missing: {self._signed.size} entries were signed"
            if self._upto == self._signed.size:  # of a log that was given up, nobody can give up more
                _, campaign, _ = self._signed.origin.split("/")
                what += _OLDER.format(campaign=campaign)
            raise self.earlier(Tampered(self._size, what))

    def _is_shown(self, root: bytes) -> bool:
        """Whether the entries so far, which have this root, are those that were signed."""
        if self._upto == self._signed.size:
            return root == self._signed.root
        if self._before is not None and self._before.size == self._upto:
            return root == self._before.root
        try:
            proof = tiles.Reader(self._signed.size, self._folder.read).consistency(self._upto)
        except (Missing, BadTile, OSError):
            return False
        return tiles.proves_consistency(self._upto, self._signed.size, proof, root, self._signed.root)

    def _are_signed(self) -> bool:
        """Whether the published tiles give the root that is signed."""
        frontier, size = merkle.Frontier(), 0
        for number in range(-(-self._signed.size // tiles.WIDTH)):
            size, frontier = merkle.extend(size, frontier, self._published(number))
        return size == self._signed.size and merkle.root(frontier) == self._signed.root

    def _published(self, number: int) -> list[bytes]:
        width = min(tiles.WIDTH, self._signed.size - number * tiles.WIDTH)
        try:
            return tiles.hashes(self._folder.read(Name(0, number, width)), width)
        except (Missing, BadTile, OSError):
            return []
