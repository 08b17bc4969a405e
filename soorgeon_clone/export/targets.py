"""The targets: name -> a pure function from a DAG and choices to the files of the export."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from soorgeon_clone.export import image
from soorgeon_clone.export.model import Choices
from soorgeon_clone.export.settings import settings
from soorgeon_clone.pipeline.declared.model import DAG

# name -> (module with a function `export`, one line for --help)
TARGETS: Mapping[str, tuple[str, str]] = {
    "airflow": ("soorgeon_clone.export.airflow", "a DAG file for Airflow 3 and 2.9+"),
    "argo": ("soorgeon_clone.export.argo", "a Workflow and a WorkflowTemplate for Argo Workflows"),
    "aws-batch": ("soorgeon_clone.export.aws_batch", "job definitions and a script that submits the jobs"),
}


def export(target: str, dag: DAG, choices: Choices | None = None) -> dict[str, str]:
    """The files of an export: path in its folder -> text. Nothing of the project is read, run or written."""
    files: dict[str, str] = importlib.import_module(TARGETS[target][0]).export(dag, choices or Choices())
    return files


# A Workflow of Argo is one object of Kubernetes, and etcd takes 1.5 MB; the state of the tasks comes on top.
_LARGEST_WORKFLOW = 1_000_000
_USE = {
    "airflow": "put {name}.py into Airflow's folder of DAGs",
    "argo": "argo submit {folder}/workflow.yaml",
    "aws-batch": "python {folder}/submit.py --queue QUEUE",
}


def guide(target: str, dag: DAG, choices: Choices, files: Mapping[str, str]) -> list[str]:
    """What a person does next, a line each, and what may go wrong."""
    whole = settings(target, dag.spec, choices)
    lines = []
    if "Dockerfile" in files:
        lines.append(f"Then: {image.build_command(whole, choices)}")
        if not choices.requirements:
            lines.append("Note: there is no requirements.txt, so the image has soorgeon-clone alone.")
        lines += _outside(dag)
    hooks = [name for name in ("on_render", "on_finish", "on_failure") if getattr(dag.spec, name)]
    if hooks:
        lines.append(f"Warning: {', '.join(hooks)} of the whole pipeline: no task runs that, so the engine does not.")
    lines.append(f"Then: {_USE[target].format(name=whole.name, folder=choices.folder)}")
    if target == "argo" and len(files["workflow.yaml"]) > _LARGEST_WORKFLOW:
        megabytes = len(files["workflow.yaml"]) / 1e6
        lines.append(f"Warning: the workflow has {megabytes:.1f} MB; Kubernetes takes no object above 1.5 MB.")
    return lines


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
