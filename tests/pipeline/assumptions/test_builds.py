"""What a build does with assumptions: when a task is stale, what stays after one was broken, what is remembered."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from soorgeon_clone.cli.app import app
from soorgeon_clone.pipeline.assumptions.remembered import FILE, recall
from soorgeon_clone.pipeline.building.model import Options
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

from .conftest import Handwritten

UNCHANGED = "# soorgeon-clone: unchanged raw (cell 3: mylib.use(raw))"
LIBRARY = "def use(raw):\n    return len(raw)\n"
CHANGING = "def use(raw):\n    raw.append(1)\n    return len(raw)\n"


def results(project: Handwritten) -> dict[str, str]:
    return {run.name: run.result for run in project.build().runs}


def causes(project: Handwritten) -> str:
    with Project(project.root / "pipeline.yaml", use_cache=False) as opened:
        return "; ".join(map(str, next(one for one in opened.status() if one.name == "use").causes))


def test_only_what_was_not_checked_makes_a_task_stale(project: Handwritten) -> None:
    project.write("raw = [1]", "mylib.use(raw)", "", library=LIBRARY)
    assert results(project) == {"load": "ran", "use": "ran", "show": "ran"}
    project.write("raw = [1]", "mylib.use(raw)", UNCHANGED, library=LIBRARY)
    assert causes(project) == "it takes more for granted than was checked (unchanged raw)"
    assert results(project)["use"] == "ran"
    for comment in (UNCHANGED.replace("cell 3", "cell 4"), UNCHANGED.partition(" (")[0], ""):
        project.write("raw = [1]", "mylib.use(raw)", comment, library=LIBRARY)
        assert results(project)["use"] == "retold"  # a comment has changed: its notebook is made anew, and nothing runs
    more = f"{UNCHANGED}\n# soorgeon-clone: draws nothing"
    project.write("raw = [1]", "mylib.use(raw)", more, library=LIBRARY)
    assert causes(project) == "it takes more for granted than was checked (draws nothing)"


def test_a_task_from_the_cache_was_checked_when_it_ran(project: Handwritten) -> None:
    def run() -> str:
        with Project(project.root / "pipeline.yaml", use_cache=True) as opened:
            report = build(opened, executor=project.executor)
        return next(run.result for run in report.runs if run.name == "use")

    project.write("raw = [1]", "mylib.use(raw)", "", library=LIBRARY)
    run()
    (project.root / "output/result.pkl").unlink()
    assert run() == "restored"
    project.write("raw = [1]", "mylib.use(raw)", UNCHANGED, library=LIBRARY)
    (project.root / "output/result.pkl").unlink()
    assert run() == "ran"
    (project.root / "output/result.pkl").unlink()
    assert run() == "restored"


def test_what_was_there_stays_when_an_assumption_is_broken(project: Handwritten) -> None:
    project.write("raw = [1]", "mylib.use(raw)", UNCHANGED, library=LIBRARY)
    project.build()
    before = (project.root / "output/result.pkl").read_bytes()
    (project.root / "mylib.py").write_text(CHANGING)
    report = project.build()
    assert {run.name: run.result for run in report.runs} == {"load": "up to date", "use": "failed", "show": "skipped"}
    assert (project.root / "output/result.pkl").read_bytes() == before
    (one,) = recall(project.root)
    assert (one.broken, one.kept, one.effect.callee) == ("raw: [1] -> [1, 1]", 0, "mylib.use")
    assert results(project)["use"] == "failed", "it is not up to date because it was seen"


def test_it_is_not_tried_again(project: Handwritten) -> None:
    project.write("raw = [1]", "open('runs', 'a').write('x')\nmylib.use(raw)", UNCHANGED, library=CHANGING)
    spec = project.root / "pipeline.yaml"
    spec.write_text(spec.read_text().replace("  - source: tasks/use.py", "  - source: tasks/use.py\n    retries: 3"))
    assert results(project)["use"] == "failed"
    assert (project.root / "runs").read_text() == "x"


def test_what_cannot_be_remembered_is_said(project: Handwritten) -> None:
    project.write("raw = [1]", "mylib.use(raw)", UNCHANGED, library=LIBRARY)
    (project.root / FILE).write_text("a: [")
    assert project.build().ok
    assert (project.root / FILE).read_text() == "a: ["


@pytest.mark.parametrize("isolation", ["spawn", "kernel"])
def test_other_processes_see_it_as_well(project: Handwritten, isolation: str) -> None:
    project.write("raw = [1]", "mylib.use(raw)", UNCHANGED, library=CHANGING)
    with Project(project.root / "pipeline.yaml", use_cache=False) as opened:
        report = build(opened, replace(Options(), isolation=isolation))  # type: ignore[arg-type]
    (run,) = report.failed
    assert "raw: [1] -> [1, 1]" in (run.error or "")
    assert recall(project.root)[0].broken
    (project.root / "mylib.py").write_text(LIBRARY)
    with Project(project.root / "pipeline.yaml", use_cache=False) as opened:
        assert build(opened, replace(Options(), isolation=isolation)).ok  # type: ignore[arg-type]


def test_one_task_as_other_engines_call_it(project: Handwritten, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("raw = [1]", "mylib.use(raw)", UNCHANGED, library=CHANGING)
    monkeypatch.chdir(project.root)
    assert CliRunner().invoke(app, ["task", "load", "--no-cache"]).exit_code == 0
    done = CliRunner().invoke(app, ["task", "use", "--no-cache"])
    assert done.exit_code == 1
    assert "use: `raw` was changed by this task, and other tasks were written as if it were not" in done.output
    assert '"mylib.use(raw)" = { changes = "raw" }' in done.output
    assert not (project.root / "output/result.pkl").exists()
    assert recall(project.root)[0].broken


def test_nothing_is_imported_where_nothing_is_assumed(project: Handwritten) -> None:
    seen = "import sys, pickle\npickle.dump(sorted(m for m in sys.modules if '.assumptions.' in m), open('seen', 'wb'))"
    project.write("raw = [1]", seen, "")
    with Project(project.root / "pipeline.yaml", use_cache=False) as opened:
        assert build(opened).ok  # with an executor of its own: the other one has had tasks that assume something
    modules = pickle.loads(Path(project.root, "seen").read_bytes())
    assert not [name for name in modules if ".guards" in name or name.endswith("session")]


@pytest.mark.parametrize("fail_fast", [True, False])
def test_a_task_that_fails_since_another_was_not_as_assumed(project: Handwritten, fail_fast: bool) -> None:
    use = "import os, time\nwhile not os.path.exists('failed'):\n    time.sleep(0.05)\ntime.sleep(0.7)\nmylib.use(raw)"
    project.write("raw = [1]", use, UNCHANGED, library=CHANGING)
    text = (project.root / "tasks/use.py").read_text()
    head, _, load = text.partition('# %% tags=["soorgeon-load"]')
    failing = "import pathlib\npathlib.Path('failed').touch()\nraw[1]\n"
    show = f'{head}# %% tags=["soorgeon-load"]{load.partition("# soorgeon-clone")[0]}# %%\n{failing}'
    (project.root / "tasks/show.py").write_text(show)
    report = project.build(Options(fail_fast=fail_fast, jobs=2))
    assert {run.name: run.result for run in report.runs} == {"load": "ran", "use": "failed", "show": "failed"}
    assert "not checked yet: `use`: unchanged raw" in (project.run_of(report, "show").error or "")
    (one,) = recall(project.root)
    assert one.broken == "raw: [1] -> [1, 1]"


def _edit(project: Handwritten, name: str, *changes: tuple[str, str]) -> None:
    path = project.root / "tasks" / name
    text = path.read_text()
    for was, now in changes:
        assert was in text
        text = text.replace(was, now)
    path.write_text(text)


def _said(project: Handwritten) -> str:
    return project.run_of(project.build(), "use").error or ""


def test_a_person_renames_the_variable(project: Handwritten) -> None:
    project.write("raw = [1]", "mylib.use(raw)", UNCHANGED, library=CHANGING)
    _edit(project, "use.py", ("    raw = pickle", "    table = pickle"), ("\nmylib.use(raw)", "\nmylib.use(table)"))
    assert "the comment names `raw`, and no cell that loads does" in project.error()
    _edit(project, "use.py", ("unchanged raw", "unchanged table"))
    assert "table: [1] -> [1, 1]" in project.error()


def test_a_person_moves_the_task(project: Handwritten) -> None:
    project.write("raw = [1]", "mylib.use(raw)", UNCHANGED, library=LIBRARY)
    assert results(project)["use"] == "ran"
    (project.root / "tasks/use.py").rename(project.root / "tasks/moved.py")
    spec = project.root / "pipeline.yaml"
    spec.write_text(spec.read_text().replace("source: tasks/use.py", "source: tasks/moved.py\n    name: use"))
    assert results(project)["use"] in ("up to date", "retold", "ran")
    (project.root / "mylib.py").write_text(CHANGING)
    assert "raw: [1] -> [1, 1]" in _said(project)


def test_a_person_edits_the_task(project: Handwritten) -> None:
    project.write("raw = [1]", "mylib.use(raw)", UNCHANGED, library=LIBRARY)
    assert results(project)["use"] == "ran"
    _edit(project, "use.py", ("\nmylib.use(raw)", "\nmylib.use(raw)\nraw.append(2)"))
    assert "raw: [1] -> [1, 2]" in _said(project)
    _edit(project, "use.py", (f"{UNCHANGED}\n", ""))
    assert results(project)["use"] == "ran", "who takes the comment away wants the change"


def test_products_of_an_older_plan_are_made_anew(project: Handwritten) -> None:
    project.write("raw = [1]", "mylib.use(raw)", "", library=CHANGING)
    assert results(project)["use"] == "ran", "nothing was assumed"
    before = (project.root / "output/result.pkl").read_bytes()
    project.write("raw = [1]", "mylib.use(raw)", UNCHANGED, library=CHANGING)
    assert results(project) == {"load": "up to date", "use": "failed", "show": "skipped"}
    assert (project.root / "output/result.pkl").read_bytes() == before
    project.write("raw = [1]", "mylib.use(raw)", "", library=CHANGING)
    assert results(project)["use"] in ("up to date", "retold")
