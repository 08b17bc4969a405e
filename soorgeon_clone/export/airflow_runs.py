"""Workflow -> what a DAG file says of each run: how many tasks at a time, how long, who is told if it is late."""

from __future__ import annotations

from soorgeon_clone.export import readers
from soorgeon_clone.export.airflow_operators import literal
from soorgeon_clone.export.model import Settings
from soorgeon_clone.export.readers import Raw
from soorgeon_clone.pipeline.declared.yaml_tree import Item, check_keys

_DEADLINE = """
# A run that is late: Airflow 3.2 and later tells somebody.
try:
    from airflow.sdk import DeadlineAlert, DeadlineReference, SyncCallback

    LATE = {{
        "deadline": DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=timedelta(seconds={seconds}),
            callback=SyncCallback({callback}, kwargs={arguments}),
        )
    }}
except ImportError:
    LATE = {{}}
"""


def read_deadline(item: Item) -> Raw:
    """``{seconds: 3600, callback: module.function, arguments: {text: late}}``. Raises UserError."""
    found = readers.mapping(item)
    check_keys(found, ("seconds", "callback", "arguments"), "deadline")
    for key in ("seconds", "callback"):
        if key not in found.value:
            raise item.error(f"a deadline needs '{key}'", hint="{seconds: 3600, callback: module.function}.")
    readers.seconds(found.value["seconds"])
    parts = readers.line(found.value["callback"]).split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise found.value["callback"].error("expected module.function, which the DAG processor can import")
    if "arguments" in found.value:
        readers.texts(found.value["arguments"])
    return readers.raw(item)


def deadline(settings: Settings) -> str:
    """Return what stands before the DAG, where there is a deadline."""
    told = settings.own.get("deadline")
    if told is None:
        return ""
    told = told.value
    arguments = ", ".join(f"{literal(key)}: {literal(str(one))}" for key, one in told.get("arguments", {}).items())
    callback = literal(told["callback"])
    return _DEADLINE.format(seconds=int(told["seconds"]), callback=callback, arguments=f"{{{arguments}}}")


def of_runs(settings: Settings) -> str:
    """Return the arguments of the DAG, as rows of a call."""
    most, timeout = settings.own.get("max_active_tasks"), settings.own.get("run_timeout")
    rows = f"\n    max_active_tasks={most}," if most else ""
    rows += f"\n    dagrun_timeout=timedelta(seconds={timeout})," if timeout else ""
    return rows + ("\n    **LATE," if "deadline" in settings.own else "")
