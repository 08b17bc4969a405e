"""How long `lint` takes beside nbqa pyflakes, nbqa flake8 and ruff, in one run on one corpus.

    python benchmarks/lint/run.py CORPUS --peers FOLDER/WITH/nbqa,ruff [--rounds 3]

Every command is run once in each round, in turns; the shortest wall-clock time counts, and the processor's time beside
it (of all processes), which says more on a busy machine. Only .ipynb files are given, the same to each tool.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    wall: float
    processor: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--peers", type=Path, required=True, help="folder with nbqa, flake8 and ruff")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    peers = arguments.peers.absolute()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        corpus = python_notebooks(arguments.corpus, work / "corpus")
        cache = work / "cache"
        small = smallest(corpus)
        ours = [sys.executable, "-m", "soorgeon_clone", "lint", "-q", "--statistics"]
        environment = {
            **os.environ,
            "SOORGEON_CLONE_CACHE": str(cache),
            "PATH": f"{peers}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPYCACHEPREFIX": str(work / "bytecode"),  # what an installation has compiled; the first round does
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        empty = partial(shutil.rmtree, cache, ignore_errors=True)
        no_ruff_cache = partial(shutil.rmtree, corpus / ".ruff_cache", ignore_errors=True)
        commands: dict[str, tuple[list[str], Callable[[], None] | None]] = {
            "lint, cold": ([*ours, "."], empty),
            "lint, warm": ([*ours, "."], None),
            "nbqa pyflakes": ([str(peers / "nbqa"), "pyflakes", "."], None),
            "nbqa flake8": ([str(peers / "nbqa"), "flake8", "."], None),
            "ruff check, cold": ([str(peers / "ruff"), "check", "-q", "."], no_ruff_cache),
            "ruff check, warm": ([str(peers / "ruff"), "check", "-q", "."], None),
            "lint, one small notebook, cold": ([*ours, str(small)], empty),
            "python -m pyflakes --version": ([sys.executable, "-m", "pyflakes", "--version"], None),
        }
        for tool in ([sys.executable, "-m", "soorgeon_clone"], [str(peers / "nbqa")], [str(peers / "ruff")]):
            # a tool that does not start exits with 1 in no time, as does one that found something
            subprocess.run([*tool, "--version"], cwd=corpus, env=environment, capture_output=True, check=True)
        best = measure(commands, max(2, arguments.rounds), corpus, environment)
        report(best, len(list(corpus.rglob("*.ipynb"))))


def python_notebooks(corpus: Path, target: Path) -> Path:
    """Copy the Python notebooks that are valid JSON of format 4, which all tools can read."""
    for path in sorted(corpus.rglob("*.ipynb")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            language = data["metadata"].get("kernelspec", {}).get("language", "python")
            if (
                "cells" not in data
                or language != "python"
                or any(isinstance(c.get("source"), dict) for c in data["cells"])
            ):
                continue
        except (ValueError, KeyError, AttributeError, TypeError):
            continue
        copy = target / path.relative_to(corpus)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return target


def smallest(corpus: Path) -> Path:
    """Return a small notebook with some code: that of 3 kB or more which is nearest to it."""
    return min((p for p in corpus.rglob("*.ipynb") if p.stat().st_size >= 3000), key=lambda p: p.stat().st_size)


def measure(
    commands: dict[str, tuple[list[str], Callable[[], None] | None]],
    rounds: int,
    folder: Path,
    environment: dict[str, str],
) -> dict[str, Measured]:
    best: dict[str, Measured] = {}
    for _ in range(rounds):
        for name, (command, before) in commands.items():
            if before is not None:
                before()
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            started = time.perf_counter()
            subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
            wall = time.perf_counter() - started
            now = resource.getrusage(resource.RUSAGE_CHILDREN)
            processor = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
            old = best.get(name, Measured(wall, processor))
            best[name] = Measured(min(old.wall, wall), min(old.processor, processor))
    return best


def report(best: dict[str, Measured], notebooks: int) -> None:
    print(f"{notebooks} notebooks, {os.cpu_count()} cores; shortest of the rounds, in seconds\n")
    print(f"{'':<34}{'wall':>8}{'processor':>12}")
    for name, one in best.items():
        print(f"{name:<34}{one.wall:>8.2f}{one.processor:>12.2f}")
    print()
    for name, other, limit in (
        ("lint, cold", "nbqa pyflakes", 0.5),
        ("lint, cold", "nbqa flake8", 0.5),
        ("lint, warm", "ruff check, warm", 2.0),
        ("lint, one small notebook, cold", "python -m pyflakes --version", 3.0),
    ):
        ratio = best[name].wall / best[other].wall
        by_processor = best[name].processor / best[other].processor
        print(f"{name} / {other}: processor {by_processor:.2f} (wall {ratio:.2f}), wanted at most {limit}")


if __name__ == "__main__":
    main()
