"""What is exported to Airflow: read by a real Airflow, and free of what Airflow 3 has removed."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from environments import environment

from export.pipelines import CHOICES, DIAMOND, ODD_NAMES, dag_of, graph
from soorgeon_clone.errors import UserError
from soorgeon_clone.export import names
from soorgeon_clone.export.model import OPERATORS
from soorgeon_clone.export.targets import export
from soorgeon_clone.pipeline.declared.model import DAG

# Another version: AIRFLOW="apache-airflow==2.11.2 apache-airflow-providers-standard ..." pytest ...
AIRFLOW = os.environ.get("AIRFLOW", "").split() or [
    "apache-airflow-core==3.3.2",
    "apache-airflow-providers-standard==1.21.0",
    "apache-airflow-providers-cncf-kubernetes==10.25.0",
    "apache-airflow-providers-docker==4.6.1",
]
FULL = """
tasks:
- {source: a.py, name: load, product: a.ipynb, resources: {cpus: 0.5, memory: 4G, gpus: 1}, retries: 2, timeout: 60}
- {source: a.py, name: fit it, product: b.ipynb, upstream: load, export: {image: other:2, service_account: runner}}
export:
  name: housing
  namespace: science
  image: first:1
  pull_policy: Always
  env: {KEY: /var/key.json, B: true, C: "{# %}"}
  volumes: {/mnt/store: claim}
  node_selector: {pool: big}
  airflow: {secrets: {PASSWORD: SECRET}}
"""
KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
users: [{name: u, user: {}}]
"""
PODS = """
tasks: [{source: a.py, name: a, product: a.ipynb}]
export:
  volumes:
    /data: claim/folder
    /dev/shm: {emptyDir: {medium: Memory}}
    /key: {secret: {secretName: key}, subPath: key.json, readOnly: true}
  airflow:
    pool: gpu
    queue: large
    priority_weight: 5
    deferrable: true
    max_active_tasks: 4
    pod:
      metadata: {labels: {team: science}, annotations: {cost: "42"}}
      spec:
        tolerations: [{key: spot, operator: Exists}]
        affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms:
          [{matchExpressions: [{key: gpu, operator: In, values: [a100]}]}]}}}
        priorityClassName: low
        imagePullSecrets: [{name: registry}]
    container: {resources: {limits: {ephemeral-storage: 10Gi}}, securityContext: {readOnlyRootFilesystem: true}}
"""
GRID = """
tasks:
- {source: a.py, name: load, product: a.ipynb}
- {source: b.py, name: fit-, product: "b-[[n]].ipynb", grid: {n: [1, 2, 3]}, upstream: load}
- {source: c.py, name: fit-grid, product: c.ipynb, upstream: fit-*}
export: {airflow: {assets: true, after_assets: ["s3://bucket/raw"], run_timeout: 60}}
"""
LATE = """
tasks: [{source: a.py, name: a, product: a.ipynb}]
export:
  airflow:
    deadline: {seconds: 3600, callback: alerts.late, arguments: {text: "it's late"}}
    store_connection: my_aws
"""
FAN = """
tasks:
- {source: a.py, name: load, product: {nb: load.ipynb, x: x.pkl}}
- {source: b.py, name: "fit-[[key]]", product: "fit-[[key]].ipynb", foreach: load, retries: 2}
- {source: c.py, name: gather, product: gather.ipynb, upstream: "fit-*"}
"""
DAGS: dict[str, tuple[DAG, dict[str, Any]]] = {
    "diamond": (graph(DIAMOND, "export: {name: diamond}\n"), {"schedule": "0 6 * * *"}),
    "odd": (
        graph({name: ODD_NAMES[:3] if number > 3 else [] for number, name in enumerate(ODD_NAMES)}),
        {"name": "odd"},
    ),
    "full": (dag_of(FULL.replace("SECRET", "database/password")), {"image": None}),
    "pods": (dag_of(PODS), {"name": "pods"}),
    "grid": (dag_of(GRID), {"name": "grid"}),
    "late": (dag_of(LATE), {"operator": "bash", "name": "late"}),
    **{f"fan-{operator}": (dag_of(FAN), {"operator": operator, "name": f"fan-{operator}"}) for operator in OPERATORS},
    "docker": (dag_of(FULL.replace("SECRET", "db_password")), {"image": None, "operator": "docker", "name": "docker"}),
    "bash": (
        dag_of(FULL.replace("SECRET", "db_password")),
        {"operator": "bash", "name": "bash", "env_text": "n: 1\n", "folder": "export/airflow"},
    ),
}


def dag_file(dag: DAG, **choices: Any) -> str:
    files = export("airflow", dag, replace(CHOICES, **choices)).files
    (name,) = (name for name in files if name.endswith(".py"))
    return files[name]


def airflow_environment(home: Path) -> dict[str, str]:
    """Airflow's settings: all that it writes goes to one folder."""
    (home / "dags").mkdir(parents=True, exist_ok=True)
    (home / "kubeconfig").write_text(KUBECONFIG)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
    return {
        **kept,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "KUBECONFIG": str(home / "kubeconfig"),
    }


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What Airflow makes of each of DAGS."""
    programs = environment("airflow", *AIRFLOW)
    home = tmp_path_factory.mktemp("airflow")
    environ = airflow_environment(home)
    paths = {}
    for name, (dag, choices) in DAGS.items():
        paths[name] = home / "dags" / f"{name}.py"
        paths[name].write_text(dag_file(dag, **choices), encoding="utf-8")
    subprocess.run([programs / "airflow", "db", "migrate"], env=environ, check=True, capture_output=True, timeout=300)
    reader = Path(__file__).with_name("read_dags.py")
    out = home / "read.json"
    command = [programs / "python", reader, out, *paths.values()]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-4000:]
    found = json.loads(out.read_text())
    return {name: found[str(path)] for name, path in paths.items()}


def test_edges_are_those_of_the_pipeline(read: Mapping[str, Any]) -> None:
    found = read["diamond"]
    assert {name: task["upstream"] for name, task in found["tasks"].items()} == DIAMOND
    assert found["dag_id"] == "diamond"
    assert str(found["schedule"]) == "0 6 * * *"


def test_names_are_valid_and_the_originals_are_there(read: Mapping[str, Any]) -> None:
    tasks = read["odd"]["tasks"]
    assert [task["title"] for task in tasks.values()] == list(ODD_NAMES)
    assert [task["pod"]["metadata"]["annotations"]["soorgeon-clone/task"] for task in tasks.values()] == list(ODD_NAMES)
    assert [task["pod"]["spec"]["containers"][0]["args"][1] for task in tasks.values()] == list(ODD_NAMES)
    assert all(names.AIRFLOW.valid.fullmatch(name) for name in tasks)


def test_pods(read: Mapping[str, Any]) -> None:
    load, fit = read["full"]["tasks"].values()
    assert (load["class"], load["retries"], load["timeout"]) == ("KubernetesPodOperator", 2, 660)
    spec = load["pod"]["spec"]
    (container,) = spec["containers"]
    assert load["pod"]["metadata"]["namespace"] == "science"
    assert spec["nodeSelector"] == {"pool": "big"}
    assert (container["image"], container["imagePullPolicy"]) == ("first:1", "Always")
    assert container["command"] == ["soorgeon-clone"]
    assert " ".join(container["args"]) == (
        "task load --entry-point pipeline.yaml --store s3://bucket/prefix --retries 0"
    )
    assert container["resources"] == {
        "requests": {"cpu": "500m", "memory": "4G"},
        "limits": {"cpu": "500m", "memory": "4G", "nvidia.com/gpu": "1"},
    }
    env = {one["name"]: one.get("value") or one["valueFrom"]["secretKeyRef"] for one in container["env"]}
    assert env == {
        "KEY": "/var/key.json",
        "B": "true",
        "C": "{# %}",
        "PASSWORD": {"name": "database", "key": "password"},
    }
    assert container["volumeMounts"][0]["mountPath"] == "/mnt/store"
    assert spec["volumes"][0]["persistentVolumeClaim"] == {"claimName": "claim"}
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert fit["pod"]["spec"]["serviceAccountName"] == "runner"
    assert fit["pod"]["spec"]["containers"][0]["image"] == "other:2"


def test_volumes_pools_and_deferrable_pods(read: Mapping[str, Any]) -> None:
    (task,) = read["pods"]["tasks"].values()
    spec = task["pod"]["spec"]
    (container,) = spec["containers"]
    sources = {one.pop("name"): one for one in spec["volumes"]}
    mounts = {one.pop("mountPath"): one for one in container["volumeMounts"]}
    assert {path: (sources[one.pop("name")], one) for path, one in mounts.items()} == {
        "/data": ({"persistentVolumeClaim": {"claimName": "claim"}}, {"subPath": "folder"}),
        "/dev/shm": ({"emptyDir": {"medium": "Memory"}}, {}),
        "/key": ({"secret": {"secretName": "key"}}, {"subPath": "key.json", "readOnly": True}),
    }
    assert (task["pool"], task["queue"], task["priority"], task["deferrable"]) == ("gpu", "large", 5, True)
    assert read["pods"]["max_active_tasks"] == 4


def test_what_kubernetes_knows_is_passed_through(read: Mapping[str, Any]) -> None:
    (task,) = read["pods"]["tasks"].values()
    spec, metadata = task["pod"]["spec"], task["pod"]["metadata"]
    (container,) = spec["containers"]
    assert metadata["labels"]["team"] == "science"
    assert (metadata["annotations"]["cost"], metadata["annotations"]["soorgeon-clone/task"]) == ("42", "a")
    assert spec["tolerations"] == [{"key": "spot", "operator": "Exists"}]
    (term,) = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term == {"matchExpressions": [{"key": "gpu", "operator": "In", "values": ["a100"]}]}
    assert (spec["priorityClassName"], spec["imagePullSecrets"]) == ("low", [{"name": "registry"}])
    assert container["resources"]["limits"] == {"ephemeral-storage": "10Gi"}
    assert container["securityContext"] == {"readOnlyRootFilesystem": True}
    assert (container["image"], spec["securityContext"]["runAsNonRoot"]) == ("registry/image:1", True)


def test_grids_are_groups_and_products_are_assets(read: Mapping[str, Any]) -> None:
    found = read["grid"]
    fits = ["fit-0", "fit-1", "fit-2"]
    assert {name: task["group"] for name, task in found["tasks"].items()} == {
        "load": None,
        **dict.fromkeys(fits, "fit-grid-2"),
        "fit-grid": None,
    }
    assert found["tasks"]["fit-grid"]["upstream"] == fits
    assert found["tasks"]["fit-0"]["outlets"] == ["s3://bucket/prefix/fit-0"]
    assert found["timeout"] == 60
    assert "s3://bucket/raw" in found["schedule"]


def test_somebody_is_told_of_late_runs_and_a_connection_has_the_credentials(read: Mapping[str, Any]) -> None:
    found = read["late"]
    assert found["deadline"] == [[3600, "alerts.late", {"text": "it's late"}]]
    env = found["tasks"]["a"]["env"]
    assert env["AWS_ACCESS_KEY_ID"] == "{{ conn.get('my_aws').login or '' }}"
    assert env["AWS_ENDPOINT_URL"] == "{{ conn.get('my_aws').extra_dejson.get('endpoint_url', '') or '' }}"


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_task_for_each_element(read: Mapping[str, Any], operator: str) -> None:
    found = read[f"fan-{operator}"]["tasks"]
    (each,) = (name for name, task in found.items() if task["class"] == "MappedOperator")
    assert {name: task["upstream"] for name, task in found.items()} == {
        "load": [],
        "fit-elements": ["load"],
        each: ["fit-elements"],
        "gather": [each],
    }
    assert found[each]["retries"] == 2
    assert (found["gather"]["rule"], found["load"]["rule"]) == ("none_failed", "all_success")


@pytest.mark.parametrize(
    ("setting", "operator", "message"),
    [
        ("deadline: {seconds: 5}", "bash", "a deadline needs 'callback'"),
        ("deadline: {seconds: 5, callback: late}", "bash", "expected module.function"),
        ("deadline: {seconds: -5, callback: a.b}", "bash", "expected a number of seconds"),
        ("store_connection: a b", "bash", "expected the name of a Connection"),
        ("store_connection: aws", "kubernetes", "a pod cannot see Connections"),
        ("pod: {spec: {}}", "bash", "'pod' is for pods"),
        ("pod: {spec: {containers: [{name: a}]}}", "kubernetes", "set by the export"),
        ("pod: {spec: {toleration: []}}", "kubernetes", "PodSpec has no field 'toleration'"),
    ],
)
def test_wrong_settings_of_runs(setting: str, operator: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        dag_file(graph({"a": []}, f"export: {{airflow: {{{setting}}}}}\n"), operator=operator)


def test_a_schedule_or_assets() -> None:
    with pytest.raises(UserError, match="two answers"):
        dag_file(graph({"a": []}, 'export: {airflow: {after_assets: ["s3://a/b"]}}\n'), schedule="@daily")


def test_what_cannot_be_deferred() -> None:
    with pytest.raises(UserError, match="cannot be deferred"):
        dag_file(graph({"a": []}, "export: {airflow: {deferrable: true}}\n"), operator="bash")


def test_docker(read: Mapping[str, Any]) -> None:
    load, _ = read["docker"]["tasks"].values()
    assert load["class"] == "DockerOperator"
    assert load["command"][:2] == ["task", "load"]
    assert (load["image"], load["cpus"], load["memory"]) == ("first:1", 0.5, 4_000_000_000)
    assert load["env"] == {
        "KEY": "/var/key.json",
        "B": "true",
        "C": "{% raw %}{# %}{% endraw %}",
        "PASSWORD": "{{ var.value['db_password'] }}",
    }
    assert [(mount["Target"], mount["Source"], mount["Type"]) for mount in load["mounts"]] == [
        ("/mnt/store", "claim", "volume")
    ]


def test_bash(read: Mapping[str, Any]) -> None:
    load, fit = read["bash"]["tasks"].values()
    assert load["class"] == "BashOperator"
    assert fit["command"] == (
        "soorgeon-clone task 'fit it' --entry-point /srv/project/pipeline.yaml --store s3://bucket/prefix"
    )
    assert load["cwd"] == "/srv/project/export/airflow"
    assert load["env"]["PLOOMBER_ENV_FILENAME"] == "env.frozen.yaml"


@pytest.mark.parametrize("operator", OPERATORS)
def test_nothing_that_airflow_3_removed(operator: str, tmp_path: Path) -> None:
    full = dag_of(FULL.replace("SECRET", "a/b" if operator == "kubernetes" else "a"))
    path = tmp_path
    for number, dag in enumerate((full, dag_of(GRID))):
        (path / f"dag{number}.py").write_text(dag_file(dag, operator=operator))
    for options in (["--preview", "--select", "AIR"], ["--select", "E4,E7,E9,F,I,B,PL"]):
        command = [sys.executable, "-m", "ruff", "check", "--isolated", *options, str(path)]
        ran = subprocess.run(command, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout


def test_texts_stay_texts_in_python() -> None:
    wild = "a\"b'c é 数 \\n"
    top = f"export: {{name: {json.dumps(wild)}, env: {{A: {json.dumps(wild)}}}}}\n"
    tree = ast.parse(dag_file(graph({'it\'s "a" task': []}, top), operator="bash"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {wild, 'it\'s "a" task'} <= texts


def test_a_variable_of_airflow_has_a_plain_name() -> None:
    with pytest.raises(UserError, match="'a/b' for P is no name of an Airflow Variable"):
        dag_file(graph({"a": []}, "export: {secrets: {P: a/b}}\n"), operator="bash")


def test_with_bash_there_is_no_image() -> None:
    files = export("airflow", graph(DIAMOND), replace(CHOICES, operator="bash", env_text="n: 1\n")).files
    assert sorted(files) == ["env.frozen.yaml", "project.py"]
