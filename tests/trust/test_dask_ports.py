"""Ports: the cluster on this machine opens none, and one that has certificates asks for them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from project_folder import SAVE, Folder, load
from s3_server import free_port

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.model import Listener, Options
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project


@pytest.fixture
def chain(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "project")
    folder.task("load", "x = 1", SAVE, products=("x",))
    folder.task("fit", load("load"), "print(x)", upstream=("load",))
    return folder


class Ports(Listener):
    """The ports that are open while tasks run, of this process and all below it."""

    def __init__(self) -> None:
        self.looked = 0
        self.open: set[tuple[str, int]] = set()
        self.warnings: list[str] = []

    def progressed(self, name: str, cell: int, total: int) -> None:
        self.looked += 1
        here = psutil.Process()
        for process in (here, *here.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                self.open |= {one.laddr for one in process.net_connections() if one.status == psutil.CONN_LISTEN}

    def warned(self, message: str) -> None:
        self.warnings.append(message)


@pytest.mark.skipif(sys.platform != "linux", reason="ports of processes are listed otherwise")
def test_the_cluster_on_this_machine_opens_no_port(chain: Folder) -> None:
    ports = Ports()
    with Project(chain.root, store="off") as project:
        report = build(project, Options(engine="dask", jobs=2), ports)
    assert {run.result for run in report.runs} == {"ran"}
    assert ports.looked and ports.open == set()
    assert ports.warnings == []


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another thing there")
def test_ctrl_c_ends_all_that_the_cluster_on_this_machine_runs(chain: Folder, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    chain.task("slow", f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")
    building = subprocess.Popen(
        [sys.executable, "-m", "soorgeon_clone", "build", "--executor", "dask"],
        cwd=chain.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (pid.exists() and pid.read_text()):
        assert building.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    task = psutil.Process(int(pid.read_text()))
    building.send_signal(signal.SIGINT)
    output, _ = building.communicate(timeout=60)
    assert building.returncode != 0 and "Traceback" not in output, output
    assert not task.is_running() or task.status() == psutil.STATUS_ZOMBIE


# -- certificates ----------------------------------------------------------------------------------------------------


def certificates(folder: Path) -> dict[str, str]:
    """An authority and what it signed, as docs/dask.md says; the variables that tell Dask of them."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    folder.mkdir()
    new = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *new, "-days", "2", "-subj", "/CN=our authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *new, "-subj", "/CN=our cluster", "-keyout", "dask.key", "-out", "dask.csr")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
    openssl("x509", "-req", "-in", "dask.csr", *signed, "-out", "dask.pem")
    found = {"CA_FILE": "ca.pem"}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        found |= {f"{role}__CERT": "dask.pem", f"{role}__KEY": "dask.key"}
    tls = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(folder / file) for name, file in found.items()}
    return {**tls, "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"}


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """A scheduler and a worker that ask for certificates: the address, and the variables of who has them."""
    base = tmp_path_factory.mktemp("protected")
    variables = certificates(base / "tls")
    address = f"tls://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    commands: list[list[Any]] = [
        ["dask_scheduler", "--host", "127.0.0.1", "--port", port, "--protocol", "tls", "--no-dashboard"],
        ["dask_worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", base / "work"],
    ]
    running = []
    try:
        for module, *arguments in commands:
            with (base / f"{module}.log").open("wb") as log:
                started = subprocess.Popen(
                    [sys.executable, "-m", f"distributed.cli.{module}", *map(str, arguments)],
                    cwd=base,
                    env={**os.environ, **variables, "SOORGEON_CLONE_CACHE": str(base / "cache")},
                    stdout=log,
                    stderr=log,
                )
            running.append(started)
        yield address, variables
    finally:
        for started in running:
            for child in psutil.Process(started.pid).children(recursive=True):
                child.kill()
            started.kill()
            started.wait()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes certificates with openssl")
def test_who_has_a_certificate_builds_and_who_has_none_does_not(
    protected: tuple[str, dict[str, str]], chain: Folder, tmp_path: Path
) -> None:
    import dask

    address, variables = protected
    chosen = Options(engine="dask", scheduler=address)
    tls = {
        "distributed.comm.tls.ca-file": variables["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"],
        "distributed.comm.tls.client.cert": variables["DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT"],
        "distributed.comm.tls.client.key": variables["DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"],
        "distributed.comm.require-encryption": True,
    }
    with Project(chain.root, store=str(tmp_path / "store")) as project, dask.config.set(tls):
        assert {run.result for run in build(project, chosen).runs} == {"ran"}
    other = certificates(tmp_path / "other")
    stranger = {**tls, "distributed.comm.tls.client.cert": other["DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT"]}
    stranger["distributed.comm.tls.client.key"] = other["DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"]
    again = Options(engine="dask", scheduler=address, force=True)
    with (
        Project(chain.root, store=str(tmp_path / "store")) as project,
        dask.config.set(stranger),
        pytest.raises(UserError, match="no Dask scheduler answers at tls"),
    ):
        build(project, again)


@pytest.mark.parametrize(
    ("address", "config", "message"),
    [
        ("tls://127.0.0.1:1", {}, "asks for a certificate, and Dask's configuration names none"),
        ("tcp://127.0.0.1:1", {"require-encryption": True}, "is an address without"),
        ("tls://127.0.0.1:1", {"tls.client.cert": "/none", "tls.ca-file": "/none"}, "cannot be used"),
    ],
)
def test_what_does_not_go_together_is_said_at_once(
    address: str, config: dict[str, Any], message: str, chain: Folder, tmp_path: Path
) -> None:
    import dask

    with (
        Project(chain.root, store=str(tmp_path / "store")) as project,
        dask.config.set({f"distributed.comm.{name}": value for name, value in config.items()}),
        pytest.raises(UserError, match=message),
    ):
        build(project, Options(engine="dask", scheduler=address))
