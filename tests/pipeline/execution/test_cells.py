"""Which cells run, which leave In and Out alone, and what is said about the one that failed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import IPython
import pytest

from soorgeon_clone.pipeline.execution.executor import open_executor
from soorgeon_clone.pipeline.execution.model import Executor, Job, Progress
from soorgeon_clone.pipeline.execution.written import read_executed

from .notebooks import notebook, printed, run

PROGRESS: list[Progress] = []


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executor]:
    folder = tmp_path_factory.mktemp("cells")
    with open_executor("auto", modules=(), cwd=folder, blas_threads=1, on_progress=PROGRESS.append) as executor:
        yield executor


def values(outputs: list[list[Any]]) -> list[str]:
    """Per cell, the plain text of its results and what it printed."""
    return [
        " ".join(o["data"]["text/plain"] if "data" in o else o.get("text", o.get("ename", "")).strip() for o in each)
        for each in outputs
    ]


def test_cells_that_are_not_the_users_leave_in_and_out_alone(executor: Executor, tmp_path: Path) -> None:
    outcome, outputs = run(
        executor,
        tmp_path,
        ("parameters", "upstream = None\nproduct = None"),
        ("injected-parameters", "product = {'nb': 'x'}; 'shown'"),
        ("soorgeon-load", "value = 40\nvalue;"),
        "value + 2",
        ("soorgeon-save", "'not Out'"),
        "_ + 1, Out, In, _1",
        ("soorgeon-load", "def f():\n    return 1 / 0\nprint(get_ipython().execution_count)"),
        "Out[1], _2[0]",
    )
    assert outcome.status == "ok"
    assert values(outputs) == [
        "",
        "'shown'",
        "",
        "42",
        "",  # cells that were added are silent
        "(43, {1: 42}, ['', 'value + 2', '_ + 1, Out, In, _1'], 42)",
        "",
        "(42, 43)",
    ]
    executed = read_executed(tmp_path / "executed.ipynb")
    counts = [cell["execution_count"] for cell in executed["cells"]]
    assert counts == [None, None, None, 1, None, 2, None, 3]


def test_run_straight_every_cell_counts(executor: Executor, tmp_path: Path) -> None:
    _, outputs = run(executor, tmp_path, ("parameters", "1"), ("soorgeon-x", "2"), "_ , Out", straight=True)
    assert values(outputs) == ["1", "2", "(2, {1: 1, 2: 2})"]


def test_the_traceback_of_a_hidden_cell_names_its_tag(executor: Executor, tmp_path: Path) -> None:
    outcome, _ = run(executor, tmp_path, "1", ("soorgeon-load", "x = 1\n1/0"))
    assert outcome.error and outcome.error.line == 2
    assert "soorgeon-load" in outcome.error.traceback[2]


ERRORS = [
    ("1/0", 1, "ZeroDivisionError", "division by zero"),
    ("x = 1\n\nundefined", 3, "NameError", "name 'undefined' is not defined"),
    ("def f():\n    return {}['k']\n\nf()", 2, "KeyError", "'k'"),
    ("import json\njson.loads('{')", 2, "JSONDecodeError", None),
    ("x = 1\nif x:\ny", 3, "IndentationError", None),
    ("x = = 1", 1, "SyntaxError", None),
    ("1\nreturn 2", 2, "SyntaxError", None),
    ("1\n%run missing.py", 2, "Exception", None),
    ("%%bash\nexit 3", 1, "CalledProcessError", None),
    # before IPython 9, %%time shows an error and goes on; so does the kernel
    *([("%%time\nx = 1\n1/0", 3, "ZeroDivisionError", None)] if IPython.version_info >= (9,) else []),
    ("await __import__('asyncio').sleep(0)\n1/0", 2, "ZeroDivisionError", None),
    ("import sys\nsys.exit(2)", 2, "SystemExit", "2"),
    ("raise KeyboardInterrupt", 1, "KeyboardInterrupt", ""),
    ("class Bad:\n    def __repr__(self):\n        raise ValueError('r')\nBad()", 3, "ValueError", "r"),
    ("raise BaseException('base')", 1, "BaseException", "base"),
    ("1\ninput()", 2, "StdinNotImplementedError", None),
    ("import getpass\ngetpass.getpass()", 2, "StdinNotImplementedError", None),
]


@pytest.mark.parametrize(("source", "line", "ename", "evalue"), ERRORS, ids=[source[:25] for source, *_ in ERRORS])
def test_an_error_is_named_with_cell_and_line(
    executor: Executor, tmp_path: Path, source: str, line: int | None, ename: str, evalue: str | None
) -> None:
    outcome, outputs = run(executor, tmp_path, "print('before')", source, "print('never')")
    assert outcome.status == ("input" if ename == "StdinNotImplementedError" else "error")
    error = outcome.error
    assert error is not None
    assert (error.cell_index, error.line, error.source) == (1, line, source)
    assert error.ename == ename
    assert evalue is None or error.evalue == evalue
    assert printed(outputs[0]) == "before\n"
    assert any(output["output_type"] == "error" for output in outputs[1])
    assert outputs[2] == []


def test_tags_that_nbclient_knows(executor: Executor, tmp_path: Path) -> None:
    outcome, outputs = run(
        executor, tmp_path, ("raises-exception", "1/0"), ("skip-execution", "x = 1"), "'x' in globals()", "", "  \n"
    )
    assert outcome.status == "ok"
    assert values(outputs) == ["ZeroDivisionError", "", "False", "", ""]
    counts = [cell["execution_count"] for cell in read_executed(tmp_path / "executed.ipynb")["cells"]]
    assert counts == [1, None, 2, None, None]


def test_outputs_of_an_earlier_run_are_gone_also_behind_an_error(executor: Executor, tmp_path: Path) -> None:
    source = notebook("1/0", "2")
    for cell in source["cells"]:
        cell["outputs"], cell["execution_count"] = [{"output_type": "stream", "name": "stdout", "text": "old"}], 7
    executor.start(Job("job", source, tmp_path / "executed.ipynb", tmp_path))
    executor.wait(60)
    first, second = read_executed(tmp_path / "executed.ipynb")["cells"]
    assert [output["output_type"] for output in first["outputs"]] == ["error"]
    assert (second["outputs"], second["execution_count"]) == ([], None)


@pytest.mark.parametrize("call", ["exit()", "quit()", "exit"])
def test_exit_ends_the_notebook(executor: Executor, tmp_path: Path, call: str) -> None:
    outcome, outputs = run(executor, tmp_path, f"print(1)\n{call}" if "(" in call else call, "print(2)")
    assert outcome.status == "error"
    assert outcome.error and outcome.error.cell_index == 0 and "before its last cell" in outcome.error.evalue
    assert outputs[1] == []
    outcome, _ = run(executor, tmp_path, "print(1)", call)
    assert outcome.status == "ok"


def test_other_kinds_of_cells_stay_as_they_are(executor: Executor, tmp_path: Path) -> None:
    source = notebook("1")
    source["cells"].insert(0, {"cell_type": "markdown", "id": "m", "metadata": {"k": 1}, "source": "# title\ntext"})
    source["cells"].append({"cell_type": "raw", "id": "r", "metadata": {}, "source": ["a\n", "b"]})
    executor.start(Job("job", source, tmp_path / "executed.ipynb", tmp_path))
    executor.wait(60)
    markdown, code, raw = read_executed(tmp_path / "executed.ipynb")["cells"]
    assert markdown == source["cells"][0]
    assert raw == {"cell_type": "raw", "id": "r", "metadata": {}, "source": "a\nb"}
    assert code["outputs"][0]["data"] == {"text/plain": "1"}


def test_progress_counts_the_cells_that_run(executor: Executor, tmp_path: Path) -> None:
    PROGRESS.clear()
    run(executor, tmp_path, "1", "", "2", ("skip-execution", "3"), "4")
    assert [(each.cell, each.total, each.index) for each in PROGRESS] == [(1, 3, 0), (2, 3, 2), (3, 3, 4)]


def test_times_are_recorded_on_request_only(executor: Executor, tmp_path: Path) -> None:
    run(executor, tmp_path, "1")
    assert read_executed(tmp_path / "executed.ipynb")["cells"][0]["metadata"] == {}
    run(executor, tmp_path, "1", record_timing=True)
    times = read_executed(tmp_path / "executed.ipynb")["cells"][0]["metadata"]["execution"]
    assert sorted(times) == [
        "iopub.execute_input",
        "iopub.status.busy",
        "iopub.status.idle",
        "shell.execute_reply",
    ]


def test_equal_notebooks_give_equal_bytes(executor: Executor, tmp_path: Path) -> None:
    cells = ("import warnings; warnings.warn('w')", "{'b', 'a', 'c'}", "print(*{'x', 'y'})", "1/0")
    run(executor, tmp_path, *cells)
    first = (tmp_path / "executed.ipynb").read_bytes()
    run(executor, tmp_path, *cells)
    assert (tmp_path / "executed.ipynb").read_bytes() == first


def test_tasks_of_asyncio_go_on_between_cells(executor: Executor, tmp_path: Path) -> None:
    _, outputs = run(
        executor,
        tmp_path,
        "import asyncio\nasync def work():\n    await asyncio.sleep(0)\n    return 5",
        "task = asyncio.create_task(work())",
        "task.done() and task.result()",
    )
    assert values(outputs)[2] == "5"
