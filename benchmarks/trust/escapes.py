"""1,000 texts that try to act on a terminal, in every place of notebooks and pipelines -> what gets out of any command.

    python benchmarks/trust/escapes.py [--texts 1000] [--seed 12] [--each 20]

Each round puts ``--each`` texts into headings, sources, outputs, ids, tags, metadata, names of files and tasks, params,
products, errors and log messages, and runs the commands on them in this process, with a terminal that keeps the bytes
it gets. Whatever is neither printable nor a line end, a tab or a colour counts as let out, and so does a traceback.
"""

from __future__ import annotations

import argparse
import collections
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from trust.texts import ON_PIPELINES, READERS, hostile, lay_out, no_terminal_is_told, run, split

ON_NOTEBOOKS = (
    *READERS,
    *("test {nb} out.ipynb", "verify {nb} --html v.html", "verify --json {nb}", "refactor {nb} --into made"),
    *("lint --fix --unsafe-fixes {nb}", "clean {nb}", "clean --strip-outputs {nb}"),
)
RUNS = ("build --log debug", "status --history", "report -o after.html", "task 0* -f")


def one_round(root: Path, texts: Sequence[str], counts: collections.Counter[str]) -> list[str]:
    """Run all commands on a folder full of these texts; return what went wrong."""
    named = lay_out(root, texts)
    wrong: list[str] = []

    def note(arguments: Sequence[str], **allowed: bool) -> None:
        done = run(arguments)
        counts["commands"] += 1
        counts["bytes"] += len(done.shown)
        counts[f"exit code {done.code}"] += 1
        wrong.extend(no_terminal_is_told(done, arguments, **allowed))

    os.chdir(root)
    for path in ("plain.ipynb", "fails.ipynb", str(named)):
        for command in ON_NOTEBOOKS:
            note(split(command, nb=path))
    for folder in ("works", "breaks"):
        os.chdir(root / folder)
        for command in (*RUNS, *ON_PIPELINES):
            running = command.startswith(("build", "task"))
            note(command.split(), colours=running, live=running)
        ElementTree.parse("p.svg")
        counts["SVG files read as XML"] += 1
    return wrong


def main() -> int:
    """Print counts and what got out; exit code 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--each", type=int, default=20)
    options = parser.parse_args()
    texts = hostile(options.texts, options.seed)
    counts: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SOORGEON_CLONE_CACHE"] = str(Path(folder) / "cache")
        for start in range(0, len(texts), options.each):
            root = Path(folder, str(start))
            root.mkdir()
            wrong += one_round(root, texts[start : start + options.each], counts)
            os.chdir("/")
    for name, count in sorted(counts.items()):
        print(f"{count:>12,}  {name}")
    print(f"{len(texts):>12,}  texts, seed {options.seed}, {time.perf_counter() - began:.0f} s")
    print(f"{len(wrong):>12,}  let out, or tracebacks")
    for one in wrong[:20]:
        print(one)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
