"""Exports made from a page: the command itself, run beside the server, its files kept for download.

A process of its own counts again without taking time from votes, and its memory goes when it is done. One
export is made at a time. The last `KEPT` of each campaign stay in `exports/` in the data folder.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog

from config.load import Loaded
from config.problems import Lang
from gateway import beside
from gateway.exporting.exporter import MANIFEST, SIGNATURE
from gateway.ledger import archive

_log = structlog.get_logger()

KEPT: Final = 3

#: A build is called by its ledger: the number of entries, and how its root begins.
_BUILD: Final = re.compile(r"[0-9]{8,}-[0-9a-f]{12}", re.ASCII)
#: A folder that is no export yet, or none any more. Nodes may share the data folder: each has its own.
_UNFINISHED: Final = ".unfinished-{node}."


class File(NamedTuple):
    """A file for download. `audience` is "public" or "committee"."""

    name: str
    audience: str
    size: int
    sha256: str = ""


class Built(NamedTuple):
    """An export as it lies in its folder."""

    name: str
    folder: Path
    manifest: Mapping[str, Any]

    def files(self, audience: str) -> list[File]:
        """The files that the audience may have: of the committee's, the public has the public ones."""
        listed = [File(**one) for one in map(_renamed, self.manifest["files"])]
        signed = [
            self._file(one, "public")._replace(sha256=_sha256(self.folder / one))
            for one in (MANIFEST, SIGNATURE)
        ]
        own = [*signed, *(self._file(zipped(one), one) for one in AUDIENCES)]
        return [one for one in (*listed, *own) if audience == "committee" or one.audience == audience]

    def anomalies(self) -> Any:
        """What `televote anomalies` has found of the same votes, None if it did not look."""
        with contextlib.suppress(FileNotFoundError):
            return json.loads((self.folder / ANOMALIES).read_bytes())
        return None

    def manifest_sha256(self) -> str:
        """SHA-256 of the manifest, in hex: what is signed, and so every file."""
        return _sha256(self.folder / MANIFEST)

    def path(self, name: str, audience: str) -> Path | None:
        """Where a file is, None if there is none of that name for the audience."""
        known = any(one.name == name for one in self.files(audience))
        return self.folder / name if known else None

    def _file(self, name: str, audience: str) -> File:
        return File(name, audience, (self.folder / name).stat().st_size)


AUDIENCES: Final = ("public", "committee")

#: What stands out among the votes: looked for with each export, and no part of what is signed.
ANOMALIES: Final = "anomalies.json"
#: The folder of reports in that of an export. They are made from the same ledger, and are no part of what is
#: signed: a PDF is set in whatever font is here.
REPORTS: Final = "reports"


def zipped(audience: str) -> str:
    """The ZIP of all that an audience may have."""
    return f"{audience}.zip"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _renamed(listed: Mapping[str, Any]) -> dict[str, Any]:
    return {"size" if key == "bytes" else key: value for key, value in listed.items()}


def observable(mode: str, status: str, manifest: Mapping[str, Any]) -> bool:
    """Whether observers may have the public files of an export: its figures are as of its own time.

    While only what is published later may be seen, an export from before the close never may.
    """
    if mode == "live":
        return status != "scheduled"
    return mode != "never" and bool(manifest["closed"])


class Exports:
    """The exports of all campaigns. `stop` ends one that is being made."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._root = Path(loaded.settings.data) / "exports"
        self._unfinished = _UNFINISHED.format(node=loaded.settings.node)
        self._making: str = ""
        self._task: asyncio.Task[None] | None = None
        self._failed: dict[str, str] = {}

    @property
    def making(self) -> str:
        """The campaign whose export is being made, "" if none is."""
        return self._making

    def failed(self, campaign: str) -> str:
        """Why the campaign's last export was not made, "" if it was."""
        return self._failed.get(campaign, "")

    def built(self, campaign: str) -> list[Built]:
        """What there is, the newest first."""
        folder, found = self._root / campaign, []
        names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
        for name in sorted(filter(_BUILD.fullmatch, names), reverse=True):
            with contextlib.suppress(FileNotFoundError):  # another process has let it go just now
                manifest = json.loads((folder / name / MANIFEST).read_bytes())
                found.append(Built(name, folder / name, manifest))
        return found

    def begin(self, campaign: str, lang: Lang) -> bool:
        """Begin to make an export, what goes wrong worded in `lang`. False if one is being made already."""
        if self._making:
            return False
        self._making = campaign
        self._failed.pop(campaign, None)
        self._task = asyncio.create_task(self._make(campaign, lang))
        return True

    async def stop(self) -> None:
        """End what is being made: nothing of it stays."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _make(self, campaign: str, lang: Lang) -> None:
        folder = self._root / campaign
        try:
            new = await asyncio.to_thread(_prepare, folder, self._unfinished)
            self._failed[campaign] = await self._run(campaign, new, lang)
            if not self._failed[campaign]:
                name = await asyncio.to_thread(_complete, new)
                # Not in a thread: whoever lists the exports finds each of them whole.
                for old in _put(folder, new, name, self._unfinished):
                    await asyncio.to_thread(shutil.rmtree, old)
        except OSError as error:
            self._failed[campaign] = error.strerror or type(error).__name__
        finally:
            self._making = ""
        if self._failed[campaign]:
            _log.warning("export_failed", campaign=campaign)
        else:
            _log.info("export_made", campaign=campaign)

    async def _run(self, campaign: str, folder: Path, lang: Lang) -> str:
        """Have the command write into the folder; returns what it complained of, "" for nothing."""
        more = ("--reports", str(folder / REPORTS), "--anomalies", str(folder / ANOMALIES))
        words = ("export", str(folder), "--campaign", campaign, *more)
        return await beside.run(self._loaded.path, lang, *words)


def _prepare(folder: Path, unfinished: str) -> Path:
    """A new folder to write into; those that this node has never finished go."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{unfinished}*"):
        shutil.rmtree(left)
    return Path(tempfile.mkdtemp(prefix=unfinished, dir=folder))


def _complete(new: Path) -> str:
    """Add the ZIPs; returns the export's name."""
    manifest = json.loads((new / MANIFEST).read_bytes())
    public = [one["name"] for one in manifest["files"] if one["audience"] == "public"]
    everything = [one["name"] for one in manifest["files"]]
    for audience, names in zip(AUDIENCES, (public, everything), strict=True):
        _zip(new / zipped(audience), manifest["campaign"], (*names, MANIFEST, SIGNATURE))
    entries = sum(log["entries"] for log in manifest["ledger"])
    # With what was lost, so that a later export has a greater number.
    entries += sum(sum(gap["lost"].values()) for gap in manifest["gaps"])
    return f"{entries:08d}-{manifest['ledger'][-1]['root'][:12]}"


def _put(folder: Path, new: Path, name: str, unfinished: str) -> list[Path]:
    """Give an export its name, let one of the same ledger go, and the oldest: where they are now."""
    with _alone(folder):
        gone = [_away(folder, name, unfinished)] if (folder / name).exists() else []
        new.rename(folder / name)
        known = sorted((one.name for one in folder.iterdir() if _BUILD.fullmatch(one.name)), reverse=True)
        return [*gone, *(_away(folder, old, unfinished) for old in known[KEPT:])]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process that shares the data folder gives names there, or takes them, meanwhile."""
    held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _away(folder: Path, name: str, unfinished: str) -> Path:
    return (folder / name).rename(folder / f"{unfinished}{name}")


def _zip(target: Path, campaign: str, names: Iterable[str]) -> None:
    """The files beside the target, in a folder called by the campaign: the same files, the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as zipping:
        for name in sorted(names):
            entry = archive.member(f"{campaign}/{name}", zipfile.ZIP_DEFLATED)
            with (target.parent / name).open("rb") as source, zipping.open(entry, "w") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
