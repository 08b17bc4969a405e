"""Workflow -> YAML for Argo Workflows: a Workflow, a WorkflowTemplate, and a CronWorkflow where there is a schedule.

One template runs one task, whose name is its parameter; there is a template for each way in which tasks run (image,
resources, retries). The list of tasks is written as text, one line each: a dumper takes minutes for 100,000 of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from soorgeon_clone.export import image, names, readers, schema
from soorgeon_clone.export.kubernetes import gpu_key, mounts, quantity, secret_of
from soorgeon_clone.export.model import PROGRAM, Choices, Container, Settings, Step, Workflow
from soorgeon_clone.export.readers import Raw, Readers
from soorgeon_clone.pipeline.declared.yaml_tree import dump

# A Workflow is one object of Kubernetes, and etcd takes 1.5 MB; the state of the tasks comes on top.
_LARGEST_WORKFLOW = 1_000_000
_VERSION = "argoproj.io/v1alpha1"
_TASKS = "@tasks@"
_NAMES = "/tmp/names.json"
_Kind = tuple[Container, tuple[str, ...], bool]
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


ABOUT = "a Workflow and a WorkflowTemplate for Argo Workflows"
TASK_NAMES = names.ARGO
TITLES = names.KUBERNETES
KEYS: Readers = {
    "parallelism": readers.count,
    "workflow": schema.raw("argo", "WorkflowSpec", ours=("entrypoint", "parallelism")),
}
TASK_KEYS: Readers = {
    "template": schema.raw("argo", "Template", ours=("name", "inputs", "container", "dag", "steps", "script")),
    "container": schema.raw("argo", "Container", ours=("name", "image", "command", "args")),
}
TRIES_AGAIN = True
IN_IMAGE: tuple[str, ...] = ()


def in_folder(settings: Settings, choices: Choices) -> bool:
    """Pods share no folder."""
    return False


def files(flow: Workflow) -> dict[str, str]:
    """The workflows."""
    settings = flow.settings
    kinds: dict[_Kind, str] = {}
    for step in flow.steps:
        kinds.setdefault((step.container, step.options, step.splits), f"task-{len(kinds)}" if kinds else "task")
    tasks = "".join(_task(step, kinds) for step in flow.steps)
    spec = _spec(settings, kinds)
    found = {
        "workflow.yaml": _text(flow, "Workflow", {"generateName": f"{settings.name}-"}, spec, tasks),
        "workflow-template.yaml": _text(flow, "WorkflowTemplate", {"name": settings.name}, spec, tasks),
    }
    if settings.schedule:
        cron = {
            "schedules": [settings.schedule],
            "concurrencyPolicy": "Forbid",
            "workflowSpec": {"workflowTemplateRef": {"name": settings.name}},
        }
        found["cron-workflow.yaml"] = _text(flow, "CronWorkflow", {"name": settings.name}, cron, "")
    return found


def use(flow: Workflow, files: Mapping[str, str]) -> list[str]:
    """What comes next."""
    lines = [f"argo submit {flow.choices.folder}/workflow.yaml"]
    size = len(files["workflow.yaml"])
    if size > _LARGEST_WORKFLOW:
        lines.append(f"Warning: the workflow has {size / 1e6:.1f} MB; Kubernetes takes no object above 1.5 MB.")
    return lines


def _text(flow: Workflow, kind: str, called: dict[str, str], spec: dict[str, Any], tasks: str) -> str:
    settings = flow.settings
    use = {"Workflow": "argo submit workflow.yaml", "CronWorkflow": "kubectl apply -f cron-workflow.yaml"}
    metadata: dict[str, Any] = dict(called)
    if settings.namespace:
        metadata["namespace"] = settings.namespace
    metadata["annotations"] = {"soorgeon-clone/pipeline": settings.title, "soorgeon-clone/mode": flow.choices.mode}
    body = dump({"apiVersion": _VERSION, "kind": kind, "metadata": metadata, "spec": spec})
    head = (
        f"# Made by soorgeon-clone export. {use.get(kind, 'kubectl apply -f workflow-template.yaml')}\n"
        f"# The image: {' '.join(flow.build.split())}\n"
    )
    before, mark, after = body.partition(f"tasks: {_quoted(_TASKS)}\n")
    if not mark:
        return head + body
    margin = before.rpartition("\n")[2]
    indented = "".join(f"{margin}  {line}\n" for line in tasks.removesuffix("\n").split("\n"))
    return f"{head}{before}tasks:\n{indented}{after}"


def _quoted(text: str) -> str:
    return dump(text).partition("\n")[0]


def _spec(settings: Settings, kinds: dict[_Kind, str]) -> dict[str, Any]:
    volumes = {mount.name: mount.source for container, *_ in kinds for mount in mounts(container)}
    spec: dict[str, Any] = {"entrypoint": "pipeline"}
    if settings.own.get("parallelism"):
        spec["parallelism"] = settings.own["parallelism"]
    spec["securityContext"] = {"runAsNonRoot": True, "runAsUser": image.USER, "fsGroup": image.USER}
    if volumes:
        spec["volumes"] = [
            {"name": name, **source.value} for name, source in sorted(volumes.items(), key=lambda one: one[1].text)
        ]
    # Not failFast: what does not need the task that failed goes on, as in `build`.
    dag = {"name": "pipeline", "dag": {"failFast": False, "tasks": _TASKS}}
    spec["templates"] = [dag, *(_template(name, *kind) for kind, name in kinds.items())]
    return _with(spec, settings.own.get("workflow"))


def _with(ours: dict[str, Any], further: Raw | None) -> dict[str, Any]:
    """What is passed through, beside what the export says."""
    found: dict[str, Any] = ours if further is None else readers.beside(ours, further.value)
    return found


def _template(name: str, container: Container, options: tuple[str, ...], splits: bool) -> dict[str, Any]:
    task = "{{inputs.parameters.task}}"
    found: dict[str, Any] = {
        "name": name,
        "inputs": {"parameters": [{"name": "task"}]},
        "metadata": {"annotations": {"soorgeon-clone/task": task}},
    }
    if container.retries:
        # No maxDuration: it would count from the start of the first attempt.
        backoff = {"duration": "10s", "factor": 2}
        found["retryStrategy"] = {"limit": container.retries, "retryPolicy": "Always", "backoff": backoff}
    if container.timeout:
        found["activeDeadlineSeconds"] = container.timeout
    if container.node_selector:
        found["nodeSelector"] = dict(container.node_selector)
    if container.service_account:
        found["serviceAccountName"] = container.service_account
    own = dict(container.own)
    if splits:
        options = (*options, "--names-to", _NAMES)
        found["outputs"] = {"parameters": [{"name": "names", "valueFrom": {"path": _NAMES}}]}
    found["container"] = _with(_container(container, [PROGRAM], ["task", task, *options]), own.get("container"))
    return _with(found, own.get("template"))


def _container(container: Container, command: list[str], arguments: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "image": container.image,
        "imagePullPolicy": container.pull_policy,
        "command": command,
        "args": arguments,
    }
    env: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in container.env]
    for name, reference in container.secrets:
        secret, key = secret_of(name, reference)
        env.append({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}})
    if env:
        found["env"] = env
    amounts = {}
    if container.cpus is not None:
        amounts["cpu"] = quantity(container.cpus)
    if container.memory is not None:
        amounts["memory"] = quantity(container.memory)
    limits = {**amounts, **gpu_key(container)}
    if limits:
        found["resources"] = {**({"requests": dict(amounts)} if amounts else {}), "limits": limits}
    if container.volumes:
        found["volumeMounts"] = [mount.entry for mount in mounts(container)]
    return found


def _task(step: Step, kinds: dict[_Kind, str]) -> str:
    more = f", dependencies: [{_flow(step.upstream)}]" if step.upstream else ""
    task = step.task
    if step.each is not None:
        task = "{{item}}"
        more += f", withParam: {_scalar(f'{{{{tasks.{step.each}.outputs.parameters.names}}}}')}"
    return (
        f"- {{name: {_scalar(step.name)}, template: {kinds[step.container, step.options, step.splits]}{more}, "
        f"arguments: {{parameters: [{{name: task, value: {_scalar(task)}}}]}}}}\n"
    )


def _flow(texts: Iterable[str]) -> str:
    return ", ".join(map(_scalar, texts))


def _scalar(text: str) -> str:
    """A YAML scalar: as it is where it can be nothing but a text, else in JSON's quotes, which YAML has as well."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


# What YAML 1.1 takes for something else than a text.
_WORDS = frozenset("y n yes no on off true false null".split())
