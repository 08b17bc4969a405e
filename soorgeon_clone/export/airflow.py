"""Workflow -> a DAG file for Airflow 3 and for 2.9 and later.

The file says first what tasks run in (``KINDS``), then which there are (``TASKS``), and makes one operator for each.
"""

from __future__ import annotations

from collections.abc import Mapping

from soorgeon_clone.export import (
    airflow_connection,
    airflow_groups,
    airflow_mapping,
    airflow_runs,
    names,
    readers,
    schema,
)
from soorgeon_clone.export.airflow_operators import CLASSES, IMPORTS, OPERATORS, arguments, literal
from soorgeon_clone.export.model import OPERATORS as OPERATORS_OF_AIRFLOW
from soorgeon_clone.export.model import Choices, Container, Operator, Settings, Workflow
from soorgeon_clone.export.readers import Readers
from soorgeon_clone.visible import one_line

ABOUT = "a DAG file for Airflow 3 and 2.9+"
TASK_NAMES = TITLES = names.AIRFLOW
KEYS: Readers = {
    "operator": readers.one_of(*OPERATORS_OF_AIRFLOW),
    "max_active_tasks": readers.count,
    "run_timeout": readers.seconds,
    "deadline": airflow_runs.read_deadline,
    "store_connection": airflow_connection.read,
    "assets": readers.flag,
    "after_assets": readers.lines,
}
TASK_KEYS: Readers = {
    "pool": readers.line,
    "queue": readers.line,
    "priority_weight": readers.count,
    "deferrable": readers.flag,
    "pod": schema.raw("kubernetes", "PodTemplateSpec"),
    "container": schema.raw("kubernetes", "Container", ours=("name", "image", "command", "args")),
}
TRIES_AGAIN = True
IN_IMAGE: tuple[str, ...] = ()


def operator_of(settings: Settings, choices: Choices) -> Operator:
    """What runs a task."""
    found: Operator = choices.operator or settings.own.get("operator", "kubernetes")
    return found


def in_folder(settings: Settings, choices: Choices) -> bool:
    """Bash operators run in the folder of the project, which all workers see."""
    return operator_of(settings, choices) == "bash"


def files(flow: Workflow) -> dict[str, str]:
    """The DAG."""
    return {f"{flow.settings.name}.py": _dag_file(flow)}


def use(flow: Workflow, files: Mapping[str, str]) -> list[str]:
    """What comes next."""
    return [f"put {flow.settings.name}.py into Airflow's folder of DAGs"]


def _dag_file(flow: Workflow) -> str:
    settings, operator = flow.settings, operator_of(flow.settings, flow.choices)
    kinds: dict[Container, int] = {}
    options: dict[tuple[str, ...], int] = {}
    rows = []
    for step in flow.steps:
        kind = kinds.setdefault(step.container, len(kinds))
        option = options.setdefault(step.options, len(options))
        upstream = ", ".join(map(literal, step.upstream))
        rows.append(f"    ({literal(step.name)}, {literal(step.task)}, {kind}, {option}, [{upstream}]),\n")
    described = "".join(f"    dict(\n{arguments(kind, flow, operator)}    ),\n" for kind in kinds)
    own = airflow_runs.of_runs(settings)
    late = airflow_runs.deadline(settings)
    head = [
        f'"""{_title(flow)}\n\n',
        f"Made by soorgeon-clone export, mode {flow.choices.mode}; for Airflow 3, and 2.9 or later.\n",
        f'{_needs(flow)}\n"""\n\n',
        "from __future__ import annotations\n\n",
        airflow_mapping.imports(flow, operator),
        "import shlex\n" if operator == "bash" else "",
        f"from datetime import datetime, {'timedelta, ' if 'timedelta(' in described + own + late else ''}timezone\n\n",
        *(line for word, line in IMPORTS[operator] if word in described or word in CLASSES[operator]),
        "\n",
        airflow_groups.imports(flow),
        late,
        "\n",
        f"PROGRAM = {literal(settings.program)}\n" if operator == "bash" else "",
        "# How soorgeon-clone is called, after the task's name.\nOPTIONS = [\n",
        *(f"    [{', '.join(map(literal, one))}],\n" for one in options),
        "]\n",
        *airflow_groups.tables(flow),
        airflow_mapping.tables(flow),
        "# What tasks run in, and how often they are tried.\nKINDS = [\n",
        described,
        "]\n# Name in Airflow, name in pipeline.yaml, its place in KINDS and in OPTIONS, upstream.\nTASKS = [\n",
    ]
    call = OPERATORS[operator].replace("{more}", airflow_groups.arguments(flow))
    base = call.partition("(")[0]
    made = airflow_mapping.body(flow, operator, base, call)
    tail = f"""]


{CLASSES[operator]}{airflow_mapping.classes(flow, operator, base)}

with DAG(
    dag_id={literal(settings.name)},
    description={literal("Pipeline " + settings.title)},
    schedule={airflow_groups.schedule(flow)},
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,{own}
    tags=["soorgeon-clone"],
):
    operators = {{}}
{airflow_groups.groups(flow)}    for task_id, task, kind, options, upstream in TASKS:
{made}        operators[task_id].set_upstream([operators[name] for name in upstream])
"""
    return "".join([*head, *rows, tail])


def _title(flow: Workflow) -> str:
    return f"{len(flow.steps)} task{'s' if len(flow.steps) != 1 else ''} of the pipeline {_plain(flow.settings.title)}."


def _needs(flow: Workflow) -> str:
    operator = operator_of(flow.settings, flow.choices)
    if operator == "bash":
        return "It runs soorgeon-clone on the workers, in the folder of the project."
    provider = {"kubernetes": "cncf-kubernetes", "docker": "docker"}[operator]
    return (
        f"It needs apache-airflow-providers-{provider}, and the image {_plain(flow.settings.image)}:\n"
        f"{_plain(flow.build)}"
    )


def _plain(text: str) -> str:
    """The text as it may stand in a docstring, on one line."""
    return one_line(text).replace("\\", "/").replace('"', "'")
