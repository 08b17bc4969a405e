"""Attacks on the paths that commands write: paths.py [--count 1000] [--seed 0] [--jobs 2].

Each seed makes a project with traps in it (tests/trust/attack_paths.py): links, pipes, devices and names that lead out
of it, and runs refactor, export, plot, report, scaffold, nb, lint --fix or clean there. What lies outside of it, and in
its .git, is compared before and after. Printed: how many attacks were refused, did no harm, escaped, ended in a
traceback or did not end. Exit code 1 if any of the last three is not 0.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from multiprocessing import get_context
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

from trust.attack_paths import BAD, Result, attack  # noqa: E402

_VERDICTS = ("refused", "harmless", "escaped", "crashed", "hung")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="how many attacks")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    options = parser.parse_args()
    began = time.monotonic()
    counts: Counter[str] = Counter()
    by_command: dict[str, Counter[str]] = {}
    with get_context("spawn").Pool(options.jobs) as pool:
        for seed, result in pool.imap(_attack, range(options.seed, options.seed + options.count), chunksize=10):
            counts[result.verdict] += 1
            by_command.setdefault(result.command.split()[0], Counter())[result.verdict] += 1
            if result.verdict in BAD:
                print(f"seed {seed}: {result.verdict}: {result.command}: {result.attack}\n{result.what}", flush=True)
    for command, found in sorted(by_command.items()):
        print(f"{command:<10} {found.total():>5}  " + "  ".join(f"{name} {found[name]}" for name in _VERDICTS))
    print(f"attacks {counts.total()}: " + ", ".join(f"{name} {counts[name]}" for name in _VERDICTS), end="")
    print(f" ({time.monotonic() - began:.0f} s)")
    sys.exit(1 if any(counts[name] for name in BAD) else 0)


def _attack(seed: int) -> tuple[int, Result]:
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        return seed, attack(seed, Path(folder))


if __name__ == "__main__":
    main()
