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
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from trust.texts import ON_PIPELINES, READERS, hostile, lay_out, no_terminal_is_told, run, split

ON_NOTEBOOKS = (
    *READERS,
    *("test {nb} out.ipynb", "refactor {nb} --into made --force", "lint --fix --unsafe-fixes {nb}"),
    *("clean {nb}", "clean --strip-outputs {nb}"),
)
ON_NAMES = ("lint --select ALL {nb}", "clean --check {nb}", "refactor --dry-run {nb}", "refactor --dry-run --json {nb}")
RUNS = ("build --log debug", "status --history", "report -o after.html", "task 0* -f")

ended_by: list[int] = []  # signals


def end(number: int, frame: FrameType | None) -> None:
    """Break off what runs, which may take the exception for its own: `Tried.run` looks whether that happened."""
    ended_by.append(number)
    raise KeyboardInterrupt


class Tried:
    """What was run so far, and what went wrong."""

    def __init__(self) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []

    def run(self, arguments: Sequence[str], **allowed: bool) -> None:
        """Run a command line in this process."""
        done = run(arguments)
        signal.signal(signal.SIGTERM, end)  # builds have a handler of their own
        if done.code == 128 + signal.SIGTERM:
            ended_by.append(signal.SIGTERM)
        if ended_by:
            raise KeyboardInterrupt
        self.counts["commands"] += 1
        self.counts["bytes"] += len(done.shown)
        self.counts[f"exit code {done.code}"] += 1
        self.wrong.extend(no_terminal_is_told(done, arguments, **allowed))

    def take(self, root: Path, texts: Sequence[str]) -> None:
        """Run all commands on a folder full of these texts."""
        named = lay_out(root, texts)
        os.chdir(root)
        for path in ("plain.ipynb", "fails.ipynb", named[0]):
            for command in ON_NOTEBOOKS:
                self.run(split(command, nb=path))
        for path in named[1:]:
            for command in ON_NAMES:
                self.run(split(command, nb=path))
        for path, *more in (("plain.ipynb",), ("fails.ipynb",), ("fails.ipynb", "--json"), (named[0], "--json")):
            self.run(["verify", path, "--html", "v.html", *more])
        for folder in ("works", "breaks"):
            os.chdir(root / folder)
            for command in (*RUNS, *ON_PIPELINES):
                running = command.startswith(("build", "task"))
                self.run(command.split(), colours=running, live=running)
            ElementTree.parse("p.svg")
            self.counts["SVG files read as XML"] += 1


def main() -> int:
    """Print counts and what got out; exit code 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--each", type=int, default=50)
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    texts = hostile(options.texts, options.seed)
    tried, taken = Tried(), 0
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SOORGEON_CLONE_CACHE"] = str(Path(folder) / "cache")
        try:
            for start in range(0, len(texts), options.each):
                root = Path(folder, str(start))
                root.mkdir()
                some = texts[start : start + options.each]
                tried.take(root, some)
                taken += len(some)
                so_far = f"{tried.counts['commands']} commands, {len(tried.wrong)} let out"
                print(f"{taken} texts, {so_far}, {time.perf_counter() - began:.0f} s", flush=True)
        except KeyboardInterrupt:
            pass
        os.chdir("/")
    for name, count in sorted(tried.counts.items()):
        print(f"{count:>12,}  {name}")
    print(f"{taken:>12,}  of {len(texts):,} texts, seed {options.seed}, {time.perf_counter() - began:.0f} s")
    print(f"{len(tried.wrong):>12,}  let out, or tracebacks")
    for one in tried.wrong[:20]:
        print(one)
    return 128 + ended_by[0] if ended_by else int(bool(tried.wrong))


if __name__ == "__main__":
    sys.exit(main())
