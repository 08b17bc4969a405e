"""``soorgeon-clone nb``: make the sources of tasks ready for working on them in Jupyter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import task_names
from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log
from soorgeon_clone.errors import UserError
from soorgeon_clone.files import confine, regular
from soorgeon_clone.files.problems import told
from soorgeon_clone.visible import one_line

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.declared.model import Task
    from soorgeon_clone.pipeline.status.project import Project


@click.command(cls=PipelineCommand)
@click.argument("names", nargs=-1, shell_complete=task_names)
@pipeline_options
@click.option("-i", "--inject", is_flag=True, help="Add a cell with the task's upstream, product and params.")
@click.option("-r", "--remove", is_flag=True, help="Take that cell away.")
@click.option(
    "-s",
    "--sync",
    is_flag=True,
    help="Bring that cell up to date where there is one, and scripts and notebooks of pairs.",
)
@click.option("-p", "--pair", metavar="FOLDER", help="Pair each script with a notebook in FOLDER, beside the script.")
@click.option(
    "-f",
    "--format",
    "new_format",
    type=click.Choice(["py", "py:percent", "ipynb"]),  # Ploomber's name as well
    help="Turn sources into this format.",
)
@click.pass_obj
def command(
    env: dict[str, str],
    names: tuple[str, ...],
    entry_point: str,
    log: str | None,
    log_file: str | None,
    inject: bool,
    remove: bool,
    sync: bool,
    pair: str | None,
    new_format: str | None,
) -> None:
    """Change the sources of all tasks, or of the tasks NAMES, so that they run cell by cell in Jupyter.

    The injected cell holds paths relative to the project's folder. Nothing else in the files changes.

    A pair is a script and a notebook with the same cells; of the two, the one that was changed last counts. The
    header of the script names the notebook, as jupytext has it.
    """
    from soorgeon_clone.pipeline.status.project import Project

    set_up_log(log, log_file)
    if inject + remove + sync + bool(pair) + bool(new_format) != 1:
        raise click.UsageError("Choose one of --inject, --remove, --sync, --pair and --format.")
    if pair and (Path(pair).is_absolute() or any(sign in pair for sign in ("//", ",", "\n"))):
        raise click.UsageError(
            f"--pair {one_line(pair)}: expected a folder such as 'notebooks', from where a script is."
        )
    with Project(entry_point, env=env) as project:
        if new_format:
            _reformat(project, names, new_format.partition(":")[0])
            return
        count = 0
        for task, path in list(_sources(project, names)):
            said = _bring_up_to_date(project, task, path, inject=inject, sync=sync, pair=pair)
            if said is not None:
                say.echo(f"{one_line(str(task.spec.source.path))}: {said}")
                count += 1
        if not count:
            say.echo("Nothing to do.")


def _bring_up_to_date(
    project: Project, task: Task, path: Path, *, inject: bool, sync: bool, pair: str | None
) -> str | None:
    """Change a source, and the notebook that it is paired with. Return what was done, None for nothing."""
    from soorgeon_clone.files.together import write_together
    from soorgeon_clone.notebook import pairs
    from soorgeon_clone.pipeline.declared import inject_file

    text = inject_file.source_text(path)
    current = pairs.paired(text, path, pair.rstrip("/")) if pair and path.suffix != ".ipynb" else text
    twin = pairs.twin(current, path)
    old = None
    if twin is not None:
        confine.written(project.root, twin)
        if os.path.lexists(twin) and pair and pairs.twin(text, path) != twin:
            raise UserError(f"{twin} exists already", hint="Move it away first.", exit_code=2)
        if regular.is_regular(twin):
            old = inject_file.source_text(twin)
            if twin.stat().st_mtime_ns > path.stat().st_mtime_ns:
                current = pairs.script_text(current, path, old)
    changed = current if pair else _changed(project, task, current, inject=inject, sync=sync)
    texts = {path: text} if old is None or twin is None else {path: text, twin: old}
    new = {path: changed} if twin is None else {path: changed, twin: pairs.twin_text(changed, path, old)}
    written = {str(one): content for one, content in new.items() if content != texts.get(one)}
    if not written:
        return None
    with told(path):
        write_together(written, [], project.root, project.root)
    if changed != current:
        return "injected" if inject or sync else "removed"
    assert twin is not None  # nothing else changes a source
    return f"{'paired' if pair else 'synced'} with {one_line(os.path.relpath(twin, project.root))}"


def _sources(project: Project, names: tuple[str, ...]) -> Iterator[tuple[Task, Path]]:
    """Yield the tasks and their sources. Raises `confine.Outside` for one that lies outside of the project."""
    from soorgeon_clone.pipeline.declared.dag import select

    chosen = {one for name in names for one in select(project.dag, name)} if names else set(project.dag.tasks)
    seen: set[str] = set()
    for task in project.dag.tasks.values():
        source = task.spec.source.path
        # Tasks of one grid share a source: the first one's values are as good as any.
        script = task.spec.source.kind == "script" and task.facts.language is None
        if (
            script
            and task.name in chosen
            and source
            and source not in seen
            and regular.is_regular(project.root / source)
        ):
            seen.add(source)
            confine.written(project.root, source)
            yield task, project.root / source


def _changed(project: Project, task: Task, text: str, *, inject: bool, sync: bool) -> str:
    from soorgeon_clone.pipeline.declared import inject_file
    from soorgeon_clone.pipeline.declared.injected_cells import in_file

    path = str(task.spec.source.path)
    if inject or (sync and inject_file.has_cell(text, path)):
        return inject_file.inject(text, path, in_file(project.dag, task))
    return text if sync else inject_file.remove(text, path)


def _reformat(project: Project, names: tuple[str, ...], new_format: str) -> None:
    """Write each source in another format, name it so in pipeline.yaml, and remove the old file: all three or none."""
    from soorgeon_clone.files.together import write_together
    from soorgeon_clone.notebook import read, write
    from soorgeon_clone.pipeline.declared import inject_file

    root, spec_text = project.root, inject_file.source_text(project.spec.path)
    for task, path in list(_sources(project, names)):
        target = path.with_suffix(f".{new_format}")
        if target == path:
            continue
        if os.path.lexists(target):
            raise UserError(f"{target} exists already", hint="Move it away first.", exit_code=2)
        old, new = task.spec.source.text, task.spec.source.text.removesuffix(path.suffix) + f".{new_format}"
        if spec_text.count(old) != 1:
            raise UserError(
                f"{project.spec.path.name} names {old} {spec_text.count(old)} times",
                hint="Change it by hand.",
                exit_code=2,
            )
        notebook = read.read(path)
        kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
        to_script = new_format == "py"
        text = write.to_script(notebook.cells, {}) if to_script else write.to_ipynb(notebook.cells, kernel)
        spec_text = spec_text.replace(old, new)
        with told(target):
            write_together({str(target): text, str(project.spec.path): spec_text}, [str(path)], root, root)
        say.echo(f"{one_line(old)} -> {one_line(new)}")
