"""Hostile input of 5 MB through the commands that read it: inputs.py [KIND...] [--size BYTES] [--commands lint,...].

Kinds are those of tests/trust/hostile.py; each is laid in a folder of its own, and each command is a process with a
limit of 20 s of processor time. Printed for each: exit code, seconds of processor time, MB at most, what was said. What
takes more than 10 s or 1 GB, or shows a traceback, is marked, and the exit code is 1 if anything is.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

from trust.hostile import KINDS, Files  # noqa: E402

MOST_SECONDS, MOST_MEGABYTES = 10, 1000

COMMANDS: dict[str, Callable[[str], Sequence[str]]] = {
    "lint": lambda name: ["lint", "--no-cache", name],
    "lint-folder": lambda name: ["lint", "--no-cache", "."],
    "fix": lambda name: ["lint", "--no-cache", "--fix", "--unsafe-fixes", "--diff", name],
    "clean": lambda name: ["clean", "--diff", "--strip-outputs", name],
    "refactor": lambda name: ["refactor", "--dry-run", name],
    "refactor-into": lambda name: ["refactor", "--into", "pipeline", "--force", name],
}


@dataclass(frozen=True)
class Result:
    code: int
    seconds: float
    megabytes: float
    said: str

    @property
    def verdict(self) -> str:
        if "Traceback (most recent call last)" in self.said:
            return "TRACEBACK"
        if self.code < 0 or self.code > 2:
            return f"SIGNAL {-self.code}" if self.code < 0 else f"CODE {self.code}"
        if self.seconds > MOST_SECONDS:
            return "SLOW"
        return "LARGE" if self.megabytes > MOST_MEGABYTES else "ok"


def run(arguments: Sequence[str], folder: Path, killed_after: int) -> Result:
    """Run a command of this project in ``folder``, for so many seconds of processor time at most."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(write, 1)
        os.dup2(write, 2)
        os.close(read)
        resource.setrlimit(resource.RLIMIT_CPU, (killed_after, killed_after + 1))
        resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000, 4_000_000_000))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        environment = {**os.environ, "PYTHONPATH": str(PROJECT), "SOORGEON_CLONE_CACHE": str(folder.parent / "cache")}
        os.execve(sys.executable, [sys.executable, "-m", "soorgeon_clone", *arguments], environment)
    os.close(write)
    clock = threading.Timer(6 * killed_after, os.kill, (child, signal.SIGKILL))
    clock.start()
    head, tail = b"", b""
    while piece := os.read(read, 1 << 20):
        head, tail = (head + piece)[:2000], (tail + piece)[-4000:]
    os.close(read)
    _, status, usage = os.wait4(child, 0)
    clock.cancel()
    text = (head + b"\n" + tail).decode("utf-8", "replace")
    return Result(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, text)


def lay(files: Files, folder: Path) -> str:
    """Write the files of a kind, and return the name of its notebook."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / ".git").mkdir()
    return next(iter(files))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", help="kinds, or beginnings of their names; all if none is given")
    parser.add_argument("--size", type=int, default=5_000_000)
    parser.add_argument("--commands", default=",".join(COMMANDS))
    parser.add_argument("--killed-after", type=int, default=20, metavar="SECONDS")
    parser.add_argument("--verbose", action="store_true", help="print the end of what was said")
    options = parser.parse_args()

    chosen = [k for k in KINDS if not options.kinds or any(k.startswith(given) for given in options.kinds)]
    marked = total = 0
    for name in chosen:
        files = KINDS[name](options.size)
        for command in options.commands.split(","):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch, "project")
                folder.mkdir()
                result = run(COMMANDS[command](lay(files, folder)), folder, options.killed_after)
            total += 1
            marked += result.verdict != "ok"
            last = (result.said.strip().splitlines() or [""])[-1][:90]
            figures = f"{result.seconds:6.1f} s {result.megabytes:6.0f} MB"
            print(f"{name:34} {command:13} {result.code:4} {figures}  {result.verdict:10} {last!r}", flush=True)
            if options.verbose or result.verdict == "TRACEBACK":
                print(result.said[-1500:] if options.verbose else "    " + _where(result.said), flush=True)
    print(f"{total} runs of {len(chosen)} kinds, {marked} marked")
    sys.exit(1 if marked else 0)


def _where(said: str) -> str:
    frames = [line.strip() for line in said.splitlines() if line.strip().startswith("File ")]
    return " <- ".join(frame.replace(str(PROJECT) + "/", "") for frame in frames[::-1][:4])


if __name__ == "__main__":
    main()
