"""Random notebooks, many of them: run.py [--count 100000] [--seed 0] [--jobs 2] [--with undescribed] [--out found.md].

Each seed makes one notebook (tests/fuzz/grammar.py); it is run straight and as a pipeline. What differs is shrunk and
printed with the plan's tasks, so that it can become a case of tests/fuzz/regressions.yaml. Exit code 1 if any did.

Printed at the end: how many were compared, were left out (they raise, or do not show the same twice), differed, were
refused by `refactor`, and were planned anew because a guard ended a run.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

from fuzz import inprocess  # noqa: E402
from fuzz.grammar import write_notebook  # noqa: E402
from fuzz.inprocess import TooLong, compare, run_if_the_same, runnable  # noqa: E402
from fuzz.shrink import shrink  # noqa: E402

from soorgeon_clone.pipeline.assumptions.comments import text_of  # noqa: E402

_BATCH = 50


class Seeded:
    """Chances of a random generator."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def below(self, limit: int) -> int:
        return self.random.randrange(limit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="how many notebooks")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--with", dest="further", action="append", default=[], help="file of further templates")
    parser.add_argument("--tries", type=int, default=1500, help="how long to shrink what is found")
    parser.add_argument("--out", type=Path, help="file for what is found, besides the terminal")
    options = parser.parse_args()

    began = time.monotonic()
    counts: Counter[str] = Counter()
    seeds = range(options.seed, options.seed + options.count)
    further = tuple(options.further)
    batches = [(seeds[n : n + _BATCH], further, options.tries) for n in range(0, len(seeds), _BATCH)]
    # a process works on a few batches only: what notebooks leave behind in it does not grow
    with get_context("spawn").Pool(options.jobs, maxtasksperchild=20) as pool:
        for number, (found, counted) in enumerate(pool.imap_unordered(_batch, batches), start=1):
            counts += counted
            for text in found:
                print(text, flush=True)
                if options.out:
                    with options.out.open("a", encoding="utf-8") as file:
                        file.write(text)
            if number % 10 == 0:
                print(f"{_summary(counts, time.monotonic() - began)}", file=sys.stderr, flush=True)
    print(_summary(counts, time.monotonic() - began))
    sys.exit(1 if counts["different"] or counts["refused"] else 0)


def _batch(work: tuple[Sequence[int], Sequence[str], int]) -> tuple[list[str], Counter[str]]:
    warnings.simplefilter("ignore")
    inprocess.BUSY = 0.5  # this process does nothing else
    seeds, further, tries = work
    counts: Counter[str] = Counter()
    return list(_differences(seeds, further, tries, counts)), counts


def _differences(seeds: Sequence[int], further: Sequence[str], tries: int, counts: Counter[str]) -> Iterator[str]:
    for seed in seeds:
        try:
            found = runnable(write_notebook(Seeded(seed), *further))
            if found is None:
                counts["left out"] += 1
                continue
            sections, straight = found
            compared = compare(sections, straight)
            problem = compared.problem
            if problem is not None and run_if_the_same(sections, 8) is None:
                counts["left out"] += 1
                continue
        except TooLong:
            counts["left out"] += 1
            continue
        counts["saved"] += compared.saved > 0
        if problem is None:
            counts["same"] += 1
            continue
        counts["refused" if problem.startswith("refused") else "different"] += 1
        yield _report(seed, shrink(sections, _still_differs, tries))


def _still_differs(sections: tuple[str, ...]) -> bool:
    try:
        straight = run_if_the_same(sections)
        if straight is None or straight.error is not None or compare(sections, straight).problem is None:
            return False
        return run_if_the_same(sections, 8) is not None
    except (TooLong, RecursionError):
        return False


def _report(seed: int, sections: Sequence[str]) -> str:
    found = compare(sections)
    lines = [f"===== seed {seed}", "\n---\n".join(sections)]
    if found.problem is not None:
        lines.append(f">>>> {found.problem[:800]}")
        for task in found.plan.tasks if found.plan is not None else ():
            saves = [part.name for bundle in task.saves for part in bundle.parts]
            lines.append(f"     task {task.name} needs {list(task.upstream)}, saves {saves}")
            lines += (f"       assumes {text_of(one)}" for one in task.assumptions)
    return "\n".join(lines) + "\n"


def _summary(counts: Counter[str], seconds: float) -> str:
    compared = counts["same"] + counts["different"] + counts["refused"]
    rate = 60 * compared / max(seconds, 1e-9)
    return (
        f"{compared:,} notebooks compared in {seconds:,.0f} s ({rate:,.0f} a minute): {counts['different']} different, "
        f"{counts['refused']} refused; {counts['saved']:,} saved by a guard; {counts['left out']:,} left out"
    )


if __name__ == "__main__":
    main()
