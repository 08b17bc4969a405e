"""The status of tasks follows from verdicts and last runs alone, and asking for it changes nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from project_folder import Folder

from soorgeon_clone.pipeline.declared.model import Product, Source, Task, TaskSpec
from soorgeon_clone.pipeline.products.manifest import Manifest
from soorgeon_clone.pipeline.sources.model import SourceFacts
from soorgeon_clone.pipeline.state.model import Cause, Fingerprint, LastRun, Reason
from soorgeon_clone.pipeline.status.model import Verdict
from soorgeon_clone.pipeline.status.project import Project
from soorgeon_clone.pipeline.status.status import status_of

NEVER, CODE, UPSTREAM = Cause(Reason.NEVER_RAN), Cause(Reason.CODE), Cause(Reason.UPSTREAM, "a's nb")
GOOD, FAILED = LastRun(1.0, 2.0, "ran"), LastRun(1.0, 2.0, "failed")


def task(name: str, *upstream: str) -> Task:
    products = (Product(None, f"{name}.ipynb"),)
    return Task(TaskSpec(name, Source("script", f"{name}.py"), products, upstream), SourceFacts(), products, upstream)


def verdict(*causes: Cause, cached: bool = False, here: bool = True, partial: bool = False) -> Verdict:
    return Verdict(Fingerprint({}, ""), causes, Manifest({}) if cached else None, here=here, partial=partial)


CASES = {
    "up to date": ({"a": verdict()}, {"a": GOOD}, {"a": "up to date"}),
    "never ran": ({"a": verdict(NEVER)}, {}, {"a": "stale: never ran"}),
    "failed": ({"a": verdict(NEVER)}, {"a": FAILED}, {"a": "stale: the last run failed"}),
    "failed, and worked before": ({"a": verdict(CODE)}, {"a": FAILED}, {"a": "stale: code changed"}),
    "cached": ({"a": verdict(CODE, cached=True)}, {}, {"a": "cached: code changed"}),
    "in the store": ({"a": verdict(CODE, cached=True, here=False)}, {}, {"a": "in store: code changed"}),
    "cached in part": ({"a": verdict(CODE, cached=True, partial=True)}, {}, {"a": "stale: code changed"}),
    "behind a stale one": (
        {"a": verdict(CODE), "b": verdict(UPSTREAM), "c": verdict()},
        {},
        {"a": "stale: code changed", "b": "stale: upstream is stale (a)", "c": "stale: upstream is stale (b)"},
    ),
    "behind a cached one": (
        {"a": verdict(CODE, cached=True), "b": verdict(UPSTREAM, cached=True), "c": verdict()},
        {},
        {"a": "cached: code changed", "b": "cached: upstream changed (a's nb)", "c": "up to date"},
    ),
    "cached behind a stale one": (
        {"a": verdict(CODE), "b": verdict(CODE, UPSTREAM, cached=True)},
        {},
        {"a": "stale: code changed", "b": "stale: code changed; upstream is stale (a)"},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_status_of(case: tuple[dict[str, Verdict], dict[str, LastRun], dict[str, str]]) -> None:
    verdicts, last_runs, expected = case
    tasks = [task(name, *(chr(ord(name) - 1),) * (name != "a")) for name in verdicts]
    found = status_of(tasks, verdicts, last_runs)
    assert {one.name: one.line for one in found} == expected


def test_many_stale_upstreams_are_not_all_named() -> None:
    names = [f"t{number}" for number in range(7)]
    tasks = [*map(task, names), task("last", *names)]
    verdicts = {**dict.fromkeys(names, verdict(CODE)), "last": verdict()}
    assert status_of(tasks, verdicts, {})[-1].line == "stale: upstream is stale (t0, t1, t2, t3, t4 and 2 more)"


def contents(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith("records.sqlite")
    }


def test_asking_changes_nothing(chain: Folder, cache: Path) -> None:
    """Not the project, not the cache, and not what the next question to the same project is answered."""
    chain.build()
    chain.write("tasks/load.py", (chain.root / "tasks/load.py").read_text().replace("[1, 2, 3]", "[1, 2, 4]"))
    before = contents(chain.root), contents(cache)
    with Project(chain.root) as project:
        first = project.status()
        assert project.status() == first
        fit = project.tasks["fit"]
        fingerprint = project.fingerprint(fit)
        assert [one.up_to_date for one in first] == [False, False]
        project.judge(fit)
        project.status()
        assert project.fingerprint(fit) == fingerprint
    assert (contents(chain.root), contents(cache)) == before
