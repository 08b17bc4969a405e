"""A Dask cluster of real scheduler and worker processes on loopback."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from s3_server import CREDENTIALS, free_port

ROOT = Path(__file__).parents[1]
PATIENCE = 120


class Cluster:
    """A scheduler and workers, each in a folder of its own with a cache of its own."""

    def __init__(self, base: Path, s3_port: int) -> None:
        self.base = base
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.environment = {
            # without what each test has, or no task would get the threads that it asks for
            **{name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"},
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3_port}",
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(base / "far/site-packages"))),
        }
        self.s3_port = s3_port
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        port = self.address.rpartition(":")[2]
        command = ["dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"]
        self.scheduler = self._start("scheduler", command)

    def add_worker(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        command = ["dask_worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--name", name]
        folder = self.base / name
        started = self._start(name, [*command, "--local-directory", str(folder / "work"), *options])
        self.workers[name] = started
        return started

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        folder = self.base / name
        folder.mkdir(exist_ok=True)
        module, *arguments = command
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                cwd=folder,
                env={**self.environment, "SOORGEON_CLONE_CACHE": str(folder / "cache")},
                stdout=log,
                stderr=log,
            )

    def wait_for_workers(self) -> None:
        from distributed import Client

        with Client(self.address, timeout=PATIENCE, set_as_default=False) as client:
            end = time.monotonic() + PATIENCE
            while not self.workers.keys() <= {worker["name"] for worker in _workers(client)}:
                assert time.monotonic() < end, f"of {sorted(self.workers)} not all are there"
                time.sleep(0.05)

    def close(self) -> None:
        for process in (*self.workers.values(), self.scheduler):
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in psutil.Process(process.pid).children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        child.kill()
            process.kill()
            process.wait()


def _workers(client: Any) -> list[dict[str, Any]]:
    """Return what the scheduler knows of its workers: by number it may count one that has gone."""
    return list(client.scheduler_info(n_workers=-1)["workers"].values())
