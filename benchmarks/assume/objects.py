"""Kinds of objects -> whether a guard gives a false alarm when they are looked at, and sees when they are changed.

    python benchmarks/assume/objects.py [--only LIBRARY ...] [--write docs/assumptions.md]

Each kind of `kinds.yaml` is made, saved and loaded as tasks do it, looked at (shown, summed, predicted with, plotted,
iterated) and compared; loaded again, changed and compared. Libraries that are not installed are left out and named;
their rows in the page stay.
Each library has a process of its own. Exit code 1 where a guard was wrong.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import io
import json
import os
import pickle
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
BEGIN, END = "<!-- objects.py writes from here -->", "<!-- to here -->"
LOAD = 'import pickle\nwith open(upstream["make"]["raw"], "rb") as file:\n    raw = pickle.load(file)\n'
COMMENT = "# soorgeon-clone: unchanged raw"


def rows() -> list[list[str]]:
    """Return [library, kind, make, look, change]."""
    found: list[list[str]] = yaml.safe_load((HERE / "kinds.yaml").read_text("utf-8"))
    return found


def try_kind(make: str, look: str, change: str, folder: Path) -> dict[str, str]:
    """Return how a kind of object is saved and compared, and what the guard said when it was looked at, and changed.

    Raises what making, saving, loading or looking raises.
    """
    path = folder / "raw.pkl"
    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(f"from shapes import *\n{make}", names)
        how = _save(names["raw"], path)
        del names["raw"]
        looked = _guarded(path, make, look)
        changed = _guarded(path, make, change) if change else None
    return {
        "saved": how,
        "compared": looked["compared"],
        "alarm": looked["said"],
        "seen": "cannot change" if changed is None else changed["said"],
    }


def _save(value: Any, path: Path) -> str:
    for name in ("pickle", "cloudpickle"):
        try:
            path.write_bytes(__import__(name).dumps(value, protocol=5))
        except Exception:
            if name == "cloudpickle":
                raise
        else:
            return name
    raise AssertionError


def _guarded(path: Path, make: str, own: str) -> dict[str, str]:
    """Load, run the cell, and return what the guard of the loaded value says."""
    from soorgeon_clone.pipeline.assumptions.dumping import digest_of, is_in
    from soorgeon_clone.pipeline.assumptions.model import Broken
    from soorgeon_clone.pipeline.assumptions.session import Session, TaskCell

    gc.collect()
    cell = f"{_imports(make)}\n{own}"
    session = Session("use", [TaskCell(0, f"{LOAD}{COMMENT}\n", False), TaskCell(1, cell, True)])
    namespace: dict[str, Any] = {"__name__": "__main__", "upstream": {"make": {"raw": str(path)}}}
    exec(LOAD, namespace)
    session.before(1, namespace)
    held = namespace["raw"]
    exec(f"from shapes import *\n{cell}", namespace)
    said = "".join(one.found for one in session.end(namespace) if isinstance(one, Broken))
    if is_in(path, held):
        compared = "as the file"
    else:
        fresh = digest_of(pickle.loads(path.read_bytes()))
        compared = "as a fresh copy" if fresh is not None and fresh == digest_of(held) else "by value"
    return {"said": said, "compared": compared}


def _imports(make: str) -> str:
    found = [one for one in ast.walk(ast.parse(make)) if isinstance(one, (ast.Import, ast.ImportFrom))]
    return "\n".join(ast.unparse(one) for one in found)


def of_library(library: str) -> list[dict[str, str]]:
    """Try all kinds of a library in this process."""
    warnings.simplefilter("ignore")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, kind, make, look, change in rows():
            if name != library:
                continue
            try:
                result = try_kind(make, look, change, Path(folder))
            except Exception as error:
                result = {"problem": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}
            found.append({"library": library, "kind": kind, **result})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", help="libraries")
    parser.add_argument("--write", type=Path, help="a page with the two marks between which the table goes")
    parser.add_argument("--library", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.library:
        sys.path[:0] = [str(HERE), str(HERE.parents[1])]
        print(json.dumps(of_library(options.library)))
        sys.stdout.flush()
        os._exit(0)  # what libraries do at their end is not of interest
    found: list[dict[str, str]] = []
    missing = []
    for library in dict.fromkeys(row[0] for row in rows()):
        if options.only and library not in options.only:
            continue
        results = _in_a_process(library)
        if all("ModuleNotFoundError" in one.get("problem", "") for one in results):
            missing.append(library)
            continue
        found += results
        for one in results:
            if text := _wrong(one):
                print(f"{library}: {one['kind']}: {text}")
    wrong = [one for one in found if _wrong(one)]
    libraries = len({one["library"] for one in found})
    print(f"{len(found)} kinds of {libraries} libraries, {len(wrong)} wrong")
    print(f"not installed: {', '.join(missing) or 'none'}")
    if options.write:
        _write(options.write, found)
    sys.exit(1 if wrong else 0)


def _in_a_process(library: str) -> list[dict[str, str]]:
    done = subprocess.run([sys.executable, __file__, "--library", library], capture_output=True, text=True, timeout=600)
    try:
        found: list[dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return [{"library": library, "kind": "all", "problem": done.stderr[-300:]}]
    return found


def _wrong(one: dict[str, str]) -> str:
    if "problem" in one:
        return f"could not be tried: {one['problem']}"
    if one["alarm"]:
        return f"false alarm: {one['alarm']}"
    return "" if one["seen"] else "the change was not seen"


def _write(page: Path, found: list[dict[str, str]]) -> None:
    lines = ["| library | kind | saved with | compared | a look | a change |", "|---|---|---|---|---|---|"]
    tried = {one["library"] for one in found}
    text = page.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    lines += [row for row in table.splitlines()[3:] if row.split("|")[1].strip() not in tried]
    for one in found:
        if "problem" in one:
            continue
        look = "**alarm**" if one["alarm"] else "quiet"
        change = {"": "**not seen**", "cannot change": "-"}.get(one["seen"], "seen")
        lines.append(f"| {one['library']} | {one['kind']} | {one['saved']} | {one['compared']} | {look} | {change} |")
    page.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
