"""``soorgeon-clone interact``: an IPython session with the pipeline loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log
from soorgeon_clone.visible import one_line

_BANNER = """Pipeline of {count} tasks in {root}.
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
        banner = _BANNER.format(count=len(pipeline.dag.tasks), root=one_line(str(pipeline.root)))
        _session(names, banner, pipeline.root)


def _session(names: dict[str, Any], banner: str, folder: Path) -> None:
    import sys

    from IPython.terminal.embed import InteractiveShellEmbed

    shell = InteractiveShellEmbed(banner1=banner, user_ns=names)
    # The first thing that may be imported from the project's folder is what the user types.
    shell.events.register(
        "pre_run_cell", lambda _: None if str(folder) in sys.path else sys.path.insert(0, str(folder))
    )
    shell()
