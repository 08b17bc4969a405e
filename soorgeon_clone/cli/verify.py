"""`soorgeon-clone verify`: run a notebook and its pipeline, and say where they differ.

``--json`` prints one object, whose keys are kept between versions (new ones may come):

    notebook, pipeline   what was compared
    same                 whether all that could be judged is the same; the exit code says so as well (0 or 1)
    sections             list of {number, title, task, verdict: same | different | not deterministic | not run, cells,
                         variables, difference: null | {kind, cell, variable, what, notebook, pipeline,
                         cause: null | {kind, text, first, last}}}; cells count from 0
    unstable             cells that show something else when the notebook itself is run again
    notes                list of sentences for people
    seconds              {notebook, pipeline}
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import files
from soorgeon_clone.cli.pipeline_options import set_up_log
from soorgeon_clone.visible import one_line

if TYPE_CHECKING:
    from soorgeon_clone.notebook.model import Notebook
    from soorgeon_clone.pipeline.execution.model import Isolation
    from soorgeon_clone.verify.model import Report, SectionResult

_LEVELS = ["debug", "info", "warning", "error", "critical"]
_COLOURS = {"same": "green", "different": "red", "not run": "red", "not deterministic": "yellow"}


@click.command()
@click.argument("notebook", metavar="NOTEBOOK", shell_complete=files)
@click.option(
    "--split-on",
    type=click.Choice(["h1", "h2", "h3", "auto"]),
    default=None,
    help="What begins a task. If not given: what the pipeline was made with, else h2.",
)
@click.option(
    "-e",
    "--entry-point",
    type=click.Path(dir_okay=True),
    default=None,
    help="The pipeline (pipeline.yaml, or its folder). If not given: the one that refactor wrote for NOTEBOOK, here, "
    "beside it or in a folder next to these; else the one that refactor would write now.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    metavar="SECONDS",
    help="Stop a notebook, or a task, that takes longer.",
)
@click.option(
    "--rtol",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="X",
    help="Floats that are this far apart, relatively, are the same. Exactly if not given.",
)
@click.option(
    "--in-place",
    is_flag=True,
    help="Run where the notebook stands, not in a copy of its folder; let it write anywhere.",
)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Tasks side by side.")
@click.option(
    "--isolation",
    type=click.Choice(["auto", "fork", "spawn", "kernel"]),
    default="auto",
    show_default=True,
    help="How notebook and tasks get processes of their own.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--html", "page", type=click.Path(dir_okay=False), default=None, help="Write the report as a page.")
@click.option("-l", "--log", type=click.Choice(_LEVELS, case_sensitive=False), default=None, help="Log at this level.")
@click.option(
    "-F", "--log-file", type=click.Path(dir_okay=False), default=None, help="Log to a file, not the terminal."
)
def command(
    notebook: str,
    split_on: str | None,
    entry_point: str | None,
    timeout: float | None,
    rtol: float,
    in_place: bool,
    jobs: int,
    isolation: Isolation,
    as_json: bool,
    page: str | None,
    log: str | None,
    log_file: str | None,
) -> None:
    """Run NOTEBOOK and its pipeline, and compare them section by section: what the cells show, what variables hold.

    Both run in copies of the notebook's folder, which stays as it is. Exit code 1 if the pipeline differs, or if the
    notebook itself does not run.
    """
    set_up_log(log, log_file)
    from soorgeon_clone.cli.progress import Ticker
    from soorgeon_clone.notebook.read import read
    from soorgeon_clone.refactor.broken import known_about
    from soorgeon_clone.refactor.plan import make_plan
    from soorgeon_clone.refactor.propose import chosen
    from soorgeon_clone.refactor.record import RECORD, Record, read_record
    from soorgeon_clone.refactor.repairs import remembered
    from soorgeon_clone.verify.model import Tolerance
    from soorgeon_clone.verify.verify import Settings, verify

    original = read(notebook)
    pipeline = _entry_point(original, entry_point)
    record = read_record(pipeline.parent / RECORD) if pipeline is not None else Record()
    proposed = chosen(original, split_on or record.origin.split_on)
    source, level = proposed.notebook, proposed.level
    together = remembered(source, pipeline.parent, level) if pipeline is not None else ()
    say.echo(_what(pipeline, given=entry_point is not None), err=True)
    settings = Settings(
        level=level,
        entry_point=pipeline,
        tolerance=Tolerance(rtol=rtol),
        timeout=timeout,
        in_place=in_place,
        isolation=isolation,
        jobs=jobs,
    )
    root = settings.entry_point.parent if settings.entry_point is not None else Path()
    known = known_about(source, root)
    with Ticker() as ticker:
        plan = make_plan(source, level=level, together=together, known=known)
        report = verify(source, plan, replace(settings, on_progress=ticker.progressed), ticker.tell)
    if page is not None:
        from soorgeon_clone.files.named import write_made
        from soorgeon_clone.verify.html import html_of

        write_made(page, html_of(report))
    if as_json:
        say.echo(json.dumps({**asdict(report), "same": report.same}, indent=2))
    else:
        show(report)
    if not report.same:
        sys.exit(1)


def show(report: Report) -> None:
    """Print the table of sections, then each one's first difference."""
    from soorgeon_clone.cli.table import count, duration, table

    rows = [
        [
            section.title,
            section.task,
            say.style(section.verdict, fg=_COLOURS[section.verdict]),
            str(section.cells),
            str(section.variables),
        ]
        for section in report.sections
    ]
    say.echo(table(["section", "task", "verdict", "cells", "variables"], rows, right=frozenset({3, 4})))
    for section in report.sections:
        if section.difference is not None:
            _show_difference(section)
    for note in report.notes:
        say.echo(say.style(note, fg="yellow"))
    if report.unstable:
        listed = ", ".join(str(cell + 1) for cell in report.unstable)
        unstable = (
            f"The notebook is not deterministic: run twice, it shows something else in cell {listed}. What depends on "
            "that cannot be judged. Seed its random numbers (random.seed, np.random.seed, random_state=...)."
        )
        say.echo(say.style(unstable, fg="yellow"))
    times = ", ".join(f"{name} {duration(seconds)}" for name, seconds in report.seconds.items())
    cells = sum(section.cells for section in report.sections)
    variables = sum(section.variables for section in report.sections)
    compared = f"{count(cells, 'cell')} and {count(variables, 'variable')}"
    if report.same:
        held = f" {report.held} assumption{'s' * (report.held != 1)} held." if report.held else ""
        say.echo(say.style(f"The same: {compared} ({times}).{held}", fg="green"))
    else:
        wrong = sum(section.verdict in ("different", "not run") for section in report.sections)
        say.echo(say.style(f"Not the same: {wrong} of {count(len(report.sections), 'section')} ({times}).", fg="red"))


def _show_difference(section: SectionResult) -> None:
    from soorgeon_clone.verify.html import subject

    difference = section.difference
    assert difference is not None
    say.echo()
    say.echo(say.style(f"── {section.title} ", fg="red", bold=True))
    say.echo(subject(difference))
    if difference.notebook or difference.pipeline:
        for name, text in (("notebook", difference.notebook), ("pipeline", difference.pipeline)):
            say.echo(f"  {name}: " + (text or "(nothing)").replace("\n", "\n            "))
    if difference.cause is not None:
        say.echo(f"  Likely cause: {difference.cause.text}.")
    say.echo()


def _entry_point(source: Notebook, given: str | None) -> Path | None:
    """Return the pipeline on disk that is meant, None for the one that refactor would write."""
    if given is not None:
        path = Path(given)
        return path / "pipeline.yaml" if path.is_dir() else path
    from soorgeon_clone.refactor.made import pipelines_of

    return next(iter(pipelines_of(source, Path())), None)


def _what(pipeline: Path | None, *, given: bool) -> str:
    if pipeline is None:
        return "Verifying the pipeline that refactor would write now: it has written none for this notebook near here."
    return f"Verifying {one_line(str(pipeline))}{'' if given else '; --entry-point chooses another'}"
