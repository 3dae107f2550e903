"""An export: all its files, written in one walk over the ledger, each under its name once all are whole.

The openings are no part of it: they go into a file of their own, elsewhere, for whoever may see every number.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import gateway
from dedup import caller
from gateway import clock
from gateway.checking import audit
from gateway.checking.audit import Checkable, OnRows, Recounted, Unfit
from gateway.checking.walking import Chunk
from gateway.durable import naming
from gateway.ledger import marks, publisher
from gateway.ledger.archive import Archive, Parted
from gateway.ledger.folder import Folder, Missing
from gateway.ledger.manifest_key import ManifestSigner
from gateway.panel import evaluating
from gateway.storage.store import Head
from tally import certified, export, note, tiles
from tally.note import BadNote, Checkpoint
from tally.outcome import Selection
from tally.rulings import voided
from tally.tiles import BadTile
from tally.verify import Checked

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.json.minisig"

#: What the committee alone may have: times and masked numbers of single messages.
_COMMITTEE: Final = frozenset({"outcomes.csv", "messages.csv", "acts.csv", "evaluation.json"})
FORKED: Final = (
    "the ledger does not go on from what was signed of it: this is an older copy, or it was changed. "
    "Nothing was signed"
)


#: The selections that a later message has voided, by node and entry.
Voided = Mapping[tuple[str, int], frozenset[Selection]]


class Inside(ValueError):
    """The openings were to go where the export goes, and that is given away."""


async def export_to(
    folder: Path, ledger: Checkable, on_rows: OnRows, openings: Path | None = None
) -> dict[str, Any]:
    """Write a campaign's export into an existing folder, its manifest last; returns the manifest.

    `openings` is the file for the openings, None if nobody is to have them. Raises `Inside`, and `Tampered`
    or `Unfit` before anything is left under its own name.
    """
    if openings is not None and folder.resolve() in openings.resolve().parents:  # noqa: ASYNC240 -- one look
        raise Inside
    endings = await ledger.endings()
    rulings = await ledger.rulings()
    over = await _overridden(ledger, on_rows)
    # Of what is erased no more is known than the acts' leaves tell.
    ruled: dict[tuple[str, int], export.Standing] = {
        place: (last.outcome, (), last) for place, last in rulings.items()
    }
    ruled |= {place: (outcome, ended, rulings[place]) for place, (outcome, ended, _) in endings.items()}
    writing = _Writing(folder, ledger, ruled, over, openings)
    try:
        counted = await audit.recount(ledger, on_rows, writing.see)
        if not counted.agrees or counted.endings != endings:
            raise Unfit(
                "the recount does not agree with the kept totals: run `televote recount` to see where"
            )
        manifest = writing.finish(counted)
        writing.keep()
    except Parted as error:
        raise Unfit(FORKED) from error
    finally:
        writing.discard()
    return manifest


async def _overridden(ledger: Checkable, on_rows: OnRows) -> Voided:
    """The votes that a later message of their caller has voided. Under `void_all` alone there are any, and
    then it takes a walk of its own: a message is written long before it is known."""
    if not ledger.running.caps.void_all:
        return {}
    found: dict[tuple[str, int], frozenset[Selection]] = {}
    for node, entry, contest, code in (await audit.recount(ledger, on_rows)).overridden:
        found[node, entry] = found.get((node, entry), frozenset()) | {Selection(contest, code)}
    return found


class _Writing:
    """The files of an export while they are written."""

    def __init__(
        self,
        folder: Path,
        ledger: Checkable,
        ruled: Mapping[tuple[str, int], export.Standing],
        over: Voided,
        openings: Path | None,
    ) -> None:
        self._folder, self._ledger, self._ruled, self._over = folder, ledger, ruled, over
        self._files: list[_File] = []
        self._archives: dict[str, Archive] = {}
        self._openings = None if openings is None else _File(openings, mode=0o600)
        self._messages, self._outcomes = self._begin("messages.csv"), self._begin("outcomes.csv")
        self._messages.write(export.to_csv([export.MESSAGE_HEADER]))
        self._outcomes.write(export.to_csv([export.OUTCOME_HEADER]))
        if self._openings is not None:
            self._openings.write([export.opening_header(ledger.running.id)])

    def see(self, chunk: Chunk) -> None:
        """Write what some entries give. Raises `archive.Parted`."""
        with naming(self._folder):
            self._archive(chunk.node).add([row.leaf for row in chunk.rows])
        rows, missed = list[list[object]](), list[list[object]]()
        for checked in chunk.entries:
            if checked.leaf.is_message:
                place, standing = self._ledger.place(chunk.node, checked.seq), self._standing(chunk, checked)
                row = export.message_row(checked, place, standing, caller.mask, self._stamp)
                rows.append(row)
                if export.is_uncounted(standing):
                    missed.append(export.outcome_row(checked, row, standing))
        self._messages.write(export.to_csv(rows, begin=False))
        self._outcomes.write(export.to_csv(missed, begin=False))
        if self._openings is not None:
            sealer = self._ledger.sealer(chunk.node)
            self._openings.write(
                export.opening_line(chunk.node, row.seq, *sealer.open(row.seq, row.sealed))
                for row in chunk.rows
                if row.sealed is not None
            )

    def finish(self, counted: Recounted) -> dict[str, Any]:
        """Write the rest, and the manifest, signed."""
        running = self._ledger.running
        self._begin("acts.csv").write(
            export.to_csv(export.act_rows(counted.acts, self._ledger.place, self._stamp))
        )
        self._begin("standings.csv").write(export.to_csv(export.standings_rows(counted.standings)))
        self._begin("standings.json").write([export.to_json(counted.standings)])
        weighed = evaluating.document(running, counted.standings, evaluating.read(counted.acts))
        if running.closed and weighed is not None and weighed["complete"]:
            self._begin("evaluation.json").write([export.to_json(weighed)])
        listed = evaluating.shortlist(counted.standings, weighed)
        result = certified.document(
            running.progress, counted.standings, listed, counted.acts, self._stamp, weighed
        )
        self._begin("result.json").write([export.to_json(result)])
        self._begin("rules.txt").write([running.campaign.rules_text])
        for head in self._ledger.heads:
            signer = publisher.signer(running, head.node)
            checkpoint = Checkpoint(signer.verifier.name, head.size, self._archive(head.node).root)
            cosigned = Folder(self._ledger.published / head.node).cosigned()
            signed = note.joined(signer.sign(checkpoint.text()), cosigned)
            self._begin(f"checkpoint-{head.node}.txt").write([signed.encode()])
            archive = self._begin(f"ledger-{head.node}.zip")
            with naming(self._folder / archive.name):
                self._archive(head.node).write(archive.handle)
        key = ManifestSigner(publisher.signer(running, self._ledger.heads[0].node), running.keys.signing)
        self._begin("televote.pub").write([key.public(running.id)])
        manifest = _manifest(self._ledger, counted, sorted(self._files, key=lambda file: file.name))
        packed = export.to_json(manifest)
        self._begin(SIGNATURE).write([key.sign(packed, running.id, self._ledger.entries)])
        self._begin(MANIFEST).write([packed])
        return manifest

    def keep(self) -> None:
        """Give the files their names, the manifest last."""
        for file in [*([self._openings] if self._openings else []), *self._files]:
            file.keep()

    def discard(self) -> None:
        """Let go of what has no name yet."""
        for archive in self._archives.values():
            archive.close()
        for file in [*([self._openings] if self._openings else []), *self._files]:
            file.discard()

    def _begin(self, name: str) -> "_File":
        self._files.append(_File(self._folder / name))
        return self._files[-1]

    def _archive(self, node: str) -> Archive:
        if node not in self._archives:
            (head,) = (head for head in self._ledger.heads if head.node == node)
            self._archives[node] = Archive(self._folder, signed_so_far(self._ledger, head))
        return self._archives[node]

    def _standing(self, chunk: Chunk, checked: Checked) -> export.Standing:
        place = (chunk.node, checked.seq)
        outcome, selections, last = self._ruled.get(place) or export.as_it_came(checked)
        over = self._over.get(place)
        return outcome, selections if over is None else voided(selections, over), last

    def _stamp(self, ms: int) -> str:
        return clock.stamp(ms, self._ledger.running.zone)


def signed_so_far(ledger: Checkable, head: Head) -> Checkpoint | None:
    """What was signed of a log before, as far as it goes here; None if nothing was. Raises `Unfit`."""
    folder, signer = Folder(ledger.published / head.node), publisher.signer(ledger.running, head.node)
    text = folder.checkpoint()
    if not text:  # it is another node's, or was never signed
        told = ledger.signed.get(head.node)
        return told if isinstance(told, Checkpoint) else None
    try:
        signed = note.read_checkpoint(note.open_note(text, [signer.verifier]))
        if signed.size <= head.size:
            return signed
        if (before := marks.before(folder, signer.verifier)) and before.size == head.size:
            return before
        return Checkpoint(signed.origin, head.size, tiles.Reader(head.size, folder.read).root())
    except (BadNote, BadTile, Missing) as error:
        raise Unfit(
            f"{folder.path}: what was signed before cannot be read; nothing was signed now"
        ) from error


def _manifest(ledger: Checkable, counted: Recounted, files: "list[_File]") -> dict[str, Any]:
    running, closes = ledger.running, [act.leaf for act in counted.acts if act.leaf.kind == "close"]
    moved = [act.leaf.detail["closes_ms"]["sms"] for act in counted.acts if act.leaf.kind == "schedule"]
    pending = counted.standings["balance"]["waiting"]
    return {
        "format": "televote-export/2",
        "stamp": "final" if running.certified else "provisional",
        "status": running.progress.status,
        "closed": bool(closes),
        "waiting_for_a_ruling": pending,
        "campaign": running.id,
        "rules_sha256": running.campaign.rules_hash,
        "software": {"name": "televote", "version": gateway.__version__},
        "times": {
            "opens_at": clock.stamp(running.campaign.window_for("sms").opens_ms, running.zone),
            "closes_at": clock.stamp(
                [running.campaign.window_for("sms").closes_ms, *moved][-1], running.zone
            ),
            "closed_at": clock.stamp(closes[-1].at_ms, running.zone) if closes else None,
            "last_entry_at": counted.standings["as_of"],
        },
        "ledger": [
            {
                "node": head.node,
                "entries": head.size,
                "root": counted.roots[head.node],
                "vkey": publisher.signer(running, head.node).verifier.vkey,
            }
            for head in ledger.heads
        ],
        "gaps": [
            {"log": act.node, "at": clock.stamp(act.leaf.at_ms, running.zone), **act.leaf.detail}
            for act in counted.acts
            if act.leaf.kind == "gap"
        ],
        "balanced": counted.standings["balance"]["balanced"],
        "recount": "agrees",
        "files": [file.listed() for file in files],
    }


class _File:
    """A file that appears under its name only when the whole export is done."""

    def __init__(self, path: Path, mode: int = 0o666) -> None:
        self.name, self._path = path.name, path
        self._part = path.with_name(f".{path.name}.part")
        self._part.unlink(missing_ok=True)
        part = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        self.handle = open(part, "w+b")  # noqa: SIM115 -- it is closed when the file is kept, or discarded

    def write(self, chunks: Iterable[bytes]) -> None:
        with naming(self._path):
            self.handle.writelines(chunks)

    def listed(self) -> dict[str, Any]:
        """The file as the manifest lists it."""
        with naming(self._path):
            self.handle.flush()
        self.handle.seek(0)
        hashed = hashlib.file_digest(self.handle, "sha256").hexdigest()
        audience = "committee" if self.name in _COMMITTEE else "public"
        return {"name": self.name, "audience": audience, "bytes": self.handle.tell(), "sha256": hashed}

    def keep(self) -> None:
        with naming(self._path):
            self.handle.flush()
            os.fsync(self.handle.fileno())
            self.handle.close()
        self._part.replace(self._path)

    def discard(self) -> None:
        with suppress(OSError):  # what could not be written cannot be now
            self.handle.close()
        self._part.unlink(missing_ok=True)
