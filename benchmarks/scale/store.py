"""What a store that answers after 50 ms does to a build: store.py [--tasks 1000] [--latency 0.05] [--jobs 2].

Trivial tasks, twenty after each of fifty; each makes one small file. Every request to the store (a shared folder)
sleeps first. A build with the store is set beside one without in the same run; beside each number of requests stands
what they would take one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from soorgeon_clone.pipeline.building.model import Options, Report
from soorgeon_clone.pipeline.products.remote import Backend
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

CODE = """
import pickle
from pathlib import Path


def first(product, number):
    Path(str(product)).write_bytes(pickle.dumps(number))


def then(product, upstream, number):
    before = [pickle.loads(Path(str(upstream[name])).read_bytes()) for name in upstream]
    Path(str(product)).write_bytes(pickle.dumps(sum(before) + number))
"""


class Slow:
    """A backend whose every request takes ``latency`` seconds more."""

    def __init__(self, backend: Backend, latency: float) -> None:
        self._backend = backend
        self._latency = latency
        self._lock = threading.Lock()
        self._now = 0
        self.requests = 0
        self.most = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        action: Callable[..., Any] = getattr(self._backend, name)

        def late(*arguments: Any) -> Any:
            with self._lock:
                self.requests, self._now = self.requests + 1, self._now + 1
                self.most = max(self.most, self._now)
            try:
                time.sleep(self._latency)
                return action(*arguments)
            finally:
                with self._lock:
                    self._now -= 1

        return late


def write_project(root: Path, tasks: int) -> None:
    """A wide and flat project: every task after the first fifty needs one of these."""
    root.mkdir(parents=True)
    (root / "tasks.py").write_text(CODE)
    entries = []
    for index in range(tasks):
        entry: dict[str, Any] = {"name": f"t{index}", "product": f"output/{index}.pkl", "params": {"number": index}}
        entry["source"] = "tasks.first" if index < 50 else "tasks.then"
        if index >= 50:
            entry["upstream"] = [f"t{index % 50}"]
        entries.append(entry)
    (root / "pipeline.yaml").write_text(json.dumps({"meta": {"extract_upstream": False}, "tasks": entries}))


def measure(what: str, root: Path, cache: Path, store: Path | None, args: argparse.Namespace, *, status: bool) -> float:
    """Run one phase, and print it."""
    os.environ["SOORGEON_CLONE_CACHE"] = str(cache)
    began = time.perf_counter()
    with Project(root, store=str(store) if store else "off") as project:
        slow = None
        if project.store is not None:
            slow = Slow(project.store.remote.backend, args.latency)
            project.store.remote.backend = cast(Backend, slow)
        if status:
            found = [one.line.partition(":")[0] for one in project.status()]
        else:
            report: Report = build(project, Options(jobs=args.jobs))
            assert report.ok, report.problem or report.failed[0].error
            found = [run.result for run in report.runs]
    seconds = time.perf_counter() - began
    counts = ", ".join(f"{found.count(one)} {one}" for one in sorted(set(found)))
    asked = ""
    if slow is not None:
        alone = slow.requests * args.latency
        asked = f"; {slow.requests} requests, at most {slow.most} at a time; one after the other {alone:.1f} s"
    print(f"{what:<42} {seconds:7.2f} s  {counts}{asked}", flush=True)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds for each request")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for name in ("alone", "one", "two"):
            write_project(base / name, args.tasks)
        store = base / "store"
        plain = measure("build without a store", base / "alone", base / "cache0", None, args, status=False)
        shared = measure("build, everything goes up", base / "one", base / "cache1", store, args, status=False)
        measure("build, nothing to do", base / "one", base / "cache1", store, args, status=False)
        measure("status on a new machine", base / "two", base / "cache2", store, args, status=True)
        measure("build on a new machine", base / "two", base / "cache2", store, args, status=False)
        (base / "one/tasks.py").write_text(CODE.replace("sum(before) + number", "1000 * sum(before) - number"))
        measure("build after a change of 950 tasks", base / "one", base / "cache1", store, args, status=False)
        print(f"with the store: {shared / plain:.2f} times the build without")


if __name__ == "__main__":
    main()
