"""Which tasks are exported, with what command; and what keeps a pipeline from being exported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from export.pipelines import CHOICES, CONTAINERS, DIAMOND, dag_of, graph
from soorgeon_clone.errors import UserError
from soorgeon_clone.export.model import Step
from soorgeon_clone.export.steps import workflow
from soorgeon_clone.export.targets import TARGETS, export, read
from soorgeon_clone.pipeline.declared.model import DAG


def steps(dag: DAG, target: str = "argo", **choices: Any) -> list[Step]:
    return list(workflow(read(target, dag), dag, replace(CHOICES, **choices)).steps)


def test_all_tasks_with_their_edges() -> None:
    assert {step.task: list(step.upstream) for step in steps(graph(DIAMOND))} == DIAMOND


def test_every_step_runs_the_task_with_the_store() -> None:
    (step,) = steps(graph({"fit it": []}))
    expected = "soorgeon-clone task|fit it|--entry-point pipeline.yaml --store s3://bucket/prefix"
    assert step.command == tuple(
        part for text in expected.split("|") for part in ([text] if text == "fit it" else text.split())
    )


def test_force() -> None:
    assert all(step.command[-1] == "--force" for step in steps(graph(DIAMOND), mode="force"))


def test_what_is_up_to_date_stays_in_the_store() -> None:
    assert all("--no-fetch" in step.command for step in steps(graph(DIAMOND), mode="incremental"))
    assert not any("--no-fetch" in step.command for step in steps(graph(DIAMOND)))


def test_only_some() -> None:
    found = steps(graph(DIAMOND), mode="incremental", only=frozenset({"left", "join"}))
    assert {step.task: step.upstream for step in found} == {"left": (), "join": ("left",)}


def test_where_the_engine_tries_again_the_program_does_not() -> None:
    text = """
    tasks:
    - {source: a.py, name: never, product: a.ipynb}
    - {source: a.py, name: both, product: b.ipynb, retries: 2}
    - {source: a.py, name: engine, product: c.ipynb, export: {retries: 2}}
    - {source: a.py, name: program, product: d.ipynb, retries: 2, export: {retries: 0}}
    """
    found = {
        step.task: (step.container.retries, step.command[-2:] == ("--retries", "0")) for step in steps(dag_of(text))
    }
    assert found == {"never": (0, False), "both": (2, True), "engine": (2, False), "program": (0, False)}


def test_bash_operators_need_no_store() -> None:
    (step,) = steps(graph({"a": []}), "airflow", operator="bash", store=None)
    assert step.command == ("soorgeon-clone", "task", "a", "--entry-point", "/srv/project/pipeline.yaml")


WRONG: dict[str, tuple[DAG, dict[str, Any], str, str]] = {
    "no store": (graph({"a": []}), {"store": None}, "no store", "--store"),
    "a folder for a store": (
        graph({"a": []}),
        {"store": "/mnt/shared/store"},
        "the store /mnt/shared/store is a folder, and the container of task 'a' has no volume there",
        "export: {volumes: {/mnt/shared/store: NAME}}",
    ),
    "a relative folder": (graph({"a": []}), {"store": "store"}, "is a folder", "/project/store"),
    "a volume beside it": (
        graph({"a": []}, "export: {volumes: {/mnt/sha: claim}}\n"),
        {"store": "file:///mnt/shared"},
        "is a folder",
        "",
    ),
    "a password": (
        graph({"a": []}),
        {"store": "s3://me:hush@host/x"},
        "holds a user name or a password",
        "environment",
    ),
    "a variable": (
        graph({"a": []}),
        {"variables": ("TOKEN",)},
        "pipeline.yaml uses {{env.TOKEN}}, and the container of task 'a' has no such variable",
        "secrets",
    ),
    "a name like an option": (
        graph({"-a": []}),
        {},
        "line 3: the name of task '-a' has a leading '-'",
        "another 'name'",
    ),
    "a name like a template": (graph({"a{%b": []}), {}, "has '{%'", ""),
    "a name of two lines": (graph({"a\nb": []}), {}, "has a line break", ""),
}


NAMES_ALONE = {"a password", "a name like an option", "a name like a template", "a name of two lines"}


@pytest.mark.parametrize(
    ("target", "case"),
    [(target, case) for target in TARGETS for case in WRONG if target in CONTAINERS or case in NAMES_ALONE],
)
def test_what_cannot_be_exported(target: str, case: str) -> None:
    dag, choices, message, hint = WRONG[case]
    with pytest.raises(UserError) as caught:
        export(target, dag, replace(CHOICES, **choices))
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("store", ["/mnt/shared", "/mnt/shared/deep", "file:///mnt/shared/x", "s3://b", "gs://b/x"])
def test_stores_that_containers_see(store: str) -> None:
    assert steps(graph({"a": []}, "export: {volumes: {/mnt/shared/: claim}}\n"), store=store)


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_input_gives_the_same_files(target: str) -> None:
    top = "export: {env: {A: 1}, secrets: {B: abc/d}, volumes: {/data: abc}}\n"
    if target == "aws-batch":
        top = "export: {env: {A: 1}, aws-batch: {platform: FARGATE, execution_role: arn}}\n"
    first, second = (export(target, graph(DIAMOND, top), CHOICES).files for _ in range(2))
    assert first == second
    assert list(first) == list(second)
