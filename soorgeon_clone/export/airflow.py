"""Workflow -> a DAG file for Airflow 3 and for 2.9 and later.

The file says first what tasks run in (``KINDS``), then which there are (``TASKS``), and makes one operator for each.
"""

from __future__ import annotations

import posixpath
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import image, names
from soorgeon_clone.export.kubernetes import gpu_key, quantity, secret_of, volume_name
from soorgeon_clone.export.model import Choices, Container, Workflow
from soorgeon_clone.export.steps import workflow
from soorgeon_clone.pipeline.model import DAG

# Operator -> imports, each with the word in the file that needs it.
_IMPORTS = {
    "kubernetes": (
        (
            "KubernetesPodOperator",
            "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator\n",
        ),
        ("Secret(", "from airflow.providers.cncf.kubernetes.secret import Secret\n"),
        ("k8s.", "from kubernetes.client import models as k8s\n"),
    ),
    "docker": (
        ("DockerOperator", "from airflow.providers.docker.operators.docker import DockerOperator\n"),
        ("DeviceRequest(", "from docker.types.containers import DeviceRequest\n"),
        ("Mount(", "from docker.types.services import Mount\n"),
    ),
    "bash": (("BashOperator", "from airflow.providers.standard.operators.bash import BashOperator\n"),),
}
_CLASSES = {
    "kubernetes": '''\
class Pod(KubernetesPodOperator):
    """Takes its texts as they stand: "pipeline.yaml" is an argument here, not the name of a template."""

    template_fields = ()
    template_ext = ()
''',
    "docker": '''\
class Container(DockerOperator):
    """Takes its texts as they stand: a path that ends in .sh is an argument here, not the name of a template."""

    template_ext = ()
''',
    "bash": '''\
class Command(BashOperator):
    """Takes its texts as they stand: a path that ends in .sh is an argument here, not the name of a template."""

    template_ext = ()
''',
}
_OPERATORS = {
    "kubernetes": """\
Pod(
            task_id=task_id,
            task_display_name=task,
            name=task_id,
            arguments=["task", task, *OPTIONS[options]],
            annotations={"soorgeon-clone/task": task},
            **KINDS[kind],
        )""",
    "docker": """\
Container(
            task_id=task_id,
            task_display_name=task,
            command=["task", task, *OPTIONS[options]],
            **KINDS[kind],
        )""",
    "bash": """\
Command(
            task_id=task_id,
            task_display_name=task,
            bash_command=shlex.join([PROGRAM, "task", task, *OPTIONS[options]]),
            **KINDS[kind],
        )""",
}


def export(dag: DAG, choices: Choices) -> dict[str, str]:
    """The files: the DAG, and what builds the image, or for Bash operators the frozen placeholders."""
    flow = workflow("airflow", names.AIRFLOW, dag, choices)
    settings = flow.settings
    found = {f"{settings.name}.py": _dag_file(flow)}
    if settings.operator != "bash":
        return {**found, **image.files(dag, settings, choices)}
    if choices.env_text is not None:
        found[image.ENV_FILE] = choices.env_text
    return found


def _dag_file(flow: Workflow) -> str:
    settings, operator = flow.settings, flow.settings.operator
    kinds: dict[Container, int] = {}
    options: dict[tuple[str, ...], int] = {}
    rows = []
    for step in flow.steps:
        kind = kinds.setdefault(step.container, len(kinds))
        option = options.setdefault(step.options, len(options))
        rows.append(
            f"    ({_q(step.name)}, {_q(step.task)}, {kind}, {option}, [{', '.join(map(_q, step.upstream))}]),\n"
        )
    describe = {"kubernetes": _pod, "docker": _docker, "bash": _bash}[operator]
    described = "".join(f"    dict(\n{_arguments(describe(kind, flow))}    ),\n" for kind in kinds)
    head = [
        f'"""{_title(flow)}\n\n',
        f"Made by soorgeon-clone export, mode {flow.choices.mode}; for Airflow 3, and 2.9 or later.\n",
        f'{_needs(flow)}\n"""\n\n',
        "from __future__ import annotations\n\n",
        "import shlex\n" if operator == "bash" else "",
        f"from datetime import datetime, {'timedelta, ' if 'timedelta(' in described else ''}timezone\n\n",
        *(line for word, line in _IMPORTS[operator] if word in described or word in _CLASSES[operator]),
        "\ntry:\n    from airflow.sdk import DAG\nexcept ImportError:  # Airflow 2\n    from airflow import DAG\n\n",
        f"PROGRAM = {_q(settings.program)}\n" if operator == "bash" else "",
        "# How soorgeon-clone is called, after the task's name.\nOPTIONS = [\n",
        *(f"    [{', '.join(map(_q, one))}],\n" for one in options),
        "]\n# What tasks run in, and how often they are tried.\nKINDS = [\n",
        described,
        "]\n# Name in Airflow, name in pipeline.yaml, its place in KINDS and in OPTIONS, upstream.\nTASKS = [\n",
    ]
    tail = f"""]


{_CLASSES[operator]}

with DAG(
    dag_id={_q(settings.name)},
    description={_q("Pipeline " + settings.title)},
    schedule={_q(settings.schedule) if settings.schedule else None},
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    tags=["soorgeon-clone"],
):
    operators = {{}}
    for task_id, task, kind, options, upstream in TASKS:
        operators[task_id] = {_OPERATORS[operator]}
        operators[task_id].set_upstream([operators[name] for name in upstream])
"""
    return "".join([*head, *rows, tail])


def _title(flow: Workflow) -> str:
    return f"{len(flow.steps)} task{'s' if len(flow.steps) != 1 else ''} of the pipeline {_plain(flow.settings.title)}."


def _needs(flow: Workflow) -> str:
    if flow.settings.operator == "bash":
        return "It runs soorgeon-clone on the workers, in the folder of the project."
    provider = {"kubernetes": "cncf-kubernetes", "docker": "docker"}[flow.settings.operator]
    return (
        f"It needs apache-airflow-providers-{provider}, and the image {_plain(flow.settings.image)}:\n"
        f"{_plain(image.build_command(flow.settings, flow.choices))}"
    )


def _common(container: Container) -> dict[str, str]:
    found = {"retries": repr(container.retries)}
    if container.retries:
        found["retry_delay"] = "timedelta(seconds=30)"
    if container.timeout:
        found["execution_timeout"] = f"timedelta(seconds={container.timeout})"
    return found


def _pod(container: Container, flow: Workflow) -> dict[str, str]:
    amounts: dict[str, str] = {}
    if container.cpus is not None:
        amounts["cpu"] = quantity(container.cpus)
    if container.memory is not None:
        amounts["memory"] = quantity(container.memory)
    limits = {**amounts, **gpu_key(container)}
    found = {
        "image": _q(container.image),
        "image_pull_policy": _q(container.pull_policy),
        "cmds": '["soorgeon-clone"]',
        "get_logs": "True",
        "security_context": f'{{"runAsNonRoot": True, "runAsUser": {image.USER}, "fsGroup": {image.USER}}}',
    }
    if flow.settings.namespace:
        found["namespace"] = _q(flow.settings.namespace)
    if container.service_account:
        found["service_account_name"] = _q(container.service_account)
    if container.node_selector:
        found["node_selector"] = _mapping(container.node_selector)
    if limits:
        found["container_resources"] = (
            f"k8s.V1ResourceRequirements(requests={_mapping(amounts.items())}, limits={_mapping(limits.items())})"
        )
    if container.env:
        found["env_vars"] = _mapping(container.env)
    if container.secrets:
        found["secrets"] = _list(
            f'Secret("env", {_q(name)}, {_q(secret)}, {_q(key)})'
            for name, reference in container.secrets
            for secret, key in [secret_of(name, reference)]
        )
    if container.volumes:
        found["volumes"] = _list(
            f"k8s.V1Volume(name={_q(volume_name(claim))}, "
            f"persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name={_q(claim)}))"
            for claim in dict(zip((claim for _, claim in container.volumes), container.volumes, strict=True))
        )
        found["volume_mounts"] = _list(
            f"k8s.V1VolumeMount(name={_q(volume_name(claim))}, mount_path={_q(path)})"
            for path, claim in container.volumes
        )
    return {**found, **_common(container)}


def _docker(container: Container, flow: Workflow) -> dict[str, str]:
    found = {
        "image": _q(container.image),
        "entrypoint": '["soorgeon-clone"]',
        "force_pull": repr(container.pull_policy == "Always"),
        "auto_remove": '"force"',
        "mount_tmp_dir": "False",
    }
    if container.cpus is not None:
        found["cpus"] = repr(float(container.cpus))
    if container.memory is not None:
        found["mem_limit"] = repr(container.memory)
    if container.gpus:
        found["device_requests"] = f'[DeviceRequest(count={container.gpus}, capabilities=[["gpu"]])]'
    if container.env or container.secrets:
        found["environment"] = _mapping((*container.env, *_variables(container)))
    if container.volumes:
        found["mounts"] = _list(
            f"Mount({_q(path)}, {_q(source)}, type={_q('bind' if source.startswith('/') else 'volume')})"
            for path, source in container.volumes
        )
    return {**found, **_common(container)}


def _bash(container: Container, flow: Workflow) -> dict[str, str]:
    found = {"append_env": "True"}
    env = (*container.env, *_variables(container))
    folder = flow.settings.project
    if flow.choices.env_text is not None:
        # The frozen file is found in the working directory; tasks run in the project's folder in any case.
        folder = posixpath.join(folder, flow.choices.folder)
        env = (*env, ("PLOOMBER_ENV_FILENAME", image.ENV_FILE))
    found["cwd"] = _q(folder)
    if env:
        found["env"] = _mapping(env)
    return {**found, **_common(container)}


def _variables(container: Container) -> tuple[tuple[str, str], ...]:
    """Secrets as references to Airflow's Variables, which Airflow looks up when the task starts."""
    for name, reference in container.secrets:
        if not reference.replace("_", "").replace("-", "").isalnum():
            raise UserError(
                f"pipeline.yaml, export, secrets: '{reference}' for {name} is no name of an Airflow Variable",
                hint="With the Docker and Bash operators a secret is a Variable of Airflow: NAME: variable.",
                exit_code=2,
            )
    return tuple((name, f"{{{{ var.value['{reference}'] }}}}") for name, reference in container.secrets)


def _arguments(found: dict[str, str]) -> str:
    return "".join(f"        {name}={text},\n" for name, text in found.items())


def _mapping(pairs: Any) -> str:
    return f"{{{', '.join(f'{_q(key)}: {_q(value)}' for key, value in pairs)}}}"


def _list(texts: Any) -> str:
    return f"[{', '.join(texts)}]"


def _q(text: str) -> str:
    """A Python literal with double quotes, as formatters write it."""
    import json

    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)


def _plain(text: str) -> str:
    """The text as it may stand in a docstring."""
    return text.replace("\\", "/").replace('"', "'")
