"""What is exported to Snakemake: a Snakefile that Python takes, and that the real program runs where it is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from project_folder import SAVE, Folder

from export.grids import GATHERED, fan, grid
from export.pipelines import CHOICES, DIAMOND, ODD_NAMES, dag_of, graph
from soorgeon_clone.errors import UserError
from soorgeon_clone.export import names
from soorgeon_clone.export.targets import export
from soorgeon_clone.pipeline.declared.model import DAG
from soorgeon_clone.pipeline.status.project import Project

FOLDER = "export/snakemake"
FULL = """
tasks:
- source: a.py
  name: fit it
  product: {nb: a.ipynb, x: "out/{x}.pkl"}
  resources: {cpus: 1.5, memory: 4G, gpus: 1}
  retries: 3
  timeout: 90
  upstream: load
  export: {snakemake: {more_resources: {slurm_partition: long, disk_mb: 100}}}
- {source: b.py, name: load, product: b.ipynb}
export:
  env: {A: "it's"}
  secrets: {PASSWORD: ~/.secrets/pw}
"""


def snakefile(dag: DAG, **choices: Any) -> str:
    chosen = replace(CHOICES, **{"store": None, "folder": FOLDER, **choices})
    return export("snakemake", dag, chosen).files["Snakefile"]


def rules(text: str) -> dict[str, str]:
    """Name -> the text of each rule."""
    parts = re.split(r"^rule (\w+):\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_rules_with_all_that_tasks_ask_for() -> None:
    found = rules(snakefile(dag_of(FULL)))
    assert list(found) == ["all", "load", "fit_it_39181414"]
    rule = found["fit_it_39181414"]
    assert '    STAMPS / "fit_it_39181414",\n        after("fit_it_39181414", "b.ipynb"),\n' in rule
    assert 'update("a.ipynb"),\n        update("out/{{x}}.pkl"),\n' in rule
    assert "    threads: 2\n" in rule
    assert "    retries: 3\n" in rule
    for resource in ("mem_mb=3815", "runtime=12", "gpu=1", "slurm_partition='long'", "disk_mb=100"):
        assert f"        {resource},\n" in rule
    assert 'export A=\'it\'\\"\'\\"\'s\' && export PASSWORD=\\"$(cat -- \\"$HOME\\"/.secrets/pw)\\" && ' in rule
    assert "soorgeon-clone task 'fit it' --entry-point /srv/project/pipeline.yaml --retries 0) >{log} 2>&1" in rule


def test_python_takes_what_is_not_a_rule() -> None:
    text = snakefile(dag_of(FULL), env_text="n: 1\n")
    python = re.sub(r"^workdir: ", "workdir = ", text.partition("\nrule all")[0], flags=re.MULTILINE)
    compile(python, "Snakefile", "exec")
    assert "cd -- /srv/project/export/snakemake && export PLOOMBER_ENV_FILENAME=env.frozen.yaml && " in text


def test_names_are_those_of_python() -> None:
    originals = (*ODD_NAMES, "all", "class", "rules")
    found = rules(snakefile(graph({name: [] for name in originals})))
    assert len(found) == len(originals) + 1
    assert "fit_it" in found and "all_" + names.engine_name("all", names.SNAKEMAKE)[-8:] in found
    for name in found:
        assert name.isidentifier()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("more_resources: {mem_mb: 5}", "'mem_mb' is set by 'resources'"),
        ("more_resources: {a-b: 5}", "no name of a resource"),
        ("more_resources: [a]", "expected a mapping"),
    ],
)
def test_wrong_settings(setting: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        snakefile(graph(DIAMOND, f"export: {{snakemake: {{{setting}}}}}\n"))


# -- the real program ----------------------------------------------------------------------------------------------

needs_snakemake = pytest.mark.skipif(shutil.which("snakemake") is None, reason="snakemake is not installed")


@pytest.fixture
def project(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Folder:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / "cache"))
    return grid(tmp_path / "housing")


def write(folder: Folder, **choices: Any) -> None:
    with Project(folder.root, expand=False) as project:
        chosen = replace(CHOICES, **{"store": None, "folder": FOLDER, **choices})
        for name, text in export("snakemake", project.dag, chosen).files.items():
            folder.write(f"{FOLDER}/{name}", text)


def snakemake(folder: Folder, *arguments: str, code: int = 0) -> set[str]:
    """Run it; the tasks whose rules ran, or would run with -n."""
    command = ["snakemake", "-s", f"{FOLDER}/Snakefile", "--cores", "2", "--keep-going", *arguments]
    ran = subprocess.run(command, cwd=folder.root, capture_output=True, text=True)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return set(re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):", ran.stdout + ran.stderr, re.MULTILINE)) - {"all"}


ALL = {"load_it_c81f7f0f", "fit_1", "fit_2", "fit_3", "gather"}


@needs_snakemake
def test_snakemake_runs_it_and_agrees_on_what_is_stale(project: Folder) -> None:
    write(project)
    ran = snakemake(project)
    assert len(ran) == len(ALL)
    assert project.load("output/gather-x.pkl") == GATHERED
    assert not project.stale()
    assert snakemake(project, "-n") == set()
    project.script("gather", "x = 1", SAVE, upstream=("fit-*",))
    assert snakemake(project) == {"gather"}
    assert project.load("output/gather-x.pkl") == 1
    assert snakemake(project, "-n") == set()


@needs_snakemake
def test_after_our_build_there_is_nothing_to_do_and_after_one_change_one_task(project: Folder) -> None:
    project.build()
    write(project)
    assert snakemake(project, "-n") == set()
    project.script("gather", "# a comment\nx = 2", SAVE, upstream=("fit-*",))
    assert snakemake(project, "-n") == {"gather"}
    assert project.ran() == ["gather"]
    assert snakemake(project, "-n") == set()


@needs_snakemake
def test_a_task_that_fails_keeps_its_products_and_runs_again(project: Folder) -> None:
    write(project)
    snakemake(project)
    before = (project.root / "output/fit-2-x-1.pkl").read_bytes()
    project.task("load it", "x = [5]", SAVE, products=("x",))
    project.write("broken", "")
    snakemake(project, code=1)
    assert project.stale().keys() == {"fit-2", "gather"}
    assert (project.root / "output/fit-2-x-1.pkl").read_bytes() == before
    (project.root / "broken").unlink()
    assert len(snakemake(project)) == 2, "the one that failed, and what needs it"
    assert not project.stale()


@needs_snakemake
def test_a_task_is_tried_again(project: Folder) -> None:
    attempts = "import pathlib\nmarks = pathlib.Path('ma' + 'rks')\nmarks.write_text(marks.read_text() + 'x')"
    project.write("marks", "")
    project.script("flaky", attempts, "assert len(marks.read_text()) == 3")
    project.declare(source="tasks/flaky.py", product="output/flaky.ipynb", retries=4)
    write(project)
    snakemake(project)
    assert (project.root / "marks").read_text() == "xxx"


@needs_snakemake
def test_elements_that_are_known_when_it_runs(project: Folder, tmp_path: Path) -> None:
    folder = fan(tmp_path / "fan")
    write(folder)
    folder.write("broken", "")
    snakemake(folder, code=1)
    assert set(folder.stale()) == {"fit-b", "gather"}
    (folder.root / "broken").unlink()
    (each,) = (name for name in snakemake(folder) if name.startswith("fit"))
    assert folder.load("output/gather-x.pkl") == ["a", "b", "c"]
    assert not folder.stale()
    assert snakemake(folder, "-n") == set()
    fan(folder.root, "['a', 'c', 'd']")
    others = {names.engine_name(name, names.SNAKEMAKE) for name in ("load it", "fit-elements", "gather")}
    assert snakemake(folder) == {*others, each}
    assert folder.load("output/gather-x.pkl") == ["a", "c", "d"]
    folder.build()
    assert snakemake(folder, "-n") == set()
    fan(folder.root, "[]")
    snakemake(folder)
    assert folder.load("output/gather-x.pkl") == []
