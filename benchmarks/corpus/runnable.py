"""Which notebooks of the corpus run offline, and show the same twice: each is run in a copy of its folder.

The second run is needed only where a pipeline shows something else than the first: one that shows the same is a second.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from folders import copied
from inventory import Entry, missing_modules, own_modules

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))


# What changes the last digits of sums, and the order of sets; a build gives each task its share of the threads.
STEADY = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Verdict:
    """``state``: ran (once), runs (the same twice), differs (from run to run), fails, times out, or lacks a module."""

    path: str
    state: str
    detail: str = ""
    seconds: float = 0.0


def judge(entry: Entry, corpus: Path, cache: Path, limit: float) -> Verdict:
    """Run the notebook once, or return what an earlier call found out."""
    record = cache / entry.slug / "verdict.json"
    if record.exists():
        return Verdict(**json.loads(record.read_text()))
    if not entry.valid:
        return Verdict(entry.path, "fails", "not valid Python")
    if missing := missing_modules(entry, corpus):  # not kept: they may come to be installed
        return Verdict(entry.path, "lacks", " ".join(missing))
    return _keep(record, _first_run(entry, corpus, record.parent, limit))


def judge_again(entry: Entry, corpus: Path, cache: Path, limit: float) -> Verdict:
    """Run a notebook that ran once a second time, and compare."""
    folder = cache / entry.slug
    verdict = Verdict(**json.loads((folder / "verdict.json").read_text()))
    if verdict.state != "ran":
        return verdict
    if run_straight(entry, corpus, folder / "straight-2.ipynb", limit) != 0:
        return _keep(folder / "verdict.json", replace(verdict, state="differs", detail="the second run fails"))
    problem = _compare(folder / "straight-1.ipynb", folder / "straight-2.ipynb")
    state = "differs" if problem else "runs"
    return _keep(folder / "verdict.json", replace(verdict, state=state, detail=problem or ""))


def _keep(record: Path, verdict: Verdict) -> Verdict:
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(asdict(verdict), indent=1))
    return verdict


def _first_run(entry: Entry, corpus: Path, cache: Path, limit: float) -> Verdict:
    cache.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    out = cache / "straight-1.ipynb"
    code = run_straight(entry, corpus, out, limit)
    if code is None:
        return Verdict(entry.path, "times out", f"{limit:.0f} s")
    if code:
        return Verdict(entry.path, "fails", _error(out))
    return Verdict(entry.path, "ran", "", round(time.monotonic() - started, 1))


def run_straight(entry: Entry, corpus: Path, out: Path, limit: float) -> int | None:
    """Run a notebook in a copy of its folder; return the exit code, None where it took too long."""
    with tempfile.TemporaryDirectory() as folder:
        notebook = copied(entry, corpus, Path(folder) / "w")
        script = str(Path(__file__).with_name("straight.py"))
        command = [sys.executable, script, str(notebook), str(out.absolute()), str(int(limit))]
        return run_limited(command, notebook.parent, limit, modules=own_modules(entry, corpus))


def run_limited(
    command: list[str], cwd: Path, limit: float, log: Path | None = None, modules: Path | None = None
) -> int | None:
    """Run a command as a group of processes; return its exit code, None where it was stopped after ``limit``.

    What stands in the folder ``modules`` can be imported.
    """
    with (log or Path(os.devnull)).open("w") as sink:
        environment = {**os.environ, **STEADY}
        if modules is not None:
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(modules))))
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            env=environment,
        )
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _error(out: Path) -> str:
    import nbformat

    if not out.exists():
        return "no notebook came out"
    for cell in nbformat.read(out, as_version=4).cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                return f"{output.ename}: {output.evalue}"[:300]
    return "stopped"


def _compare(one: Path, other: Path) -> str | None:
    import nbformat
    from oracle.shown import difference, shown

    cells = [[c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"] for path in (one, other)]
    for number, (first, second) in enumerate(zip(*cells, strict=True), start=1):
        if problem := difference(shown(first.outputs), shown(second.outputs)):
            return f"code cell {number}: {problem}"[:500]
    return None
