"""Pipelines mutated from valid ones go through the commands that read: none crashes, hangs, runs or leaves its folder.

python benchmarks/trust/pipelines.py [--cases 10000] [--first 0]
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from trust.mutated_pipelines import Outcome, try_case


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="how many pipelines")
    parser.add_argument("--first", type=int, default=0, help="the first seed; a problem names its own")
    options = parser.parse_args()
    outcome, began = Outcome(), time.monotonic()
    for seed in range(options.first, options.first + options.cases):
        known = len(outcome.problems)
        try_case(seed, outcome)
        for problem in outcome.problems[known:]:
            print(problem, flush=True)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{outcome.cases} pipelines, {outcome.commands.total()} commands, {seconds:.0f} s, at most {peak:.0f} MB")
    for word, count in sorted(outcome.commands.items()):
        print(f"  {word:<24} {count}")
    print(f"slowest: {outcome.slowest[0]:.1f} s of CPU, {outcome.slowest[1]}")
    print(f"problems: {len(outcome.problems)}")
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
