"""Play seeds: `python -m tests.simulation 17`, or a range of them: `python -m tests.simulation 0:20000`."""

import sys
import time
from collections import Counter

from tests.simulation.play import play
from tests.simulation.world import Diverged

_EVERY = 1000


def main() -> int:
    """Returns 1 if a seed failed."""
    first, _, end = sys.argv[1].partition(":")
    seeds = range(int(first), int(end or int(first) + 1))
    met, failed, began = Counter[str](), list[int](), time.monotonic()
    for seed in seeds:
        try:
            met.update(play(seed).met)
        except Diverged as diverged:
            failed.append(seed)
            _tell(str(diverged))
        played = seed + 1 - seeds.start
        if played % _EVERY == 0 or played == len(seeds):
            _tell(f"{played} seeds, {len(failed)} failed {failed[:20]}, {time.monotonic() - began:.0f} s")
    _tell(str(dict(sorted(met.items()))))
    return 1 if failed else 0


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
