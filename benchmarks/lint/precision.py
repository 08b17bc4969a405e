"""A sample of what SG1 and SG2 say about linear notebooks, to be read one by one: is each finding right?

    python benchmarks/lint/precision.py CORPUS [--size 100] > sample.md

A notebook is linear here if its execution counts rise (or it has none): somebody ran it from top to bottom, so nothing
in it should be used before it is defined. The sample is drawn with a fixed seed from all findings, each content once.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from itertools import pairwise
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.lint.check import check_bytes
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.counts import run_cells
from soorgeon_clone.lint.model import Diagnostic
from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.read import read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--size", type=int, default=100)
    arguments = parser.parse_args()
    found: list[tuple[str, Diagnostic]] = []
    notebooks, seen = 0, set()
    for path in sorted(arguments.corpus.rglob("*.ipynb")):
        try:
            notebook = read(path)
        except UserError:
            continue
        digest = hashlib.sha256(repr([cell.source for cell in notebook.cells]).encode()).hexdigest()
        if digest in seen or not is_linear(notebook):
            continue
        seen.add(digest)
        notebooks += 1
        result = check_bytes(path.read_bytes(), path, Settings())
        name = path.relative_to(arguments.corpus).as_posix()
        found += [(name, one) for one in result.diagnostics if one.code.startswith(("SG1", "SG2"))]
    sample = random.Random(5).sample(found, min(arguments.size, len(found)))
    print(f"{len(found)} findings in {notebooks} linear notebooks; {len(sample)} drawn\n")
    print("| # | where | finding | line | verdict |\n|---|---|---|---|---|")
    for number, (name, one) in enumerate(sorted(sample, key=lambda pair: (pair[1].code, pair[0], pair[1].position)), 1):
        place = f"cell {one.finding.cell + 1}" if one.finding.cell is not None else "notebook"
        line = one.lines[0].strip()[:80].replace("|", "\\|") if one.lines else ""
        print(f"| {number} | {name}, {place} | {one.code} {one.finding.message} | `{line}` |  |")


def is_linear(notebook: Notebook) -> bool:
    counts = [count for _, count in run_cells(notebook)]
    return all(one < other for one, other in pairwise(counts))


if __name__ == "__main__":
    main()
