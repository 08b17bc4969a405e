"""``soorgeon-clone interact``: an IPython session with the pipeline loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log
from soorgeon_clone.cli.table import count
from soorgeon_clone.errors import UserError
from soorgeon_clone.visible import one_line

_BANNER = """Pipeline of {count} in {root}.
  pipeline            the pipeline: pipeline.status(), pipeline.build(), pipeline.explain("name")
  dag                 the same: dag["name"].build(), .status(), .load(), .debug(), .product; for name in dag: ...
  load("name", "key") the object in a product (.pkl, .parquet, .csv, .json), or its path
"""


@click.command(cls=PipelineCommand)
@pipeline_options
@click.pass_obj
def command(env: dict[str, str], entry_point: str, log: str | None, log_file: str | None) -> None:
    """Open an IPython session in the project's folder, with the pipeline as a Python object."""
    import os

    from soorgeon_clone.pipeline.api import Pipeline

    set_up_log(log, log_file)
    with Pipeline(entry_point, env=env) as pipeline:
        os.chdir(pipeline.root)
        names: dict[str, Any] = {"pipeline": pipeline, "dag": pipeline, "load": pipeline.load}
        banner = _BANNER.format(count=count(len(pipeline.dag.tasks), "task"), root=one_line(str(pipeline.root)))
        _session(names, banner, pipeline.root)


def _session(names: dict[str, Any], banner: str, folder: Path) -> None:
    import sys

    from IPython.terminal.embed import InteractiveShellEmbed

    shell = InteractiveShellEmbed(banner1=banner, user_ns=names)
    _show_as_tables(shell.display_formatter.formatters["text/plain"])
    shell.set_custom_exc((UserError,), _tell)
    # The first thing that may be imported from the project's folder is what the user types.
    shell.events.register(
        "pre_run_cell", lambda _: None if str(folder) in sys.path else sys.path.insert(0, str(folder))
    )
    shell()


def _tell(shell: Any, kind: type[BaseException], error: UserError, trace: Any, tb_offset: int | None = None) -> None:
    """Show what a person can solve as all commands do, without the way to it."""
    say.error(error.message, error.hint)


def _show_as_tables(plain: Any) -> None:
    """Let tasks, states and reports be shown by what a person asks of them, and not field by field."""
    from soorgeon_clone.cli.table import duration, table
    from soorgeon_clone.pipeline.building.model import Report
    from soorgeon_clone.pipeline.declared.model import DAG, Task
    from soorgeon_clone.pipeline.status.model import TaskStatus

    def dag(it: DAG) -> str:
        rows = [[task.name, ", ".join(task.upstream), _source(task), _products(task)] for task in it.tasks.values()]
        return table(["task", "upstream", "source", "products"], rows, less=(2,))

    def task(it: Task) -> str:
        rows = [
            ["upstream", ", ".join(it.upstream) or "-"],
            ["source", _source(it)],
            *([f"product {one.key or ''}", str(one)] for one in it.products),
            *([f"param {name}", repr(value)] for name, value in it.spec.params.items()),
        ]
        return table(["task", it.name], rows)

    def report(it: Report) -> str:
        rows = [[run.name, run.result, duration(run.seconds) if run.seconds else ""] for run in it.runs]
        return table(["task", "result", "took"], rows, right=frozenset({2}))

    for kind, text in ((DAG, dag), (Task, task), (TaskStatus, lambda it: f"{it.name}: {it.line}"), (Report, report)):
        plain.for_type(kind, lambda it, printer, cycle, text=text: printer.text(text(it)))


def _source(task: Any) -> str:
    return str(task.spec.source.path or task.spec.source.text)


def _products(task: Any) -> str:
    return ", ".join(map(str, task.products))
