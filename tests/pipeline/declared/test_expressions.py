"""Expressions of Jinja in placeholders and grids: in a sandbox, and within bounds."""

from __future__ import annotations

from typing import Any

import pytest
from project_folder import Folder

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.declared import spec as specs
from soorgeon_clone.pipeline.sources.templates import evaluate

pytest.importorskip("jinja2")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("{{n + 1}}", 4),
        ("{{name | upper}}", "ADA"),
        ("{{paths.data ~ '/x'}}", "out/x"),
        ("{{'big' if n > 2 else 'small'}}", "big"),
        ("{{names[1]}}", "b"),
        ("{{names | join('-')}}.csv", "a-b.csv"),
        ("{{missing | default('none yet')}}", "none yet"),
        ("{{two-words}}", 7),
        ("{{n-1}}", 2),
        ("{{name.upper()}}", "ADA"),
        ("{% if n > 2 %}big{% else %}{{name}}{% endif %}.csv", "big.csv"),
        ("{% set k = n + 1 %}{{k}}", 4),
        ("x{# of {{nobody}} #}", "x"),
        ("{%d", "{%d"),
    ],
)
def test_values(written: str, value: Any, folder: Folder) -> None:
    folder.write("env.yaml", "n: 3\nname: ada\nnames: [a, b]\npaths: {data: out}\ntwo-words: 7\n")
    folder.task("a", params={"x": written})
    (task,) = specs.load(folder.root / "pipeline.yaml").tasks
    assert task.params["x"] == value


HOSTILE = [
    "''.__class__.__mro__",
    "'a'|attr('__class__')",
    "'{0.__class__}'.format(1)",
    "'a' * 10 ** 9",
    "9 ** (9 ** 9)",
    "'a'.ljust(10 ** 9)",
    "('a' * 100000).replace('a', 'a' * 100000)",
    "'%999999999d' % 1",
    "'{:999999999}'.format(1)",
    "'a'|center(999999999)",
    "cycler",
    "lipsum(100)",
    "1 / 0",
    "nothing",
    "(",
]


@pytest.mark.parametrize("expression", HOSTILE)
def test_nothing_gets_out_or_grows(expression: str) -> None:
    with pytest.raises(UserError, match=r"^here: "):
        evaluate(expression, {}, "here")


STATEMENTS = {
    "{% for i in range(3) %}{{i}}{% endfor %}": r"\{% for %\} is not read here",
    "{% macro f() %}{{f()}}{% endmacro %}{{f()}}": r"\{% macro %\} is not read here",
    "{% include 'x' %}": r"\{% include %\} is not read here",
    "{% if %}": "Expected an expression",
    "{% if missing %}{% endif %}": "'missing' is undefined",
    "{% set s = 'a' * 999999 %}{{s}}{{s}}": "more than 1,000,000 characters",
}


@pytest.mark.parametrize("written", STATEMENTS)
def test_statements_that_are_refused(written: str, folder: Folder) -> None:
    folder.task("a", params={"x": written})
    with pytest.raises(UserError, match=r"pipeline.yaml, line \d+, tasks.*" + STATEMENTS[written]):
        specs.load(folder.root / "pipeline.yaml")


def test_values_of_the_environment_are_not_computed_with(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "secret")
    folder.write("env.yaml", "secret: '{{env.PASSWORD}}'\n")
    for written in ("{{env.PASSWORD | upper}}", "{{secret | upper}}", "{% if 1 %}{{secret}}{% endif %}"):
        folder.task("a", params={"x": written})
        with pytest.raises(UserError, match="nothing can be computed with"):
            specs.load(folder.root / "pipeline.yaml")


def test_a_grid_of_several_mappings(folder: Folder) -> None:
    folder.declare(
        source="fit.py",
        product="output/fit-[[model]].ipynb",
        name="fit-[[model.split('.')[-1]]]-[[depth]][[rate | default('none')]]",
        grid=[{"model": ["a.Forest"], "depth": [1, 2]}, {"model": ["a.Boost"], "rate": [0.5]}],
    )
    names = [task.name for task in specs.load(folder.root / "pipeline.yaml").tasks]
    assert names == ["fit-Forest-1none", "fit-Forest-2none", "fit-Boost-0.5"]


def test_a_parameter_that_no_mapping_has(folder: Folder) -> None:
    folder.declare(source="fit.py", product="output/fit.ipynb", name="fit-[[deep]]", grid={"depth": [1]})
    with pytest.raises(UserError, match=r"\[\[deep\]\] is no parameter of the grid"):
        specs.load(folder.root / "pipeline.yaml")
