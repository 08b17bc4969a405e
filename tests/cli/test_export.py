"""``soorgeon-clone export``: what a person types and sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from project_folder import SAVE, Folder, load

from soorgeon_clone.cli.export import command
from soorgeon_clone.errors import UserError
from soorgeon_clone.export.stale import stale
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.state import content
from soorgeon_clone.pipeline.status.project import Project


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    for name in ("SOORGEON_CLONE_STORE", "PLOOMBER_ENV_FILENAME", "ENTRY_POINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / "cache"))
    folder = Folder(tmp_path / "housing")
    folder.task("load", "x = [1]", SAVE, products=("x",))
    folder.task("left", load("load"), "x = x + [2]", SAVE, upstream=("load",), products=("x",))
    folder.task("right", load("load"), "x = x + [3]", SAVE, upstream=("load",), products=("x",))
    folder.task("join", load("left"), load("right"), SAVE, upstream=("left", "right"), products=("x",))
    monkeypatch.chdir(folder.root)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), catch_exceptions=True)


def export(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


def argo_tasks(path: Path) -> dict[str, list[str]]:
    tasks = yaml.safe_load(path.read_text())["spec"]["templates"][0]["dag"]["tasks"]
    return {task["name"]: task.get("dependencies", []) for task in tasks}


ALL = {"load": [], "left": ["load"], "right": ["load"], "join": ["left", "right"]}


def test_argo(folder: Folder) -> None:
    shown = export("--to", "argo", "--store", "s3://bucket/x", "--image", "registry/housing:1", "--schedule", "@daily")
    out = folder.root / "export" / "argo"
    assert argo_tasks(out / "workflow.yaml") == argo_tasks(out / "workflow-template.yaml") == ALL
    assert "docker build -f export/argo/Dockerfile -t registry/housing:1 ." in shown
    assert "argo submit export/argo/workflow.yaml" in shown
    names = {path.name for path in out.iterdir()}
    assert {"cron-workflow.yaml", "Dockerfile", ".dockerignore", "Dockerfile.dockerignore"} <= names


def test_airflow_and_aws_batch(folder: Folder) -> None:
    export("--to", "airflow", "--store", "s3://bucket/x", "--out", "dags")
    assert "KubernetesPodOperator" in (folder.root / "dags" / "housing.py").read_text()
    export("--to", "aws-batch", "--store", "s3://bucket/x")
    jobs = json.loads((folder.root / "export" / "aws-batch" / "jobs.json").read_text())["jobs"]
    assert {job["jobName"]: job.get("dependsOn", []) for job in jobs} == ALL


def test_nothing_is_run_and_products_are_not_made(folder: Folder) -> None:
    export("--to", "argo", "--store", "s3://bucket/x")
    assert not (folder.root / "output").exists()


def test_dry_run(folder: Folder) -> None:
    assert "workflow.yaml" in export("--to", "argo", "--store", "s3://b", "--dry-run")
    assert not (folder.root / "export").exists()


def test_twice_the_same(folder: Folder) -> None:
    export("--to", "argo", "--store", "s3://b")
    before = {path.name: path.read_bytes() for path in (folder.root / "export" / "argo").iterdir()}
    assert " new" not in export("--to", "argo", "--store", "s3://b")
    assert {path.name: path.read_bytes() for path in (folder.root / "export" / "argo").iterdir()} == before


def test_an_edited_file_stays(folder: Folder) -> None:
    export("--to", "argo", "--store", "s3://b")
    path = folder.root / "export" / "argo" / "Dockerfile"
    path.write_text("mine")
    shown = export("--to", "argo", "--store", "gs://other")
    assert "yours: it stays; ours is Dockerfile.new" in shown
    assert path.read_text() == "mine"
    assert "gs" in path.with_name("Dockerfile.new").read_text()
    export("--to", "argo", "--store", "s3://other", "--force")
    assert path.read_text() != "mine"


def test_some_tasks(folder: Folder) -> None:
    export("--to", "argo", "--store", "s3://b", "--task", "l*")
    assert argo_tasks(folder.root / "export" / "argo" / "workflow.yaml") == {"load": [], "left": ["load"]}
    export("--to", "argo", "--store", "s3://b", "-t", "join")
    assert argo_tasks(folder.root / "export" / "argo" / "workflow.yaml") == {"join": []}


def test_environments_go_to_folders_of_their_own(folder: Folder) -> None:
    declared = json.loads((folder.root / "pipeline.yaml").read_text())
    environments = {"dev": {"store": "s3://dev"}, "prod": {"store": "gs://prod", "namespace": "science"}}
    folder.write("pipeline.yaml", json.dumps({**declared, "export": {"environments": environments}}))
    for name in environments:
        export("--to", "argo", "--environment", name)
    assert "s3://dev" in (folder.root / "export/argo-dev/workflow.yaml").read_text()
    prod = yaml.safe_load((folder.root / "export/argo-prod/workflow.yaml").read_text())
    assert prod["metadata"]["namespace"] == "science"
    assert "gs://prod" in str(prod)


def test_large_files_are_told(folder: Folder) -> None:
    with (folder.root / "data.csv").open("wb") as file:
        file.truncate(12_000_000)
    assert "large files: data.csv (12 MB)" in export("--to", "argo", "--store", "s3://b")
    (folder.root / ".gitignore").write_text("data.csv\n")
    assert "large files" not in export("--to", "argo", "--store", "s3://b")


def test_outside_of_the_project(folder: Folder, tmp_path: Path) -> None:
    (folder.root / "env.yaml").write_text("n: '{{now}}'\n")
    out = tmp_path / "elsewhere"
    export("--to", "argo", "--store", "s3://b", "--out", str(out))
    text = (out / "Dockerfile").read_text()
    assert f"--build-context export={out}" in text
    assert 'COPY --chown=1000:1000 --from=export ["env.frozen.yaml", "env.frozen.yaml"]' in text


def test_data_outside_of_the_project(folder: Folder) -> None:
    assert "Warning" not in export("--to", "argo", "--store", "s3://b")
    folder.script("load", "import os\nos.chdir('..')", "x = open('data.csv').read()", SAVE)
    shown = export("--to", "argo", "--store", "s3://b")
    assert "Warning: load looks outside of the project ('..')" in shown


def test_hooks_of_the_whole_pipeline_are_told(folder: Folder) -> None:
    folder.write("hooks.py", "def done():\n    pass\n")
    declared = json.loads((folder.root / "pipeline.yaml").read_text())
    folder.write("pipeline.yaml", json.dumps({**declared, "on_finish": "hooks.done"}))
    assert "Warning: on_finish of the whole pipeline" in export("--to", "argo", "--store", "s3://b")


def test_from_another_folder(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    export("--to", "argo", "--store", "s3://b", "-e", "housing/pipeline.yaml")
    assert (folder.root / "export" / "argo" / "workflow.yaml").is_file()


def test_options_for_placeholders_are_frozen(folder: Folder) -> None:
    (folder.root / "env.yaml").write_text("bucket: one\n")
    declared = json.loads((folder.root / "pipeline.yaml").read_text())
    folder.write("pipeline.yaml", json.dumps({**declared, "store": "s3://{{bucket}}/x"}))
    export("--to", "argo", "--env--bucket", "two")
    out = folder.root / "export" / "argo"
    assert "s3://two/x" in (out / "workflow.yaml").read_text()
    assert yaml.safe_load((out / "env.frozen.yaml").read_text()) == {"bucket": "two"}
    ignored = (out / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[-2:] == ["export/argo/*", "!export/argo/env.frozen.yaml"]


WRONG_USAGE = {
    "no target": ([], "Missing option '--to'"),
    "unknown target": (["--to", "cron"], "'cron' is not one of 'airflow', 'argo', 'aws-batch'"),
    "operator": (["--to", "argo", "--operator", "bash"], "--operator is for airflow"),
    "schedule": (["--to", "argo", "--schedule", "daily"], "no schedule such as"),
    "image": (["--to", "argo", "--store", "s3://b", "--image", "a b"], "'a b' is no name of an image"),
    "image of none": (["--to", "slurm", "--image", "a"], "--image: these tasks run in the project's folder"),
    "mode": (["--to", "argo", "--mode", "all"], "'all' is not one of 'incremental', 'regular', 'force'"),
}


@pytest.mark.parametrize("case", WRONG_USAGE)
def test_wrong_usage(case: str, folder: Folder) -> None:
    arguments, message = WRONG_USAGE[case]
    result = run(*arguments)
    assert (result.exit_code, message in result.output) == (2, True), result.output


@pytest.mark.parametrize("store, why", [("s4://b/x", "Protocol not known: s4"), ("s3://", "it names no bucket")])
def test_a_store_that_cannot_be(store: str, why: str, folder: Folder) -> None:
    result = run("--to", "argo", "--store", store)
    assert isinstance(result.exception, UserError)
    assert why in result.exception.message and "s3://bucket/prefix" in (result.exception.hint or "")


def test_a_source_that_cannot_be_read(folder: Folder) -> None:
    (folder.root / "tasks" / "left.py").unlink()
    result = run("--to", "argo", "--store", "s3://b")
    assert isinstance(result.exception, UserError)
    assert "task 'left'" in result.exception.message
    assert result.exception.hint


# -- incremental -----------------------------------------------------------------------------------------------------


def built(folder: Folder, store: Path) -> None:
    with Project(folder.root, store=str(store)) as project:
        assert build(project).ok


def exported(folder: Folder, store: Path) -> set[str]:
    with Project(folder.root, store=str(store)) as project:
        return set(stale(project))


def test_incremental_is_what_the_store_does_not_have(folder: Folder, tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert exported(folder, store) == set(ALL)
    built(folder, store)
    assert exported(folder, store) == set()
    folder.script("left", load("load"), "x = x + [4]", SAVE, upstream=("load",))
    assert exported(folder, store) == {"left", "join"}


def test_what_was_built_without_the_store_is_not_left_out(folder: Folder, tmp_path: Path) -> None:
    with Project(folder.root) as project:
        assert build(project).ok
    assert exported(folder, tmp_path / "store") == set(ALL)


def test_what_another_machine_built_is_left_out(folder: Folder, tmp_path: Path) -> None:
    import shutil

    other = Folder(tmp_path / "other")
    shutil.copytree(folder.root, other.root)
    built(other, tmp_path / "store")
    assert exported(folder, tmp_path / "store") == set()


def test_a_product_that_somebody_edited_here_changes_nothing_there(folder: Folder, tmp_path: Path) -> None:
    built(folder, tmp_path / "store")
    (folder.root / "output" / "load-x.pkl").write_bytes(b"edited")
    assert exported(folder, tmp_path / "store") == set()


def test_a_manifest_that_is_gone(folder: Folder, tmp_path: Path) -> None:
    store = tmp_path / "store"
    built(folder, store)
    for path in (store / "manifests").rglob("*.json"):
        path.unlink()
    assert exported(folder, store) == set(ALL)


def test_a_product_that_the_store_has_lost(folder: Folder, tmp_path: Path) -> None:
    store = tmp_path / "store"
    built(folder, store)
    digest = content.file_digest(folder.root / "output" / "left-x.pkl")
    (store / "objects" / digest[:2] / digest).unlink()
    assert exported(folder, store) == {"left", "join"}


def test_incremental_on_the_command_line(folder: Folder, tmp_path: Path) -> None:
    store = tmp_path / "store"
    built(folder, store)
    top = {**json.loads((folder.root / "pipeline.yaml").read_text()), "export": {"volumes": {str(store): "claim"}}}
    folder.write("pipeline.yaml", json.dumps(top))
    arguments = ("--to", "argo", "--store", str(store), "--mode", "incremental")
    assert "All 4 tasks are up to date in the store: nothing to export." in export(*arguments)
    assert not (folder.root / "export").exists()
    folder.script("right", load("load"), "x = x + [4]", SAVE, upstream=("load",))
    export(*arguments)
    out = folder.root / "export" / "argo" / "workflow.yaml"
    assert argo_tasks(out) == {"right": [], "join": ["right"]}


def test_incremental_without_a_store(folder: Folder) -> None:
    with Project(folder.root) as project:
        assert build(project).ok
    folder.script("right", load("load"), "x = x + [4]", SAVE, upstream=("load",))
    export("--to", "airflow", "--operator", "bash", "--mode", "incremental")
    text = (folder.root / "export" / "airflow" / "housing.py").read_text()
    assert '("right", "right", 0, 0, [])' in text
    assert '"left"' not in text
