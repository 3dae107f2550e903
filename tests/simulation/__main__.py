"""Play seeds: `python -m tests.simulation 17`, or a range of them: `python -m tests.simulation 0:20000`."""

import sys
import time
from collections import Counter

from tests.simulation.world import Diverged, play


def main() -> None:
    first, _, end = sys.argv[1].partition(":")
    seeds = range(int(first), int(end or int(first) + 1))
    met, failed, began = Counter[str](), list[int](), time.monotonic()
    for seed in seeds:
        try:
            result = play(seed)
        except Diverged as diverged:
            failed.append(seed)
            print(diverged, flush=True)
            if len(seeds) == 1:
                raise
        else:
            met.update(result.met)
            if len(seeds) == 1:
                print(result)
        if seed % 1000 == 999:
            print(f"{seed + 1 - seeds.start} seeds, {len(failed)} failed, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{len(seeds)} seeds, {len(failed)} failed: {failed[:20]}; {time.monotonic() - began:.0f} s")
    print(dict(sorted(met.items())))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
