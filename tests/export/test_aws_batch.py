"""What is exported to AWS Batch: registered and submitted to moto's Batch, with the pipeline's edges."""

from __future__ import annotations

import importlib.util
import json
import random
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from project_folder import SAVE, Folder, load

from export.pipelines import CHOICES, DIAMOND, ODD_NAMES, dag_of, graph
from soorgeon_clone.errors import UserError
from soorgeon_clone.export import names
from soorgeon_clone.export.aws_batch import ARRAYS
from soorgeon_clone.export.fargate import fitting
from soorgeon_clone.export.targets import export
from soorgeon_clone.pipeline.declared.model import DAG
from soorgeon_clone.pipeline.status.project import Project

GRID = """
tasks:
- {source: a.py, name: load, product: a.ipynb}
- {source: a.py, name: fit-, product: fit.ipynb, upstream: load, grid: {n: [1, 2, 3, 4, 5]}}
- {source: a.py, name: best, product: c.ipynb, upstream: fit-*}
- {source: a.py, name: first, product: d.ipynb, upstream: UPSTREAM}
"""


@pytest.fixture
def batch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a Batch with the queue `queue`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws(config={"batch": {"use_docker": False}}):
        role = boto3.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        client = boto3.client("batch")
        machines = client.create_compute_environment(
            computeEnvironmentName="machines", type="UNMANAGED", state="ENABLED", serviceRole=role
        )
        order = [{"order": 1, "computeEnvironment": machines["computeEnvironmentArn"]}]
        client.create_job_queue(jobQueueName="queue", state="ENABLED", priority=1, computeEnvironmentOrder=order)
        yield client


def write(files: Mapping[str, str], folder: Path) -> Any:
    """Write the export; its script as a module."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("submit", folder / "submit.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def submitted(client: Any) -> dict[str, dict[str, Any]]:
    """The jobs in the queue by name; ``needs`` are the names that they depend on."""
    summaries = []
    for status in ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"):
        summaries += client.list_jobs(jobQueue="queue", jobStatus=status)["jobSummaryList"]
    ids = [job["jobId"] for job in summaries]
    jobs = [job for at in range(0, len(ids), 100) for job in client.describe_jobs(jobs=ids[at : at + 100])["jobs"]]
    name_of = {job["jobId"]: job["jobName"] for job in jobs}
    return {job["jobName"]: {**job, "needs": [name_of[one["jobId"]] for one in job["dependsOn"]]} for job in jobs}


def contracted(jobs: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """The graph without joins: what each job needs, and for a join what that needs."""

    def behind(name: str) -> set[str]:
        needed: set[str] = set()
        for one in jobs[name]["needs"]:
            needed |= behind(one) if "parameters" not in jobs[one] or not jobs[one]["parameters"] else {one}
        return needed

    return {name: behind(name) for name, job in jobs.items() if job.get("parameters")}


def plan(dag: DAG, **choices: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(export("aws-batch", dag, replace(CHOICES, **choices)).files["jobs.json"])
    return found


def random_edges(seed: int, count: int = 80) -> dict[str, list[str]]:
    """A random pipeline; some of its tasks need dozens of others."""
    draw = random.Random(seed)
    known = [f"task-{number}" for number in range(count)]
    return {
        name: sorted(draw.sample(known[:number], min(number, draw.choice([0, 1, 2, 3, 19, 20, 21, 45, 70]))))
        for number, name in enumerate(known)
    }


WIDE = {**{f"t{number}": [] for number in range(45)}, "all": [f"t{number}" for number in range(45)]}
HUGE = {**{f"t{number}": [] for number in range(410)}, "all": [f"t{number}" for number in range(410)]}
# One entry a task, so none of these are arrays: each has a source of its own.
GRAPHS = {"diamond": DIAMOND, "45 upstreams": WIDE, "410 upstreams": HUGE, "random": random_edges(1)}


def apart(edges: Mapping[str, Sequence[str]]) -> DAG:
    """Tasks with a source each: no grid."""
    rows = [
        f"- {{name: '{name}', source: s{number}.py, product: {number}.ipynb, upstream: [{', '.join(upstream)}]}}\n"
        for number, (name, upstream) in enumerate(edges.items())
    ]
    return dag_of("tasks:\n" + "".join(rows))


@pytest.mark.parametrize("case", GRAPHS)
def test_the_jobs_have_the_edges_of_the_pipeline(case: str, batch: Any, tmp_path: Path) -> None:
    edges = GRAPHS[case]
    module = write(export("aws-batch", apart(edges), CHOICES).files, tmp_path)
    assert module.main(["--queue", "queue"]) == 0
    jobs = submitted(batch)
    assert all(len(job["needs"]) <= 20 for job in jobs.values())
    assert contracted(jobs) == {name: set(upstream) for name, upstream in edges.items()}
    assert all(job["parameters"] == {"task": name} for name, job in jobs.items() if job.get("parameters"))


@pytest.mark.parametrize("seed", range(20))
def test_no_random_pipeline_loses_an_edge(seed: int) -> None:
    edges = random_edges(seed)
    jobs = {job["jobName"]: {**job, "needs": job.get("dependsOn", [])} for job in plan(apart(edges))["jobs"]}
    seen: set[str] = set()
    for name, job in jobs.items():
        assert set(job["needs"]) <= seen
        assert len(job["needs"]) <= 20
        seen.add(name)
    assert contracted(jobs) == {name: set(upstream) for name, upstream in edges.items()}


def test_tasks_with_equal_upstream_share_their_joins() -> None:
    edges = {**WIDE, "also": WIDE["all"]}
    joins = [job for job in plan(apart(edges))["jobs"] if "parameters" not in job]
    assert len(joins) == 3


def test_a_join_is_never_called_like_a_task() -> None:
    edges = {**WIDE, "join-1": [], "join-3": []}
    jobs = [job["jobName"] for job in plan(apart(edges))["jobs"]]
    assert len(set(jobs)) == len(jobs)
    assert {"join-1", "join-2", "join-3", "join-4", "join-5"} <= set(jobs)


def test_names_are_valid_and_the_originals_are_there(batch: Any, tmp_path: Path) -> None:
    write(export("aws-batch", apart({name: [] for name in ODD_NAMES}), CHOICES).files, tmp_path).main(
        ["--queue", "queue"]
    )
    jobs = submitted(batch)
    assert {job["parameters"]["task"] for job in jobs.values()} == set(ODD_NAMES)
    assert all(names.BATCH.valid.fullmatch(name) and len(name) <= 128 for name in jobs)


def test_a_grid_is_an_array(batch: Any, tmp_path: Path) -> None:
    module = write(export("aws-batch", dag_of(GRID.replace("UPSTREAM", "load")), CHOICES).files, tmp_path)
    module.main(["--queue", "queue"])
    jobs = submitted(batch)
    array = jobs["fit-0-and-4-more"]
    found = json.loads((tmp_path / "jobs.json").read_text())
    (told,) = [job for job in found["jobs"] if "arrayProperties" in job]
    assert told["arrayProperties"] == {"size": 5}
    assert array["needs"] == ["load"]
    assert jobs["best"]["needs"] == ["fit-0-and-4-more"]
    assert len(jobs) == 4
    members = (tmp_path / array["parameters"]["tasks"]).read_text().splitlines()
    assert members == [f"fit-{number}" for number in range(5)]


def test_no_array_where_a_task_needs_one_of_the_grid() -> None:
    jobs = {job["jobName"]: job.get("dependsOn", []) for job in plan(dag_of(GRID.replace("UPSTREAM", "fit-1")))["jobs"]}
    assert jobs["first"] == ["fit-1"]
    assert jobs["best"] == [f"fit-{number}" for number in range(5)]


def test_an_array_of_part_of_a_grid() -> None:
    only = frozenset({"fit-1", "fit-3", "best"})
    files = export("aws-batch", dag_of(GRID.replace("UPSTREAM", "load")), replace(CHOICES, only=only)).files
    assert files[f"{ARRAYS}/fit-1-and-1-more.txt"] == "fit-1\nfit-3\n"


def test_large_arrays_are_split() -> None:
    values = ", ".join(map(str, range(10_001)))
    text = f"tasks:\n- {{source: a.py, name: fit-, product: fit.ipynb, grid: {{n: [{values}]}}}}\n"
    array, single = plan(dag_of(text))["jobs"]
    assert (array["arrayProperties"]["size"], single["parameters"]) == (10_000, {"task": "fit-10000"})


FULL = """
tasks:
- {source: a.py, name: load, product: a.ipynb, resources: {cpus: 0.5, memory: 4GiB, gpus: 1}, retries: 2, timeout: 60}
- {source: a.py, name: fit, product: b.ipynb, upstream: load, export: {image: other:2, timeout: 5}}
export:
  name: housing
  image: first:1
  env: {A: "1", B: true}
  volumes: {/mnt/store: fs-12345678, /scratch: /tmp}
  aws-batch:
    secrets: {PASSWORD: "arn:aws:secretsmanager:eu-west-1:1:secret:x", TOKEN: /prod/token}
    execution_role: arn:aws:iam::1:role/run
    job_role: arn:aws:iam::1:role/job
"""


def test_job_definitions(batch: Any, tmp_path: Path) -> None:
    write(export("aws-batch", dag_of(FULL), replace(CHOICES, image=None)).files, tmp_path).main(["--queue", "queue"])
    found = {one["jobDefinitionName"]: one for one in batch.describe_job_definitions()["jobDefinitions"]}
    first, second = found["housing-task"], found["housing-task-1"]
    properties = first["containerProperties"]
    assert {one["type"]: one["value"] for one in properties["resourceRequirements"]} == {
        "VCPU": "1",
        "MEMORY": "4096",
        "GPU": "1",
    }
    assert properties["environment"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "true"}]
    assert {one["name"]: one["valueFrom"] for one in properties["secrets"]} == {
        "PASSWORD": "arn:aws:secretsmanager:eu-west-1:1:secret:x",
        "TOKEN": "/prod/token",
    }
    assert [mount["containerPath"] for mount in properties["mountPoints"]] == ["/mnt/store", "/scratch"]
    assert first["retryStrategy"]["attempts"] == 3
    assert first["timeout"] == {"attemptDurationSeconds": 660}
    assert second["timeout"] == {"attemptDurationSeconds": 60}
    assert second["containerProperties"]["image"] == "other:2"
    assert properties["command"][:3] == ["soorgeon-clone", "task", "Ref::task"]
    assert properties["command"][-2:] == ["--retries", "0"]


def test_a_failed_submission_ends_what_was_submitted(tmp_path: Path) -> None:
    ended = []

    class Client:
        def register_job_definition(self, **definition: Any) -> dict[str, str]:
            return {"jobDefinitionArn": definition["jobDefinitionName"]}

        def submit_job(self, **job: Any) -> dict[str, str]:
            if job["jobName"] == "join":
                raise ConnectionError("gone")
            return {"jobId": f"id of {job['jobName']}"}

        def terminate_job(self, **job: Any) -> None:
            if job["jobId"] == "id of left":
                raise ConnectionError("gone")
            ended.append(job["jobId"])

    module = write(export("aws-batch", apart(DIAMOND), CHOICES).files, tmp_path)
    with pytest.raises(ConnectionError):
        module.submit(Client(), json.loads((tmp_path / "jobs.json").read_text()), "queue")
    assert ended == ["id of load", "id of right"]


def test_dry_run_and_a_missing_queue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = write(export("aws-batch", apart(DIAMOND), CHOICES).files, tmp_path)
    assert module.main(["--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "join <- left, right"
    with pytest.raises(SystemExit) as caught:
        module.main([])
    assert caught.value.code == 2
    assert "--queue" in capsys.readouterr().err


def test_what_aws_refuses_is_told_in_a_line(batch: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = write(export("aws-batch", apart(DIAMOND), CHOICES).files, tmp_path)
    assert module.main(["--queue", "missing"]) == 1
    shown = capsys.readouterr().err
    assert "Job queue missing does not exist" in shown
    assert "Traceback" not in shown


FARGATE = "export: {aws-batch: {platform: FARGATE, execution_role: role}}\n"
WRONG: dict[str, tuple[DAG, dict[str, Any], str]] = {
    "schedule": (graph(DIAMOND), {"schedule": "@daily"}, "no schedules of its own"),
    "retries": (graph({"a": []}, retries=10), {}, "10 retries; AWS Batch tries a job at most 10 times"),
    "secret": (graph({"a": []}, "export: {secrets: {P: name/key}}\n"), {}, "'name/key' for P is neither"),
    "role for secrets": (graph({"a": []}, "export: {secrets: {P: /name}}\n"), {}, "secrets need an execution role"),
    "role": (graph({"a": []}, "export: {aws-batch: {platform: FARGATE}}\n"), {}, "Fargate need an execution role"),
    "volume": (graph({"a": []}, "export: {volumes: {/x: claim}}\n"), {}, "cannot mount 'claim'"),
    "volume on Fargate": (graph({"a": []}, f"{FARGATE[:-2]}, volumes: {{/x: /x}}}}\n"), {}, "cannot mount '/x'"),
    "GPU on Fargate": (graph({"a": []}, FARGATE, resources={"gpus": 1}), {}, "Fargate has no GPUs"),
    "size on Fargate": (graph({"a": []}, FARGATE, resources={"cpus": 32}), {}, "no size of Fargate has 32 cores"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_batch_does_not_take(case: str) -> None:
    dag, choices, message = WRONG[case]
    with pytest.raises(UserError) as caught:
        export("aws-batch", dag, replace(CHOICES, **choices))
    assert message in caught.value.message
    assert caught.value.hint


SIZES = {
    (0.1, 100): ("0.25", 512),
    (0.25, 1200): ("0.25", 2048),
    (0.25, 3000): ("0.5", 3072),
    (1, 2048): ("1", 2048),
    (1.5, 100): ("2", 4096),
    (4, 30720): ("4", 30720),
    (4, 30721): ("8", 32768),
    (16, 122880): ("16", 122880),
}


@pytest.mark.parametrize(("cpus", "memory"), SIZES)
def test_sizes_of_fargate(cpus: float, memory: int) -> None:
    assert fitting(cpus, memory) == SIZES[cpus, memory]


def test_the_jobs_run(tmp_path: Path, environment: dict[str, str]) -> None:
    """Every job's command, in a folder of its own with what is in the image: what crosses is in the store."""
    image = Folder(tmp_path / "image")
    image.task("load", "x = 1", SAVE, products=("x",))
    image.task("fit", load("load"), "x = x + n", SAVE, upstream=("load",), products=("x",))
    image.declare(
        source="tasks/fit.py",
        product={"nb": "output/fit.ipynb", "x": "output/fit-x.pkl"},
        name="fit it [[n]]",
        grid={"n": [10, 20]},
    )
    image.entries = [entry for entry in image.entries if entry["source"] != "tasks/fit.py" or "grid" in entry]
    total = """
        x = 0
        for one in upstream["fit it *"].values():
            with open(one["x"], "rb") as file:
                x += pickle.load(file)
    """
    image.task("total", total, SAVE, upstream=("fit it *",), products=("x",))
    store = tmp_path / "store"
    top = {"tasks": image.entries, "export": {"volumes": {str(store): str(store)}}}
    image.write("pipeline.yaml", json.dumps(top))
    with Project(image.root) as project:
        files = export("aws-batch", project.dag, replace(CHOICES, store=str(store))).files
    for name, text in files.items():
        if name.startswith(ARRAYS):
            image.write(name, text)
    found = json.loads(files["jobs.json"])
    definitions = {one["jobDefinitionName"]: one["containerProperties"] for one in found["definitions"]}
    count = 0
    for job in found["jobs"]:
        command = definitions[job["jobDefinition"]]["command"]
        told = job.get("parameters", {})
        command = [told[part[5:]] if part.startswith("Ref::") else part for part in command]
        for index in range(job.get("arrayProperties", {"size": 1})["size"]):
            count += 1
            folder = tmp_path / f"container-{count}"
            shutil.copytree(image.root, folder)
            env = {**environment, "AWS_BATCH_JOB_ARRAY_INDEX": str(index)}
            subprocess.run(command, cwd=folder, env=env, check=True, timeout=120)
    assert count == 4
    assert Folder(folder).load("output/total-x.pkl") == 32
