"""A job in a real Jupyter kernel, through nbclient (isolation "kernel", the extra of that name)."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.execution import process
from soorgeon_clone.pipeline.execution.cells import blank, is_run
from soorgeon_clone.pipeline.execution.model import CellError, Job
from soorgeon_clone.pipeline.execution.salvage import printed
from soorgeon_clone.pipeline.execution.written import write_notebook


def require_nbclient() -> None:
    """Raises UserError where the extra is not installed."""
    from importlib.util import find_spec

    if find_spec("nbclient") is None or find_spec("ipykernel") is None:
        raise UserError(
            "isolation 'kernel' needs nbclient, which is not installed",
            hint="Install it: pip install 'soorgeon-clone[kernel]'",
        )


def main(job_file: str) -> None:
    """The process between the server and the kernel."""
    path = Path(job_file)
    job, function, channel, journal, server, folder = pickle.loads(path.read_bytes())
    if function:  # a function has no use for a kernel
        from soorgeon_clone.pipeline.execution import fresh

        fresh.main(job_file)
    path.unlink()
    process.die_with_parent(server)
    process.adopt_orphans()
    signal.signal(signal.SIGTERM, _stop)
    events = Connection(channel, readable=False)
    notebook, error = _run(job, events)
    if job.output is not None:
        try:
            write_notebook(notebook, job.output)
        except OSError as problem:
            error = error or CellError(None, None, type(problem).__name__, f"cannot write {job.output}: {problem}")
    status = "ok" if error is None else "input" if error.ename == "StdinNotImplementedError" else "error"
    events.send(("result", status, error, printed(notebook["cells"])))
    events.send(("done",))
    os._exit(0)


class _Stopped(BaseException):
    pass


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped


def _run(job: Job, events: Connection) -> tuple[dict[str, Any], CellError | None]:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, DeadKernelError

    assert job.source is not None
    node = nbformat.from_dict(blank(job.source))
    indexes = [index for index, cell in enumerate(node.cells) if is_run(cell)]
    last = -1

    def begin(cell: Any, cell_index: int) -> None:
        nonlocal last
        last = cell_index
        events.send(("cell", indexes.index(cell_index) + 1, len(indexes), cell_index))

    client = NotebookClient(
        node,
        timeout=None,
        kernel_name="python3",
        record_timing=job.record_timing,
        coalesce_streams=False,
        on_cell_execute=begin,
        resources={"metadata": {"path": str(job.cwd)}},
    )
    client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable  # the kernel of this environment, whatever is registered
    error = None
    try:
        client.execute(env={**os.environ, **job.environment})
    except _Stopped:
        error = _error(node, last, "TaskTimeout", f"the task ran longer than its limit of {job.timeout:g} s")
    except DeadKernelError:
        error = _error(node, last, "TaskKilled", "the kernel died")
    except CellControlSignal as problem:
        error = _error(node, last, getattr(problem, "ename", type(problem).__name__), getattr(problem, "evalue", ""))
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs = _merged(cell.outputs)
    return node, error


def _error(node: Any, index: int, ename: str, evalue: str) -> CellError:
    if index < 0:
        return CellError(None, None, ename, evalue)
    cell = node.cells[index]
    shown = [output for output in cell.outputs if output.output_type == "error"]
    traceback = tuple(shown[-1].traceback) if shown else ()
    return CellError(index, None, ename, evalue, traceback, cell.source)


def _merged(outputs: list[Any]) -> list[Any]:
    """Consecutive texts of one stream as one output: a kernel sends them in pieces, by the clock."""
    merged: list[Any] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged
