"""Notebook dict -> the same with outputs, and the error that ended it, run in this process."""

from __future__ import annotations

import asyncio
import copy
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from soorgeon_clone.notebook.tags import ADDED, INJECTED, MAY_FAIL, PARAMETERS, REPEATED, SAVE, SKIPPED, is_reserved
from soorgeon_clone.pipeline.execution.mime import as_json
from soorgeon_clone.pipeline.execution.model import CellError
from soorgeon_clone.pipeline.execution.recording import Recorder
from soorgeon_clone.pipeline.saving.memory import Memory

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.execution.shell import ZMQInteractiveShell

OnCell = Callable[[int, int, int], None]  # number among the code cells, how many there are, index among all cells


def blank(source: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the notebook without outputs, except those of cells that are not run."""
    notebook: dict[str, Any] = copy.deepcopy(dict(source))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and is_run(cell):
            cell["execution_count"], cell["outputs"] = None, []
            cell.get("metadata", {}).pop("execution", None)
    metadata = notebook.setdefault("metadata", {})
    notebook.setdefault("nbformat", 4)
    notebook.setdefault("nbformat_minor", 5)
    if not re.match(r"(?i)i?python", str((metadata.get("kernelspec") or {}).get("language") or "python")):
        return notebook  # its kernel says what it is
    metadata["language_info"] = {
        "codemirror_mode": {"name": "ipython", "version": sys.version_info[0]},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": f"ipython{sys.version_info[0]}",
        "version": sys.version.split()[0],
    }
    return notebook


def is_run(cell: Mapping[str, Any]) -> bool:
    if cell["cell_type"] != "code" or SKIPPED in tags(cell):
        return False
    return bool(text(cell).strip())


def tags(cell: Mapping[str, Any]) -> list[str]:
    found = cell.get("metadata", {}).get("tags") or []
    return [tag for tag in found if isinstance(tag, str)]


def text(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def hidden_tag(cell: Mapping[str, Any]) -> str | None:
    """The tag that says that a cell is not the user's own, if it has one."""
    for tag in tags(cell):
        if is_reserved(tag):
            return tag
    return None


def silence_added(notebook: Mapping[str, Any]) -> None:
    """Take out what added cells showed: statements that are repeated have shown it in their place, and a hook that
    prints after each cell means those of the notebook.

    Errors stay, and what loading and saving says to standard error.
    """
    for cell in notebook["cells"]:
        found = tags(cell) if cell["cell_type"] == "code" else []
        if not ADDED.isdisjoint(found):
            kept = ("error",) if not REPEATED.isdisjoint(found) else ("error", "stderr")
            cell["outputs"] = [one for one in cell["outputs"] if one.get("name", one["output_type"]) in kept]


def run_cells(
    shell: ZMQInteractiveShell,
    notebook: Mapping[str, Any],
    recorder: Recorder,
    *,
    straight: bool,
    record_timing: bool,
    on_cell: OnCell,
    at_end: Callable[[], CellError | None] = lambda: None,
) -> CellError | None:
    """Runs the cells of ``notebook`` in order until one fails; outputs go to ``recorder``.

    If none fails, ``at_end`` is asked, in the context of the cells: numpy's and decimal's settings are those of one.
    """
    # The loop runs while cells run, as in a kernel: `await` and `create_task` work, `asyncio.run` does not.
    # It is left as it is at the end: asyncio.run would wait for threads and cancel what a kernel just leaves.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop.run_until_complete(_run_cells(shell, notebook, recorder, straight, record_timing, on_cell, at_end))


async def _run_cells(
    shell: ZMQInteractiveShell,
    notebook: Mapping[str, Any],
    recorder: Recorder,
    straight: bool,
    record_timing: bool,
    on_cell: OnCell,
    at_end: Callable[[], CellError | None],
) -> CellError | None:
    todo = [(index, cell) for index, cell in enumerate(notebook["cells"]) if is_run(cell)]
    for number, (index, cell) in enumerate(todo, start=1):
        hidden = None if straight else hidden_tag(cell)
        on_cell(number, len(todo), index)
        recorder.begin(index, None if hidden else shell.execution_count)
        began = datetime.now(timezone.utc)
        error = await _run_cell(shell, index, text(cell), hidden)
        if hidden in (PARAMETERS, INJECTED):
            _hide_declarations(shell)
        if record_timing:
            cell.setdefault("metadata", {})["execution"] = _timing(began, datetime.now(timezone.utc))
        if error and MAY_FAIL not in tags(cell):
            return error
        if getattr(shell, "exit_now", False) and number < len(todo):
            return CellError(
                index, None, "SystemExit", "exit() ended the notebook before its last cell", (), text(cell)
            )
        if len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0.005)  # a kernel waits for the next message about as long
    return at_end()


def _hide_declarations(shell: ZMQInteractiveShell) -> None:
    """Keep what a task declares out of the lists that ``%who`` and ``%whos`` make of the notebook's own variables."""
    for name in ("upstream", "product"):
        if name in shell.user_ns:
            shell.user_ns_hidden[name] = shell.user_ns[name]


async def _run_cell(shell: ZMQInteractiveShell, index: int, source: str, hidden: str | None) -> CellError | None:
    shell.hidden_source = source if hidden else None
    shell.compile.hidden_label = hidden
    shell.last_error, shell.display_failed = None, False
    try:
        for hooked in Memory().passes() if hidden == SAVE else [nullcontext()]:
            with hooked:
                result = await _interact(shell, source, store_history=not hidden)
    finally:
        shell.flush_streams()
        shell.front_end.settle()
    if result.success and not shell.display_failed:
        return None
    exception = result.error_before_exec or result.error_in_exec
    traceback: list[str] = []
    if shell.last_error:
        _, shown, traceback = shell.last_error
        exception = exception or shown
    return CellError(
        cell_index=index,
        line=_line(exception, shell.compile.latest_name, in_magic=source.startswith("%%")),
        ename=_name_of(exception),
        evalue=str(exception),
        traceback=tuple(traceback),
        source=source,
        explained=_explained(shell, source, hidden, exception) if hidden and exception else "",
    )


def _name_of(exception: BaseException) -> str:
    """Return what a person knows it as: Python 3.13 has a private kind of SyntaxError."""
    name = type(exception).__name__
    return "SyntaxError" if isinstance(exception, SyntaxError) and name.startswith("_") else name


def _explained(shell: ZMQInteractiveShell, source: str, tag: str, error: BaseException) -> str:
    from soorgeon_clone.pipeline.execution.own_cells import explain

    line = _line(error, shell.compile.latest_name, in_magic=False)
    return explain(tag, source, line, error, shell.user_ns)


async def _interact(shell: ZMQInteractiveShell, source: str, *, store_history: bool) -> Any:
    """Runs a cell as ipykernel does: one with a top-level ``await`` in the running loop, others at once."""
    if "await" not in source and "async" not in source:  # saves reading it twice
        return shell.run_cell(source, store_history=store_history)
    failed = None
    try:
        transformed = shell.transform_cell(source)
    except Exception:
        transformed, failed = source, sys.exc_info()
    from IPython.core.interactiveshell import _asyncio_runner

    is_async = shell.loop_runner is _asyncio_runner and shell.should_run_async(
        source, transformed_cell=transformed, preprocessing_exc_tuple=failed
    )
    if not is_async:
        return shell.run_cell(source, store_history=store_history)
    result = None
    try:
        result = await asyncio.ensure_future(
            shell.run_cell_async(
                source,
                store_history=store_history,
                transformed_cell=transformed,
                preprocessing_exc_tuple=failed,
            )
        )
    finally:
        shell.events.trigger("post_execute")
        shell.events.trigger("post_run_cell", result)
    return result


def _line(exception: BaseException | None, code_name: str, *, in_magic: bool) -> int | None:
    """The line of the cell that raised; in a cell magic's body where ``%%time`` and the like ran it."""
    if isinstance(exception, SyntaxError) and exception.filename == code_name:
        return exception.lineno
    line, traceback = None, exception.__traceback__ if exception else None
    while traceback:
        name = traceback.tb_frame.f_code.co_filename
        if name == code_name:
            line = traceback.tb_lineno
        elif in_magic and name in ("<timed exec>", "<timed eval>"):
            line = traceback.tb_lineno + 1
        traceback = traceback.tb_next
    return line


def widget_states() -> dict[str, Any]:
    """The notebook metadata that lets a viewer draw the live widgets of this process; {} without any."""
    library = sys.modules.get("ipywidgets")
    try:
        state = library.Widget.get_manager_state(drop_defaults=False) if library else {}
    except Exception:  # a widget that cannot say what it is must not fail the notebook that shows it
        state = {}
    if not state.get("state"):
        return {}
    return {"widgets": {"application/vnd.jupyter.widget-state+json": as_json(state)}}


def _timing(began: datetime, ended: datetime) -> dict[str, str]:
    start, end = (moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for moment in (began, ended))
    return {
        "iopub.execute_input": start,
        "iopub.status.busy": start,
        "iopub.status.idle": end,
        "shell.execute_reply": end,
    }
