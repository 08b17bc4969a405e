"""What is exported to Argo Workflows: valid by Argo's own types, with the pipeline's edges, and it runs."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hera.workflows.models import CronWorkflow, Workflow, WorkflowTemplate
from project_folder import SAVE, Folder, load

from export.pipelines import CHOICES, DIAMOND, ODD_NAMES, dag_of, graph
from soorgeon_clone.errors import UserError
from soorgeon_clone.export import names
from soorgeon_clone.export.targets import export
from soorgeon_clone.pipeline.declared.model import DAG
from soorgeon_clone.pipeline.status.project import Project

KINDS = {"workflow.yaml": Workflow, "workflow-template.yaml": WorkflowTemplate, "cron-workflow.yaml": CronWorkflow}
FULL = """
tasks:
- {source: a.py, name: load, product: a.ipynb, resources: {cpus: 0.5, memory: 4G, gpus: 1}, retries: 2, timeout: 60}
- {source: a.py, name: fit, product: b.ipynb, upstream: load, export: {image: other:2, service_account: runner}}
export:
  name: housing
  namespace: science
  pull_policy: Always
  env: {A: "1", B: true}
  secrets: {PASSWORD: database/password}
  volumes: {/mnt/store: claim, /mnt/more: claim, /data: Data_Claim}
  node_selector: {pool: big}
  argo: {parallelism: 3}
"""
FAN = """
tasks:
- {source: a.py, name: load, product: {nb: load.ipynb, x: x.pkl}}
- {source: b.py, name: "fit-[[key]]", product: "fit-[[key]].ipynb", foreach: load}
- {source: c.py, name: gather, product: gather.ipynb, upstream: "fit-*"}
"""


def documents(dag: DAG, **choices: Any) -> dict[str, Any]:
    files = export("argo", dag, replace(CHOICES, **choices)).files
    return {name: yaml.safe_load(text) for name, text in files.items() if name.endswith("workflow.yaml")} | {
        "workflow-template.yaml": yaml.safe_load(files["workflow-template.yaml"])
    }


def tasks(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["spec"]["templates"][0]["dag"]["tasks"]
    return found


def original(task: dict[str, Any]) -> str:
    ((parameter),) = task["arguments"]["parameters"]
    assert parameter["name"] == "task"
    return str(parameter["value"])


@pytest.mark.parametrize("dag", [graph(DIAMOND), dag_of(FULL), dag_of(FAN)], ids=["plain", "full", "fan"])
def test_all_is_what_argo_knows(dag: DAG) -> None:
    """Argo's types take each document, and know every key in it: nothing is lost on the way through them."""
    found = documents(dag, schedule="0 6 * * *")
    assert found.keys() == KINDS.keys()
    for name, document in found.items():
        model = KINDS[name].model_validate(document)
        assert _plain(model.model_dump(by_alias=True, exclude_none=True, mode="json")) == _plain(document)


def _plain(value: Any) -> Any:
    """Without the difference between 2 and "2", which Argo does not make either."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, bool) else str(value)


def test_a_task_for_each_element() -> None:
    document = documents(dag_of(FAN))["workflow.yaml"]
    templates = {one["name"]: one for one in document["spec"]["templates"]}
    load, split, each, gather = tasks(document)
    assert each["withParam"] == f"{{{{tasks.{split['name']}.outputs.parameters.names}}}}"
    assert (original(each), each["dependencies"], gather["dependencies"]) == (
        "{{item}}",
        ["fit-elements"],
        [each["name"]],
    )
    found = templates[split["template"]]
    (output,) = found["outputs"]["parameters"]
    assert found["container"]["args"][-2:] == ["--names-to", output["valueFrom"]["path"]]
    assert "outputs" not in templates[load["template"]] and "outputs" not in templates[each["template"]]


def test_edges_are_those_of_the_pipeline() -> None:
    for name in ("workflow.yaml", "workflow-template.yaml"):
        found = tasks(documents(graph(DIAMOND))[name])
        assert {task["name"]: task.get("dependencies", []) for task in found} == DIAMOND


def test_names_are_valid_and_the_originals_are_there() -> None:
    found = tasks(
        documents(graph({name: ODD_NAMES[:number] for number, name in enumerate(ODD_NAMES)}))["workflow.yaml"]
    )
    originals = {task["name"]: original(task) for task in found}
    assert list(originals.values()) == list(ODD_NAMES)
    assert all(names.ARGO.valid.fullmatch(name) and len(name) <= 128 for name in originals)
    for number, task in enumerate(found):
        assert [originals[name] for name in task.get("dependencies", [])] == list(ODD_NAMES[:number])


@pytest.mark.parametrize(
    "name", ["yes", "NO", "1", "0x1", "1e3", "null", "~", "a: b", "a #b", "é😀", "2024-01-01", "'\""]
)
def test_names_stay_texts_in_yaml(name: str) -> None:
    (task,) = tasks(documents(graph({name: []}))["workflow.yaml"])
    assert original(task) == name
    assert isinstance(task["name"], str)


def test_containers() -> None:
    spec = documents(dag_of(FULL))["workflow.yaml"]["spec"]
    first, second = spec["templates"][1:]
    assert spec["parallelism"] == 3
    assert [volume["persistentVolumeClaim"]["claimName"] for volume in spec["volumes"]] == ["Data_Claim", "claim"]
    assert first["retryStrategy"]["limit"] == 2
    assert first["activeDeadlineSeconds"] == 660
    assert first["nodeSelector"] == {"pool": "big"}
    container = first["container"]
    assert container["resources"] == {
        "requests": {"cpu": "500m", "memory": "4G"},
        "limits": {"cpu": "500m", "memory": "4G", "nvidia.com/gpu": "1"},
    }
    assert container["env"] == [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "true"},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}},
    ]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert mounts["/mnt/store"] == mounts["/mnt/more"] == "claim" != mounts["/data"]
    assert container["imagePullPolicy"] == "Always"
    assert second["container"]["image"] == CHOICES.image  # the command line's goes before the task's
    assert second["serviceAccountName"] == "runner"
    assert "retryStrategy" not in second


def test_the_schedule_runs_the_template() -> None:
    found = documents(graph(DIAMOND, "export: {name: nightly}\n"), schedule="0 6 * * *")
    cron = found["cron-workflow.yaml"]["spec"]
    assert cron["schedules"] == ["0 6 * * *"]
    assert cron["workflowSpec"]["workflowTemplateRef"]["name"] == found["workflow-template.yaml"]["metadata"]["name"]
    assert "cron-workflow.yaml" not in documents(graph(DIAMOND))


def test_volumes_of_every_kind_with_folders_in_them() -> None:
    text = """
    export:
      volumes:
        /data: claim/sub/path/
        /more: claim
        /dev/shm: {emptyDir: {medium: Memory, sizeLimit: 1Gi}}
        /key: {secret: {secretName: key}, subPath: key.json, readOnly: true}
    tasks: [{source: a.py, name: a, product: a.ipynb}]
    """
    document = documents(dag_of(text))["workflow.yaml"]
    Workflow.model_validate(document)
    spec = document["spec"]
    sources = {one.pop("name"): one for one in spec["volumes"]}
    mounts = {one.pop("mountPath"): one for one in spec["templates"][1]["container"]["volumeMounts"]}
    assert {path: (sources[one.pop("name")], one) for path, one in mounts.items()} == {
        "/data": ({"persistentVolumeClaim": {"claimName": "claim"}}, {"subPath": "sub/path"}),
        "/more": ({"persistentVolumeClaim": {"claimName": "claim"}}, {}),
        "/dev/shm": ({"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}, {}),
        "/key": ({"secret": {"secretName": "key"}}, {"subPath": "key.json", "readOnly": True}),
    }


@pytest.mark.parametrize("volume", ["{nothing: {}}", "{emptyDir: {}, secret: {}}", "{subPath: x}"])
def test_what_is_no_volume(volume: str) -> None:
    with pytest.raises(UserError, match="/data is no volume of Kubernetes"):
        documents(graph({"a": []}, f"export: {{volumes: {{/data: {volume}}}}}\n"))


def test_a_secret_needs_a_key() -> None:
    with pytest.raises(UserError, match="'password' for P is no reference to a Secret") as caught:
        export("argo", graph({"a": []}, "export: {secrets: {P: password}}\n"), CHOICES)
    assert "P: SECRET/KEY" in (caught.value.hint or "")


def test_a_workflow_that_kubernetes_does_not_take() -> None:
    long = graph({f"{number:05}-{'a' * 90}": [] for number in range(5_000)})
    assert any("Kubernetes takes no object above" in line for line in export("argo", long, CHOICES).guide)
    assert not any("Kubernetes takes" in line for line in export("argo", graph(DIAMOND), CHOICES).guide)


# -- as Argo would ---------------------------------------------------------------------------------------------------


def walk(document: dict[str, Any], image: Path, environment: dict[str, str], containers: Path) -> dict[str, Path]:
    """Run the workflow here: each task after its dependencies, its container's command in a folder of its own with
    what is in the image. The folders of the tasks, in the order in which they ran."""
    templates = {template["name"]: template for template in document["spec"]["templates"]}
    waiting = tasks(document)
    done: dict[str, Path] = {}
    while waiting:
        ready = [task for task in waiting if set(task.get("dependencies", ())) <= set(done)]
        assert ready, "tasks wait for each other"
        task = ready[-1]  # another order than the pipeline's
        container = templates[task["template"]]["container"]
        parts = [*container["command"], *container["args"]]
        command = [part.replace("{{inputs.parameters.task}}", original(task)) for part in parts]
        env = {one["name"]: one["value"] for one in container.get("env", ())}
        folder = containers / task["name"]
        shutil.copytree(image, folder)
        subprocess.run(command, cwd=folder, env={**environment, **env}, check=True, timeout=120)
        waiting.remove(task)
        done[task["name"]] = folder
    return done


def test_the_workflow_runs(tmp_path: Path, environment: dict[str, str]) -> None:
    image = Folder(tmp_path / "image")
    image.task("load", "x = [1, 2]", SAVE, products=("x",))
    for name in ("left it", "right"):
        image.task(name, load("load"), f"x = x + ['{name}']", SAVE, upstream=("load",), products=("x",))
    both = (load("left it"), "y = x", load("right"), "x = y + x")
    image.task("join", *both, SAVE, upstream=("left it", "right"), products=("x",))
    store = tmp_path / "store"
    declared = yaml.safe_load((image.root / "pipeline.yaml").read_text())
    image.write("pipeline.yaml", yaml.safe_dump({**declared, "export": {"volumes": {str(store): "claim"}}}))
    with Project(image.root) as project:
        document = yaml.safe_load(
            export("argo", project.dag, replace(CHOICES, store=str(store))).files["workflow.yaml"]
        )
    done = walk(document, image.root, environment, tmp_path)
    assert [*done] == ["load", "right", *(name for name in done if name.startswith("left")), "join"]
    assert Folder(done["join"]).load("output/join-x.pkl") == [1, 2, "left it", 1, 2, "right"]
