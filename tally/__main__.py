"""Counts a published export again, with this package and `cryptography` alone.

python -m tally recount EXPORT OPENINGS --vkey KEY
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from tally import epochs, export, note, tiles
from tally.acts import REVISIONS
from tally.count import TotalKey
from tally.note import BadNote
from tally.outcome import ALWAYS_PENDING, CHANNELS
from tally.recount import Recount
from tally.rules import Rules
from tally.standings import balance
from tally.tiles import BadTile
from tally.verify import Checked, Tampered, Verifier

_BLINDING_BYTES = 32


class Bad(ValueError):
    """The export, or the openings, are not what they must be."""


class _Given(NamedTuple):
    """What an auditor was given of a log: blinding key and opening, as `verify` has them opened."""

    log: str

    def open(self, _seq: int, given: bytes) -> tuple[bytes, bytes]:
        """See `verify.Opens`."""
        return given[:_BLINDING_BYTES], given[_BLINDING_BYTES:]


class Counted(NamedTuple):
    """What a recount came to: entries, and votes by contest, code and channel."""

    entries: int
    votes: dict[tuple[str, str, str], int]


def recount(folder: str, openings: str, vkeys: Sequence[str] = ()) -> Counted:
    """Count the export in a folder again from the openings, under its signed checkpoints, and compare with
    its `standings.json`. Without a key, the export's own word for it is taken; the key of a log is also
    that of the epochs after it.

    Raises `Bad`, `Tampered`, `OSError`.
    """
    manifest, standings = _json(f"{folder}/manifest.json"), _json(f"{folder}/standings.json")
    rules = json.loads(_read(f"{folder}/rules.txt").split(b"\n", 1)[1])
    given, entries = _given(openings, rules["id"]), list[tuple[str, Checked]]()
    sizes = dict[str, int]()
    for told in manifest["ledger"]:
        node = told["node"]
        verifier = _key(vkeys or [told["vkey"]], f"televote/{rules['id']}", node)
        log = list(_log(folder, node, verifier, rules["id"], given))
        entries += ((node, one) for one in log)
        sizes[node] = len(log)
    counting = _counted(rules, entries)
    acts = [one for _, one in entries if not one.leaf.is_message]
    if faults := counting.faults + epochs.faults(acts, sizes):
        raise Bad("; ".join(faults))
    found = balance(counting.totals)
    _agree("balance", standings["balance"], found)
    votes = dict[tuple[str, str, str], int]()
    for contest in standings["contests"]:
        for one in contest["candidates"]:
            for channel in CHANNELS:
                key = TotalKey("selection", channel, contest["id"], one["code"], "counted")
                votes[contest["id"], one["code"], channel] = counting.totals.get(key, 0)
                where = f"{contest['id']} {one['code']} {channel}"
                _agree(where, one["by_channel"].get(channel, 0), counting.totals.get(key, 0))
    return Counted(len(entries), votes)


def _key(vkeys: Sequence[str], place: str, node: str) -> note.Verifier:
    """The key of a log: among those given, or that of an earlier epoch under the log's own name."""
    own, epoch = epochs.split(node)
    for key in map(note.read_vkey, vkeys):
        where, _, name = key.name.rpartition("/")
        of, since = epochs.split(name)
        if (where, of) == (place, own) and 0 < since <= epoch:
            return key._replace(name=f"{place}/{node}")
    raise Bad(f"none of the keys is of {place}/{node}")


def _agree(what: str, told: object, found: object) -> None:
    if told != found:
        raise Bad(f"standings.json, {what}: {told} told, {found} counted")


def _counted(rules: dict[str, Any], entries: Sequence[tuple[str, Checked]]) -> Recount:
    caps = {one["id"]: [(cap["per"], cap["votes"]) for cap in one["caps"]] for one in rules["contests"]}
    candidates = [(one["id"], each["code"]) for one in rules["contests"] for each in one["candidates"]]
    targets = [
        (checked.leaf.detail["node"], checked.leaf.detail["entry"])
        for _, checked in entries
        if checked.leaf.kind in REVISIONS
    ]
    judging = rules.get("evaluation") or {}
    counting = Recount(
        Rules(
            caps=caps,
            total=[(cap["per"], cap["votes"]) for cap in rules.get("caps", ())],
            candidates=frozenset(candidates),
            pending=ALWAYS_PENDING | frozenset(rules.get("pending", ())),
            releases=rules.get("withdrawal") == "release",
            adjudicators=rules.get("adjudicators", 1),
            judged={
                name: {
                    one["id"]: (Fraction(one["max"]), Fraction(one.get("step", 1)))
                    for one in each["criteria"]
                }
                for name, each in judging.get("contests", {}).items()
            },
            judges=judging.get("judges", 0),
        ),
        frozenset(targets),
    )
    for node, checked in entries:
        if checked.opening is not None:
            counting.message(checked.seq, checked.opening, node)
        elif checked.leaf.is_message:
            counting.gone(checked.seq, node)
        else:
            counting.act(checked, node)
    counting.finish()
    return counting


def _log(
    folder: str, node: str, key: note.Verifier, campaign: str, given: dict[tuple[str, int], bytes]
) -> Iterator[Checked]:
    """Every entry of a log, opened, and all of them under the checkpoint."""
    signed = _read(f"{folder}/checkpoint-{node}.txt").decode("utf-8", "replace")
    checkpoint = note.read_checkpoint(note.open_note(signed, [key]))
    verifier = Verifier(campaign, _Given(f"{campaign}/{node}"))
    for seq, leaf in enumerate(_leaves(f"{folder}/ledger-{node}.zip", checkpoint.size)):
        yield verifier.check_leaf(seq, leaf, given.get((node, seq)))
    if (checkpoint.origin, verifier.size) != (key.name, checkpoint.size):
        raise Bad(f"{node}: the log is not the one that was signed")
    if verifier.root() != checkpoint.root:
        raise Bad(f"{node}: the entries do not give the root that is signed")


def _leaves(path: str, size: int) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as archive:
        for name in tiles.names(size):
            if name.level < 0:
                yield from tiles.entries(archive.read(name.path), name.width)


def _given(path: str, campaign: str) -> dict[tuple[str, int], bytes]:
    head, *lines = [json.loads(line) for line in _read(path).splitlines()]
    if [head.get("format"), head.get("campaign")] != ["televote-openings/1", campaign]:
        raise Bad(f"{path}: not the openings of {campaign}")
    return {(one["node"], one["entry"]): export.given(one) for one in lines}


def _json(path: str) -> Any:
    return json.loads(_read(path))


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. 0: it agrees; 1: it does not."""
    parser = argparse.ArgumentParser(prog="python -m tally", description="Count a published export again.")
    command = parser.add_subparsers(required=True).add_parser("recount", help="from an auditor's openings")
    command.add_argument("folder", help="the export, unpacked")
    command.add_argument("openings", help="the auditor's file")
    command.add_argument("--vkey", action="append", default=[], help="a log's key, as it was published")
    asked = parser.parse_args(arguments)
    try:
        counted = recount(asked.folder, asked.openings, asked.vkey)
    except Tampered as error:
        return _bad(f"damaged at {error}")
    except KeyError as error:
        return _bad(f"{error} is missing")
    except (BadNote, BadTile, ValueError, TypeError, AttributeError, OSError, zipfile.BadZipFile) as error:
        return _bad(str(error))
    sys.stdout.write(f"{counted.entries} entries, under a signed root; counted again: the same figures\n")
    for (contest, code, channel), votes in counted.votes.items():
        if votes:
            sys.stdout.write(f"{contest} {code} {channel} {votes}\n")
    return 0


def _bad(what: str) -> int:
    sys.stderr.write(f"BAD: {what}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
