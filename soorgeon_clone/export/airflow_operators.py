"""Container -> the arguments of an operator of Airflow as Python text; and what the DAG file imports for it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import image
from soorgeon_clone.export.airflow_connection import credentials
from soorgeon_clone.export.kubernetes import Mount, gpu_key, mounts, quantity, secret_of
from soorgeon_clone.export.model import Container, Operator, Workflow, named_volumes
from soorgeon_clone.export.settings import GRACE_SECONDS

_OF_PODS = ("pod", "container")  # keys that go through to Kubernetes
_SIGN = re.compile(r"\{[{%#]")

# Operator -> imports, each with the word in the file that needs it.
IMPORTS = {
    "kubernetes": (
        (
            "KubernetesPodOperator",
            "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator\n",
        ),
        ("Secret(", "from airflow.providers.cncf.kubernetes.secret import Secret\n"),
        ("PodGenerator.", "from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator\n"),
        ("k8s.", "from kubernetes.client import models as k8s\n"),
    ),
    "docker": (
        ("DockerOperator", "from airflow.providers.docker.operators.docker import DockerOperator\n"),
        ("DeviceRequest(", "from docker.types.containers import DeviceRequest\n"),
        ("Mount(", "from docker.types.services import Mount\n"),
    ),
    "bash": (("BashOperator", "from airflow.providers.standard.operators.bash import BashOperator\n"),),
}
CLASSES = {
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
OPERATORS = {
    "kubernetes": """\
Pod(
            task_id=task_id,
            task_display_name=task,
            name=task_id,
            arguments=["task", task, *OPTIONS[options]],
            annotations={"soorgeon-clone/task": task},
            **KINDS[kind],{more}
        )""",
    "docker": """\
Container(
            task_id=task_id,
            task_display_name=task,
            command=["task", task, *OPTIONS[options]],
            **KINDS[kind],{more}
        )""",
    "bash": """\
Command(
            task_id=task_id,
            task_display_name=task,
            bash_command=shlex.join([PROGRAM, "task", task, *OPTIONS[options]]),
            **KINDS[kind],{more}
        )""",
}


def arguments(container: Container, flow: Workflow, operator: Operator) -> str:
    """The lines of a call, one for each argument."""
    describe = {"kubernetes": _pod, "docker": _docker, "bash": _bash}[operator]
    own = dict(container.own)
    if operator != "kubernetes" and own.get("deferrable"):
        raise UserError(
            f"pipeline.yaml, export: the operator '{operator}' cannot be deferred",
            hint="'deferrable' is for pods, with 'operator: kubernetes'.",
            exit_code=2,
        )
    if operator != "kubernetes" and (key := next((key for key in _OF_PODS if key in own), None)):
        raise UserError(
            f"pipeline.yaml, export: '{key}' is for pods, and the operator '{operator}' makes none",
            hint="Leave it out, or use 'operator: kubernetes'.",
            exit_code=2,
        )
    found = {**describe(container, flow), **_common(container)}
    return "".join(f"        {name}={text},\n" for name, text in found.items())


def _common(container: Container) -> dict[str, str]:
    found = {"retries": repr(container.retries)}
    own = ((key, value) for key, value in container.own if key not in _OF_PODS)
    found |= {key: literal(value) if isinstance(value, str) else repr(value) for key, value in own}
    if container.retries:
        found["retry_delay"] = "timedelta(seconds=30)"
    if container.timeout:
        found["execution_timeout"] = f"timedelta(seconds={container.timeout})"
    return found


def _pod(container: Container, flow: Workflow) -> dict[str, str]:
    assert not credentials(flow, "kubernetes")  # or it says why not
    amounts: dict[str, str] = {}
    if container.cpus is not None:
        amounts["cpu"] = quantity(container.cpus)
    if container.memory is not None:
        amounts["memory"] = quantity(container.memory)
    pod, more = _passed(container)
    asked = more.get("resources") or {}
    limits = {**amounts, **gpu_key(container), **asked.get("limits", {})}
    amounts |= asked.get("requests", {})
    found = {
        "image": literal(container.image),
        "image_pull_policy": literal(container.pull_policy),
        "cmds": '["soorgeon-clone"]',
        "get_logs": "True",
        # Images with the libraries of data science take longer to pull than the two minutes that are the default.
        "startup_timeout_seconds": str(GRACE_SECONDS),
        "security_context": f'{{"runAsNonRoot": True, "runAsUser": {image.USER}, "fsGroup": {image.USER}}}',
    }
    if flow.settings.namespace:
        found["namespace"] = literal(flow.settings.namespace)
    if container.service_account:
        found["service_account_name"] = literal(container.service_account)
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
            f'Secret("env", {literal(name)}, {literal(secret)}, {literal(key)})'
            for name, reference in container.secrets
            for secret, key in [secret_of(name, reference)]
        )
    if container.volumes:
        volumes = {mount.name: mount.source.value for mount in mounts(container)}
        found["volumes"] = _list(_volume(name, source) for name, source in volumes.items())
        found["volume_mounts"] = _list(_mount(mount) for mount in mounts(container))
    if pod or more:
        spec = {**pod.get("spec", {}), "containers": [{"name": "base", **more}]}
        found["full_pod_spec"] = f"PodGenerator.deserialize_model_dict({ {**pod, 'spec': spec}!r})"
    return found


def _passed(container: Container) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Kubernetes knows and no key says, of a pod and of its container. The operator puts its own beside it."""
    own = dict(container.own)
    pod, more = (own[key].value if key in own else {} for key in _OF_PODS)
    if "containers" in pod.get("spec", {}):
        raise UserError(
            "pipeline.yaml, export: 'containers' of a pod is set by the export",
            hint="What is to be said of the container of a task goes to 'airflow: {container: ...}'.",
            exit_code=2,
        )
    return pod, more


def _volume(name: str, source: Mapping[str, Any]) -> str:
    if "persistentVolumeClaim" in source and source["persistentVolumeClaim"].keys() == {"claimName"}:
        claim = literal(source["persistentVolumeClaim"]["claimName"])
        told = f"persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name={claim})"
        return f"k8s.V1Volume(name={literal(name)}, {told})"
    pod = {"spec": {"containers": [{"name": "base"}], "volumes": [{"name": name, **source}]}}
    return f"PodGenerator.deserialize_model_dict({pod!r}).spec.volumes[0]"


def _mount(mount: Mount) -> str:
    more = f", sub_path={literal(mount.sub_path)}" if mount.sub_path else ""
    more += ", read_only=True" if mount.read_only else ""
    return f"k8s.V1VolumeMount(name={literal(mount.name)}, mount_path={literal(mount.path)}{more})"


def _docker(container: Container, flow: Workflow) -> dict[str, str]:
    found = {
        "image": literal(container.image),
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
    if env := (*_templated(container), *credentials(flow, "docker")):
        found["environment"] = _mapping(env)
    if container.volumes:
        found["mounts"] = _list(
            f"Mount({literal(path)}, {literal(source)}, type={literal('bind' if source.startswith('/') else 'volume')})"
            for path, source in named_volumes(container, "Docker")
        )
    return found


def _bash(container: Container, flow: Workflow) -> dict[str, str]:
    found = {"append_env": "True"}
    env = (*_templated(container), *credentials(flow, "bash"))
    found["cwd"] = literal(flow.folder or "")
    if env:
        found["env"] = _mapping(env)
    return found


def _templated(container: Container) -> tuple[tuple[str, str], ...]:
    """Environment variables as templates of Airflow: values that have its signs are told to be no templates."""
    raw = (
        (name, f"{{% raw %}}{value}{{% endraw %}}" if _SIGN.search(value) else value) for name, value in container.env
    )
    return (*raw, *_variables(container))


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


def _mapping(pairs: Any) -> str:
    return f"{{{', '.join(f'{literal(key)}: {literal(str(value))}' for key, value in pairs)}}}"


def _list(texts: Any) -> str:
    return f"[{', '.join(texts)}]"


def literal(text: str) -> str:
    """A Python literal with double quotes, as formatters write it."""
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)
