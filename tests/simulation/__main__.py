"""Play seeds: `python -m tests.simulation 17`, or a range of them: `python -m tests.simulation 0:20000`.

A range that is interrupted says how far it came, and so where to go on.
"""

import sys
import time
from collections import Counter

from tests.simulation.play import play
from tests.simulation.world import Diverged

_EVERY = 100


def main() -> int:
    """Returns 1 if a seed failed, 130 if it was interrupted."""
    first, _, end = sys.argv[1].partition(":")
    seeds = range(int(first), int(end or int(first) + 1))
    met, failed, began = Counter[str](), list[int](), time.process_time()
    played, code = 0, 0
    try:
        for seed in seeds:
            try:
                result = play(seed)
                met.update(result.met)
                met.update(open_ballots=int(result.told), messages=result.messages, acts=result.acts)
            except Diverged as diverged:
                failed.append(seed)
                _tell(str(diverged))
            played += 1
            if played % _EVERY == 0 or played == len(seeds):
                spent = time.process_time() - began
                _tell(f"{seeds.start}:{seed + 1}: {len(failed)} failed {failed[:20]}, {spent:.0f} s of CPU")
    except KeyboardInterrupt:
        code = 130
    _tell(f"{seeds.start}:{seeds.start + played}: {dict(sorted(met.items()))}")
    return 1 if failed else code


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
