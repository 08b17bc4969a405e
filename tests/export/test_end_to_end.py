"""One notebook, from .ipynb to all exports, to a finished run of Airflow and to a finished build on Dask with a bucket
between the workers: the products are those of `build`, and the tasks show what the notebook shows."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dask_cluster import Cluster
from environments import environment
from oracle.running import ONE_THREAD, compare, run_pipeline, run_straight
from s3_server import CREDENTIALS, make_bucket, s3_server

from export.conftest import PROJECT, program_environment
from export.test_airflow import AIRFLOW, airflow_environment

NOTEBOOKS = PROJECT / "fixtures" / "notebooks"
TASKS = ["load", "clean", "train-test-split", "linear-regression", "random-forest-regressor"]


def copy(folder: Path) -> Path:
    shutil.copytree(NOTEBOOKS, folder)
    return folder


def soorgeon(folder: Path, env: dict[str, str], *arguments: str) -> str:
    ran = subprocess.run(["soorgeon-clone", *arguments], cwd=folder, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def cells(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for task in TASKS:
        found += json.loads((folder / "output" / f"{task}.ipynb").read_text(encoding="utf-8"))["cells"]
    return found


def products(folder: Path) -> dict[str, Any]:
    """The variables that cross, by file."""
    import pandas

    return {path.name: pandas.read_pickle(path) for path in sorted((folder / "output").glob("*.pkl"))}


def test_a_notebook_becomes_a_finished_run_of_airflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = environment("airflow", *AIRFLOW)
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    env = {**program_environment(bin_folder), **ONE_THREAD}
    store = tmp_path / "store"

    # What is expected: the notebook run straight, and the pipeline built here.
    straight, built = copy(tmp_path / "straight"), copy(tmp_path / "built")
    expected = run_straight(straight / "housing.ipynb")
    run_pipeline(built / "housing.ipynb")

    # From the notebook to the exports.
    folder = copy(tmp_path / "housing")
    soorgeon(folder, env, "refactor", "housing.ipynb")
    declared = {"volumes": {str(store): "claim"}, "aws-batch": {"volumes": {str(store): "fs-12345678"}}}
    with (folder / "pipeline.yaml").open("a", encoding="utf-8") as file:
        file.write(f"\nstore: {store}\n" + yaml.safe_dump({"export": declared}))
    for target in ("argo", "aws-batch"):
        soorgeon(folder, env, "export", "--to", target)
    soorgeon(folder, env, "export", "--to", "airflow", "--operator", "bash")
    workflow = yaml.safe_load((folder / "export" / "argo" / "workflow.yaml").read_text())
    assert [task["name"] for task in workflow["spec"]["templates"][0]["dag"]["tasks"]] == TASKS
    jobs = json.loads((folder / "export" / "aws-batch" / "jobs.json").read_text())["jobs"]
    assert [job["parameters"]["task"] for job in jobs] == TASKS

    # Airflow runs it.
    airflow_env = {
        **env,
        **airflow_environment(tmp_path / "airflow"),
        "PATH": env["PATH"],
        "SOORGEON_CLONE_CACHE": "off",
    }
    shutil.copy(folder / "export" / "airflow" / "housing.py", tmp_path / "airflow" / "dags")
    log = tmp_path / "airflow.log"
    with log.open("wb") as file:
        for command in (["db", "migrate"], ["dags", "test", "housing"]):
            ran = subprocess.run(
                [programs / "airflow", *command], env=airflow_env, stdout=file, stderr=file, timeout=600, check=False
            )
            assert ran.returncode == 0, log.read_text()[-6000:]
    assert "state=success" in log.read_text(), log.read_text()[-6000:]

    # The products are those of `build`, and the tasks show what the notebook shows.
    found = compare(expected, cells(folder), [straight, folder])
    assert not found, "\n".join(map(str, found))
    ours, theirs = products(folder), products(built)
    assert ours.keys() == theirs.keys() and ours
    for name, value in ours.items():
        assert _equal(value, theirs[name]), name

    # Another machine finds all of it in the store.
    other = tmp_path / "other"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("output", ".soorgeon-clone", "export"))
    shown = soorgeon(other, env, "build")
    assert "0 of 5 tasks ran" in shown, shown
    for name, value in products(other).items():
        assert _equal(value, theirs[name]), name


def test_a_notebook_becomes_a_finished_build_on_dask_with_a_bucket_between(tmp_path: Path) -> None:
    straight, folder = copy(tmp_path / "straight"), copy(tmp_path / "housing")
    expected = run_straight(straight / "housing.ipynb")
    with s3_server(tmp_path) as port:
        make_bucket(port, "pipelines")
        cluster = Cluster(tmp_path, port)
        try:
            cluster.add_worker("one")
            cluster.add_worker("two")
            cluster.wait_for_workers()
            (tmp_path / "bin").mkdir()
            env = {**program_environment(tmp_path / "bin"), **ONE_THREAD, **CREDENTIALS}
            env["AWS_ENDPOINT_URL"] = cluster.environment["AWS_ENDPOINT_URL"]
            soorgeon(folder, env, "refactor", "housing.ipynb")
            dask = ("build", "--executor", "dask", "--scheduler", cluster.address, "--store", "s3://pipelines/housing")
            assert "5 of 5 tasks ran" in soorgeon(folder, env, *dask)
            assert "0 of 5 tasks ran" in soorgeon(folder, env, *dask)
        finally:
            cluster.close()
    found = compare(expected, cells(folder), [straight, folder])
    assert not found, "\n".join(map(str, found))


def _equal(one: Any, other: Any) -> bool:
    return bool(one.equals(other)) if hasattr(one, "equals") else bool(one == other)
