"""A log that lost entries goes on as another: `n1`, then `n1.e2`, `n1.e3`. No node's name has a dot in it.

The new log's first entry is an act of kind `gap`. It says of every log of the node before it what was signed
of it, how many entries are kept, and how those that are lost had ended. An old log is never signed again at
another size, but for what is kept of it, which is its beginning.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tally import entry
from tally.entry import Leaf
from tally.verify import Checked

_NAME: Final = re.compile(r"(?P<node>[^.]*?)(?:\.e(?P<epoch>[2-9]|[1-9][0-9]{1,8}))?", re.ASCII)

#: How lost entries had ended of which not even the leaves are left.
UNKNOWN: Final = "unknown"


def label(node: str, epoch: int) -> str:
    """The name of a node's log in an epoch, which count from 1.

    >>> label("n1", 1), label("n1", 12)
    ('n1', 'n1.e12')
    """
    return node if epoch == 1 else f"{node}.e{epoch}"


def split(name: str) -> tuple[str, int]:
    """A log's node and epoch; epoch 0 if no log is called so.

    >>> split("n1"), split("n1.e12"), split("n1.e1"), split("n1.e02")
    (('n1', 1), ('n1', 12), ('n1.e1', 0), ('n1.e02', 0))
    """
    found = _NAME.fullmatch(name)
    return (name, 0) if found is None else (found["node"], int(found["epoch"] or 1))


def following(name: str) -> str:
    """The log that a log would go on as.

    >>> following("n1"), following("televote/c-1.5/n1.e9")
    ('n1.e2', 'televote/c-1.5/n1.e10')
    """
    path, slash, last = name.rpartition("/")
    node, epoch = split(last)
    return f"{path}{slash}{label(node, max(epoch, 1) + 1)}"


def newest(names: Iterable[str], node: str) -> int:
    """The newest epoch of a node among these logs, 0 if none is its own."""
    return max((epoch for own, epoch in map(split, names) if own == node), default=0)


#: Where an entry stands, for people to read.
Place = int | str


def place(node: str, seq: int, logs: int) -> Place:
    """An entry's number, and before it its log's name where there are several logs: each counts from 0.

    >>> place("n1", 7, 1), place("n1.e2", 7, 2)
    (7, 'n1.e2/7')
    """
    return f"{node}/{seq}" if logs > 1 else seq


class Past(NamedTuple):
    """What became of an old log: what was signed of it, and how many entries are kept."""

    size: int
    root: bytes
    kept: int


def detail(
    by: str, second: str, reason: str, logs: Mapping[str, Past], lost: Mapping[str, int]
) -> dict[str, Any]:
    """What a `gap` says: two people, why, the logs before by name, how what is lost had ended."""
    told = {name: {"size": one.size, "root": one.root.hex(), "kept": one.kept} for name, one in logs.items()}
    return {"by": by, "second": second, "reason": reason, "logs": told, "lost": dict(sorted(lost.items()))}


def read_gap(leaf: Leaf) -> Mapping[str, Past]:
    """The logs that a `gap` tells of, by name. Raises `entry.BadEntry` if it is none."""
    if leaf.is_message or leaf.kind != "gap":
        raise entry.BadEntry(f"a new epoch begins with a gap, not with {leaf.kind}")
    try:
        return {
            str(name): Past(int(one["size"]), bytes.fromhex(one["root"]), int(one["kept"]))
            for name, one in leaf.detail["logs"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise entry.BadEntry("a gap that does not say what was lost") from error


def tallied(leaves: Iterable[bytes], unknown: int) -> Counter[str]:
    """How lost entries had ended, by their leaves; `unknown` is how many have none."""
    lost = Counter(entry.read_leaf(leaf).kind for leaf in leaves)
    if unknown:
        lost[UNKNOWN] += unknown
    return lost


def messages(lost: Mapping[str, int], outcomes: Iterable[str]) -> dict[str, int]:
    """Of what is lost, the messages, and what may have been messages."""
    named = {*outcomes, UNKNOWN}
    return {kind: n for kind, n in lost.items() if kind in named}


def lost(acts: Iterable[Checked], outcomes: Iterable[str]) -> Counter[str]:
    """How many messages went with lost databases, by outcome, as the gaps among these acts say."""
    gaps, named = [act.leaf.detail["lost"] for act in acts if act.leaf.kind == "gap"], list(outcomes)
    return sum((Counter(messages(one, named)) for one in gaps), Counter[str]())


def told(acts: Sequence[Checked]) -> Mapping[str, Past]:
    """What the newest gap among these tells of the logs before it; nothing if there is none.

    Raises `entry.BadEntry`.
    """
    gaps = [act for act in acts if act.leaf.kind == "gap"]
    return read_gap(gaps[-1].leaf) if gaps else {}


def faults(acts: Sequence[Checked], sizes: Mapping[str, int]) -> list[str]:
    """What is wrong with the epochs of a campaign's logs, of so many entries each, by their acts in order.

    Every later one begins with a gap, by two people, and those before it are as long as the newest says.
    """
    gaps = [act for act in acts if act.leaf.kind == "gap"]
    wrong = [
        f"{node}: {sizes.get(node)} entries, and {past.kept} were kept when {gaps[-1].node} was begun"
        for node, past in told(acts).items()
        if sizes.get(node) != past.kept
    ]
    for gap in gaps:
        two = gap.leaf.detail.get("second", "") not in ("", gap.leaf.detail["by"])
        if not (two and gap.seq == 0 and split(gap.node)[1] > 1):
            wrong.append(f"entry {gap.seq} of {gap.node}: gap is out of place, or not by two people")
    begun = {gap.node for gap in gaps}
    late = [node for node, size in sizes.items() if size and split(node)[1] > 1]
    return wrong + [f"{node}: it does not begin with a gap" for node in late if node not in begun]
