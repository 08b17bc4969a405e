"""Pipelines on real engines: what ran where, with versions, and whether the products are those of `build`.

    python benchmarks/engines/run.py [--engines slurm,snakemake] [--bin FOLDER]... [--start-slurm] [--airflow FOLDER]

Engines that are not installed are left out, and said. ``--bin`` are folders with programs (snakemake, kfp),
``--airflow`` is the one with Airflow's; ``--start-slurm`` starts a Slurm of one node (root, Debian), and ends it.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib.util
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import projects

HERE = Path(__file__).parent
PATIENCE = 1200


@dataclass(frozen=True)
class Engine:
    """How an engine runs the pipeline in a folder. ``store``: its tasks share products through one."""

    version: Callable[[Mapping[str, str]], str | None]
    run: Callable[[Path, dict[str, str]], None]
    command: str
    store: bool = False


def main() -> int:
    """Run what is there, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--pipelines", default="housing,grid,fan")
    parser.add_argument("--size", type=int, default=50, help="tasks of the grid, elements of the list")
    parser.add_argument("--bin", action="append", default=[])
    parser.add_argument("--airflow", default="")
    parser.add_argument("--start-slurm", action="store_true")
    options = parser.parse_args()
    os.environ["AIRFLOW_PROGRAMS"] = options.airflow
    with tempfile.TemporaryDirectory(prefix="engines-") as name, _slurm(start=options.start_slurm):
        base = Path(name)
        env = _environment(base, options.bin)
        rows = [["engine", "version", "pipeline", "tasks", "seconds", "runs of the task that fails", "products"]]
        for engine in options.engines.split(","):
            version = ENGINES[engine].version(env)
            if version is None:
                rows.append([engine, "not installed", "", "", "", "", ""])
                continue
            for pipeline in options.pipelines.split(","):
                print(f"{engine}: {pipeline}", file=sys.stderr)
                try:
                    measured = _measure(engine, pipeline, options.size, base, env)
                except SystemExit as error:
                    print(error, file=sys.stderr)
                    measured = ["", "", "", "FAILED"]
                rows.append([engine, version, pipeline, *measured])
                print(rows[-1], file=sys.stderr)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |")
        if row is rows[0]:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print("\n" + "\n".join(f"- {name}: `{one.command}`" for name, one in ENGINES.items()))
    return 0


def _environment(base: Path, folders: list[str]) -> dict[str, str]:
    """Variables with which `soorgeon-clone` is this one."""
    (base / "bin").mkdir()
    program = base / "bin" / "soorgeon-clone"
    paths = os.pathsep.join(filter(None, (str(projects.ROOT), os.environ.get("PYTHONPATH"))))
    program.write_text(f'#!/bin/sh\nPYTHONPATH={paths} exec {sys.executable} -m soorgeon_clone "$@"\n')
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SOORGEON_", "PYTHON"))}
    path = os.pathsep.join([str(base / "bin"), *folders, os.environ["PATH"]])
    return {**kept, "PATH": path, "SOORGEON_CLONE_CACHE": str(base / "cache")}


def _measure(engine: str, pipeline: str, size: int, base: Path, env: dict[str, str]) -> list[str]:
    """One run, compared with a build of the same here."""
    make: Callable[[Path, dict[str, str]], None] = {
        "housing": projects.housing,
        "grid": functools.partial(projects.grid, size=size),
        "fan": functools.partial(projects.fan, size=size),
    }[pipeline]
    folder, here = base / f"{engine}-{pipeline}", base / f"{engine}-{pipeline}-here"
    for one in (folder, here):
        make(one, env)
    own = {**env, "SOORGEON_CLONE_CACHE": str(base / f"cache-{engine}-{pipeline}")}
    if ENGINES[engine].store:
        store = base / f"store-{engine}-{pipeline}"
        text = (folder / "pipeline.yaml").read_text()
        declared = {"store": str(store), "export": {"volumes": {str(store): "claim"}, "retries": 0}}
        if text.startswith("{"):
            (folder / "pipeline.yaml").write_text(json.dumps({**json.loads(text), **declared}))
        else:
            more = "".join(f"{key}: {json.dumps(value)}\n" for key, value in declared.items())
            (folder / "pipeline.yaml").write_text(f"{text}\n{more}")
    began = time.monotonic()
    ENGINES[engine].run(folder, own)
    seconds = time.monotonic() - began
    stale = _call(["soorgeon-clone", "status", "--stale"], folder, own).split()
    _call(["soorgeon-clone", "build"], here, own | {"SOORGEON_CLONE_CACHE": str(base / "cache-here")})
    marks = base / f"{folder.name}-marks"
    runs = str(marks.stat().st_size) if marks.exists() else ""
    same = "the same as build's" if _products(folder) == _products(here) else "DIFFERENT"
    return [str(len(_tasks(folder))), f"{seconds:.0f}", runs, f"STALE: {stale[:3]}" if stale else same]


def _tasks(folder: Path) -> list[Any]:
    return sorted((folder / "output").glob("*.ipynb"))


def _products(folder: Path) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in sorted((folder / "output").glob("*.pkl"))}
    return {name: pickle.dumps(pickle.loads(data)) for name, data in found.items()}


def _call(command: list[str], folder: Path, env: Mapping[str, str]) -> str:
    ran = subprocess.run(command, cwd=folder, env=dict(env), capture_output=True, text=True, timeout=PATIENCE)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)}: {ran.stdout[-3000:]}{ran.stderr[-3000:]}")
    return ran.stdout


def _version(*command: str) -> Callable[[Mapping[str, str]], str | None]:
    def version(env: Mapping[str, str]) -> str | None:
        if shutil.which(command[0], path=env["PATH"]) is None:
            return None
        ran = subprocess.run([*command], capture_output=True, text=True, env=dict(env))
        return ran.stdout.split()[-1] if ran.returncode == 0 else None

    return version


# -- engines -------------------------------------------------------------------------------------------------------


def _run_slurm(folder: Path, env: dict[str, str]) -> None:
    _call(["soorgeon-clone", "export", "--to", "slurm"], folder, env)
    submit = ["bash", "export/slurm/submit.sh"]
    _call(submit, folder, env)
    deadline = time.monotonic() + PATIENCE
    while any(word in _call([*submit, "status"], folder, env) for word in ("queued", "running")):
        if time.monotonic() > deadline:
            raise SystemExit("Slurm: it takes too long")
        time.sleep(1)


def _run_snakemake(folder: Path, env: dict[str, str]) -> None:
    _call(["soorgeon-clone", "export", "--to", "snakemake"], folder, env)
    _call(["snakemake", "-s", "export/snakemake/Snakefile", "--cores", "2"], folder, env)


def _run_kubeflow(folder: Path, env: dict[str, str]) -> None:
    _call(["soorgeon-clone", "export", "--to", "kubeflow"], folder, env)
    python = Path(shutil.which("kfp", path=env["PATH"]) or "").resolve().with_name("python")
    script = (
        "from kfp import components, local\n"
        "local.init(runner=local.SubprocessRunner(use_venv=False))\n"
        "components.load_component_from_file('export/kubeflow/pipeline.yaml')()\n"
    )
    _call([str(python), "-c", script], folder, env)


def _run_dask(folder: Path, env: dict[str, str]) -> None:
    (folder / "clusters.py").write_text(
        "from distributed import LocalCluster\n\n\ndef make():\n"
        "    return LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)\n"
    )
    _call(["soorgeon-clone", "build", "--executor", "dask", "--cluster", "clusters:make"], folder, env)


def _run_dask_on_slurm(folder: Path, env: dict[str, str]) -> None:
    (folder / "clusters.py").write_text(
        "from dask_jobqueue import SLURMCluster\n\n\ndef make():\n"
        "    cluster = SLURMCluster(cores=1, memory='900MB', processes=1, interface='lo', log_directory='logs',\n"
        f"        job_script_prologue=['export PYTHONPATH={projects.ROOT}'])\n"
        "    cluster.scale(jobs=2)\n    return cluster\n"
    )
    _call(["soorgeon-clone", "build", "--executor", "dask", "--cluster", "clusters:make"], folder, env)


def _dask_version(env: Mapping[str, str]) -> str | None:
    if importlib.util.find_spec("distributed") is None:
        return None
    from importlib.metadata import version

    return version("distributed")


def _dask_on_slurm_version(env: Mapping[str, str]) -> str | None:
    slurm, dask = ENGINES["slurm"].version(env), _dask_version(env)
    if not slurm or not dask or importlib.util.find_spec("dask_jobqueue") is None:
        return None
    from importlib.metadata import version

    return f"{dask}, dask-jobqueue {version('dask_jobqueue')}, Slurm {slurm}"


def _airflow(*arguments: str) -> list[str]:
    return [str(Path(os.environ["AIRFLOW_PROGRAMS"]) / "airflow"), *arguments]


def _airflow_version(env: Mapping[str, str]) -> str | None:
    if not os.environ["AIRFLOW_PROGRAMS"]:
        return None
    return subprocess.run(_airflow("version"), capture_output=True, text=True, check=True).stdout.split()[-1]


def _run_airflow(folder: Path, env: dict[str, str]) -> None:
    """Airflow's scheduler with its LocalExecutor, the DAG processor and the API that tasks speak to."""
    home = folder.parent / f"{folder.name}-airflow"
    (home / "dags").mkdir(parents=True)
    env = {
        **env,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        # On a busy machine the first answer of the API takes half a minute; a task whose process waited five times this
        # long for it (5 s if nothing is said) fails, and its log ends before it began.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "PATH": os.pathsep.join([os.environ["AIRFLOW_PROGRAMS"], env["PATH"]]),
    }
    # The folder's name is the DAG's.
    _call(["soorgeon-clone", "export", "--to", "airflow", "--operator", "bash"], folder, env)
    name = folder.name
    text = (folder / "export" / "airflow" / f"{name}.py").read_text().replace("seconds=30", "seconds=1")
    (home / "dags" / f"{name}.py").write_text(text)
    _call(_airflow("db", "migrate"), folder, env)
    with (home / "log").open("wb") as log:
        running = subprocess.Popen(_airflow("standalone"), env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for_airflow(name, folder, env)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(30)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)


def _wait_for_airflow(name: str, folder: Path, env: dict[str, str]) -> None:
    deadline = time.monotonic() + PATIENCE
    started = False
    while time.monotonic() < deadline:
        time.sleep(15)  # each question costs as much as a task: it starts Airflow anew
        if not started:
            # It fails until the DAG was read.
            triggered = subprocess.run(_airflow("dags", "trigger", name), env=env, capture_output=True)
            started = triggered.returncode == 0
            continue
        runs = json.loads(_json(_call(_airflow("dags", "list-runs", name, "-o", "json"), folder, env)))
        states = {run["state"] for run in runs}
        if states == {"success"}:
            return
        if "failed" in states:
            raise SystemExit(f"Airflow: the run failed; the end of its newest logs:\n{_ends_of_logs(env)}")
    raise SystemExit("Airflow: it takes too long")


def _ends_of_logs(env: Mapping[str, str]) -> str:
    home = Path(env["AIRFLOW_HOME"])
    logs = sorted((home / "logs").rglob("attempt=*.log"), key=lambda path: path.stat().st_mtime)
    ends = [(path, path.read_text(errors="replace")[-1500:]) for path in logs[-3:]]
    # why a task never began is known to the scheduler alone
    ends.append((home / "log", (home / "log").read_text(errors="replace")[-3000:]))
    return "\n".join(f"{path}:\n{text}" for path, text in ends)


def _json(text: str) -> str:
    """What is JSON in the output of Airflow's programs, which warn on the same stream."""
    return next(line for line in text.splitlines() if line.startswith(("[{", "[]")))


ENGINES: dict[str, Engine] = {
    "slurm": Engine(
        lambda env: _version("sinfo", "--version")(env) if _version("sinfo")(env) else None,
        _run_slurm,
        "bash export/slurm/submit.sh",
    ),
    "snakemake": Engine(
        _version("snakemake", "--version"), _run_snakemake, "snakemake -s export/snakemake/Snakefile --cores 2"
    ),
    "kubeflow": Engine(
        _version("kfp", "--version"), _run_kubeflow, "kfp's local.SubprocessRunner on pipeline.yaml", store=True
    ),
    "dask": Engine(
        _dask_version, _run_dask, "soorgeon-clone build --executor dask --cluster clusters:make", store=True
    ),
    "dask-on-slurm": Engine(
        _dask_on_slurm_version, _run_dask_on_slurm, "the same, with SLURMCluster of dask-jobqueue", store=True
    ),
    "airflow": Engine(
        _airflow_version, _run_airflow, "airflow standalone (scheduler, LocalExecutor), airflow dags trigger"
    ),
}


@contextlib.contextmanager
def _slurm(*, start: bool) -> Iterator[None]:
    script = str(HERE / "slurm-one-node.sh")
    if start:
        subprocess.run([script, "start"], check=True)
    try:
        yield
    finally:
        if start:
            subprocess.run([script, "stop"], check=False)


if __name__ == "__main__":
    sys.exit(main())
