"""A build runs what it should, side by side, and says what happened."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from project_folder import SAVE, Folder, executor, load

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.model import Listener, Options, TaskRun
from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.run import build, run_task
from soorgeon_clone.pipeline.state.model import Cause
from soorgeon_clone.pipeline.status.project import Project

pytestmark = pytest.mark.usefixtures("no_cache")

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def diamond(folder: Folder) -> Folder:
    """a -> (b, c) -> d, and e alone."""
    folder.task("a", "x = [1]", SAVE, products=("x",))
    for name in "bc":
        folder.task(name, load("a"), f"x = x + ['{name}']", SAVE, upstream=("a",), products=("x",))
    folder.task("d", "print(upstream['b']['x'], upstream['c']['x'])", upstream=("b", "c"))
    folder.task("e", "print('alone')")
    return folder


def test_executed_notebooks_show_final_relative_paths(chain: Folder) -> None:
    chain.build()
    cells = json.loads((chain.root / "output/fit.ipynb").read_text())["cells"]
    injected = next(cell for cell in cells if "injected-parameters" in cell["metadata"].get("tags", ()))
    assert "".join(injected["source"]).splitlines() == [
        "# Parameters",
        'upstream = {"load": {"nb": "output/load.ipynb", "x": "output/load-x.pkl"}}',
        'product = {"nb": "output/fit.ipynb", "x": "output/fit-x.pkl"}',
    ]
    tags = [cell["metadata"].get("tags") for cell in cells]
    assert tags.index(["injected-parameters"]) == tags.index(["parameters"]) + 1
    assert "[2, 3, 4]" in chain.outputs("output/fit.ipynb")


def test_what_a_task_prints_of_its_product_is_where_it_will_be(folder: Folder) -> None:
    folder.task(
        "a", "import os\nprint(product['x'], os.path.abspath(product['x']))\nproduct", "x = 1", SAVE, products=("x",)
    )
    folder.build()
    shown = folder.outputs("output/a.ipynb")
    assert ".soorgeon-clone" not in shown
    assert f"output/a-x.pkl {folder.root}/output/a-x.pkl" in shown


def test_equal_builds_give_equal_bytes(diamond: Folder) -> None:
    diamond.task("f", "print({'a', 'b', 'c', 'd'})", "x = {str(n) for n in range(50)}", SAVE, products=("x",))
    diamond.build()
    before = {path: path.read_bytes() for path in (diamond.root / "output").iterdir()}
    diamond.build(force=True)
    assert {path: path.read_bytes() for path in (diamond.root / "output").iterdir()} == before


def test_a_failure_shows_cell_line_and_traceback(diamond: Folder) -> None:
    diamond.script("b", "y = 1", "y += 1\n1 / 0  # here", upstream=("a",))
    report = diamond.build()
    assert {run.name: run.result for run in report.runs} == {
        "a": "ran",
        "b": "failed",
        "c": "ran",
        "e": "ran",
        "d": "skipped",
    }
    error = _ANSI.sub("", next(run for run in report.runs if run.name == "b").error or "")
    assert error.splitlines()[0] == "tasks/b.py, cell 4, line 2: task 'b' failed"
    assert "----> 2 1 / 0  # here" in error
    assert error.rstrip().splitlines()[-1].startswith("Its notebook, as far as it ran: ")
    assert "ZeroDivisionError: division by zero" in error
    assert not report.ok
    kept = Path(error.rstrip().rpartition(": ")[2])
    assert any("ZeroDivisionError" in str(cell.get("outputs")) for cell in json.loads(kept.read_text())["cells"])


def test_a_failed_task_keeps_the_last_good_products(chain: Folder) -> None:
    chain.build()
    before = {path: path.read_bytes() for path in (chain.root / "output").iterdir()}
    chain.script("load", "x = [9]", SAVE, "1 / 0")
    assert chain.results() == {"load": "failed", "fit": "skipped"}
    assert {path: path.read_bytes() for path in (chain.root / "output").iterdir()} == before
    assert not list((chain.root / ".soorgeon-clone" / "staging").glob("*/"))


def test_fail_fast(diamond: Folder) -> None:
    diamond.script("a", "1 / 0")
    assert diamond.results(fail_fast=True, jobs=1) == dict.fromkeys("bcde", "skipped") | {"a": "failed"}
    assert diamond.results(fail_fast=False, jobs=1) == dict.fromkeys("bcd", "skipped") | {"a": "failed", "e": "ran"}


def test_fail_fast_stops_what_runs(folder: Folder) -> None:
    folder.task("bad", "import time; time.sleep(0.2); 1 / 0")
    folder.task("slow", "import time; time.sleep(60)")
    assert folder.results(fail_fast=True, jobs=2) == {"bad": "failed", "slow": "killed"}


def test_partially(diamond: Folder) -> None:
    with Project(diamond.root) as project:
        report = build(project, Options(names=frozenset({"a", "b"})), executor=executor())
    assert [run.name for run in report.runs if run.ran] == ["a", "b"]
    assert diamond.ran() == ["c", "d", "e"]


def test_force_runs_everything(chain: Folder) -> None:
    chain.build()
    assert chain.ran(force=True) == ["load", "fit"]


def test_one_task_needs_its_upstream_products(chain: Folder) -> None:
    with Project(chain.root) as project:
        report = run_task(project, "fit")
    assert "output/load-x.pkl, a product of its upstream 'load', is missing" in (report.runs[0].error or "")
    chain.build()
    with Project(chain.root) as project:
        assert run_task(project, "fit").runs[0].result == "up to date"
        assert run_task(project, "fit", Options(force=True)).runs[0].result == "ran"


def test_longest_way_first(folder: Folder) -> None:
    folder.task("short", "pass")
    folder.task("long", "import time; time.sleep(0.3)")
    folder.task("head", "pass")
    folder.task("tail", "import time; time.sleep(0.5)", upstream=("head",))
    folder.build(jobs=1)
    started: list[str] = []

    class Order(Listener):
        def started(self, task: Task, causes: tuple[Cause, ...], expected: float | None) -> None:
            started.append(task.name)

    with Project(folder.root) as project:
        build(project, Options(force=True, jobs=1), Order(), executor=executor())
    assert started == ["head", "tail", "long", "short"]


def test_tasks_run_side_by_side_up_to_jobs(folder: Folder) -> None:
    """Each task waits until it sees another one: alone, they would wait for ever."""
    meet = """
    import pathlib, time
    folder = pathlib.Path("meeting")
    folder.mkdir(exist_ok=True)
    (folder / name).touch()
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.01)
    """
    for name in ("left", "right"):
        folder.task(name, meet, params={"name": name}, timeout=30)
    assert set(folder.results(jobs=2).values()) == {"ran"}


def test_timeout_and_retries(folder: Folder) -> None:
    folder.task("slow", "import time; time.sleep(60)", timeout=0.3)
    flaky = "import pathlib\nmark = pathlib.Path('mark')\nif not mark.exists():\n    mark.touch()\n    1 / 0"
    folder.task("flaky", flaky, retries=1)
    warnings: list[str] = []

    class Warned(Listener):
        def warned(self, message: str) -> None:
            warnings.append(message)

    with Project(folder.root) as project:
        report = build(project, Options(), Warned(), executor=executor())
    assert {run.name: run.result for run in report.runs} == {"slow": "failed", "flaky": "ran"}
    assert "took longer than its timeout" in (report.failed[0].error or "")
    assert warnings == ["task 'flaky' failed (error) and is tried again"]


def test_a_task_that_writes_no_product(folder: Folder) -> None:
    folder.task("a", "x = 1", products=("x",))
    (run,) = folder.build().failed
    assert run.error == (
        "task 'a' ran to its end and did not write output/a-x.pkl\nIts code must write to the path in product[\"x\"]."
    )
    assert not list((folder.root / "output").iterdir())


def test_a_product_written_to_its_place_by_a_fixed_path(folder: Folder) -> None:
    cell = "import os\nos.makedirs('output', exist_ok=True)\nopen('output/a-x.pkl', 'wb').write(pickle.dumps(5))"
    folder.task("a", cell, products=("x",))
    assert folder.ran() == ["a"]
    assert folder.load("output/a-x.pkl") == 5
    assert folder.ran() == []


def test_files_beside_a_product_arrive_with_it(folder: Folder) -> None:
    cell = "import pathlib\npathlib.Path(product['x']).with_suffix('.meta').write_text('meta')"
    folder.task("a", "x = 1", SAVE, cell, products=("x",))
    folder.build()
    assert (folder.root / "output/a-x.meta").read_text() == "meta"


def test_a_folder_as_product(folder: Folder) -> None:
    folder.script(
        "a", "import pathlib\nout = pathlib.Path(product['figures'])\nout.mkdir()", "(out / 'one.txt').touch()"
    )
    folder.declare(source="tasks/a.py", product={"nb": "out/a.ipynb", "figures": "out/figures"})
    assert folder.ran() == ["a"]
    assert folder.ran() == []
    (folder.root / "out/figures/two.txt").write_text("2")
    assert folder.stale() == {"a": "PRODUCT_CHANGED"}
    assert folder.ran() == ["a"]
    assert [path.name for path in (folder.root / "out/figures").iterdir()] == ["one.txt"]


def test_other_forms_of_the_notebook(folder: Folder) -> None:
    pytest.importorskip("nbconvert")
    folder.script("a", "print('shown')")
    folder.declare(source="tasks/a.py", product="out/a.html")
    folder.declare(source="tasks/a.py", name="b", product={"nb": "out/b.md"})
    folder.declare(
        source="tasks/a.py",
        name="c",
        product={"page": "out/c.html", "nb": "out/c.ipynb"},
        nb_product_key=["page", "nb"],
    )
    folder.declare(
        source="tasks/a.py",
        name="d",
        product={"nb": "out/d.ipynb", "text": "out/d.txt"},
        nb_product_key=["nb", "text"],
        nbconvert_exporter_name={"text": "asciidoc"},
    )
    assert set(folder.results().values()) == {"ran"}
    assert sorted(path.name for path in (folder.root / "out").iterdir()) == [
        "a.html",
        "b.md",
        "c.html",
        "c.ipynb",
        "d.ipynb",
        "d.txt",
    ]
    assert "----\nshown" in (folder.root / "out/d.txt").read_text()
    assert "shown" in (folder.root / "out/a.html").read_text()
    assert ".soorgeon-clone" not in (folder.root / "out/a.html").read_text()


def test_a_grid_and_its_wildcard(folder: Folder) -> None:
    folder.script("fit", "x = n * 10", SAVE)
    folder.declare(
        source="tasks/fit.py",
        name="fit-",
        product={"nb": "out/fit.ipynb", "x": "out/fit.pkl"},
        grid={"n": [1, 2, 3]},
    )
    cells = "sum(pickle.load(open(one['x'], 'rb')) for one in upstream['fit-*'].values())"
    folder.task("sum", cells, upstream=("fit-*",))
    assert folder.ran() == ["fit-0", "fit-1", "fit-2", "sum"]
    assert "60" in folder.outputs("output/sum.ipynb")
    assert folder.ran() == []
    folder.entries[0]["grid"] = {"n": [1, 2, 4]}
    folder.declare(**folder.entries[0])
    assert folder.ran() == ["fit-2", "sum"]


def test_names_that_are_no_file_names(folder: Folder) -> None:
    name = "a: b | 'c' ü*"
    folder.script("a", "x = 1", SAVE)
    folder.declare(source="tasks/a.py", name=name, product={"nb": "out/a.ipynb", "x": "out/a.pkl"})
    assert folder.ran() == [name]


def test_two_products_that_vanish_upstream(chain: Folder) -> None:
    chain.build()
    (chain.root / "output/load-x.pkl").unlink()
    with Project(chain.root) as project:
        report = build(project, Options(names=frozenset({"fit"})), executor=executor())
    assert report.runs == (report.runs[0],)
    assert "output/load-x.pkl, a product of its upstream 'load', is missing" in (report.runs[0].error or "")
    assert chain.results() == {"load": "ran", "fit": "up to date"}


def test_a_source_that_does_not_exist(folder: Folder) -> None:
    folder.declare(source="tasks/none.py", product="out/none.ipynb")
    (run,) = folder.build().runs
    assert (run.result, run.error) == ("failed", "there is no tasks/none.py: 'soorgeon-clone scaffold' creates it")


def test_upstream_in_pipeline_yaml(folder: Folder) -> None:
    folder.write("tasks/a.py", "open(product['x'], 'w').write('1')\n")
    folder.write("tasks/b.py", "print(upstream['a']['x'])\n")
    folder.write(
        "pipeline.yaml",
        """
        meta: {extract_upstream: false}
        tasks:
        - {source: tasks/a.py, product: {nb: out/a.ipynb, x: out/a.txt}}
        - {source: tasks/b.py, product: out/b.ipynb, upstream: a}
        """,
    )
    assert folder.ran() == ["a", "b"]
    assert "out/a.txt" in folder.outputs("out/b.ipynb")


def test_products_in_the_source(folder: Folder) -> None:
    folder.write(
        "tasks/a.py", '# %% tags=["parameters"]\nupstream = None\nproduct = {"nb": "out/a.ipynb", "x": "out/a.txt"}\n\n'
        "# %%\nopen(product['x'], 'w').write('1')\n"
    )  # fmt: skip
    text = "meta: {{extract_product: true, product_relative_to_source: {flag}}}\ntasks: [{{source: tasks/a.py}}]"
    folder.write("pipeline.yaml", text.format(flag="false"))
    assert folder.ran() == ["a"]
    assert (folder.root / "out/a.txt").exists()
    folder.write("pipeline.yaml", text.format(flag="true"))
    assert folder.ran() == ["a"]
    assert (folder.root / "tasks/out/a.txt").exists()


def test_every_task_is_told_of_once(diamond: Folder) -> None:
    ended: list[TaskRun] = []

    class Ended(Listener):
        def ended(self, run: TaskRun) -> None:
            ended.append(run)

    diamond.script("b", "1 / 0", upstream=("a",))
    with Project(diamond.root) as project:
        build(project, Options(), Ended(), executor=executor())
    assert sorted(run.name for run in ended) == ["a", "b", "c", "d", "e"]


def test_a_serial_executor_runs_one_task_at_a_time(folder: Folder) -> None:
    alone = "import os\nassert not os.path.exists('busy')\nopen('busy', 'w').close()\nos.remove('busy')"
    folder.task("a", alone)
    folder.task("b", alone)
    text = (folder.root / "pipeline.yaml").read_text()
    folder.write("pipeline.yaml", json.dumps({"executor": "serial", **json.loads(text)}))
    with Project(folder.root) as project:
        assert project.spec.jobs == 1
    assert folder.ran() == ["a", "b"]


def test_tasks_that_may_run_together_share_the_cores(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """first -> (left, right) -> last: only the two in the middle share."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("soorgeon_clone.pipeline.building.cores.cores", lambda: 8)
    upstream = {"first": (), "left": ("first",), "right": ("first",), "last": ("left", "right")}
    for name, needed in upstream.items():
        folder.task(name, "import os\nos.environ.get('OMP_NUM_THREADS')", upstream=needed)
    with Project(folder.root) as project:
        assert build(project, Options(jobs=2)).ok
    shown = {name: folder.outputs(f"output/{name}.ipynb") for name in upstream}
    assert shown == {"first": "'8'", "left": "'4'", "right": "'4'", "last": "'8'"}


def test_strict_params(folder: Folder) -> None:
    folder.write("tasks/a.py", '# %% tags=["parameters"]\nupstream = None\nproduct = None\nn = 1\n')
    folder.declare(source="tasks/a.py", product="a.ipynb", static_analysis="strict", params={"n": 2})
    assert folder.ran() == ["a"]
    folder.declare(source="tasks/a.py", product="a.ipynb", static_analysis="strict", params={"n": 2, "m": 3})
    with pytest.raises(UserError, match=r"declares no 'm', but pipeline.yaml gives it"):
        folder.build()
    folder.declare(source="tasks/a.py", product="a.ipynb", static_analysis="strict")
    with pytest.raises(UserError, match=r"declares 'n', but pipeline.yaml does not give it"):
        folder.build()


def test_what_a_task_printed_is_in_a_file(folder: Folder) -> None:
    folder.write("fns.py", "def make(product):\n    print('from the function')\n    product.write_text('')\n")
    folder.declare(source="fns.make", product="made.txt")
    folder.build()
    assert "from the function" in (folder.root / ".soorgeon-clone/logs/make.log").read_text()


def test_a_pipeline_of_wrong_shape_is_a_user_error(folder: Folder) -> None:
    folder.task("a", upstream=("b",))
    with pytest.raises(UserError, match=r"tasks/a.py: upstream 'b' of task 'a' is no task"):
        folder.build()


def test_when_each_cell_ran_is_told_where_it_is_asked_for(chain: Folder) -> None:
    """Not by default: equal inputs give equal bytes. Downstream tasks do not see it."""
    chain.build()

    def timed(name: str) -> list[bool]:
        cells = json.loads((chain.root / f"output/{name}.ipynb").read_text())["cells"]
        return ["execution" in cell["metadata"] for cell in cells if cell["cell_type"] == "code"]

    assert not any(timed("load"))
    product = {"nb": "output/load.ipynb", "x": "output/load-x.pkl"}
    chain.declare(source="tasks/load.py", product=product, executor_params={"record_timing": True})
    assert chain.stale()["load"] == "SETTINGS"
    assert chain.ran() == ["load"]
    assert all(timed("load"))
    chain.declare(source="tasks/load.py", product=product, executor_params={"record_timing": "often"})
    with pytest.raises(UserError, match=r"line 1, tasks\[1\].executor_params.record_timing: expected true or false"):
        chain.build()
