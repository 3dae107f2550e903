"""Counts what was published again: an export in a folder, and the auditor's openings of it."""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from tally import epochs, export, merkle, note, order, standings, tiles
from tally.acts import REVISIONS
from tally.count import TotalKey
from tally.outcome import ALWAYS_PENDING, CHANNELS, MessageOutcome, Selection
from tally.recount import Recount
from tally.rules import Rules
from tally.standings import Candidate, Contest, Roll
from tally.verify import Checked, Verifier

_BLINDING_BYTES = 32


class Bad(ValueError):
    """The export, or the openings, are not what they must be."""


class _Given(NamedTuple):
    """What an auditor was given of a log: blinding key and opening, as `verify` has them opened."""

    log: str

    def open(self, _seq: int, given: bytes) -> tuple[bytes, bytes]:
        """See `verify.Opens`."""
        return given[:_BLINDING_BYTES], given[_BLINDING_BYTES:]


class _Log(NamedTuple):
    """A log's entries, opened, and their leaves."""

    entries: list[Checked]
    leaves: list[bytes]


class Counted(NamedTuple):
    """What a recount came to: entries, and votes by contest, code and channel."""

    entries: int
    votes: dict[tuple[str, str, str], int]


def recount(folder: str, openings: str, vkeys: Sequence[str] = ()) -> Counted:
    """Count the export in a folder again from the openings, under its signed checkpoints and the rules that
    the vote was opened by, and compare with its `standings.json`. Without a key, the export's own word for
    it is taken; the key of a log is also that of the epochs after it.

    Raises `Bad`, `Tampered`, `BadNote`, `BadTile`, `OSError`; `KeyError`, `TypeError`, `AttributeError` or
    `ValueError` where a file is not shaped as an export's.
    """
    manifest, told = _json(f"{folder}/manifest.json"), _json(f"{folder}/standings.json")
    text = _read(f"{folder}/rules.txt")
    rules = json.loads(text.split(b"\n", 1)[1])
    given, logs = _given(openings, rules["id"]), dict[str, _Log]()
    for one in manifest["ledger"]:
        key = _key(vkeys or [one["vkey"]], f"televote/{rules['id']}", one["node"])
        logs[one["node"]] = _log(folder, one["node"], key, rules["id"], given)
    acts = _acts(logs)
    if faults := epochs.faults(acts, _sizes(logs)):
        raise Bad("; ".join(faults))
    _hold_to_rules(acts, hashlib.sha256(text).hexdigest())
    row = _in_order(logs, acts)
    _hold_to_one_each(row)
    counting = _counted(rules, row)
    if counting.faults:
        raise Bad("; ".join(counting.faults))
    found = standings.build(
        _roll(rules, acts), counting.totals, told["status"], told["as_of"], epochs.lost(acts, MessageOutcome)
    )
    _agree("", told, json.loads(json.dumps(found)))
    return Counted(len(row), _votes(counting))


def _key(vkeys: Sequence[str], place: str, node: str) -> note.Verifier:
    """The key of a log: among those given, or that of an earlier epoch under the log's own name."""
    own, epoch = epochs.split(node)
    for key in map(note.read_vkey, vkeys):
        where, _, name = key.name.rpartition("/")
        of, since = epochs.split(name)
        if (where, of) == (place, own) and 0 < since <= epoch:
            return key._replace(name=f"{place}/{node}")
    raise Bad(f"none of the keys is of {place}/{node}")


def _acts(logs: Mapping[str, _Log]) -> list[Checked]:
    """The acts of all logs, in the order in which they were recorded."""
    acts = [one for log in logs.values() for one in log.entries if not one.leaf.is_message]
    return order.in_order(acts, _placed)


def _placed(act: Checked) -> order.Placed:
    return order.placed(act.node, act.seq, act.leaf.detail)


def _sizes(logs: Mapping[str, _Log]) -> dict[str, int]:
    return {node: len(log.entries) for node, log in logs.items()}


def _in_order(logs: Mapping[str, _Log], acts: Sequence[Checked]) -> list[tuple[str, Checked]]:
    """All entries, each act after what it had seen of other logs; a `close` tells of their roots."""
    row = list(order.spans(_sizes(logs), map(_placed, acts)))
    for act in acts:
        for node, root in act.leaf.detail.get("roots", {}).items():
            leaves = logs[node].leaves[: _placed(act).seen[node]]
            _, frontier = merkle.extend(0, (), merkle.leaf_hashes(leaves))
            if merkle.root(frontier).hex() != root:
                raise Bad(f"entry {act.seq} of {act.node}: {node} had another root then")
    return [(span.node, one) for span in row for one in logs[span.node].entries[span.first : span.end]]


def _hold_to_rules(acts: Sequence[Checked], digest: str) -> None:
    for act in acts:
        if act.leaf.kind == "open" and act.leaf.detail["rules"] != digest:
            raise Bad(f"rules.txt: entry {act.seq} opened the vote by other rules")


def _hold_to_one_each(row: Sequence[tuple[str, Checked]]) -> None:
    """Every message stands there once (docs/rules.md, Redelivery), and so does what a leaf commits to, for it
    is drawn anew each time."""
    known = set[object]()
    for node, one in row:
        if one.leaf.is_message:
            own: set[object] = {one.leaf.commit}
            if one.opening is not None:
                own |= {(one.opening.source, one.opening.voter, one.opening.message_id)}
            if known & own:
                raise Bad(f"entry {one.seq} of {node}: this message is there twice")
            known |= own


def _agree(where: str, told: Any, found: Any) -> None:
    """Raise `Bad` at the first place where two JSON values differ, if only in type."""
    if type(told) is not type(found):
        raise Bad(f"standings.json,{where}: {told} told, {found} counted")
    if isinstance(told, dict):
        if told.keys() != found.keys():
            raise Bad(
                f"standings.json,{where}: {sorted(told.keys() ^ found.keys())} told or counted, not both"
            )
        for key, value in told.items():
            _agree(f"{where} {key}", value, found[key])
    elif isinstance(told, list) and len(told) == len(found):
        for one, other in zip(told, found, strict=True):
            name = other.get("code", other.get("id", "")) if isinstance(other, dict) else ""
            _agree(f"{where} {name}", one, other)
    elif told != found:
        raise Bad(f"standings.json,{where}: {told} told, {found} counted")


def _votes(counting: Recount) -> dict[tuple[str, str, str], int]:
    return {
        (contest, code, channel): counting.totals.get(
            TotalKey("selection", channel, contest, code, "counted"), 0
        )
        for contest, code in sorted(counting.rules.candidates)
        for channel in CHANNELS
    }


def _roll(rules: Mapping[str, Any], acts: Sequence[Checked]) -> Roll:
    """What was voted on, after those who have withdrawn."""
    roll = Roll(
        rules["id"],
        rules["name"],
        tuple(
            Contest(one["id"], one["name"], one.get("seats", 1), tuple(map(_candidate, one["candidates"])))
            for one in rules["contests"]
        ),
    )
    for act in acts:
        if act.leaf.kind == "withdraw":
            roll = roll.without(Selection(act.leaf.detail["contest"], act.leaf.detail["candidate"]))
    return roll


def _candidate(told: Mapping[str, Any]) -> Candidate:
    return Candidate(told["code"], told["name"], told.get("unit", ""), told.get("withdrawn", False))


def _counted(rules: dict[str, Any], row: Sequence[tuple[str, Checked]]) -> Recount:
    caps = {one["id"]: [(cap["per"], cap["votes"]) for cap in one["caps"]] for one in rules["contests"]}
    candidates = [(one["id"], each["code"]) for one in rules["contests"] for each in one["candidates"]]
    targets = [
        (checked.leaf.detail["node"], checked.leaf.detail["entry"])
        for _, checked in row
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
            most={one["id"]: one.get("selections", {}).get("max", 1) for one in rules["contests"]},
        ),
        frozenset(targets),
    )
    for node, checked in row:
        counting.feed(checked, node)
    counting.finish()
    return counting


def _log(
    folder: str, node: str, key: note.Verifier, campaign: str, given: Mapping[tuple[str, int], bytes]
) -> _Log:
    """Every entry of a log, opened, and all of them under the checkpoint."""
    signed = _read(f"{folder}/checkpoint-{node}.txt").decode("utf-8", "replace")
    checkpoint = note.read_checkpoint(note.open_note(signed, [key]))
    verifier, log = Verifier(campaign, _Given(f"{campaign}/{node}")), _Log([], [])
    for seq, leaf in enumerate(_leaves(f"{folder}/ledger-{node}.zip", checkpoint.size)):
        log.entries.append(verifier.check_leaf(seq, leaf, given.get((node, seq))))
        log.leaves.append(leaf)
    if (checkpoint.origin, verifier.size) != (key.name, checkpoint.size):
        raise Bad(f"{node}: the log is not the one that was signed")
    if verifier.root() != checkpoint.root:
        raise Bad(f"{node}: the entries do not give the root that is signed")
    return log


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
