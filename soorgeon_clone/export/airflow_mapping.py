"""Workflow -> the parts of a DAG file that make one task for each element of a ``foreach``, when it runs.

A task that finds elements hands over the names of their tasks; a mapped task runs each of them.
"""

from __future__ import annotations

from soorgeon_clone.export.airflow_operators import literal
from soorgeon_clone.export.model import Operator, Workflow

# Where a pod leaves what it hands over.
_XCOM = "/airflow/xcom/return.json"
# What runs a task, by operator: its argument that differs from task to task, and how it is made of a list.
_WAYS = {
    "kubernetes": ("arguments", "list(words)"),
    "docker": ("command", "list(words)"),
    "bash": ("bash_command", "shlex.join([PROGRAM, *words])"),
}
# Where there are no elements, what gathers them runs all the same.
_GATHERS = """**KINDS[kind],
            trigger_rule="none_failed" if any(name in EACH for name in upstream) else "all_success","""
_READS = """

class Split({base}):
    \"\"\"Hands over the names of tasks that it shows in its last line.\"\"\"

    def execute(self, context):
        return json.loads(super().execute(context))
"""


def imports(flow: Workflow, operator: Operator) -> str:
    """Return the import that reading the names takes."""
    return "import json\n" if _splits(flow) and operator != "kubernetes" else ""


def tables(flow: Workflow) -> str:
    """Return the tables of what finds elements and what runs them."""
    if not _splits(flow):
        return ""
    rows = "".join(f"    {literal(step.name)}: {literal(step.each)},\n" for step in flow.steps if step.each is not None)
    listed = ", ".join(map(literal, _splits(flow)))
    return (
        f"# Tasks that find out which elements there are.\nSPLITS = {{{listed}}}\n"
        f"# A task for each element -> what finds them.\nEACH = {{\n{rows}}}\n"
    )


def classes(flow: Workflow, operator: Operator, base: str) -> str:
    """Return what finds elements, and how the arguments of each follow from a name."""
    if not _splits(flow):
        return ""
    argument, made = _WAYS[operator]
    split = "" if operator == "kubernetes" else _READS.replace("{base}", base)
    return f"""{split}

def {argument}_of(options):
    \"\"\"What makes the argument of the task of one element from its name.\"\"\"

    def made(name):
        words = ["task", name, *OPTIONS[options]]
        return {made}

    return made
"""


def body(flow: Workflow, operator: Operator, base: str, call: str) -> str:
    """Return the rows of the loop that makes the operators; ``call`` makes one of the usual kind."""
    if not _splits(flow):
        return f"        operators[task_id] = {call}\n"
    argument, _ = _WAYS[operator]
    shown = f'"--names-to", {literal(_XCOM if operator == "kubernetes" else "-")}'
    more = "\n            do_xcom_push=True," if operator == "kubernetes" else ""
    split = (call if operator == "kubernetes" else call.replace(f"{base}(", "Split(", 1)).replace(
        "*OPTIONS[options]", f"*OPTIONS[options], {shown}", 1
    )
    split = split.replace("**KINDS[kind],", f"**KINDS[kind],{more}", 1)
    rows = [row for row in call.split("\n")[1:-1] if not row.strip().startswith((f"{argument}=", "annotations="))]
    partial = (
        f"{base}.partial(\n"
        + "\n".join(rows)
        + f"\n        ).expand({argument}=operators[EACH[task_id]].output.map({argument}_of(options)))"
    )
    return (
        f"        if task_id in EACH:\n            operators[task_id] = {_deeper(partial)}\n"
        f"        elif task_id in SPLITS:\n            operators[task_id] = {_deeper(split)}\n"
        f"        else:\n            operators[task_id] = {_deeper(call.replace('**KINDS[kind],', _GATHERS, 1))}\n"
    )


def _deeper(text: str) -> str:
    return text.replace("\n", "\n    ")


def _splits(flow: Workflow) -> list[str]:
    return [step.name for step in flow.steps if step.splits]
