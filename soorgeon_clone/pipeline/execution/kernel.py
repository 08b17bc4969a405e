"""A job in a real Jupyter kernel, through nbclient (isolation "kernel", the extra of that name)."""

from __future__ import annotations

import os
import pickle
import re
import signal
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.schemas import prepare_jsonschema
from soorgeon_clone.notebook.tags import SAVE
from soorgeon_clone.pipeline.execution import boot, process
from soorgeon_clone.pipeline.execution.assumed import error_of, guards_of
from soorgeon_clone.pipeline.execution.cells import blank, is_run, silence_added, tags
from soorgeon_clone.pipeline.execution.channel import Channel, FileChannel
from soorgeon_clone.pipeline.execution.ending import KILLED, status_of
from soorgeon_clone.pipeline.execution.journal import Journal
from soorgeon_clone.pipeline.execution.kernel_guards import KernelGuards, begin_to_save, must_save_again
from soorgeon_clone.pipeline.execution.model import CellError, Job
from soorgeon_clone.pipeline.execution.recording import Recorder
from soorgeon_clone.pipeline.execution.salvage import printed
from soorgeon_clone.pipeline.execution.written import write_notebook

_LONGEST_SOCKET = 80  # characters; systems take some 100, with what is added to the name
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r"Cell In\[\d+\], line (\d+)")


def require_nbclient() -> None:
    """Raises UserError where the extra is not installed."""
    from importlib.util import find_spec

    if find_spec("nbclient") is None or find_spec("ipykernel") is None:
        raise UserError(
            "isolation 'kernel' needs nbclient, which is not installed",
            hint="Install it: pip install 'soorgeon-clone[kernel]'",
        )


def require_kernel(name: str) -> None:
    """Raises UserError where there is no kernelspec of this name."""
    require_nbclient()
    from jupyter_client.kernelspec import KernelSpecManager

    known = sorted(KernelSpecManager().find_kernel_specs())
    if name not in known:
        raise UserError(
            f"there is no Jupyter kernel named '{name}'", hint=f"Installed: {', '.join(known) or 'none'}.", exit_code=2
        )


def main(job_file: str) -> None:
    """The process between the server and the kernel."""
    job, function, channel, journal, server, folder = pickle.loads(Path(job_file).read_bytes())
    if function:  # a function has no use for a kernel
        from soorgeon_clone.pipeline.execution import fresh

        fresh.main(job_file)
    process.die_with_parent(server)
    process.adopt_orphans()
    execute(job, Channel(channel), journal, Path(folder))
    os._exit(0)


def execute(job: Job, events: Channel | FileChannel, journal: int, folder: Path) -> None:
    """Runs the job's notebook; tells ``events`` what ``worker.run`` does. ``folder`` is nobody else's."""
    assert job.source is not None
    notebook = blank(job.source)
    recorder = Recorder(notebook["cells"], limit=job.output_limit, journal=Journal(journal))
    guards = _guards(job, notebook)
    error = _run(job, notebook, recorder, events, folder, guards)
    if guards is not None and guards.outcomes:
        events.send("assumed", guards.outcomes)
    recorder.settle()
    silence_added(notebook)
    if job.output is not None:
        try:
            write_notebook(notebook, job.output)
        except OSError as problem:
            error = error or CellError(None, None, type(problem).__name__, f"cannot write {job.output}: {problem}")
    events.send("result", status_of(error), error, printed(notebook["cells"]))
    events.send("done")


def _run(
    job: Job,
    notebook: dict[str, Any],
    recorder: Recorder,
    events: Channel | FileChannel,
    folder: Path,
    guards: KernelGuards | None,
) -> CellError | None:
    prepare_jsonschema()
    import nbformat
    from nbclient.exceptions import CellControlSignal

    node = nbformat.from_dict(blank(notebook))
    client = _client(job, node, recorder, events, guards)
    _keep_to_ourselves(client.km, folder)
    # nbclient's handlers shut the kernel down gently; the server kills all below this process anyway
    signal.set_wakeup_fd(-1)
    error = None
    try:
        client.execute(env={**os.environ, **job.environment})
    except CellControlSignal as problem:
        ename, evalue = getattr(problem, "ename", type(problem).__name__), getattr(problem, "evalue", str(problem))
        error = _error(notebook, recorder.index, ename, evalue)
    except Exception as problem:
        if client.kernel_lives:
            raise
        reason = f"the kernel died ({type(problem).__name__})"
        recorder.error(KILLED, reason, [reason])
        error = _error(notebook, recorder.index, KILLED, reason)
    if guards is not None and error is None:
        error = error_of(guards.outcomes)
    if job.kernel is not None and "language_info" in node.metadata:
        notebook["metadata"]["language_info"] = dict(node.metadata.language_info)
    if "widgets" in node.metadata:
        notebook["metadata"]["widgets"] = node.metadata.widgets
    if job.record_timing:
        for cell, run in zip(notebook["cells"], node.cells, strict=True):
            cell["metadata"] = dict(run.metadata)
    return error


def _guards(job: Job, notebook: dict[str, Any]) -> KernelGuards | None:
    """Return the guards of a task, None, and nothing is imported in the kernel, where it takes nothing for granted."""
    cells = notebook["cells"]
    return KernelGuards(job.name, cells) if not job.straight and guards_of(job.name, cells) is not None else None


def _client(job: Job, node: Any, recorder: Recorder, events: Channel | FileChannel, guards: KernelGuards | None) -> Any:
    """A client that gives its messages to ``recorder``."""
    from nbclient import NotebookClient
    from nbclient.exceptions import DeadKernelError

    indexes = [index for index, cell in enumerate(node.cells) if is_run(cell)]

    class Client(NotebookClient):
        kernel_lives = True

        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            is_for_widget = bool(self.output_hook_stack[msg["parent_header"].get("msg_id")])
            if not is_for_widget or msg["msg_type"] == "update_display_data":
                _record(recorder, msg["msg_type"], msg["content"])
            return super().process_message(msg, cell, cell_index)

        async def async_execute_cell(self, cell: Any, cell_index: int, *more: Any, **options: Any) -> Any:
            if guards is not None and cell_index in indexes:
                await guards.before(self, cell_index)
            saves = SAVE in tags(cell)
            if saves:
                await begin_to_save(self)
            result = await super().async_execute_cell(cell, cell_index, *more, **options)
            while saves and await must_save_again(self):
                result = await super().async_execute_cell(cell, cell_index, *more, **options)
            if guards is not None and indexes and cell_index == indexes[-1]:
                await guards.end(self)
            return result

        async def _async_check_alive(self) -> None:
            try:
                await super()._async_check_alive()
            except DeadKernelError:
                self.kernel_lives = False
                raise

    def begin(cell: Any, cell_index: int) -> None:
        number = indexes.index(cell_index) + 1
        recorder.begin(cell_index, number)
        events.send("cell", number, len(indexes), cell_index)

    client = Client(
        node,
        timeout=None,
        kernel_name=job.kernel or "python3",
        record_timing=job.record_timing,
        on_cell_execute=begin,
        resources={"metadata": {"path": str(job.cwd)}},
    )
    client.create_kernel_manager()
    # the kernel of this environment, whatever is registered; Jupyter's own command line looks for modules in the
    # notebook's folder before those of the standard library
    if job.kernel is not None:
        return client
    client.km.kernel_spec.argv = boot.command(boot.JUPYTER, "-f", "{connection_file}")
    return client


def _keep_to_ourselves(manager: Any, folder: Path) -> None:
    """Kernel and client speak through sockets in ``folder``: a port would tell every user what a notebook shows."""
    place = folder.absolute() / f"{os.getpid()}.json"
    if os.name == "posix" and len(str(place)) < _LONGEST_SOCKET:
        manager.transport = "ipc"
        manager.connection_file = str(place)


def _record(recorder: Recorder, kind: str, content: dict[str, Any]) -> None:
    display_id = (content.get("transient") or {}).get("display_id")
    if kind == "stream":
        recorder.stream(content["name"], content["text"])
    elif kind == "display_data":
        recorder.display(content["data"], content["metadata"], display_id)
    elif kind == "update_display_data" and display_id:
        recorder.update(content["data"], content["metadata"], display_id)
    elif kind == "execute_result":
        recorder.result(content["data"], content["metadata"], content["execution_count"])
    elif kind == "error":
        recorder.error(content["ename"], content["evalue"], content["traceback"])
    elif kind == "clear_output":
        recorder.clear(wait=bool(content.get("wait")))


def _error(notebook: dict[str, Any], index: int, ename: str, evalue: str) -> CellError:
    if index < 0:
        return CellError(None, None, ename, evalue)
    cell = notebook["cells"][index]
    shown = [output["traceback"] for output in cell["outputs"] if output["output_type"] == "error"]
    traceback = tuple(shown[-1]) if shown else ()
    places = _PLACE.findall(_ANSI.sub("", "\n".join(traceback)))
    return CellError(index, int(places[-1]) if places else None, ename, evalue, traceback, cell["source"])
