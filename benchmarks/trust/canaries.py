"""Modules that tell when they are imported, and every command among them: canaries.py [--only WORD] [--keep FOLDER].

Each command line is run as the console script and as ``python -m soorgeon_clone``, in a folder that holds a module or
package of every name that we, our libraries or the standard library use. Prints what was imported from there (what
Python itself imports for any ``python -m`` is counted apart), and at the end how many command lines were tried, how
many canaries stood around and how many sang. Exit code 1 if one did.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

from trust.canaries import COMMANDS, LIBRARIES, MODULE, SCRIPT, STANDARD, before_us, fill, run  # noqa: E402


def main() -> None:
    """Run all, or those command lines that hold a word."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--show", action="store_true", help="show what the commands print")
    options = parser.parse_args()
    tried = failed = canaries = 0
    sang: set[str] = set()
    before: frozenset[str] = frozenset()
    for command in COMMANDS:
        if options.only not in " ".join(command):
            continue
        for start in (SCRIPT, MODULE):
            with tempfile.TemporaryDirectory(prefix="canaries-") as base:
                folder, log = Path(base, "project"), Path(base, "log")
                canaries = fill(folder, log, (*LIBRARIES, *STANDARD))
                first = before_us(folder, log) if start is MODULE else frozenset()
                done = run(folder, log, start, command)
            tried += 1
            ours = [name for name in done.imported if name not in first]
            sang.update(ours)
            before |= first
            failed += done.exit_code != 0
            name = "python -m" if start is MODULE else "script   "
            print(f"{name} {' '.join(command):45} exit {done.exit_code}  {' '.join(ours) or '-'}", flush=True)
            if options.show:
                print(done.output)
    if before:
        print(f"for any program that is started with python -m, Python itself imports: {' '.join(sorted(before))}")
    print(f"{tried} command lines, {failed} with another exit code than 0; {canaries} canaries, {len(sang)} imported")
    sys.exit(bool(sang))


if __name__ == "__main__":
    main()
