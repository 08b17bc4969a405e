"""Run by Airflow's Python: DAG files -> JSON of what Airflow makes of them."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import airflow.serialization.serialized_objects as serialized_objects

SERIALIZER = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG


def read(path: Path) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (dag,) = {id(one.dag): one.dag for one in module.operators.values()}.values()
    return {
        "dag_id": dag.dag_id,
        "schedule": str(getattr(dag, "schedule", None) or getattr(dag, "schedule_interval", None)),
        "serialized": len(json.dumps(SERIALIZER.to_dict(dag))),
        "max_active_tasks": dag.max_active_tasks,
        "deadline": [
            [one.interval.total_seconds(), one.callback.path, one.callback.kwargs]
            for one in getattr(dag, "deadline", None) or ()
        ],
        "timeout": dag.dagrun_timeout.total_seconds() if dag.dagrun_timeout else None,
        "tasks": {name: task(one) for name, one in module.operators.items()},
    }


def task(one: Any) -> dict[str, Any]:
    if type(one).__name__ == "MappedOperator":
        return {
            "class": "MappedOperator",
            "title": one.task_display_name,
            "upstream": sorted(one.upstream_task_ids),
            "retries": one.retries,
        }
    found = {
        "class": type(one).__mro__[1].__name__,
        "rule": str(getattr(one.trigger_rule, "value", one.trigger_rule)),
        "title": one.task_display_name,
        "upstream": sorted(one.upstream_task_ids),
        "retries": one.retries,
        "pool": one.pool,
        "queue": one.queue,
        "group": one.task_group.group_id if one.task_group else None,
        "outlets": [outlet.uri for outlet in one.outlets],
        "priority": one.priority_weight,
        "deferrable": getattr(one, "deferrable", None),
        "timeout": one.execution_timeout.total_seconds() if one.execution_timeout else None,
    }
    if hasattr(one, "bash_command"):
        found |= {"command": one.bash_command, "env": one.env, "cwd": one.cwd}
    elif hasattr(one, "build_pod_request_obj"):
        from kubernetes.client import ApiClient

        found["pod"] = ApiClient().sanitize_for_serialization(one.build_pod_request_obj())
    else:
        found |= {
            "command": one.command,
            "image": one.image,
            "env": one.environment,
            "cpus": one.cpus,
            "memory": one.mem_limit,
            "mounts": [dict(mount) for mount in one.mounts],
        }
    return found


Path(sys.argv[1]).write_text(json.dumps({path: read(Path(path)) for path in sys.argv[2:]}))
