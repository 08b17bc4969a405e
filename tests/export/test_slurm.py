"""What is exported to Slurm: scripts that bash takes, and a real cluster runs them where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from project_folder import SAVE, Folder

from export.grids import GATHERED, fan, grid
from export.pipelines import CHOICES, DIAMOND, ODD_NAMES, dag_of, graph
from soorgeon_clone.errors import UserError
from soorgeon_clone.export.targets import export
from soorgeon_clone.pipeline.declared.model import DAG
from soorgeon_clone.pipeline.status.project import Project

FOLDER = "export/slurm"
FULL = """
tasks:
- source: a.py
  name: fit it
  product: a.ipynb
  resources: {cpus: 1.5, memory: 4G, gpus: 1}
  retries: 1
  timeout: 90
  export: {retries: 3, slurm: {partition: long, options: {exclusive: user, comment: 'a "b" \\c'}}}
- {source: b.py, name: load, product: b.ipynb}
export:
  env: {A: "it's", B: true}
  secrets: {PASSWORD: ~/.secrets/pass word, KEY: /etc/key}
  slurm:
    account: science
    modules: [python/3.11, "cuda/12"]
    setup: source ~/venv/bin/activate
    options: {mail-type: "END,FAIL"}
    throttle: 5
"""
GRID = """
tasks:
- {source: a.py, name: load, product: load.ipynb}
- {source: b.py, name: "fit-", product: fit.ipynb, grid: {n: [1, 2, 3]}, upstream: load}
- {source: c.py, name: gather, product: gather.ipynb, upstream: "fit-*"}
"""


def files_of(dag: DAG, **choices: Any) -> dict[str, str]:
    return dict(export("slurm", dag, replace(CHOICES, **{"store": None, "folder": FOLDER, **choices})).files)


def script(text: str) -> tuple[dict[str, str], list[str]]:
    """The directives of a script, and what bash runs."""
    lines = text.splitlines()
    found = dict(line.removeprefix("#SBATCH --").split("=", 1) for line in lines if line.startswith("#SBATCH"))
    return found, [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(
    "files",
    [
        files_of(graph(DIAMOND)),
        files_of(dag_of(FULL), env_text="n: 1\n"),
        files_of(dag_of(GRID), mode="force"),
        files_of(graph({name: [] for name in ODD_NAMES})),
    ],
)
def test_bash_takes_every_script(files: dict[str, str]) -> None:
    for name, text in files.items():
        if name.endswith(".sh"):
            assert text.startswith("#!/bin/bash\n")
            ran = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
            assert ran.returncode == 0, (name, ran.stderr)


def test_what_a_job_asks_for() -> None:
    files = files_of(dag_of(FULL))
    asked, lines = script(next(text for name, text in files.items() if "fit-it" in name and name.endswith(".sh")))
    assert asked.pop("job-name").startswith("fit-it-")
    assert asked == {
        "cpus-per-task": "2",
        "mem": "3815M",
        "gres": "gpu:1",
        "time": "12",
        "partition": "long",
        "account": "science",
        "mail-type": "END,FAIL",
        "exclusive": "user",
        "comment": '"a \\"b\\" \\\\c"',
    }
    assert lines[:7] == [
        "set -e",
        "module load python/3.11",
        "module load cuda/12",
        "source ~/venv/bin/activate",
        "export A='it'\"'\"'s'",
        "export B=true",
        'export PASSWORD="$(cat -- "$HOME"/\'.secrets/pass word\')"',
    ]
    assert "task='fit it'" in lines
    (call,) = (line for line in lines if line.startswith("soorgeon-clone"))
    assert call == ('soorgeon-clone task "$task" --entry-point /srv/project/pipeline.yaml --retries 3 || code=$?'), (
        "Slurm does not try again, so the program does"
    )


def test_a_grid_is_an_array_and_what_needs_it_waits_for_all() -> None:
    files = files_of(dag_of(GRID))
    rows = dict(line.split("\t") for line in files["jobs.txt"].splitlines())
    (array,) = (name for name in rows if name.startswith("fit-"))
    assert rows == {"load": "", array: "load", "gather": array}
    assert files[f"tasks/{array}.txt"] == "fit-0\nfit-1\nfit-2\n"
    assert "SLURM_ARRAY_TASK_ID" in files[f"tasks/{array}.sh"]
    assert "SLURM_ARRAY_TASK_ID + 1" not in files["tasks/load.sh"]


def test_no_array_is_larger_than_slurm_takes() -> None:
    text = GRID.replace("[1, 2, 3]", str([*range(2_500)]))
    sizes = sorted(len(text.splitlines()) for name, text in files_of(dag_of(text)).items() if name.endswith("1.txt"))
    sizes = [
        len(text.splitlines())
        for name, text in files_of(dag_of(text)).items()
        if name.startswith("tasks/fit") and name.endswith(".txt")
    ]
    assert sorted(sizes) == [500, 1000, 1000]


def test_placeholders_are_frozen() -> None:
    files = files_of(graph({"a": []}), env_text="n: 1\n")
    assert files["env.frozen.yaml"] == "n: 1\n"
    for text in (files["tasks/a.sh"], files["submit.sh"]):
        assert "cd -- /srv/project/export/slurm\n" in text
        assert "export PLOOMBER_ENV_FILENAME=env.frozen.yaml\n" in text


WRONG = {
    "our option": ("options: {time: 5}", "'time' is set by the export"),
    "no option": ("options: {partitions: x}", "sbatch has no option --partitions"),
    "two lines": ('partition: "a\\nb"', "expected a text of one line"),
    "module": ("modules: {a: 1}", "expected a text"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings(case: str) -> None:
    setting, message = WRONG[case]
    with pytest.raises(UserError, match=re.escape(message)):
        files_of(graph({"a": []}, f"export: {{slurm: {{{setting}}}}}\n"))


def test_slurm_has_no_schedule() -> None:
    with pytest.raises(UserError, match="no schedules"):
        files_of(graph({"a": []}), schedule="@daily")


# -- a real cluster ------------------------------------------------------------------------------------------------

needs_slurm = pytest.mark.skipif(
    shutil.which("sbatch") is None or subprocess.run(["sinfo"], capture_output=True).returncode != 0,
    reason="there is no Slurm: sbatch is not installed, or no controller answers",
)


@pytest.fixture
def project(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A project, and `soorgeon-clone` in the PATH of the jobs."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return grid(tmp_path / "housing")


def write(folder: Folder, **choices: Any) -> None:
    with Project(folder.root, expand=False) as project:
        told = replace(CHOICES, **{"store": None, "folder": FOLDER, **choices})
        for name, text in export("slurm", project.dag, told).files.items():
            folder.write(f"{FOLDER}/{name}", text)


def submit(folder: Folder, *arguments: str) -> list[str]:
    command = ["bash", f"{FOLDER}/submit.sh", *arguments]
    ran = subprocess.run(command, cwd=folder.root, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.splitlines()


def states(folder: Folder) -> dict[str, str]:
    """Task -> what `submit.sh status` says, when nothing of it waits or runs any more."""
    deadline = time.monotonic() + 300
    while True:
        found = {line.split("\t")[0]: line.split("\t")[2] for line in submit(folder, "status") if "\t" in line}
        if not {"queued", "running"} & set(found.values()):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.5)


@needs_slurm
def test_slurm_runs_it_and_a_failure_is_submitted_again(project: Folder) -> None:
    write(project)
    project.write("broken", "")
    shown = submit(project)
    assert shown[-1] == "5 tasks submitted, of 5 that are stale."
    assert len(shown) == 4, "a job for the grid"
    found = states(project)
    assert (found["load it"], found["fit-1"], found["fit-3"]) == ("done", "done", "done")
    assert found["fit-2"].startswith("failed, see .soorgeon-clone/slurm/housing/fit-")
    log = project.root / found["fit-2"].partition("see ")[2]
    assert "SystemExit: no" in log.read_text()
    assert "what it needs failed" in found["gather"]
    (project.root / "broken").unlink()
    assert submit(project)[-1] == "2 tasks submitted, of 2 that are stale."
    assert set(states(project).values()) == {"done"}
    assert project.load("output/gather-x.pkl") == GATHERED
    assert submit(project)[-1] == "0 tasks submitted, of 0 that are stale."
    project.script("gather", "x = 1", SAVE, upstream=("fit-*",))
    assert submit(project)[-1] == "1 tasks submitted, of 1 that are stale."
    assert set(states(project).values()) == {"done"}


@needs_slurm
def test_what_waits_is_not_submitted_twice_and_can_be_cancelled(project: Folder) -> None:
    project.script("load it", "import time\ntime.sleep(60)\nx = [0]", SAVE)
    write(project)
    assert submit(project, "--dry-run")[-1] == "5 tasks would be submitted, of 5 that are stale."
    assert submit(project)[-1] == "5 tasks submitted, of 5 that are stale."
    assert submit(project)[-1] == "0 tasks submitted, of 5 that are stale."
    assert submit(project, "cancel") == ["5 tasks ended."]
    assert "done" not in states(project).values()


@needs_slurm
def test_frozen_placeholders_in_jobs(project: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    project.task("when", "x = when", SAVE, products=("x",), params={"when": "{{now}}"})
    write(project, env_text="now: frozen\n")
    submit(project)
    assert set(states(project).values()) == {"done"}
    assert project.load("output/when-x.pkl") == "frozen"
    assert submit(project)[-1] == "0 tasks submitted, of 0 that are stale."


@needs_slurm
def test_elements_that_are_known_when_it_runs(project: Folder, tmp_path: Path) -> None:
    folder = fan(tmp_path / "fan")
    write(folder)
    folder.write("broken", "")
    assert submit(folder)[-1] == "2 tasks submitted, of 4 that are stale."
    found = states(folder)
    assert (found["fit-a"], found["fit-c"]) == ("done", "done")
    assert found["fit-b"].startswith("failed, see ")
    (folder.root / "broken").unlink()
    assert submit(folder)[-1] == "2 tasks submitted, of 2 that are stale."
    assert set(states(folder).values()) == {"done"}
    assert folder.load("output/gather-x.pkl") == ["a", "b", "c"]
    assert submit(folder)[-1] == "0 tasks submitted, of 0 that are stale."
    fan(folder.root, "['a', 'c', 'd']")
    submit(folder)
    assert set(states(folder)) == {"load it", "fit-elements", "fit-a", "fit-c", "fit-d", "gather"}
    assert folder.load("output/gather-x.pkl") == ["a", "c", "d"]
