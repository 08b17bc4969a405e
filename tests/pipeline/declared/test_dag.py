"""Tasks are ordered; what cannot be ordered is refused by name."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.declared.dag import ancestors, beside, descendants, order, select
from soorgeon_clone.pipeline.declared.model import DAG, Product, Source, Spec, TaskSpec
from soorgeon_clone.pipeline.sources.model import SourceFacts


def dag_of(upstream: Mapping[str, tuple[str, ...]], products: Mapping[str, str] | None = None) -> DAG:
    specs = []
    for line, name in enumerate(upstream, 2):
        product = Product(None, (products or {}).get(name, f"{name}.ipynb"))
        specs.append(TaskSpec(name, Source("script", f"{name}.py", f"{name}.py"), (product,), None, line=line))
    spec = Spec(Path("/project/pipeline.yaml"), Path("/project"), tuple(specs))
    return order(spec, {name: SourceFacts(upstream=names) for name, names in upstream.items()})


def test_upstream_first_then_the_order_of_the_file() -> None:
    dag = dag_of({"report": ("fit", "b"), "b": (), "fit": ("load",), "a": (), "load": ()})
    assert list(dag.tasks) == ["b", "a", "load", "fit", "report"]
    assert dag.tasks["load"].downstream == ("fit",)


def test_wildcards() -> None:
    dag = dag_of({"fit-0": (), "fit-1": (), "other": (), "fit-all": ("fit-*", "other")})
    assert dag.tasks["fit-all"].upstream == ("fit-0", "fit-1", "other")
    assert dag.tasks["fit-all"].groups == {"fit-*": ("fit-0", "fit-1")}


def test_a_cycle_is_shown_as_a_path() -> None:
    with pytest.raises(UserError, match=r"b -> d -> c -> b|d -> c -> b -> d|c -> b -> d -> c"):
        dag_of({"a": (), "b": ("a", "d"), "c": ("b",), "d": ("c",), "e": ("d",)})


def test_a_task_that_needs_itself() -> None:
    with pytest.raises(UserError, match="a -> a"):
        dag_of({"a": ("a",)})


def test_a_missing_upstream_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"fit.py: upstream 'laod' of task 'fit' is no task") as caught:
        dag_of({"load": (), "fit": ("laod",)})
    assert caught.value.hint == "Did you mean 'load'?"


def test_a_wildcard_may_match_nothing() -> None:
    task = dag_of({"load": (), "fit": ("x-*", "load")}).tasks["fit"]
    assert (task.upstream, task.groups) == (("load",), {"x-*": ()})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("../x.ipynb", "outside of the project"),
        ("/elsewhere/x.ipynb", "outside of the project"),
        ("/projects/x.ipynb", "outside of the project"),
        ("output/../../x.ipynb", "outside of the project"),
        (".", "outside of the project"),
        ("b.ipynb", "tasks 'b' and 'a' have one path|tasks 'a' and 'b' have one path"),
        ("./x/../b.ipynb", "one path"),
        ("b.ipynb/x", "itself a product"),
        ("b.py", "overwrite a source"),
        ("pipeline.yaml", "overwrite a source"),
        (".soorgeon-clone/x.ipynb", "kept for records"),
    ],
)
def test_products_that_are_refused(path: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        dag_of({"a": (), "b": ()}, {"a": path})
    assert caught.value.exit_code == 2
    assert "task 'a'" in caught.value.message or "task 'b'" in caught.value.message


def test_absolute_products_inside_the_project_are_relative() -> None:
    assert dag_of({"a": ()}, {"a": "/project/out/./a.ipynb"}).tasks["a"].products == (Product(None, "out/a.ipynb"),)


def test_ancestors_and_descendants() -> None:
    dag = dag_of({"a": (), "b": ("a",), "c": ("b",), "d": ("a",)})
    assert ancestors(dag, ["c"]) == {"a", "b", "c"}
    assert descendants(dag, ["b"]) == {"b", "c"}
    assert select(dag, "[bc]") == ["b", "c"]
    with pytest.raises(UserError, match="there is no task 'e'"):
        select(dag, "e")


def test_how_many_tasks_may_run_beside_each() -> None:
    dag = dag_of({"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "e": ()})
    assert beside(dag) == {"a": 1, "b": 2, "c": 2, "d": 1, "e": 4}


def test_a_thousand_tasks_in_a_chain() -> None:
    names = [f"t{number}" for number in range(1000)]
    dag = dag_of({name: (names[index + 1],) if index < 999 else () for index, name in enumerate(names)})
    assert list(dag.tasks) == names[::-1]


def test_parts_of_a_dag_stand_apart_in_counting_what_runs_beside() -> None:
    """a -> (b, c) -> d -> (e, f, g) -> h, where g needs f: each part between a, d and h for itself."""
    upstream = {"a": "", "b": "a", "c": "a", "d": "bc", "e": "d", "f": "d", "g": "f", "h": "eg"}
    dag = dag_of({name: tuple(names) for name, names in upstream.items()})
    assert beside(dag) == {"a": 0, "b": 1, "c": 1, "d": 0, "e": 2, "f": 1, "g": 1, "h": 0}


def test_beside_agrees_with_its_definition() -> None:
    chance = random.Random(0)
    for _ in range(50):
        names = [f"t{number}" for number in range(chance.randint(1, 12))]
        upstream = {
            name: sorted({chance.choice(names[:index]) for _ in range(chance.randint(0, 3))}) if index else []
            for index, name in enumerate(names)
        }
        dag = dag_of({name: tuple(needed) for name, needed in upstream.items()})
        related = {name: ancestors(dag, [name]) | descendants(dag, [name]) for name in names}
        assert beside(dag) == {name: len(set(names) - related[name]) for name in names}
