"""Random damage to records, manifests, objects and small files, and what status and build make of it.

    python benchmarks/trust/records.py [--count 1000] [--seed 0]

Each seed is one damage (tests/trust/damages.py) to a project that was built, with a store. `status` and `build` must
raise nothing but a UserError, and products must be right after at most two builds, whatever had to run again for it.
Printed: how many of each kind, what a first build came to; every failure with its seed. Exit code 1 if there is one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

from trust.damages import damage  # noqa: E402
from trust.site import Site, attempt  # noqa: E402


def main() -> int:
    """Print counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    # typeshed says TextIO; what Python opens has the method
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    kinds: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    failures = 0
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as base:
        site = Site(Path(base) / "site")
        for seed in range(options.seed, options.seed + options.count):
            site.reset()
            what = damage(site, seed)
            kinds[what.split(": ")[1].removesuffix(", again")] += 1
            try:
                ends[attempt(site, lies="JSON in the records" in what)] += 1
            except Exception:
                failures += 1
                print(what, traceback.format_exc(), sep="\n", flush=True)
    for title, counts in (("damage", kinds), ("what a build came to", ends)):
        print(f"\n{title}")
        for name, count in sorted(counts.items()):
            print(f"  {count:6}  {name}")
    print(f"\n{options.count} damages, {failures} failures, {time.perf_counter() - began:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
