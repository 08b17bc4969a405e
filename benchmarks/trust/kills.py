"""Builds that are killed at random moments, without a store and with one, and what the next command finds.

    python benchmarks/trust/kills.py [--count 100] [--seed 0]

A pipeline of four tasks (a -> b, c -> d, products of 2 MB) is built by a process of its own, in turns of two versions
that differ in every product; SIGKILL comes at a random moment. Then: no product is anything but the old or the new one,
status works, a build ends well with the products of an undisturbed one, no process and nothing unfinished is left.
With a store, also: whatever a manifest there names is there and whole, and an empty checkout gets the same products.
`--count` builds die for each of the two; a build that ended before the signal does not count. Exit code 1 if anything
was lost.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

from project_folder import SAVE, Folder, load  # noqa: E402

from soorgeon_clone.pipeline.products.manifest import files, from_json  # noqa: E402
from soorgeon_clone.pipeline.state.content import file_digest  # noqa: E402
from soorgeon_clone.pipeline.status.project import Project  # noqa: E402

COMMAND = [sys.executable, "-m", "soorgeon_clone", "build"]


def main() -> int:
    """Print counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    lost = 0
    for with_store in (False, True):
        with tempfile.TemporaryDirectory() as base:
            killed, ended, problems = kill_builds(Path(base), options.count, options.seed, with_store=with_store)
        lost += len(problems)
        print(*problems, sep="\n")
        where = "with a store" if with_store else "without a store"
        print(
            f"{where}: {killed} builds killed, {ended} ended before, {len(problems)} times something was lost",
            flush=True,
        )
    return 1 if lost else 0


def kill_builds(base: Path, count: int, seed: int, *, with_store: bool) -> tuple[int, int, list[str]]:
    """Kill ``count`` builds; how many were killed, how many were too fast, and what was lost."""
    chance = random.Random(seed)
    folder = Folder(base / "project")
    store = base / "store" if with_store else None
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "SOORGEON_CLONE_CACHE": str(base / "cache"),
        "SOORGEON_CLONE_STORE": str(store) if store else "off",
    }
    wanted: dict[int, dict[str, bytes]] = {}
    for version in (1, 2):
        write(folder, version, round_=0)
        began = time.monotonic()
        subprocess.run(COMMAND, cwd=folder.root, env=environment, check=True, capture_output=True)
        usual = time.monotonic() - began
        wanted[version] = products(folder)
    killed = ended = 0
    problems: list[str] = []
    while killed < count and ended < 4 * count:
        number = killed + ended + 1
        version = 1 + number % 2
        write(folder, version, number)
        running = subprocess.Popen(
            COMMAND, cwd=folder.root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        time.sleep(chance.uniform(0.05, 1.1 * usual))
        running.send_signal(signal.SIGKILL)
        if running.wait() == -signal.SIGKILL:
            killed += 1
        else:
            ended += 1
        problems += [
            f"round {number}: {one}" for one in after(folder, environment, wanted, version, running.pid, store)
        ]
    return killed, ended, problems


def after(
    folder: Folder,
    environment: dict[str, str],
    wanted: dict[int, dict[str, bytes]],
    version: int,
    session: int,
    store: Path | None,
) -> list[str]:
    """What is not as it should be after a kill."""
    problems = []
    for name, data in products(folder).items():
        if data not in (wanted[1][name], wanted[2][name]):
            problems.append(f"{name} is neither old nor new")
    deadline = time.monotonic() + 20
    while (left := in_session(session)) and time.monotonic() < deadline:
        time.sleep(0.05)
    problems += [f"process {one} lives on" for one in left]
    status = [sys.executable, "-m", "soorgeon_clone", "status"]
    for command in (status, COMMAND, status):
        done = subprocess.run(command, cwd=folder.root, env=environment, capture_output=True, text=True, check=False)
        if done.returncode or "Traceback" in done.stderr or "Note:" in done.stderr:
            problems.append(f"{command[-1]}: exit code {done.returncode}: {done.stderr[-2000:]}")
    if products(folder) != wanted[version]:
        problems.append("the products are not those of an undisturbed build")
    problems += [f"{path} is left" for path in unfinished(folder.root)]
    if store is not None:
        problems += in_store(store)
        problems += elsewhere(folder, environment, wanted[version])
    return problems


def write(folder: Folder, version: int, round_: int) -> None:
    """a -> (b, c) -> d in a version that differs in every product, and in this round's code."""
    data = f"x = {{'n': {version}, 'data': bytes([{version}]) * 2_000_000}}"
    body = f"import time\nround_ = {round_}\ntime.sleep(0.05)\n{data}"
    folder.task("a", body, SAVE, products=("x",))
    for name in "bc":
        folder.task(name, load("a"), f"x['by'] = '{name}'", SAVE, upstream=("a",), products=("x",))
    folder.task("d", load("b"), load("c"), "x = x['n'], len(x['data'])", SAVE, upstream=("b", "c"), products=("x",))


def products(folder: Folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder.root / "output").glob("*.pkl")}


def in_session(session: int) -> list[int]:
    """The processes of a session that still run."""
    found = []
    for entry in Path("/proc").iterdir() if Path("/proc/self/stat").exists() else ():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def unfinished(root: Path) -> list[Path]:
    """What a killed build left, and the next should have removed."""
    staging = root / ".soorgeon-clone/staging"
    left = [path for path in staging.iterdir() if path.suffix != ".lock"] if staging.is_dir() else []
    hidden = (root / ".soorgeon-clone").glob("damaged*")
    return [*left, *hidden, *(path for path in (root / "output").rglob(".*.part"))]


def in_store(store: Path) -> list[str]:
    """What manifests in the store name that is not there, or is not whole."""
    problems = []
    for path in (store / "manifests").rglob("*.json"):
        if path.name.startswith("."):
            continue
        manifest = from_json(path.read_bytes())
        if manifest is None:
            problems.append(f"{path} is no manifest")
            continue
        for name, digest in files(manifest):
            there = store / "objects" / digest[:2] / digest
            if not there.is_file() or file_digest(there) != digest:
                problems.append(f"{name} of {path} is not in the store")
    return problems


def elsewhere(folder: Folder, environment: dict[str, str], wanted: dict[str, bytes]) -> list[str]:
    """What is wrong in an empty checkout on another machine."""
    with tempfile.TemporaryDirectory() as base:
        other = Path(base) / "project"
        shutil.copytree(folder.root, other, ignore=shutil.ignore_patterns("output", ".soorgeon-clone", "__pycache__"))
        os.environ.update({**environment, "SOORGEON_CLONE_CACHE": str(Path(base) / "cache")})
        with Project(other, store=environment["SOORGEON_CLONE_STORE"]) as project:
            lines = [one.line for one in project.status()]
            if not all(line.startswith("in store") for line in lines):
                return [f"in an empty checkout: {lines}"]
        done = subprocess.run(COMMAND, cwd=other, env={**os.environ}, capture_output=True, text=True, check=False)
        if done.returncode or products(Folder(other)) != wanted:
            return [f"another machine has other products: {done.stderr[-500:]}"]
    return []


if __name__ == "__main__":
    sys.exit(main())
