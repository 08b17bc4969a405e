"""What a plan does where nothing else helps."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.refactor.cut import Cut
from soorgeon_clone.refactor.model import Plan
from soorgeon_clone.refactor.plan import make_plan


def plan_of(*sections: str, proven: bool = False) -> Plan:
    texts = [text for number, section in enumerate(sections) for text in (f"## s{number}", section)]
    cells = [Cell(index, "code" if index % 2 else "markdown", text) for index, text in enumerate(texts)]
    return make_plan(Notebook("nb", None, tuple(cells)), proven=proven, keep_idle=True)


def test_a_progress_bar_passes_on_what_it_was_given() -> None:
    """tqdm need not be installed to know that a loop over it leaves no bar in what the loop fills."""
    loop = "for c in tqdm([0.1, 1.0]):\n    model.set_params(C=c)\n    xs.append(c)"
    first = "from sklearn.svm import SVC\nfrom tqdm.auto import tqdm\nmodel, xs = SVC(), []"
    assert not plan_of(first, loop, "print(model, xs)").merges


@pytest.mark.parametrize(
    "where", ["soorgeon_clone.analysis.machine.places.subscript", "soorgeon_clone.refactor.solve.wire"]
)
def test_an_error_of_ours_refuses_no_notebook(
    where: str, monkeypatch: pytest.MonkeyPatch, analysis_failures: list[str]
) -> None:
    module, _, name = where.rpartition(".")
    function = getattr(importlib.import_module(module), name)

    def broken(first: Any, *others: Any) -> Any:
        if isinstance(first, Cut) and len(first.units) == 1:
            return function(first, *others)
        raise KeyError("no such thing")

    monkeypatch.setattr(where, broken)
    plan = plan_of("xs = [1]", "print(xs[0])")
    assert len(plan.tasks) == 1
    assert "its analysis failed (KeyError: 'no such thing')" in plan.merges[0].reason
    assert "broken" in analysis_failures[0]
    analysis_failures.clear()


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        (["import polars as pl\nx = pl.scan_csv('d.csv')", "y = x.head()", "print(y.collect())"], [False, False, True]),
        (
            ["import dask.dataframe as dd\nx = dd.read_csv('d.csv')", "y = x.a + 1", "print(len(y))"],
            [False, False, True],
        ),
        (["import pandas as pd\nx = pd.read_csv('d.csv')", "print(x.sum())"], [False, False]),
        (["paths = ['d.csv']", "import pandas as pd\nx = pd.read_csv(paths[0])"], [False, True]),
        (["from unknown import scan\nx = scan('d.csv')", "print(x.compute())"], [True, True]),
        (["x = 1", "print(x + 1)"], [False, False]),
    ],
)
def test_who_may_read_files_that_others_name(sections: list[str], expected: list[bool]) -> None:
    assert [task.reads_files for task in plan_of(*sections).tasks] == expected


def test_a_library_that_nobody_described_is_no_file_of_the_notebooks() -> None:
    """Who writes files of names that are not known writes no module: imports wait for none of them."""
    write = "import pandas as pd\ndf = pd.DataFrame({'a': [1]})\ndf.to_csv(f'out{len(df)}.csv')"
    use = "import no_such_library\nprint(no_such_library.other(2))"
    assert [task.upstream for task in plan_of(write, use).tasks] == [(), ()]
    by_name = (
        "name = 'no_such_library'\nwith open(f'{name}.py', 'w') as file:\n    file.write('def other(x): return x')"
    )
    assert [task.upstream for task in plan_of(by_name, use).tasks] == [(), ("s0",)]
