"""Builds on a cluster that a function of the user's makes: one of Dask's own here, of Slurm where there is one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from project_folder import SAVE, Folder, load

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.model import Options, Report
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

pytest.importorskip("distributed", reason="--executor dask needs distributed")
ROOT = Path(__file__).parents[3]

LOCAL = """
from distributed import LocalCluster

def here():
    return LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)

def nothing():
    return 1

def broken():
    raise RuntimeError("no quota")
"""
SLURM = f"""
from dask_jobqueue import SLURMCluster

def slurm():
    cluster = SLURMCluster(
        cores=1, memory="800MB", processes=1, queue=None, interface="lo",
        job_script_prologue=["export PYTHONPATH={ROOT}"], log_directory="logs",
        scheduler_options={{"dashboard_address": None}},
    )
    cluster.scale(jobs=2)
    return cluster
"""


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """A cluster of Dask's own sets OMP_NUM_THREADS=1 in this process, and leaves it so."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def project(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "project")
    folder.task("load", "x = [1]", SAVE, products=("x",))
    for number in range(3):
        folder.task(f"fit-{number}", load("load"), f"x += [{number}]", SAVE, upstream=("load",), products=("x",))
    return folder


def run(folder: Folder, function: str, store: Path) -> Report:
    with Project(folder.root, store=str(store)) as project:
        return build(project, Options(engine="dask", cluster=function))


def results(report: Report) -> set[str]:
    assert report.ok, [run.error for run in report.runs]
    return {run.result for run in report.runs}


def test_a_cluster_of_dasks_own(project: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the workers are spawned, and look at what the main module is: other tests leave strange ones
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    project.write("clusters.py", LOCAL)
    assert results(run(project, "clusters:here", tmp_path / "store")) == {"ran"}
    assert project.load("output/fit-2-x.pkl") == [1, 2]
    assert results(run(project, "clusters:here", tmp_path / "store")) == {"up to date"}


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("clusters", "expected module:function"),
        ("clusters:no", "AttributeError"),
        ("nowhere:here", "No module named 'nowhere'"),
        ("clusters:nothing", "returned int, which is no Dask cluster"),
        ("clusters:broken", "gives no cluster: RuntimeError: no quota"),
    ],
)
def test_what_is_no_cluster(project: Folder, tmp_path: Path, function: str, message: str) -> None:
    project.write("clusters.py", LOCAL)
    with pytest.raises(UserError, match=message):
        run(project, function, tmp_path / "store")


def test_a_store_is_needed(project: Folder) -> None:
    project.write("clusters.py", LOCAL)
    with Project(project.root, store="off") as opened, pytest.raises(UserError, match="need a store"):
        build(opened, Options(engine="dask", cluster="clusters:here"))


@pytest.mark.skipif(
    shutil.which("sbatch") is None
    or importlib.util.find_spec("dask_jobqueue") is None
    or subprocess.run(["sinfo"], capture_output=True).returncode != 0,
    reason="there is no Slurm, or dask-jobqueue is not installed",
)
def test_a_cluster_of_slurm(project: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.chdir(project.root)
    project.write("slurm_clusters.py", SLURM)
    assert results(run(project, "slurm_clusters:slurm", tmp_path / "store")) == {"ran"}
    assert project.load("output/fit-2-x.pkl") == [1, 2]
