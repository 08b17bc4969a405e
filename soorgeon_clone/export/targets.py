"""The targets: name -> a module that is a `Target`; and what an export is made of, whatever the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from soorgeon_clone.export import airflow, argo, aws_batch, image, kubeflow, slurm, snakemake
from soorgeon_clone.export.model import Choices, Workflow
from soorgeon_clone.export.settings import Told, told
from soorgeon_clone.export.steps import workflow
from soorgeon_clone.export.target import Target
from soorgeon_clone.pipeline.declared.model import DAG
from soorgeon_clone.visible import one_line

_MOST_NAMED = 5

TARGETS: Mapping[str, Target] = {
    "airflow": airflow,
    "argo": argo,
    "aws-batch": aws_batch,
    "kubeflow": kubeflow,
    "slurm": slurm,
    "snakemake": snakemake,
}


@dataclass(frozen=True)
class Export:
    """What is to be written: the files by their path in the folder, what it is called, what to do next."""

    files: Mapping[str, str]
    title: str
    guide: tuple[str, ...]
    where: tuple[str, ...]
    """The options that say which pipeline and store."""
    folder: str | None
    """Where tasks run that share the project's folder."""


def read(target: str, dag: DAG, environment: str | None = None) -> Told:
    """What pipeline.yaml says for a target."""
    return told(target, TARGETS, dag.spec, environment)


def export(target: str, dag: DAG, choices: Choices | None = None) -> Export:
    """An export. Nothing of the project is read, run or written."""
    choices = choices or Choices()
    kind = TARGETS[target]
    flow = workflow(read(target, dag, choices.environment), dag, choices)
    own = kind.files(flow)
    if flow.folder is None:
        also = [name for name in kind.IN_IMAGE if any(_is_in(file, name) for file in own)]
        files = {**own, **image.files(dag, flow, also=also)}
    else:
        files = {**own, **image.frozen(choices)}
    return Export(files, flow.settings.name, tuple(_guide(dag, flow, kind.use(flow, own))), flow.where, flow.folder)


def _is_in(file: str, name: str) -> bool:
    return file == name or file.startswith(f"{name}/")


def _guide(dag: DAG, flow: Workflow, use: list[str]) -> list[str]:
    """What a person does next, a line each, and what may go wrong."""
    lines = []
    if flow.folder is None:
        lines += [f"Then: {command}" for command in image.build_commands(flow)]
        if flow.choices.dependencies.source is None and not flow.choices.dependencies.package:
            lines.append("Note: there is no requirements.txt, so the image has soorgeon-clone alone.")
        lines += _large(flow.choices)
        lines += _outside(dag)
    hooks = [name for name in ("on_render", "on_finish", "on_failure") if getattr(dag.spec, name)]
    if hooks:
        lines.append(f"Warning: {', '.join(hooks)} of the whole pipeline: no task runs that, so the engine does not.")
    return [*lines, *(line if line.startswith("Warning:") else f"Then: {line}" for line in use)]


def _large(choices: Choices) -> list[str]:
    """A note on files that make the image large."""
    if not choices.large:
        return []
    named = ", ".join(f"{one_line(path)} ({size / 1e6:.0f} MB)" for path, size in choices.large[:_MOST_NAMED])
    more = f" and {len(choices.large) - _MOST_NAMED} more" if len(choices.large) > _MOST_NAMED else ""
    hint = "'export: {exclude: [PATTERN]}' in pipeline.yaml leaves out what tasks do not read."
    return [f"Note: the image holds large files: {named}{more}. {hint}"]


def _outside(dag: DAG) -> list[str]:
    """A warning where tasks name what is outside of the project, which no image holds."""
    found = {}
    for task in dag.tasks.values():
        names = task.facts.code.constants if task.facts.code else ()
        outside = sorted(name for name in names if name == ".." or name.startswith("../"))
        if outside:
            found[task.name] = outside[0]
    if not found:
        return []
    (name, path), more = next(iter(found.items())), len(found) - 1
    who = f"{name} and {more} more look" if more else f"{name} looks"
    return [
        f"Warning: {who} outside of the project ('{path}'), which the image does not hold. "
        "Move the data into the project, or read it from a URL."
    ]
