"""Tasks that are functions, serializers, and hooks around tasks and builds."""

from __future__ import annotations

import json
import re

import pytest
from project_folder import Folder

pytestmark = pytest.mark.usefixtures("no_cache")


@pytest.fixture
def functions(folder: Folder) -> Folder:
    """make -> use, both functions of fns.py."""
    folder.write(
        "fns.py",
        """
        import json
        from pathlib import Path

        FACTOR = 10

        def make(product, n):
            '''Make numbers.

            At length.
            '''
            Path(product).write_text(json.dumps([n * FACTOR]))

        def use(product, upstream):
            numbers = json.loads(Path(upstream["make"]).read_text())
            Path(product["sum"]).write_text(str(sum(numbers)))
            Path(str(product["count"])).write_text(str(len(numbers)))
        """,
    )
    folder.declare(source="fns.make", product="out/made.json", params={"n": 2})
    folder.declare(source="fns.use", product={"sum": "out/sum.txt", "count": "out/count.txt"})
    return folder


def test_functions_get_paths_and_params(functions: Folder) -> None:
    assert functions.ran() == ["make", "use"]
    assert (functions.root / "out/sum.txt").read_text() == "20"
    assert functions.ran() == []


def test_a_function_is_stale_when_it_or_what_it_uses_changes(functions: Folder) -> None:
    functions.build()
    text = (functions.root / "fns.py").read_text()
    functions.write("fns.py", text.replace("FACTOR = 10", "FACTOR = 11"))
    assert functions.status()["make"].line == "stale: an imported definition changed (fns.FACTOR)"
    assert functions.ran() == ["make", "use"]
    functions.write("fns.py", text.replace("FACTOR = 10", "FACTOR = 11").replace("str(sum(", "repr(sum("))
    assert functions.ran() == ["use"]


def test_a_failing_function_shows_its_traceback(functions: Folder) -> None:
    functions.write(
        "fns.py", (functions.root / "fns.py").read_text().replace("return", "").replace("sum(numbers)", "1 / 0")
    )
    (run,) = functions.build().failed
    plain = re.sub(r"\x1b\[[0-9;]*m", "", run.error or "")
    assert plain.splitlines()[0] == "fns.use: task 'use' failed"
    assert "ZeroDivisionError" in plain
    assert not (functions.root / "out/sum.txt").exists()


def test_a_function_that_does_not_exist(functions: Folder) -> None:
    functions.declare(source="fns.none", product="out/none")
    assert "there is no function none in" in functions.status()["none"].line


def test_serializers(folder: Folder) -> None:
    folder.write(
        "fns.py",
        """
        import json

        def write(value, product):  # is called once, as in Ploomber
            if isinstance(product, dict):
                for key in product:
                    write(value[key], product[key])
            else:
                open(product, "w").write(json.dumps(value))

        def read(product, more=0):
            if isinstance(product, dict):
                return {key: read(path) for key, path in product.items()}
            value = json.load(open(product))
            return [*value, more] if more else value

        def make():
            return [1, 2]

        def split(upstream):
            return {"first": upstream["make"][0], "rest": upstream["make"][1:]}

        def plain(product, upstream):
            open(product, "w").write(repr(upstream["split"]["rest"]))
        """,
    )
    tasks = [
        {"source": "fns.make", "product": "out/made.json"},
        {"source": "fns.split", "product": {"first": "out/first.json", "rest": "out/rest.json"}},
        {"source": "fns.plain", "product": "out/plain.txt", "serializer": None},
    ]
    spec = {"serializer": "fns.write", "unserializer": "fns.read", "tasks": tasks}
    folder.write("pipeline.yaml", json.dumps(spec))
    assert folder.ran() == ["make", "split", "plain"]
    assert (folder.root / "out/plain.txt").read_text() == "[2]"
    spec["unserializer"] = {"dotted_path": "fns.read", "more": 3}
    tasks[1]["product"] = "out/split.json"
    folder.write("fns.py", (folder.root / "fns.py").read_text().replace('["split"]["rest"]', '["split"]'))
    folder.write("pipeline.yaml", json.dumps({**spec, "tasks": tasks[:2]}))
    assert folder.ran() == ["make", "split"]  # what a task is wrapped in counts
    assert json.loads((folder.root / "out/split.json").read_text()) == {"first": 1, "rest": [2, 3]}
    folder.write("fns.py", (folder.root / "fns.py").read_text().replace("return [1, 2]", "return None"))
    (run,) = folder.build().failed
    assert "fns.make returned None" in (run.error or "")


HOOKS = """
from pathlib import Path

def note(text):
    with open("log.txt", "a") as file:
        file.write(text + "\\n")

def before(task, params):
    note(f"before {task.name} {params.get('n')}")

def after(task, product, word):
    assert Path(product["x"]).exists() if isinstance(product, dict) else True
    note(f"after {task.name} {word}")

def failed(task, traceback):
    note(f"failed {task.name} {'ZeroDivisionError' in traceback}")

def dag_before(dag):
    note(f"dag before {len(dag)}")

def dag_after(report):
    note(f"dag after {[row['name'] for row in report.rows if row['Ran?']]}")

def dag_failed(traceback):
    note(f"dag failed {'ZeroDivisionError' in traceback['build']}")

def reject(product):
    raise ValueError("not good enough")
"""


@pytest.fixture
def hooked(chain: Folder) -> Folder:
    chain.write("hooks.py", HOOKS)
    chain.entries[0] |= {
        "on_render": "hooks.before",
        "on_finish": {"dotted_path": "hooks.after", "word": "yes"},
        "on_failure": "hooks.failed",
        "params": {"n": 5},
    }
    spec = {
        "tasks": chain.entries,
        "on_render": "hooks.dag_before",
        "on_finish": "hooks.dag_after",
        "on_failure": "hooks.dag_failed",
    }
    chain.write("pipeline.yaml", json.dumps(spec))
    return chain


def test_hooks_run_around_tasks_and_builds(hooked: Folder) -> None:
    assert hooked.ran() == ["load", "fit"]
    assert (hooked.root / "log.txt").read_text().splitlines() == [
        "dag before 2",
        "before load 5",
        "after load yes",
        "dag after ['load', 'fit']",
    ]
    (hooked.root / "log.txt").unlink()
    assert hooked.ran() == []
    assert (hooked.root / "log.txt").read_text().splitlines() == ["dag before 2", "dag after []"]


def test_hooks_of_failures(hooked: Folder) -> None:
    hooked.script("load", "1 / 0")
    hooked.build()
    assert (hooked.root / "log.txt").read_text().splitlines() == [
        "dag before 2",
        "before load 5",
        "failed load True",
        "dag failed True",
    ]


def test_an_on_finish_that_fails_fails_its_task_and_nothing_appears(chain: Folder) -> None:
    chain.write("hooks.py", HOOKS)
    chain.declare(**chain.entries[0], on_finish="hooks.reject")
    report = chain.build()
    (run,) = report.failed
    plain = re.sub(r"\x1b\[[0-9;]*m", "", run.error or "")
    assert plain.startswith("tasks/load.py: on_finish (hooks.reject) of task 'load' failed")
    assert "ValueError: not good enough" in plain
    assert not list((chain.root / "output").iterdir())


def test_a_hook_of_the_pipeline_that_fails_is_a_problem_of_the_build(chain: Folder) -> None:
    chain.write("hooks.py", "def done():\n    raise ValueError('no')\n")
    chain.write("pipeline.yaml", json.dumps({"tasks": chain.entries, "on_finish": "hooks.done"}))
    report = chain.build()
    assert [run.result for run in report.runs] == ["ran", "ran"]
    assert not report.ok
    assert "on_finish (hooks.done) failed" in (report.problem or "")
