"""How fast the runner is: run.py [--ploomber PLOOMBER]. Prints ratios, side by side in one run; goals in brackets.

- 10 trivial tasks against `ploomber build` with papermill [a tenth] and with its in-process engine [half]
- a build that has nothing to do, and `status`, against Ploomber's [a twelfth]
- the housing example against `ploomber build`, and against `jupyter nbconvert --execute` of the notebook [at most 1.1]
- two heavy independent branches against the same as one notebook [at most 0.75]
- a frame of 1 GB from one task to the next against pickle alone [at most 1.25], and the memory it takes [at most 1.2]
- 1,000 tasks: what the scheduler takes for each [at most 5 ms], and status [at most 1 s]

The Ploomber command may be of another environment, which must hold what the housing example imports.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import projects
from instant import InstantExecutor

from soorgeon_clone.pipeline.building.local_side import LocalSide
from soorgeon_clone.pipeline.building.model import Listener, Options
from soorgeon_clone.pipeline.building.schedule import Schedule
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

NOTEBOOKS = Path(__file__).parents[2] / "fixtures" / "notebooks"
OURS = [sys.executable, "-m", "soorgeon_clone"]
SECTIONS = ("trivial", "housing", "branches", "frame", "thousand")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--ploomber", type=Path, default=os.environ.get("PLOOMBER"), help="a ploomber command to compare with"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the best of each command counts")
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the frame")
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="what to measure (default: all)")
    options = parser.parse_args()
    os.environ["SOORGEON_CLONE_CACHE"] = "off"
    os.environ.setdefault("PLOOMBER_STATS_ENABLED", "false")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, best of {options.rounds}; load {load}")
    for name in options.sections or SECTIONS:
        print(f"\n{name}", flush=True)
        with scratch() as root:
            globals()[f"measure_{name}"](root, options)
    print("\n| what | goal | measured | the same in seconds of computing | |\n|---|---|---|---|---|")
    for row in VERDICTS:
        print(f"| {' | '.join(row)} |")
    print(f"\nload at the end: {', '.join(f'{one:.1f}' for one in os.getloadavg())}")


def measure_trivial(root: Path, options: argparse.Namespace) -> None:
    ours = projects.trivial(root / "ours")
    commands = {"build": fresh(ours, [*OURS, "build"])}
    peer = [str(options.ploomber)]
    if options.ploomber:
        papermill = projects.trivial(root / "papermill")
        engine = projects.trivial(root / "engine", executor="ploomber-engine")
        commands["ploomber build, papermill"] = fresh(papermill, [*peer, "build"])
        commands["ploomber build, its engine"] = fresh(engine, [*peer, "build"])
    times = compete(commands, options.rounds)
    show("10 trivial tasks", times, {"ploomber build, papermill": 0.1, "ploomber build, its engine": 0.5})
    for command in ("build", "status"):
        commands = {command: again(ours, [*OURS, command])}
        if options.ploomber:
            commands[f"ploomber {command}"] = again(papermill, [*peer, command])
        show(f"nothing to do: {command}", compete(commands, options.rounds), {f"ploomber {command}": 1 / 12})


def measure_housing(root: Path, options: argparse.Namespace) -> None:
    commands: dict[str, Callable[[], None]] = {}
    project = housing(root / "ours")
    commands["build"] = fresh(project, [*OURS, "build"])
    if options.ploomber:
        commands["ploomber build"] = fresh(housing(root / "peer"), [str(options.ploomber), "build"])
    commands["nbconvert --execute"] = again(project, nbconvert("housing.ipynb"))
    show("the housing example", compete(commands, options.rounds), {"nbconvert --execute": 1.1})


def measure_branches(root: Path, options: argparse.Namespace) -> None:
    project = projects.branches(root / "ours", 40_000_000)
    commands = {
        "build": fresh(project, [*OURS, "build"]),
        "nbconvert --execute": again(project, nbconvert("plain.ipynb")),
    }
    show("two heavy branches", compete(commands, options.rounds), {"nbconvert --execute": 0.75})


def measure_frame(root: Path, options: argparse.Namespace) -> None:
    """From the first byte saved to the last one loaded in the next task, against pickle in one process."""
    size = options.megabytes
    large, small = projects.frame(root / "large", size), projects.frame(root / "small", 0)
    raw, memory, crossing, nothing = [], [], [], []
    code = RAW.format(rows=size * 1_000_000 // 80, path=root / "raw.pkl")
    for _ in range(options.rounds):
        touch_memory(root / "scratch", 3 * size)
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        raw.append(float(done.stdout))
        (root / "raw.pkl").unlink()
        for folder, times in ((small, nothing), (large, crossing)):
            shutil.rmtree(folder / "output", ignore_errors=True)
            touch_memory(root / "scratch", 3 * size)
            fresh(folder, [*OURS, "build"])()
            times.append(float((folder / "ended").read_text()) - float((folder / "began").read_text()))
        with Project(large) as project:
            peaks = {run.task: run.peak_memory or 0 for run in project.records.history()}
        with Project(small) as project:
            idle = {run.task: run.peak_memory or 0 for run in project.records.history()}
        memory.append(max(peaks[name] - idle[name] for name in peaks) / (size * 1_000_000))
    show(
        f"a frame of {size} MB",
        {"from task to task": Took(min(crossing)), "pickle alone": Took(min(raw))},
        {"pickle alone": 1.25},
    )
    print(f"    an empty frame takes {min(nothing):.2f} s")
    print(f"  peak memory: {min(memory):.2f} times the frame [at most 1.2]")
    verdict(f"{size} MB: peak memory against the frame", 1.2, min(memory))


def touch_memory(path: Path, megabytes: int) -> None:
    """Use memory and give it back: a virtual machine fetches what it has not used lately from its host, slowly.

    Without this, whoever comes second finds the memory of who came first ready, and looks twice as fast.
    """
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(bytes(1_000_000))
    path.unlink()


def measure_thousand(root: Path, options: argparse.Namespace) -> None:
    project = projects.many(root / "many", 1000)
    best = min((clock(lambda: schedule(project)) for _ in range(options.rounds)), key=lambda took: took.seconds)
    print(f"  scheduling: {best.seconds:.2f} ms a task [at most 5], {best.computing:.2f} ms of them computing")
    verdict("1,000 tasks: scheduling, ms a task", 5, best.seconds, best.computing)
    clean(project)
    with Project(project) as opened:
        report = build(opened, Options())
    print(f"  build of 1,000 tasks: {report.seconds:.1f} s")
    command = again(project, [*OURS, "status"])
    command()
    best = min((clock(command) for _ in range(options.rounds)), key=lambda took: took.seconds)
    print(f"  status: {best.seconds:.2f} s [at most 1]")
    verdict("1,000 tasks: status, s", 1, best.seconds, best.computing)


def schedule(root: Path) -> None:
    """A build in which tasks take no time: what is left is ours. 1,000 tasks, so seconds are milliseconds a task."""
    clean(root)
    with Project(root) as project:
        options = Options(jobs=2)
        report = Schedule(project, options, Listener(), LocalSide(project, options, InstantExecutor())).run()
    assert all(run.result == "ran" for run in report.runs)


RAW = """
import pickle, time
import numpy as np, pandas as pd
df = pd.DataFrame(np.ones(({rows}, 10)), copy=False)
begin = time.perf_counter()
with open("{path}", "wb") as file:
    pickle.dump(df, file, protocol=5)
del df
with open("{path}", "rb") as file:
    df = pickle.load(file)
print(time.perf_counter() - begin)
"""


def housing(root: Path) -> Path:
    """The housing notebook with its data, refactored."""
    root.mkdir(parents=True)
    shutil.copy(NOTEBOOKS / "housing.ipynb", root)
    if (NOTEBOOKS / "data").is_dir():
        shutil.copytree(NOTEBOOKS / "data", root / "data")
    subprocess.run([*OURS, "refactor", "housing.ipynb"], cwd=root, check=True, capture_output=True)
    return root


def nbconvert(name: str) -> list[str]:
    return [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--output", "executed.ipynb", name]


def fresh(root: Path, command: Sequence[str]) -> Callable[[], None]:
    """The command in a project that was never built."""

    def call() -> None:
        clean(root)
        begin_here(root, command)

    return call


def clean(root: Path) -> None:
    """Remove what builds made."""
    for name in ("output", ".soorgeon-clone"):
        shutil.rmtree(root / name, ignore_errors=True)


def again(root: Path, command: Sequence[str]) -> Callable[[], None]:
    """The command in a project as it is."""
    return lambda: begin_here(root, command)


def begin_here(root: Path, command: Sequence[str]) -> None:
    done = subprocess.run(list(command), cwd=root, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


@dataclass(frozen=True)
class Took:
    """Seconds on the clock, and seconds of computing of this process and those that it waited for.

    On a machine that is busy with other things the second tells more; where tasks run side by side, the first.
    """

    seconds: float
    computing: float | None = None


VERDICTS: list[tuple[str, ...]] = []


def verdict(what: str, goal: float, measured: float, computing: float | None = None) -> None:
    """Keep a row for the table at the end."""
    shown = "" if computing is None else f"{computing:.3f}"
    VERDICTS.append((what, f"at most {goal:.3g}", f"{measured:.3f}", shown, "met" if measured <= goal else "missed"))


def compete(commands: dict[str, Callable[[], None]], rounds: int) -> dict[str, Took]:
    """The best time of each command, measured in turns."""
    found: dict[str, list[Took]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(clock(command))
    return {name: min(times, key=lambda took: took.seconds) for name, times in found.items()}


def clock(command: Callable[[], None]) -> Took:
    begin, computed = time.perf_counter(), computing()
    command()
    return Took(time.perf_counter() - begin, computing() - computed)


def computing() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def show(title: str, times: dict[str, Took], goals: dict[str, float]) -> None:
    """Print our time, the first one, and its ratio to each of the others."""
    (ours, own), *others = times.items()
    print(f"  {title}: {ours} {_seconds(own)}", flush=True)
    for name, other in others:
        goal = f" [at most {goals[name]:.3f}]" if name in goals else ""
        ratio = own.seconds / other.seconds
        print(f"    {name} {_seconds(other)}, ratio {ratio:.3f}{goal}", flush=True)
        if name in goals:
            computing = own.computing / other.computing if own.computing and other.computing else None
            verdict(f"{title}, against {name}", goals[name], ratio, computing)


def _seconds(took: Took) -> str:
    return f"{took.seconds:.2f} s" + (f" ({took.computing:.2f} s computing)" if took.computing is not None else "")


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


if __name__ == "__main__":
    main()
