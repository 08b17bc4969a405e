"""What pipeline.yaml says about the export, and what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from export.make_schemas import FOLDER, MAKERS
from export.pipelines import CHOICES, dag_of, graph
from soorgeon_clone.errors import UserError
from soorgeon_clone.export.model import Container
from soorgeon_clone.export.steps import workflow
from soorgeon_clone.export.targets import TARGETS, export, read

TASKS = "tasks:\n- {source: a.py, name: a, product: a.ipynb}\n"


def containers(text: str, target: str = "argo", **choices: Any) -> dict[str, Container]:
    chosen = replace(CHOICES, **{"image": None, **choices})
    dag = dag_of(text)
    flow = workflow(read(target, dag, chosen.environment), dag, chosen)
    return {step.task: step.container for step in flow.steps}


def test_the_nearer_to_the_task_wins() -> None:
    found = containers(
        """
        export:
          image: top
          retries: 1
          env: {A: 1, B: 2}
          argo: {image: argo, env: {C: true}}
          aws-batch: {image: batch}
        tasks:
        - {source: a.py, name: a, product: a.ipynb}
        - {source: b.py, name: b, product: b.ipynb, export: {image: own, env: {A: x}}}
        - {source: c.py, name: c, product: c.ipynb, export: {image: own, argo: {image: both, retries: 5}}}
        """
    )
    assert [one.image for one in found.values()] == ["argo", "own", "both"]
    assert [one.retries for one in found.values()] == [1, 1, 5]
    assert dict(found["a"].env) == {"A": "1", "B": "2", "C": "true"}
    assert dict(found["b"].env) == {"A": "x", "B": "2", "C": "true"}


def test_the_command_line_wins() -> None:
    found = containers("export: {image: top}\n" + TASKS, image="told")
    assert found["a"].image == "told"


def test_resources() -> None:
    found = containers(
        """
        export: {resources: {cpus: 1, memory: 1Gi}}
        tasks:
        - {source: a.py, name: a, product: a.ipynb}
        - {source: b.py, name: b, product: b.ipynb, resources: {cpus: 0.5, gpus: 1}}
        - {source: c.py, name: c, product: c.ipynb, memory_limit: 4GB}
        """
    )
    assert [(one.cpus, one.memory, one.gpus) for one in found.values()] == [
        (1, 2**30, None),
        (0.5, 2**30, 1),
        (1, 4 * 10**9, None),
    ]


def test_the_engine_waits_longer_than_the_task_may_take() -> None:
    found = containers(
        """
        tasks:
        - {source: a.py, name: a, product: a.ipynb}
        - {source: b.py, name: b, product: b.ipynb, timeout: 30}
        - {source: c.py, name: c, product: c.ipynb, timeout: 30, export: {timeout: 45.5}}
        """
    )
    assert [one.timeout for one in found.values()] == [None, 630, 46]


def test_a_pattern_means_tasks() -> None:
    found = containers(
        """
        export:
          resources: {cpus: 1, memory: 1Gi}
          tasks:
            "fit-*": {resources: {cpus: 8}, env: {A: 1}, argo: {image: large}}
            fit-b: {resources: {gpus: 1}}
        tasks:
        - {source: a.py, name: load, product: a.ipynb}
        - {source: b.py, name: fit-a, product: b.ipynb}
        - {source: c.py, name: fit-b, product: c.ipynb, resources: {cpus: 2}, export: {env: {A: 2}}}
        """
    )
    assert [(one.cpus, one.memory, one.gpus) for one in found.values()] == [
        (1, 2**30, None),
        (8, 2**30, None),
        (2, 2**30, 1),
    ]
    assert [one.image for one in found.values()] == ["project:latest", "large", "large"]
    assert [dict(one.env) for one in found.values()] == [{}, {"A": "1"}, {"A": "2"}]


ENVIRONMENTS = """
store: s3://dev
export:
  image: top
  namespace: dev
  environments:
    prod: {store: s3://prod, image: prod, tasks: {"a*": {env: {B: 1}}}, argo: {namespace: science, parallelism: 4}}
    test: {}
tasks:
- {source: a.py, name: a, product: a.ipynb}
- {source: b.py, name: b, product: b.ipynb, export: {image: own}}
"""


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (None, ("s3://dev", "dev", None, "top", {})),
        ("test", ("s3://dev", "dev", None, "top", {})),
        ("prod", ("s3://prod", "science", 4, "prod", {"B": "1"})),
    ],
)
def test_environments_of_one_target(environment: str | None, expected: tuple[Any, ...]) -> None:
    dag = dag_of(ENVIRONMENTS)
    choices = replace(CHOICES, environment=environment, store=None, image=None)
    flow = workflow(read("argo", dag, environment), dag, choices)
    whole, first = flow.settings, flow.steps[0].container
    assert (whole.store, whole.namespace, whole.own.get("parallelism"), first.image, dict(first.env)) == expected
    assert flow.steps[1].container.image == "own"


def test_an_environment_that_is_not_declared() -> None:
    with pytest.raises(UserError, match="has no environment 'production'") as caught:
        export("argo", dag_of(ENVIRONMENTS), replace(CHOICES, environment="production"))
    assert "prod, test" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("target", "name"), [("airflow", "my_project"), ("aws-batch", "my_project"), ("argo", "my-project-a6392d35")]
)
def test_underscores_stay_where_the_engine_takes_them(target: str, name: str) -> None:
    dag = graph({"a_b": []}, "export: {name: my_project}\n")
    flow = workflow(read(target, dag), dag, replace(CHOICES, image=None))
    assert flow.settings.name == name
    assert flow.settings.image == "my_project:latest"


def test_tasks_that_say_the_same_share_a_container() -> None:
    dag = graph({str(number): [] for number in range(50)}, retries=2)
    flow = workflow(read("argo", dag), dag, CHOICES)
    assert len({id(step.container) for step in flow.steps}) == 1


WRONG = {
    "unknown key": ("export: {imag: x}", "line 2: unknown key 'imag' in export", "Did you mean 'image'?"),
    "unknown key of a target": ("export: {argo: {queue: x}}", "unknown key 'queue' in export.argo", ""),
    "part of another target": ("export: {aws-batch: {queue: 1}}", "export.aws-batch.queue: expected a text", ""),
    "target is no mapping": ("export: {argo: x}", "export.argo: expected a mapping", ""),
    "no text": ("export: {image: [a]}", "line 2, export.image: expected a text", ""),
    "retries": ("export: {retries: -1}", "export.retries: expected a whole number", ""),
    "timeout": ("export: {timeout: soon}", "export.timeout: expected a number of seconds", ""),
    "pull policy": ("export: {pull_policy: never}", "expected one of Always, IfNotPresent, Never", ""),
    "variable": ("export: {env: {A-B: 1}}", "'A-B' is no name for an environment variable", ""),
    "value of a variable": ("export: {env: {A: [1]}}", "export.env.A: expected a text", ""),
    "volume": ("export: {volumes: {data: claim}}", "'data' is no absolute path in the container", ""),
    "resources": ("export: {resources: {cpu: 1}}", "unknown key 'cpu' in resources", "Did you mean 'cpus'?"),
    "memory": ("export: {resources: {memory: much}}", "expected a size", ""),
    "a pattern that means nothing": ("export: {tasks: {'b-*': {image: x}}}", "'b-*' is the name of no task", "'fit-*'"),
    "pattern": ("export: {tasks: {a: {schedule: x}}}", "unknown key 'schedule' in export.tasks", ""),
    "environment": ("export: {environments: {dev: {imag: x}}}", "unknown key 'imag' in export", ""),
    "both": ("export: {env: {A: 1}, secrets: {A: s/k}}", "'A' stands in 'env' and in 'secrets'", "Keep one."),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("target", TARGETS)
def test_wrong_settings_are_told_with_their_place(case: str, target: str) -> None:
    text, message, hint = WRONG[case]
    with pytest.raises(UserError) as caught:
        export(target, dag_of(f"{text}\n{TASKS}"), CHOICES)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.exit_code == 2


def test_wrong_settings_of_a_task() -> None:
    with pytest.raises(UserError, match="line 3: unknown key 'schedule' in export"):
        export("argo", dag_of("tasks:\n- {source: a.py, product: a.ipynb, export: {schedule: '* * * * *'}}"), CHOICES)


PASSED = """
export:
  argo:
    workflow:
      podGC: {strategy: OnPodCompletion}
      ttlStrategy: {secondsAfterCompletion: 60}
      imagePullSecrets: [{name: x}]
      onExit: tell
      templates: [{name: tell, container: {image: curl}}]
    template:
      tolerations: [{key: gpu, operator: Exists}]
      priorityClassName: high
      metadata: {labels: {team: science}}
    container: {resources: {limits: {ephemeral-storage: 10Gi}}}
  aws-batch:
    job: {shareIdentifier: science, schedulingPriorityOverride: 5}
    container_properties: {ephemeralStorage: {sizeInGiB: 50}, linuxParameters: {sharedMemorySize: 1024}}
    job_definition:
      tags: {team: science}
      retryStrategy: {evaluateOnExit: [{onStatusReason: "Host EC2*", action: RETRY}]}
tasks:
- {source: a.py, name: a, product: a.ipynb, retries: 2, resources: {memory: 1Gi},
   export: {argo: {template: {priorityClassName: low}}}}
"""


def test_what_engines_know_is_passed_through() -> None:
    spec = yaml.safe_load(export("argo", dag_of(PASSED), CHOICES).files["workflow.yaml"])["spec"]
    assert (spec["podGC"], spec["onExit"], spec["entrypoint"]) == ({"strategy": "OnPodCompletion"}, "tell", "pipeline")
    _, task, tell = spec["templates"]
    assert tell == {"name": "tell", "container": {"image": "curl"}}
    assert task["priorityClassName"] == "low", "of the task"
    assert task["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert task["metadata"]["labels"] == {"team": "science"}
    assert "soorgeon-clone/task" in task["metadata"]["annotations"]
    assert task["container"]["resources"]["limits"] == {"memory": "1Gi", "ephemeral-storage": "10Gi"}
    plan = json.loads(export("aws-batch", dag_of(PASSED), CHOICES).files["jobs.json"])
    (definition,) = plan["definitions"]
    assert plan["submit"] == {"shareIdentifier": "science", "schedulingPriorityOverride": 5}
    assert definition["retryStrategy"]["attempts"] == 3
    assert definition["retryStrategy"]["evaluateOnExit"][0]["action"] == "RETRY"
    assert definition["containerProperties"]["ephemeralStorage"] == {"sizeInGiB": 50}
    assert definition["containerProperties"]["image"] == "registry/image:1"


@pytest.mark.parametrize(
    ("target", "setting", "message", "hint"),
    [
        ("argo", "template: {toleration: []}", "Template has no field 'toleration'", "Did you mean 'tolerations'?"),
        ("argo", "template: {tolerations: [{keys: a}]}", "Toleration has no field 'keys'", "'key'"),
        ("argo", "template: {tolerations: {key: a}}", "tolerations: expected a list", ""),
        ("argo", "container: {image: x}", "'image' is set by the export", ""),
        ("argo", "workflow: {suspend: maybe}", "suspend: expected true or false", ""),
        ("aws-batch", "container_properties: {ulimits: [{hardLimit: x}]}", "hardLimit: expected a whole number", ""),
        ("aws-batch", "job: {jobName: x}", "'jobName' is set by the export", ""),
    ],
)
def test_the_engines_schema_is_asked(target: str, setting: str, message: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        export(target, dag_of(f"export: {{{target}: {{{setting}}}}}\n{TASKS}"), CHOICES)
    assert message in caught.value.message
    assert caught.value.message.startswith("pipeline.yaml, line 2")
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("engine", MAKERS)
def test_schemas_are_those_of_the_libraries(engine: str) -> None:
    """Fields come with newer versions: none of ours is unknown to the library that is installed."""
    library, make = MAKERS[engine]
    pytest.importorskip(library)
    ours = json.loads((FOLDER / f"{engine}.json").read_text(encoding="utf-8"))
    theirs = make()
    assert ours.keys() <= theirs.keys()
    for name, fields in ours.items():
        assert fields.items() <= theirs[name].items(), name
