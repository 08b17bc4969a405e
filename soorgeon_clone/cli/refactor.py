"""`soorgeon-clone refactor`: a notebook file -> a pipeline on disk, and a few lines on the terminal about it.

``--json`` prints one object, whose keys are kept between versions (new ones may come):

    notebook      the notebook as it was named on the command line
    folder        where the project is
    proposed      with --split-on auto: list of {cell, title}; the cell counts from 1
    sections      how many sections the notebook has
    tasks         list of {name, title, source, upstream: [task], products: {key: path}, loads: [{task, key, names}],
                  params: {name: value}}
    merges        list of {task, sections: [title], reason, reasons: [sentence]}; reason is all of them in one text
    files         {created: [path], replaced: [path], merged: [path], removed: [path], unchanged: [path]}
    diff          with --dry-run: what would change in files that are there, as a unified diff
    hints, notes  lists of sentences for people
    written       false with --dry-run
    verified      with --verify: {same (false: even one task shows something else, and the exit code is 1),
                   repairs: [sentence], held (assumptions that were kept), seconds: {notebook, pipeline}}; null without
    assumptions   list of {task, kind, names, statement, cell, row}: what is checked when the pipeline runs
    explained     with --explain: list of {about, kind, points: [{what, evidence: [{cell, row, source, rule, feared,
                  within: [text], remedy}]}]}; kind is variable, task or arrow
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import files
from soorgeon_clone.cli.pipeline_options import set_up_log, split_option
from soorgeon_clone.errors import UserError
from soorgeon_clone.visible import one_line

if TYPE_CHECKING:
    from soorgeon_clone.notebook.model import Notebook
    from soorgeon_clone.pipeline.assumptions.remembered import Remembered
    from soorgeon_clone.refactor.layout import Choices, Layout
    from soorgeon_clone.refactor.model import MustMerge, Plan
    from soorgeon_clone.refactor.write import Changes
    from soorgeon_clone.verify.repair import MakePlan, Repaired

_REMEMBERED = "What an earlier refactor --verify has seen still holds together; --verify looks again."
_LEVELS = ["debug", "info", "warning", "error", "critical"]


@click.command()
@click.argument("notebook", metavar="NOTEBOOK", shell_complete=files)
@split_option
@click.option(
    "--write-headings",
    "headed",
    type=click.Path(dir_okay=False),
    default=None,
    metavar="FILE",
    help="With --split-on auto: write a copy of the notebook with the proposed headings, and nothing else.",
)
@click.option(
    "--into", type=click.Path(file_okay=False), default=None, help="Folder to write to; this one if not given."
)
@click.option(
    "-p",
    "--product-prefix",
    default=None,
    help="Folder for all products. If not given: output, or products if the notebook has an output folder of its own.",
)
@click.option(
    "-d",
    "--df-format",
    type=click.Choice(["parquet", "csv"]),
    default=None,
    help="Format for what turns out to be a DataFrame in the run. Pickle if not given.",
)
@click.option("--df-above", metavar="SIZE", help="With --df-format: pickle frames that are smaller, such as 100MB.")
@click.option(
    "-z",
    "--serializer",
    type=click.Choice(["pickle", "cloudpickle", "dill"]),
    default=None,
    help="Serializer for all variables. If not given: pickle, and cloudpickle where pickle cannot.",
)
@click.option("-s", "--single-task", is_flag=True, help="Make one task of the whole notebook.")
@click.option(
    "-f",
    "--file-format",
    type=click.Choice(["py", "ipynb", "same"]),
    default=None,
    help="Format of the tasks, py if not given; same: that of the notebook.",
)
@click.option(
    "--exported-as",
    metavar="NAME",
    default=None,
    help="Name of the module for functions and classes, such as exported_model.  [default: exported]",
)
@click.option("-l", "--log", type=click.Choice(_LEVELS, case_sensitive=False), default=None, help="Log at this level.")
@click.option(
    "-F", "--log-file", type=click.Path(dir_okay=False), default=None, help="Log to a file, not the terminal."
)
@click.option(
    "--explain",
    "asked",
    multiple=True,
    metavar="NAME",
    help="Say why a variable, a task, or an arrow (A->B) is as it is, and write nothing. Can be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be done and write nothing.")
@click.option(
    "--verify",
    is_flag=True,
    help="Run notebook and pipeline in copies first, and join sections until both show the same.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    metavar="SECONDS",
    help="With --verify, or --build where it repairs: stop a notebook, or a task, that takes longer.",
)
@click.option(
    "--proven", is_flag=True, help="Take nothing for granted of code that nobody has described: sections join instead."
)
@click.option(
    "--build", is_flag=True, help="Run the pipeline at once; plan it again where that fails and the notebook does not."
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option(
    "--mark-conflicts",
    is_flag=True,
    help="Where a person and the notebook changed the same lines of a file: write both, between marks as git's.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Overwrite what a person changed, and the file of --write-headings; go on where a name is never defined.",
)
def command(
    notebook: str,
    split_on: str,
    headed: str | None,
    into: str | None,
    product_prefix: str | None,
    df_format: Any,
    df_above: str | None,
    serializer: Any,
    single_task: bool,
    file_format: Any,
    exported_as: str | None,
    log: str | None,
    log_file: str | None,
    asked: tuple[str, ...],
    dry_run: bool,
    verify: bool,
    timeout: float | None,
    proven: bool,
    build: bool,
    as_json: bool,
    mark_conflicts: bool,
    force: bool,
) -> None:
    """Turn NOTEBOOK into a pipeline: one task for each section, and a pipeline.yaml that runs them.

    NOTEBOOK is an .ipynb file or a script or Markdown file that jupytext reads, - for standard input.
    """
    set_up_log(log, log_file)
    dry_run = dry_run or bool(asked)
    from soorgeon_clone.analysis.analyse import keeping_all
    from soorgeon_clone.cli import explained, planned
    from soorgeon_clone.distributions import runner
    from soorgeon_clone.files.together import in_short
    from soorgeon_clone.notebook.read import read
    from soorgeon_clone.refactor import files, surroundings, write
    from soorgeon_clone.refactor.broken import joined, known_about, newly_broken
    from soorgeon_clone.refactor.differences import differences
    from soorgeon_clone.refactor.layout import lay_out
    from soorgeon_clone.refactor.plan import make_plan
    from soorgeon_clone.refactor.propose import chosen
    from soorgeon_clone.refactor.record import Origin
    from soorgeon_clone.refactor.repairs import remembered, to_remember

    _check_names(product_prefix, exported_as)
    if timeout is not None and not (verify or build):
        raise click.UsageError("--timeout needs --verify or --build.")
    original = read(notebook)
    proposed = chosen(original, split_on)
    source, level = proposed.notebook, proposed.level
    if headed is not None:
        planned.write_headed(proposed, original, headed, split_on, force=force)
        return
    if file_format == "same":
        file_format = "ipynb" if source.path is None or source.path.suffix == ".ipynb" else "py"

    def plan_for(together: Sequence[MustMerge] = (), known: Sequence[Remembered] = ()) -> Plan:
        return make_plan(
            source,
            level=level,
            single_task=single_task,
            serializer=serializer,
            forced=force,
            together=together,
            proven=proven,
            known=known,
        )

    wanted = {
        "product_prefix": product_prefix,
        "df_format": df_format,
        "df_above": _above(df_above, df_format),
        "file_format": file_format,
        "serializer": serializer,
        "exported_module": exported_as,
    }
    root = Path(into or ".")
    known = known_about(source, root)
    together = () if verify or single_task else remembered(source, root, level)
    plan = plan_for(together, known)
    verified = None
    if verify:
        choices = _choices(source, root, plan, **wanted)
        repaired = _repaired(source, plan_for, known, level=level, timeout=timeout, choices=choices)
        plan, verified, together, known = repaired.plan, _verified(repaired), repaired.together, repaired.known
    explanations = explained.explanations(source, plan, level, asked, known) if asked else ()
    if asked and not as_json:
        explained.show(explanations)
        return
    _log(plan)
    origin = Origin(surroundings.notebook_file(source.path, root), split_on)

    @keeping_all()
    def put_down(plan: Plan) -> dict[str, Any]:
        """Write the plan, unless nothing is to be written; return the report."""
        layout = lay_out(plan, _choices(source, root, plan, **wanted))
        made_from = source.path.name if source.path is not None else ""
        project = files.project(plan, layout, _requirements(plan, layout), runner.requirement(), made_from)
        repairs = to_remember(source, together, level)
        compare = partial(write.compare, project, root, repairs=repairs, origin=origin)
        try:
            changes, refused = compare(force=force, mark=mark_conflicts), None
        except UserError as error:
            if not dry_run:
                raise
            changes, refused = compare(force=True, mark=True), error
        if not dry_run:
            write.write(changes, root)
        where = {"notebook": notebook, "folder": root.as_posix(), "written": not dry_run, "verified": verified}
        report = {**where, **_report(plan, layout, changes), "explained": [asdict(one) for one in explanations]}
        if split_on == "auto":
            report["proposed"] = [{"cell": index + 1, "title": title} for index, title in proposed.titles.items()]
        if dry_run:
            report["diff"] = "".join(f"{line}\n" for line in differences(changes))
        if refused is not None:
            report["notes"].append(
                f"Without --dry-run this would be refused: {refused.message}. {refused.hint or ''}".strip()
            )
        elif changes.marked:
            would = "would stand" if dry_run else "stand"
            report["notes"].append(
                f"Your text and the new one {would} between marks in {in_short(changes.marked)}: keep one of them, "
                "without the marks, before you build."
            )
        if together and verified is None:
            report["notes"].insert(0, _REMEMBERED)
        if not as_json:
            planned.show_proposed(proposed)
            planned.show(report, build=build)
            _show_reasons(source, level, plan, dry_run=dry_run)
            if dry_run:
                planned.show_differences(differences(changes))
        return report

    def insist(report: dict[str, Any]) -> None:
        """Raise UserError where a run has shown that the pipeline shows something else than the notebook."""
        if verified is None or verified["same"]:
            return
        if as_json:
            say.echo(json.dumps(report, indent=2))
        raise UserError(
            f"{source.name}: even as one task, the pipeline shows something else than the notebook",
            hint=f"It is {'' if dry_run else 'written as '}one task, whose cells are the notebook's own: what differs "
            "depends on where it runs.",
        )

    report = put_down(plan)
    insist(report)
    code = 0
    while build and not dry_run:
        code = _build(root, as_json=as_json)
        now = joined(known, known_about(source, root))
        broken = newly_broken(known, now)
        if not code or not broken:
            break
        known = now
        if not as_json:
            for one in broken:
                say.echo(one_line(f"Repairing: `{one.statement}` was not as assumed ({one.kind}): {one.broken}"))
        plan = plan_for(together, known)
        report = put_down(plan)
    if code == 1 and not verify and len(plan.tasks) > 1:
        _tell("The build failed. Does the notebook fail as well?")
        choices = _choices(source, root, plan, **wanted)
        try:
            repaired = _repaired(source, plan_for, known, level=level, timeout=timeout, choices=choices)
        except UserError as error:
            _tell(f"It does: {error.message}")
        else:
            plan, verified, together, known = repaired.plan, _verified(repaired), repaired.together, repaired.known
            report = put_down(plan)
            insist(report)
            code = _build(root, as_json=as_json)
    if as_json:
        say.echo(json.dumps(report, indent=2))
    if code:
        sys.exit(code)


def _check_names(product_prefix: str | None, exported_as: str | None) -> None:
    """Raise UserError for what `build` could not use."""
    from soorgeon_clone.refactor.surroundings import is_module_of_ours, leads_out

    if product_prefix is not None and leads_out(product_prefix):
        raise UserError(
            f"--product-prefix {product_prefix} is not a folder inside the project",
            hint="Products lie below pipeline.yaml: only there can they appear all or not at all. To keep them on "
            f"another disk, make a link: ln -s {product_prefix} output",
            exit_code=2,
        )
    if exported_as is not None and not is_module_of_ours(exported_as):
        raise UserError(
            f"--exported-as {exported_as} is no name for that module",
            hint="Call it exported, or exported_ and something: refactor knows its own files by their names.",
            exit_code=2,
        )


def _repaired(
    source: Notebook,
    plan_for: MakePlan,
    known: Sequence[Remembered],
    *,
    level: int,
    timeout: float | None,
    choices: Choices,
) -> Repaired:
    """Return the plan that was seen to do what the notebook does. If none is, show where they part; the last counts."""
    from soorgeon_clone.verify.repair import repair
    from soorgeon_clone.verify.verify import Settings

    repaired = repair(source, plan_for, Settings(level=level, timeout=timeout, choices=choices), _tell, known)
    if repaired.report.same:
        return repaired
    from soorgeon_clone.cli.verify import show

    with redirect_stdout(sys.stderr):
        show(repaired.report)
    return repaired


def _show_reasons(source: Notebook, level: int, plan: Plan, *, dry_run: bool) -> None:
    """Print why sections were merged and, where nothing is written, why tasks wait and what they take for granted."""
    from soorgeon_clone.cli import planned
    from soorgeon_clone.cli.explained import scene_of
    from soorgeon_clone.refactor.reasons import arrow_reasons, assumed_reasons, merge_reasons

    if not plan.merges and not dry_run:
        return
    scene = scene_of(source, plan, level)
    planned.show_merges([asdict(merge) for merge in plan.merges], merge_reasons(scene))
    if dry_run:
        planned.show_arrows(arrow_reasons(scene))
        planned.show_assumed(assumed_reasons(scene))


def _tell(text: str) -> None:
    say.echo(text, err=True)


def _verified(repaired: Repaired) -> dict[str, Any]:
    repairs = list(dict.fromkeys(known.reason for known in repaired.together))
    repairs += [f"{one.statement}: {one.broken}" for one in repaired.known if one.broken]
    seconds = dict(repaired.report.seconds)
    return {"same": repaired.report.same, "repairs": repairs, "held": repaired.report.held, "seconds": seconds}


def _log(plan: Plan) -> None:
    import logging

    from soorgeon_clone.refactor.model import Load

    log = logging.getLogger("soorgeon_clone.refactor")
    for task in plan.tasks:
        loads = [f"{step.task}.{name}" for step in task.steps if isinstance(step, Load) for name in step.names]
        saves = [part.name for bundle in task.saves for part in bundle.parts]
        log.info("task %s: loads %s, saves %s", task.name, ", ".join(loads) or "-", ", ".join(saves) or "-")
        for step in task.steps:
            if not isinstance(step, Load):
                log.debug("task %s: repeats %s: %s", task.name, step.kind, step.source.split("\n", 1)[0])


def _choices(source: Notebook, root: Path, plan: Plan, **chosen: Any) -> Choices:
    from soorgeon_clone.refactor.layout import Choices
    from soorgeon_clone.refactor.surroundings import local_modules, notebook_folder, taken_modules

    return Choices(
        notebook_folder=notebook_folder(source.path, root),
        local_modules=local_modules(source.path, plan.modules),
        taken_modules=taken_modules(root),
        **{name: value for name, value in chosen.items() if value is not None},
    )


def _requirements(plan: Plan, layout: Layout) -> tuple[str, ...]:
    from soorgeon_clone.refactor.requirements import requirements

    serializers = {bundle.serializer for task in plan.tasks for bundle in task.saves} - {"pickle"}
    # the pickler of a library takes functions and classes as cloudpickle does
    also = ["ipykernel", *sorted(serializers | ({"cloudpickle"} if layout.picklers else set()))]
    if layout.frames_module in layout.own_modules:
        also += ["pandas", "pyarrow"] if layout.choices.df_format == "parquet" else ["pandas"]
    return requirements(plan.modules, local=layout.choices.local_modules, also=also)


def _report(plan: Plan, layout: Layout, changes: Changes) -> dict[str, Any]:
    from soorgeon_clone.refactor import clashes
    from soorgeon_clone.refactor.files import products
    from soorgeon_clone.refactor.model import Load
    from soorgeon_clone.refactor.script import injected_params

    merged = sum(len(merge.sections) - 1 for merge in plan.merges)
    return {
        "sections": (len(plan.section_tasks) or len(plan.tasks) + merged) - len(plan.idle),  # that do something
        "idle_sections": len(plan.idle),
        "tasks": [
            {
                "name": task.name,
                "title": task.title,
                "source": layout.source(task.name),
                "upstream": list(task.upstream),
                "products": products(task, layout),
                "loads": [
                    {"task": step.task, "key": layout.upstream(step).key, "names": list(step.names)}
                    for step in task.steps
                    if isinstance(step, Load)
                ],
                "params": injected_params(task),
            }
            for task in plan.tasks
        ],
        "assumptions": [
            {
                "task": task.name,
                "kind": one.kind,
                "names": list(one.names),
                "statement": one.cause.statement if one.cause is not None else "",
                "cell": one.cause.cell if one.cause is not None else 0,
                "row": one.cause.row if one.cause is not None else 0,
            }
            for task in plan.tasks
            for one in task.assumptions
            if not one.is_exception
        ],
        "merges": [
            {
                "task": merge.task,
                "sections": list(merge.sections),
                "reason": merge.reason,
                "reasons": list(merge.reasons),
            }
            for merge in plan.merges
        ],
        "files": {
            "created": list(changes.created),
            "replaced": list(changes.replaced),
            "merged": list(changes.merged),
            "removed": list(changes.removed),
            "unchanged": list(changes.unchanged),
        },
        "hints": list(plan.hints),
        "notes": [
            *_frame_notes(layout),
            *clashes.notes(cell for task in plan.tasks for cell in task.cells),
            *changes.notes,
        ],
    }


def _above(text: str | None, df_format: str | None) -> int | None:
    from soorgeon_clone.cli.build import size_option

    if text is None:
        return None
    if df_format is None:
        raise click.UsageError("--df-above needs --df-format.")
    return size_option(text, "--df-above")


def _frame_notes(layout: Layout) -> list[str]:
    if layout.frames_module not in layout.own_modules:
        return []
    chosen = layout.choices.df_format
    lost = ", which keeps neither an index nor most dtypes" if chosen == "csv" else ""
    return [
        f"Frames are saved as {chosen}{lost}; what would come back different is pickled beside it, and build says so. "
        "Frames that share data with other variables are pickled together with them."
    ]


def _build(root: Path, *, as_json: bool) -> int:
    """Run `build` in the project, as the user would; next to JSON, what it shows goes to standard error.

    A task that fails stops no others: it may fail since an assumption of another one is not so, which that one tells.

    Return its exit code.
    """
    from contextlib import nullcontext

    from soorgeon_clone.cli.build import command as build_command

    arguments = ["--keep-going", *([] if root == Path() else ["--entry-point", str(root / "pipeline.yaml")])]
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        return _exit_code(build_command, arguments)


def _exit_code(build_command: click.Command, arguments: list[str]) -> int:
    try:
        return build_command.main(arguments, prog_name="soorgeon-clone build", standalone_mode=False) or 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
