"""Workflow -> files for AWS Batch: jobs.json with the job definitions and the jobs in order, and submit.py, which
registers the ones and submits the others.

There is one job definition for each way in which tasks run (image, resources, retries). The task's name is a parameter
of the job, so that it can be read there.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import job_graph, names, readers, schema
from soorgeon_clone.export.fargate import fitting
from soorgeon_clone.export.job_graph import Job
from soorgeon_clone.export.kubernetes import volume_name
from soorgeon_clone.export.model import (
    PROGRAM,
    Choices,
    Container,
    Settings,
    Workflow,
    elements_in_one,
    named_volumes,
)
from soorgeon_clone.export.readers import Readers
from soorgeon_clone.visible import one_line

ARRAYS = "export-arrays"
# https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
MOST_DEPENDENCIES = 20
LARGEST_ARRAY = 10_000
_MOST_ATTEMPTS = 10
_SHORTEST_TIMEOUT = 60
_DEFAULT_MEMORY = 2 * 2**30
# A job of an array finds its task in the line of its index. The file is a parameter: it arrives as $0.
_PICK = f'exec {PROGRAM} task "$(sed -n "$((AWS_BATCH_JOB_ARRAY_INDEX + 1))p" "$0")" "$@"'

_Kind = tuple[Container, tuple[str, ...], str]


ABOUT = "job definitions and a script that submits the jobs"
TASK_NAMES = TITLES = names.BATCH
KEYS: Readers = {
    "queue": readers.text,
    "region": readers.text,
    "platform": readers.one_of("EC2", "FARGATE"),
    "execution_role": readers.text,
    "job_role": readers.text,
    "job": schema.raw(
        "aws-batch",
        "SubmitJobRequest",
        ours=("jobName", "jobQueue", "jobDefinition", "dependsOn", "parameters", "arrayProperties"),
    ),
}
TASK_KEYS: Readers = {
    "container_properties": schema.raw(
        "aws-batch", "ContainerProperties", ours=("image", "command", "resourceRequirements", "vcpus", "memory")
    ),
    "job_definition": schema.raw(
        "aws-batch",
        "RegisterJobDefinitionRequest",
        ours=("jobDefinitionName", "type", "containerProperties", "platformCapabilities", "parameters"),
    ),
}
TRIES_AGAIN = True
IN_IMAGE: tuple[str, ...] = (ARRAYS,)


def in_folder(settings: Settings, choices: Choices) -> bool:
    """Jobs share no folder."""
    return False


def use(flow: Workflow, files: Mapping[str, str]) -> list[str]:
    """What comes next."""
    line = f"python {flow.choices.folder}/submit.py --queue QUEUE"
    return [line, *elements_in_one("AWS Batch knows the size of an array when it is submitted", flow)]


def files(flow: Workflow) -> dict[str, str]:
    """jobs.json, submit.py and the members of array jobs."""
    if flow.choices.schedule:
        raise UserError(
            "AWS Batch has no schedules of its own",
            hint="Leave out --schedule, and let EventBridge Scheduler or cron call submit.py.",
            exit_code=2,
        )
    settings = flow.settings
    jobs = job_graph.jobs(flow.steps, most_needs=MOST_DEPENDENCIES, largest=LARGEST_ARRAY)
    kinds: dict[_Kind, str] = {}
    counts: Counter[str] = Counter()
    rows = [f"  {json.dumps(_job(job, settings, kinds, counts), ensure_ascii=False)}" for job in jobs]
    definitions = [_definition(name, *kind, settings=settings) for kind, name in kinds.items()]
    arrays = {
        f"{ARRAYS}/{job.name}.txt": "".join(f"{step.task}\n" for step in job.steps) for job in jobs if job.is_array
    }
    text = _text(settings, definitions, rows)
    script = Path(__file__).with_name("submit.py").read_text(encoding="utf-8")
    return {"jobs.json": text, "submit.py": script, **arrays}


def _text(settings: Settings, definitions: list[dict[str, Any]], rows: list[str]) -> str:
    """The JSON, with one job a line."""
    head = json.dumps(
        {
            "pipeline": one_line(settings.title),
            "queue": settings.own.get("queue"),
            "region": settings.own.get("region"),
            "submit": settings.own["job"].value if "job" in settings.own else {},
            "definitions": definitions,
        },
        indent=1,
        ensure_ascii=False,
    )
    listed = ",\n".join(rows)
    return f'{head[:-2]},\n "jobs": [\n{listed}\n ]\n}}\n'


def _job(job: Job, settings: Settings, kinds: dict[_Kind, str], counts: Counter[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"jobName": job.name}
    kind: _Kind
    if job.is_join:
        kind = (Container(settings.image, memory=512 * 2**20), (), "join")
        parameters = {}
    elif job.is_array:
        kind = (job.steps[0].container, job.steps[0].options, "array")
        parameters = {"tasks": f"{ARRAYS}/{job.name}.txt"}
        found["arrayProperties"] = {"size": len(job.steps)}
    else:
        kind = (job.steps[0].container, job.steps[0].options, "task")
        parameters = {"task": job.steps[0].task}
    if kind not in kinds:
        role = kind[2]
        kinds[kind] = f"{settings.name}-{role}" + (f"-{counts[role]}" if counts[role] else "")
        counts[role] += 1
    found["jobDefinition"] = kinds[kind]
    if parameters:
        found["parameters"] = parameters
    if job.needs:
        found["dependsOn"] = list(job.needs)
    return found


def _definition(
    name: str, container: Container, options: tuple[str, ...], role: str, *, settings: Settings
) -> dict[str, Any]:
    command = {
        "task": [PROGRAM, "task", "Ref::task", *options],
        "array": ["sh", "-c", _PICK, "Ref::tasks", *options],
        "join": ["true"],
    }[role]
    properties: dict[str, Any] = {
        "image": container.image,
        "command": command,
        "resourceRequirements": _requirements(container, settings),
    }
    if _platform(settings) == "FARGATE":
        properties["networkConfiguration"] = {"assignPublicIp": "ENABLED"}
    if container.secrets:
        properties["secrets"] = [{"name": key, "valueFrom": _secret(key, value)} for key, value in container.secrets]
    if "execution_role" in settings.own:
        properties["executionRoleArn"] = settings.own["execution_role"]
    elif _platform(settings) == "FARGATE" or container.secrets:
        what = "jobs on Fargate need" if _platform(settings) == "FARGATE" else "jobs with secrets need"
        raise UserError(
            f"pipeline.yaml: {what} an execution role",
            hint="Add 'export: {aws-batch: {execution_role: arn:aws:iam::ACCOUNT:role/NAME}}'.",
            exit_code=2,
        )
    if "job_role" in settings.own:
        properties["jobRoleArn"] = settings.own["job_role"]
    if container.env:
        properties["environment"] = [{"name": key, "value": value} for key, value in container.env]
    volumes = named_volumes(container, "AWS Batch")
    if volumes:
        properties["volumes"] = [_volume(source, settings) for source in dict.fromkeys(dict(volumes).values())]
        properties["mountPoints"] = [
            {"sourceVolume": volume_name(source), "containerPath": path} for path, source in volumes
        ]
    found: dict[str, Any] = {
        "jobDefinitionName": name,
        "type": "container",
        "platformCapabilities": [_platform(settings)],
        "containerProperties": properties,
    }
    if container.retries:
        if container.retries >= _MOST_ATTEMPTS:
            raise UserError(
                f"pipeline.yaml: {container.retries} retries; AWS Batch tries a job at most {_MOST_ATTEMPTS} times",
                hint=f"Set 'retries' to {_MOST_ATTEMPTS - 1} or less, for this target in 'export: {{aws-batch: ...}}'.",
                exit_code=2,
            )
        found["retryStrategy"] = {"attempts": container.retries + 1}
    if container.timeout:
        found["timeout"] = {"attemptDurationSeconds": max(_SHORTEST_TIMEOUT, container.timeout)}
    own = dict(container.own)
    if "container_properties" in own:
        found["containerProperties"] = readers.beside(properties, own["container_properties"].value)
    return readers.beside(found, own["job_definition"].value) if "job_definition" in own else found


def _platform(settings: Settings) -> str:
    return str(settings.own.get("platform", "EC2"))


def _requirements(container: Container, settings: Settings) -> list[dict[str, str]]:
    cpus = container.cpus or 1
    mebibytes = math.ceil((container.memory or _DEFAULT_MEMORY) / 2**20)
    if _platform(settings) == "FARGATE":
        if container.gpus:
            raise UserError(
                "pipeline.yaml: Fargate has no GPUs",
                hint="Use 'export: {aws-batch: {platform: EC2}}', or leave out 'gpus'.",
                exit_code=2,
            )
        amount, mebibytes = fitting(cpus, mebibytes)
    else:
        amount = str(math.ceil(cpus))
    found = [{"type": "VCPU", "value": amount}, {"type": "MEMORY", "value": str(mebibytes)}]
    if container.gpus:
        found.append({"type": "GPU", "value": str(container.gpus)})
    return found


def _secret(variable: str, reference: str) -> str:
    if not reference.startswith(("arn:", "/")) and not reference.replace("-", "").replace("_", "").isalnum():
        raise UserError(
            f"pipeline.yaml, export, secrets: '{reference}' for {variable} is neither the ARN of a secret nor the name "
            "of a parameter of SSM",
            hint=f"For example {variable}: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME. What other targets need "
            "goes to their own part, 'export: {argo: {secrets: ...}}'.",
            exit_code=2,
        )
    return reference


def _volume(source: str, settings: Settings) -> dict[str, Any]:
    name = volume_name(source)
    if source.startswith("fs-"):
        return {"name": name, "efsVolumeConfiguration": {"fileSystemId": source, "transitEncryption": "ENABLED"}}
    if source.startswith("/") and _platform(settings) == "EC2":
        return {"name": name, "host": {"sourcePath": source}}
    raise UserError(
        f"pipeline.yaml, export, volumes: AWS Batch cannot mount '{source}'",
        hint="Name a file system of EFS (fs-...)"
        + (", or a folder of the host." if _platform(settings) == "EC2" else "."),
        exit_code=2,
    )
