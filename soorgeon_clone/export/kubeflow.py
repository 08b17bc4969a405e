"""Workflow -> a pipeline for Kubeflow Pipelines 2, as its compiler would write it (kfp itself is not needed).

There is a component for each way in which tasks run (image, resources); the task's name is its parameter.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import names, readers, schema
from soorgeon_clone.export.kubernetes import mounts, quantity, secret_of
from soorgeon_clone.export.model import PROGRAM, Choices, Container, Settings, Step, Workflow
from soorgeon_clone.export.readers import Readers
from soorgeon_clone.pipeline.declared.yaml_tree import dump
from soorgeon_clone.visible import one_line

ABOUT = "a pipeline for Kubeflow Pipelines 2"
TASK_NAMES = TITLES = names.KUBERNETES
KEYS: Readers = {}
TASK_KEYS: Readers = {
    "accelerator": readers.line,
    "image_pull_secrets": readers.lines,
    "platform": schema.raw(
        "kubeflow", "KubernetesExecutorConfig", ours=("imagePullPolicy", "activeDeadlineSeconds", "secretAsEnv")
    ),
}
TRIES_AGAIN = True
IN_IMAGE: tuple[str, ...] = ()

_GIGABYTE = 10**9
_GPU = "nvidia.com/gpu"
# The comment is for kfp's SubprocessRunner, which runs what names that module, and needs no Docker.
_CALL = f'exec {PROGRAM} "$@" # in the place of kfp.dsl.executor_main'
_TASKS = "@tasks@"
# What the split of a foreach gives: the names of tasks. kfp's local runner finds it by this name alone, and by that of
# the channel that its compiler would write.
_NAMES = "Output"
_Kind = tuple[Container, tuple[str, ...], bool]


def in_folder(settings: Settings, choices: Choices) -> bool:
    """Pods share no folder."""
    return False


def files(flow: Workflow) -> dict[str, str]:
    """The pipeline."""
    if flow.choices.schedule:
        raise UserError(
            "a pipeline of Kubeflow holds no schedule",
            hint="Leave out --schedule, and create a recurring run of the pipeline.",
            exit_code=2,
        )
    kinds: dict[_Kind, str] = {}
    for step in flow.steps:
        kinds.setdefault((step.container, step.options, step.splits), f"task-{len(kinds)}" if kinds else "task")
    tasks = "".join(_task(step, kinds[step.container, step.options, step.splits]) for step in flow.steps)
    body = dump(_pipeline(flow, kinds)).replace(f"tasks: '{_TASKS}'\n", f"tasks:\n{tasks}")
    platform = {name: found for kind, name in kinds.items() if (found := _platform(kind[0]))}
    if platform:
        executors = {f"exec-{name}": found for name, found in platform.items()}
        body += "---\n" + dump({"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}})
    head = (
        f"# {len(flow.steps)} tasks of the pipeline {one_line(flow.settings.title)}. Made by soorgeon-clone export.\n"
        f"# The image: {' '.join(flow.build.split())}\n"
    )
    return {"pipeline.yaml": head + body}


def use(flow: Workflow, files: Mapping[str, str]) -> list[str]:
    """What comes next."""
    return [f"kfp run create --experiment-name NAME --package-file {flow.choices.folder}/pipeline.yaml"]


def _pipeline(flow: Workflow, kinds: Mapping[_Kind, str]) -> dict[str, Any]:
    parameters = {"parameters": {"task": {"parameterType": "STRING"}}}
    found = {"outputDefinitions": {"parameters": {_NAMES: {"parameterType": "LIST"}}}}
    components: dict[str, Any] = {
        f"comp-{name}": {
            "executorLabel": f"exec-{name}",
            "inputDefinitions": parameters,
            **(found if splits else {}),
        }
        for (_, _, splits), name in kinds.items()
    }
    loops = {f"comp-each-{step.name}": _loop(step, kinds) for step in flow.steps if step.each is not None}
    return {
        "components": components | loops,
        "deploymentSpec": {"executors": {f"exec-{name}": _executor(*kind) for kind, name in kinds.items()}},
        "pipelineInfo": {"name": flow.settings.name, "description": f"Pipeline {one_line(flow.settings.title)}"},
        "root": {"dag": {"tasks": _TASKS}},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.7.0",
    }


def _loop(step: Step, kinds: Mapping[_Kind, str]) -> dict[str, Any]:
    """The component that runs the task of one element."""
    kind = kinds[step.container, step.options, step.splits]
    names, name = _channel(step)
    told = _told(step, kind, {"componentInputParameter": name})
    types = {names: {"parameterType": "LIST"}, name: {"parameterType": "STRING"}}
    return {"dag": {"tasks": {"element": told}}, "inputDefinitions": {"parameters": types}}


def _channel(step: Step) -> tuple[str, str]:
    """What all names and one of them are called in the loop over them."""
    channel = f"pipelinechannel--{step.each}-{_NAMES}"
    return channel, f"{channel}-loop-item"


def _executor(container: Container, options: tuple[str, ...], splits: bool) -> dict[str, Any]:
    if splits:
        options = (*options, "--names-to", "{{$.outputs.parameters['" + _NAMES + "'].output_file}}")
    found: dict[str, Any] = {
        "image": container.image,
        "command": ["sh", "-c", _CALL, PROGRAM],
        "args": ["task", "{{$.inputs.parameters['task']}}", *options],
    }
    if container.env:
        found["env"] = [{"name": name, "value": value} for name, value in container.env]
    if resources := _resources(container):
        found["resources"] = resources
    return {"container": found}


def _resources(container: Container) -> dict[str, Any]:
    """Amounts in both forms: as numbers for backends before 2.4, and as Kubernetes writes them."""
    found: dict[str, Any] = {}
    for amount, number, word in (
        (container.cpus, container.cpus, "cpu"),
        (container.memory, (container.memory or 0) / _GIGABYTE, "memory"),
    ):
        if amount is not None:
            for kind in ("Request", "Limit"):
                found[f"{word}{kind}"] = number
                found[f"resource{word.capitalize()}{kind}"] = quantity(amount)
    if container.gpus:
        kind = str(dict(container.own).get("accelerator", _GPU))
        count = str(container.gpus)
        found["accelerator"] = {"type": kind, "resourceType": kind, "count": count, "resourceCount": count}
    return found


def _platform(container: Container) -> dict[str, Any]:
    """What Kubernetes alone knows: kubernetes_executor_config.proto of Kubeflow."""
    found: dict[str, Any] = {}
    if container.secrets:
        found["secretAsEnv"] = [
            {"secretName": secret, "keyToEnv": [{"secretKey": key, "envVar": name}]}
            for name, reference in container.secrets
            for secret, key in [secret_of(name, reference)]
        ]
    claims, empty = [], []
    for mount in mounts(container):
        (kind, told), *_ = mount.source.value.items()
        if kind == "persistentVolumeClaim":
            more = {"subPath": mount.sub_path} if mount.sub_path else {}
            claims.append({"constant": told["claimName"], "mountPath": mount.path, **more})
        elif kind == "emptyDir":
            empty.append({"volumeName": mount.name, "mountPath": mount.path, **told})
        else:
            raise UserError(
                f"pipeline.yaml, export, volumes: Kubeflow mounts claims and emptyDir; {mount.path} is {kind}",
                hint="What other targets need goes to their own part, 'export: {argo: {volumes: ...}}'.",
                exit_code=2,
            )
    found |= {key: value for key, value in (("pvcMount", claims), ("emptyDirMounts", empty)) if value}
    if container.node_selector:
        found["nodeSelector"] = {"labels": dict(container.node_selector)}
    if container.timeout:
        found["activeDeadlineSeconds"] = str(math.ceil(container.timeout))
    if container.pull_policy != "IfNotPresent":
        found["imagePullPolicy"] = container.pull_policy
    own = dict(container.own)
    if secrets := own.get("image_pull_secrets"):
        found["imagePullSecret"] = [{"secretName": name} for name in secrets]
    return dict(readers.beside(found, own["platform"].value)) if "platform" in own else found


def _task(step: Step, kind: str) -> str:
    """One line: dumpers take minutes for 100,000 of them."""
    if step.each is None:
        told = _told(step, kind, {"runtimeValue": {"constant": step.task}})
    else:
        names, name = _channel(step)
        found = {"taskOutputParameter": {"outputParameterKey": _NAMES, "producerTask": step.each}}
        told = {
            "componentRef": {"name": f"comp-each-{step.name}"},
            "inputs": {"parameters": {names: found}},
            "parameterIterator": {"itemInput": name, "items": {"inputParameter": names}},
            "taskInfo": {"name": step.task},
        }
    if step.upstream:
        told["dependentTasks"] = list(step.upstream)
    return f"      {json.dumps(step.name)}: {json.dumps(told, ensure_ascii=False)}\n"


def _told(step: Step, kind: str, task: Mapping[str, Any]) -> dict[str, Any]:
    """A task of the kind's component; ``task`` is where its name comes from."""
    told: dict[str, Any] = {
        "cachingOptions": {},  # the store knows what is up to date
        "componentRef": {"name": f"comp-{kind}"},
        "inputs": {"parameters": {"task": dict(task)}},
        "taskInfo": {"name": step.task},
    }
    if step.container.retries:
        told["retryPolicy"] = {
            "maxRetryCount": step.container.retries,
            "backoffDuration": "10s",
            "backoffFactor": 2.0,
            "backoffMaxDuration": "3600s",
        }
    return told
