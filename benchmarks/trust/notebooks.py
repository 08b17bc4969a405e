"""Mutated notebooks through lint, refactor, status and plot: notebooks.py [--count 10000] [--seed 0].

Each seed makes one notebook (tests/trust/mutants.py). Printed at the end: how often each command ended with which exit
code. Exit code 1 if any command showed a traceback, did not end, or wrote outside of its project; those are printed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

from trust.guard import TooLong  # noqa: E402
from trust.mutants import mutant  # noqa: E402
from trust.passing import pass_through  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="how many notebooks")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow")
    options = parser.parse_args()

    counts: Counter[str] = Counter()
    began = time.monotonic()
    failed = 0
    for seed in range(options.seed, options.seed + options.count):
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["SOORGEON_CLONE_CACHE"] = str(Path(scratch, "cache"))
            try:
                counts += pass_through(*mutant(seed), Path(scratch, "place"))
            except (Exception, TooLong) as error:
                failed += 1
                frames = traceback.extract_tb((error.__cause__ or error).__traceback__)[-3:]
                where = " <- ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
                print(f"seed {seed}: {str(error)[:300]!r} at {where}", flush=True)
    for what, count in sorted(counts.items()):
        print(f"{count:>8}  {what}")
    print(f"{options.count} notebooks in {time.monotonic() - began:.0f} s, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
