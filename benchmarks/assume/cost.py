"""Large values -> what saving them costs, and what guarding them costs, in seconds of CPU and in memory.

    python benchmarks/assume/cost.py [--megabytes 800] [--items 1000000]
    python benchmarks/assume/cost.py --notebooks NOTEBOOK... [--rounds 3]

Each measurement has a process of its own, which has loaded the value from a file. Compared are the save that a task
does anyway, `unchanged` for a value that was left alone (its bytes are those of the file), for one whose bytes are not
(compared by value with a fresh copy), and `apart` for two of them. The last lines run a pipeline of twenty small tasks
with and without comments.

With --notebooks, only these are refactored and built, each ``--rounds`` times with the comments and without them, in
turns; compared are the smallest figures of each.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOAD = 'import pickle\nwith open(upstream["make"]["raw"], "rb") as file:\n    raw = pickle.load(file)\n'


def make(kind: str, megabytes: int, items: int) -> Any:
    """Return a large value."""
    if kind == "dicts":
        return [{"id": i, "name": f"n{i}", "tags": ["a", "b"]} for i in range(items)]
    import numpy
    import pandas

    columns = 20
    values = numpy.random.default_rng(0).random((megabytes * 1_000_000 // 8 // columns, columns))
    return pandas.DataFrame(values, columns=[f"c{i}" for i in range(columns)])


def measure(what: str, folder: Path) -> dict[str, float]:
    """Load the value and do one thing with it; return seconds of CPU and megabytes at the most, beyond the load."""
    from soorgeon_clone.pipeline.assumptions.session import Session, TaskCell

    comment = {"apart": "# soorgeon-clone: apart raw, other"}.get(what, "# soorgeon-clone: unchanged raw")
    session = Session("use", [TaskCell(0, f"{LOAD}{comment}\n", False), TaskCell(1, "print(1)", True)])
    namespace: dict[str, Any] = {"upstream": {"make": {"raw": str(folder / "raw.pkl")}}}
    exec(LOAD, namespace)
    session.before(1, namespace)
    if what == "apart":
        exec(LOAD.replace("    raw =", "    other ="), namespace)
    if what == "unchanged, by value":  # the same value in other bytes: a text that was one object is two
        with (folder / "raw.pkl").open("ab") as file:
            file.write(b".")
    before, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if what == "save":
        with (folder / "again.pkl").open("wb") as file:
            pickle.dump(namespace["raw"], file, protocol=5)
    elif what != "nothing":
        outcomes = session.end(namespace)
        assert all(type(one).__name__ == "Kept" for one in outcomes), outcomes
    seconds = time.process_time() - before
    return {"seconds": seconds, "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1000}


def pipeline(folder: Path, *, assumed: bool) -> float:
    """Return the seconds of CPU of a build of twenty small tasks, children included."""
    (folder / "tasks").mkdir(parents=True)
    spec = "tasks:\n  - {source: tasks/make.py, product: {nb: output/make.ipynb, raw: output/raw.pkl}}\n"
    head = '# %% tags=["parameters"]\nupstream = {up}\nproduct = None\n'
    save = '# %% tags=["soorgeon-save"]\nwith open(product["raw"], "wb") as file:\n    pickle.dump(raw, file)\n'
    made = "import pickle, pandas as pd\nraw = pd.DataFrame({'a': range(1000)})\n"
    (folder / "tasks" / "make.py").write_text(f"{head.format(up=None)}# %%\n{made}{save}")
    comments = "".join(
        f"# soorgeon-clone: {what} (cell 3: mylib.use(raw))\n"
        for what in ("unchanged raw", "draws nothing", "sets nothing")
    )
    for number in range(20):
        spec += f"  - {{source: tasks/use{number}.py, product: output/use{number}.ipynb}}\n"
        load = f'# %% tags=["soorgeon-load"]\n{LOAD}{comments if assumed else ""}'
        text = f"{head.format(up=['make'])}{load}# %%\nprint(raw.sum())\n"
        (folder / "tasks" / f"use{number}.py").write_text(text)
    (folder / "pipeline.yaml").write_text(spec)
    return build(folder)


def build(folder: Path) -> float:
    """Build all of a pipeline; return seconds of CPU, children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run("build", "--force", "--no-cache", "-j", "1", folder=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(*command: str, folder: Path) -> None:
    """Run a command of ours."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    whole = [sys.executable, "-m", "soorgeon_clone", *command]
    subprocess.run(whole, cwd=folder, check=True, capture_output=True, env=environment)


def without_comments(folder: Path) -> int:
    """Take out of the tasks what they take for granted; return how much that was."""
    from soorgeon_clone.pipeline.assumptions.comments import placed_in

    taken = 0
    for path in (folder / "tasks").glob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for placed in placed_in("".join(lines)):
            line = lines[placed.row - 1]
            lines[placed.row - 1] = line[: line.index("# soorgeon-clone:")].rstrip() + "\n"
            taken += 1
        path.write_text("".join(lines), encoding="utf-8")
    return taken


def compare(notebooks: list[Path], rounds: int) -> None:
    """Print what the checks of real notebooks cost."""
    plain, guarded = 0.0, 0.0
    for notebook in notebooks:
        with tempfile.TemporaryDirectory() as name:
            pair = [Path(name, "guarded"), Path(name, "plain")]
            for folder in pair:
                shutil.copytree(notebook.parent, folder, ignore=shutil.ignore_patterns("output", ".soorgeon-clone"))
                try:
                    run("refactor", notebook.name, "--into", "pipeline", "--build", folder=folder)
                except subprocess.CalledProcessError as error:
                    print(f"{notebook.name}: {error.stderr.decode()[-300:]}")
                    break
            else:
                count = without_comments(pair[1] / "pipeline")
                times = [[build(folder / "pipeline") for folder in pair] for _ in range(rounds)]
                with_them, without = (min(column) for column in zip(*times, strict=True))
                guarded, plain = guarded + with_them, plain + without
                more = f"{100 * (with_them / without - 1):+.1f} %"
                print(
                    f"{notebook.name}: {count} comments, {with_them:.2f} s, without {without:.2f} s ({more})",
                    flush=True,
                )
    if plain:
        print(f"all: {guarded:.2f} s, without {plain:.2f} s ({100 * (guarded / plain - 1):+.1f} %)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=800)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--notebooks", type=Path, nargs="+", help="real ones, beside whatever they need")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(HERE.parents[1]))
    if options.measure:
        print(json.dumps(measure(options.measure[0], Path(options.measure[1]))))
        os._exit(0)
    if options.notebooks:
        compare([path.resolve() for path in options.notebooks], options.rounds)
        return
    print(f"{'value':<10}{'what':<22}{'CPU, s':>10}{'memory, MB':>12}")
    for kind in ("frame", "dicts"):
        with tempfile.TemporaryDirectory() as folder:
            with Path(folder, "raw.pkl").open("wb") as file:
                pickle.dump(make(kind, options.megabytes, options.items), file, protocol=5)
            for what in ("save", "unchanged", "unchanged, by value", "apart"):
                done = subprocess.run(
                    [sys.executable, __file__, "--measure", what, folder], capture_output=True, text=True, check=True
                )
                found = json.loads(done.stdout.splitlines()[-1])
                print(f"{kind:<10}{what:<22}{found['seconds']:>10.2f}{found['megabytes']:>12.0f}")
    with tempfile.TemporaryDirectory() as folder:
        plain = min(pipeline(Path(folder, f"plain{n}"), assumed=False) for n in range(3))
        guarded = min(pipeline(Path(folder, f"guarded{n}"), assumed=True) for n in range(3))
    more = f"{100 * (guarded / plain - 1):+.1f} %"
    print(f"20 small tasks without comments {plain:.2f} s, with three each {guarded:.2f} s ({more})")


if __name__ == "__main__":
    main()
