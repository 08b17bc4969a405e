"""What pipeline.yaml says about the export, and what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from export.pipelines import CHOICES, dag_of, graph
from soorgeon_clone.errors import UserError
from soorgeon_clone.export import names
from soorgeon_clone.export.model import Container
from soorgeon_clone.export.steps import workflow
from soorgeon_clone.export.targets import TARGETS, export

TASKS = "tasks:\n- {source: a.py, name: a, product: a.ipynb}\n"


def containers(text: str, target: str = "argo", **choices: Any) -> dict[str, Container]:
    chosen = replace(CHOICES, **{"image": None, **choices})
    flow = workflow(target, names.ARGO, dag_of(text), chosen)
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


def test_tasks_that_say_the_same_share_a_container() -> None:
    flow = workflow("argo", names.ARGO, graph({str(number): [] for number in range(50)}, retries=2), CHOICES)
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
