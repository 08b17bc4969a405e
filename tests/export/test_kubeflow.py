"""What is exported to Kubeflow Pipelines: as its compiler writes it; kfp loads and runs it where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from project_folder import Folder

from export.grids import GATHERED, fan, grid
from export.pipelines import CHOICES, DIAMOND, ODD_NAMES, dag_of, graph
from soorgeon_clone.errors import UserError
from soorgeon_clone.export.targets import export
from soorgeon_clone.pipeline.declared.model import DAG
from soorgeon_clone.pipeline.status.project import Project

FULL = """
tasks:
- {source: a.py, name: load, product: a.ipynb, resources: {cpus: 0.5, memory: 4G, gpus: 1}, retries: 2, timeout: 60}
- {source: a.py, name: fit it, product: b.ipynb, upstream: load, export: {image: other:2}}
export:
  pull_policy: Always
  env: {A: "1"}
  secrets: {PASSWORD: database/password}
  volumes: {/mnt/store: claim/sub, /dev/shm: {emptyDir: {medium: Memory}}}
  node_selector: {pool: big}
  kubeflow: {image_pull_secrets: registry}
"""


def documents(dag: DAG, **choices: Any) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(export("kubeflow", dag, replace(CHOICES, **choices)).files["pipeline.yaml"]))


def test_edges_are_those_of_the_pipeline() -> None:
    (document,) = documents(graph(DIAMOND))
    tasks = document["root"]["dag"]["tasks"]
    assert {name: task.get("dependentTasks", []) for name, task in tasks.items()} == DIAMOND


def test_originals_of_names_are_there() -> None:
    (document,) = documents(graph({name: [] for name in ODD_NAMES}))
    tasks = document["root"]["dag"]["tasks"].values()
    assert [one["inputs"]["parameters"]["task"]["runtimeValue"]["constant"] for one in tasks] == list(ODD_NAMES)


def test_what_kubernetes_knows_is_passed_through() -> None:
    top = """
    export:
      node_selector: {pool: big}
      kubeflow:
        platform:
          tolerations: [{key: spot, operator: Exists}]
          nodeSelector: {labels: {disk: fast}}
          podMetadata: {labels: {team: science}}
          nodeAffinity: [{matchExpressions: [{key: gpu, operator: In, values: [a100]}]}]
    """
    _, platform = documents(graph({"a": []}, top))
    (told,) = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
    assert told == {
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "nodeSelector": {"labels": {"pool": "big", "disk": "fast"}},
        "podMetadata": {"labels": {"team": "science"}},
        "nodeAffinity": [{"matchExpressions": [{"key": "gpu", "operator": "In", "values": ["a100"]}]}],
    }
    with pytest.raises(UserError, match="Toleration has no field 'keys'"):
        documents(graph({"a": []}, top.replace("key: spot", "keys: spot")))


def test_containers() -> None:
    document, platform = documents(dag_of(FULL), image=None)
    first, second = document["deploymentSpec"]["executors"].values()
    assert second["container"]["image"] == "other:2"
    container = first["container"]
    assert container["args"][:2] == ["task", "{{$.inputs.parameters['task']}}"]
    assert container["args"][-2:] == ["--retries", "0"]
    assert container["env"] == [{"name": "A", "value": "1"}]
    assert container["resources"] == {
        "cpuRequest": 0.5,
        "cpuLimit": 0.5,
        "resourceCpuRequest": "500m",
        "resourceCpuLimit": "500m",
        "memoryRequest": 4.0,
        "memoryLimit": 4.0,
        "resourceMemoryRequest": "4G",
        "resourceMemoryLimit": "4G",
        "accelerator": {
            "type": "nvidia.com/gpu",
            "resourceType": "nvidia.com/gpu",
            "count": "1",
            "resourceCount": "1",
        },
    }
    assert document["root"]["dag"]["tasks"]["load"]["retryPolicy"]["maxRetryCount"] == 2
    assert platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-task"] == {
        "secretAsEnv": [{"secretName": "database", "keyToEnv": [{"secretKey": "password", "envVar": "PASSWORD"}]}],
        "pvcMount": [{"constant": "claim", "mountPath": "/mnt/store", "subPath": "sub"}],
        "emptyDirMounts": [
            {"volumeName": "emptydir-emptydir-medium-memory-deca56d1", "mountPath": "/dev/shm", "medium": "Memory"}
        ],
        "nodeSelector": {"labels": {"pool": "big"}},
        "activeDeadlineSeconds": "660",
        "imagePullPolicy": "Always",
        "imagePullSecret": [{"secretName": "registry"}],
    }


def test_a_volume_that_kubeflow_does_not_mount() -> None:
    with pytest.raises(UserError, match="/x is hostPath"):
        documents(graph({"a": []}, "export: {volumes: {/x: {hostPath: {path: /x}}}}\n"))


# -- kfp itself ----------------------------------------------------------------------------------------------------


def kfp_python() -> str | None:
    """The Python that has kfp: that of the program in the PATH."""
    program = shutil.which("kfp")
    return None if program is None else str(Path(program).resolve().with_name("python"))


needs_kfp = pytest.mark.skipif(kfp_python() is None, reason="kfp is not installed")
LOAD = """
import sys
from google.protobuf import json_format
from kfp import components
from kfp.compiler import compiler_utils
loaded = components.load_component_from_file(sys.argv[1])
print(loaded.pipeline_spec.pipeline_info.name, len(loaded.pipeline_spec.root.dag.tasks))
print(json_format.MessageToDict(loaded.platform_spec))
"""
RUN = """
import sys
from kfp import components, local
local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=sys.argv[2])
components.load_component_from_file(sys.argv[1])()
"""


@needs_kfp
@pytest.mark.parametrize("dag", [graph(DIAMOND), dag_of(FULL), graph({name: [] for name in ODD_NAMES})])
def test_kfp_loads_it(dag: DAG, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(export("kubeflow", dag, CHOICES).files["pipeline.yaml"], encoding="utf-8")
    ran = subprocess.run([str(kfp_python()), "-c", LOAD, path], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    first, platform = ran.stdout.splitlines()
    assert first == f"project {len(dag.tasks)}"
    assert ("activeDeadlineSeconds" in platform) == ("fit it" in dag.tasks and "load" in dag.tasks)


@needs_kfp
@pytest.mark.parametrize(("make", "expected"), [(grid, GATHERED), (fan, ["a", "b", "c"])])
def test_its_local_runner_runs_it(
    tmp_path: Path, environment: dict[str, str], make: Callable[[Path], Folder], expected: list[Any]
) -> None:
    folder = make(tmp_path / "housing")
    store = tmp_path / "store"
    declared = yaml.safe_load((folder.root / "pipeline.yaml").read_text())
    folder.write("pipeline.yaml", yaml.safe_dump({**declared, "export": {"volumes": {str(store): "claim"}}}))
    with Project(folder.root, expand=False) as project:
        made = export("kubeflow", project.dag, replace(CHOICES, store=str(store)))
    path = folder.write("export/kubeflow/pipeline.yaml", made.files["pipeline.yaml"])
    ran = subprocess.run(
        [str(kfp_python()), "-c", RUN, path, tmp_path / "root"],
        cwd=folder.root,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert folder.load("output/gather-x.pkl") == expected
    assert "1 of 1 task ran" in ran.stdout + ran.stderr


def test_the_project_folder_is_untouched(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.task("a", "x = 1")
    with Project(folder.root) as project:
        export("kubeflow", project.dag, CHOICES)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != ".soorgeon-clone") == [
        "pipeline.yaml",
        "tasks",
    ]
