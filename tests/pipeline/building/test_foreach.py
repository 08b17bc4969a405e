"""``foreach``: tasks that are known when what they go through is there; each element is stale by itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from project_folder import SAVE, Folder

from soorgeon_clone.cli.app import app
from soorgeon_clone.cli.task import command

GATHER = """x = {}
for name, paths in upstream["fit-*"].items():
    with open(paths["x"], "rb") as file:
        x[name] = pickle.load(file)"""
PLAIN = "x = (key, item)"
LOADED = """with open(item, "rb") as file:
    x = (key, pickle.load(file))"""


def fan(folder: Folder, value: str, code: str = PLAIN, **more: Any) -> None:
    """load -> one fit for each element of ``value`` -> gather."""
    folder.task("load", f"x = {value}", SAVE, products=("x",))
    folder.script("fit", code, SAVE)
    product = {"nb": "output/fit-[[key]].ipynb", "x": "output/fit-[[key]]-x.pkl"}
    folder.declare(**{"source": "tasks/fit.py", "name": "fit-[[key]]", "product": product, "foreach": "load", **more})
    folder.task("gather", GATHER, SAVE, upstream=("fit-*",), products=("x",))


def gathered(folder: Folder) -> dict[str, Any]:
    found = folder.load("output/gather-x.pkl")
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        ("['a', 'b']", PLAIN, {"fit-a": ("a", "a"), "fit-b": ("b", "b")}),
        ("range(2)", PLAIN, {"fit-0": (0, 0), "fit-1": (1, 1)}),
        ("{'a': 1, 'b': [2]}", PLAIN, {"fit-a": ("a", 1), "fit-b": ("b", [2])}),
        ("{'a': (1,), 'b': {3}}", LOADED, {"fit-a": ("a", (1,)), "fit-b": ("b", {3})}),
        ("['a', 'a']", PLAIN, {"fit-a": ("a", "a"), "fit-a.2": ("a", "a")}),
        ("[]", PLAIN, {}),
        ("{}", PLAIN, {}),
    ],
)
def test_each_element_is_a_task_of_its_own(folder: Folder, value: str, code: str, expected: dict[str, Any]) -> None:
    fan(folder, value, code)
    ran = folder.ran()
    assert set(ran) == {"load", "fit-elements", *expected, "gather"}
    assert gathered(folder) == expected
    assert folder.ran() == []


def test_names_that_fit_no_file_have_a_digest(folder: Folder) -> None:
    fan(folder, "['North/America', '../x', 'a', 'A', '']")
    folder.ran()
    names = sorted(gathered(folder))
    assert [value[1] for value in gathered(folder).values()] == ["North/America", "../x", "a", "A", ""]
    assert len({name.casefold() for name in names}) == 5
    assert all(path.parent == folder.root / "output" for path in (folder.root / "output").rglob("fit-*-x.pkl"))


def test_a_folder_of_files_is_gone_through(folder: Folder) -> None:
    make = """import pathlib
for name in NAMES:
    path = pathlib.Path(product["files"], name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)"""
    folder.script("load", make.replace("NAMES", "['a.txt', 'in/b.txt']"))
    folder.declare(source="tasks/load.py", product={"nb": "output/load.ipynb", "files": "output/files"})
    folder.script("fit", "x = (key, open(item).read())", SAVE)
    product = {"nb": "output/fit-[[key]].ipynb", "x": "output/fit-[[key]]-x.pkl"}
    folder.declare(
        source="tasks/fit.py", name="fit-[[key]]", product=product, foreach={"task": "load", "product": "files"}
    )
    folder.task("gather", GATHER, SAVE, upstream=("fit-*",), products=("x",))
    folder.ran()
    assert sorted(gathered(folder).values()) == [("a.txt", "a.txt"), ("in/b.txt", "in/b.txt")]
    folder.script("load", make.replace("NAMES", "['a.txt', 'in/b.txt', 'c.txt']"))
    assert folder.ran() == ["load", "fit-elements", "fit-c.txt", "gather"]


@pytest.mark.parametrize("code", [PLAIN, LOADED])
def test_one_added_runs_itself_one_changed_runs_again_one_removed_goes(
    folder: Folder, no_cache: None, code: str
) -> None:
    def value(**elements: int) -> str:
        return str({key: one if code == PLAIN else (one,) for key, one in elements.items()})

    fan(folder, value(a=1, b=2), code)
    folder.ran()
    fan(folder, value(z=0, a=1, b=2), code)
    assert folder.ran() == ["load", "fit-elements", "fit-z", "gather"]
    fan(folder, value(z=0, a=1, b=3), code)
    assert folder.ran() == ["load", "fit-elements", "fit-b", "gather"]
    fan(folder, value(a=1, b=3), code)
    assert folder.ran() == ["load", "fit-elements", "gather"]
    assert set(gathered(folder)) == {"fit-a", "fit-b"}
    assert not list((folder.root / "output").glob("fit-z*"))


def test_status_tells_what_is_known(folder: Folder) -> None:
    fan(folder, "['a', 'b']")
    assert list(folder.status()) == ["load", "fit-elements", "fit-[[key]]", "gather"]
    folder.ran()
    assert [(name, one.up_to_date) for name, one in folder.status().items()] == [
        (name, True) for name in ("load", "fit-elements", "fit-a", "fit-b", "gather")
    ]


def test_the_cache_brings_elements_back(folder: Folder) -> None:
    fan(folder, "{'a': (1,), 'b': (2,)}", LOADED)
    folder.ran()
    for path in sorted((folder.root / "output").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert set(folder.results().values()) == {"restored"}
    assert set(gathered(folder)) == {"fit-a", "fit-b"}


def test_an_element_that_fails_leaves_the_others(folder: Folder) -> None:
    fan(folder, "[1, 0]", "x = 1 / item")
    report = folder.build()
    results = {run.name: run.result for run in report.runs}
    assert results == {"load": "ran", "fit-elements": "ran", "fit-1": "ran", "fit-0": "failed", "gather": "skipped"}


def test_a_part_of_the_tasks_is_built(folder: Folder) -> None:
    fan(folder, "['a', 'b']")
    folder.ran()
    fan(folder, "['a', 'b', 'c']")
    names = frozenset({"load", "fit-elements", "fit-a"})
    assert folder.ran(names=names) == ["load", "fit-elements"]
    assert folder.ran() == ["fit-c", "gather"]


def test_elements_of_elements(folder: Folder) -> None:
    fan(folder, "['a', 'b']")
    folder.script("again", "x = item[0]", SAVE)
    product = {"nb": "output/again-[[key]].ipynb", "x": "output/again-[[key]].pkl"}
    more = {"foreach": {"task": "gather", "product": "x"}}
    folder.declare(source="tasks/again.py", name="again-[[key]]", product=product, **more)
    assert folder.ran()[-3:] == ["again-elements", "again-fit-a", "again-fit-b"]


def test_a_function_takes_what_it_names(folder: Folder) -> None:
    folder.write(
        "work.py",
        "def one(product, item):\n    product.write_text(item.read_text() if hasattr(item, 'name') else item)\n",
    )
    folder.task("load", "x = ['a']", SAVE, products=("x",))
    folder.declare(source="work.one", name="one", product="output/one.txt", foreach="load")
    assert folder.ran() == ["load", "one-elements", "one-a"]
    assert (folder.root / "output" / "one-a.txt").read_text() == "a"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"grid": {"n": [1]}}, "'grid' or 'foreach', not both"),
        ({"params": {"key": 1}}, "'key' is what 'foreach' gives"),
        ({"foreach": "none"}, "upstream 'none' of task 'fit-elements' is no task"),
        ({"foreach": {"task": "load", "product": "y"}}, "goes through one product of task 'load'"),
        ({"foreach": 3}, "expected the name of a task"),
    ],
)
def test_what_cannot_be_is_said(folder: Folder, more: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=message):
        fan(folder, "[1]", **more)
        folder.status()


def test_what_has_no_elements_is_said(folder: Folder) -> None:
    fan(folder, "'text'")
    failed = next(run for run in folder.build().runs if run.result == "failed")
    assert failed.name == "fit-elements"
    assert "an object of type str" in str(failed.error)


@pytest.mark.parametrize(
    "text",
    [
        '[{"label": "../../x", "key": 1, "item": 1}]',
        '[{"label": "a", "key": 1, "file": "../../x", "own": true}]',
        '[{"label": "a", "key": 1, "file": "/etc/passwd", "own": false}]',
        '[{"label": "a", "key": 1, "item": 1}, {"label": "a", "key": 2, "item": 2}]',
        '{"a": 1}',
        "[" * 100_000,
    ],
)
def test_what_others_write_into_the_list_is_not_believed(folder: Folder, text: str) -> None:
    fan(folder, "['a']")
    folder.ran()
    index: Path = folder.root / "output" / "fit-elements" / "elements.json"
    index.write_text(text)
    assert "fit-[[key]]" in folder.status()
    folder.build()
    assert set(gathered(folder)) == {"fit-a"}


def test_the_order_of_elements_counts(folder: Folder, no_cache: None) -> None:
    """Who gathers a list gets it in the order of the elements; the same goes for a grid."""
    fan(folder, "['a', 'b']")
    folder.ran()
    fan(folder, "['b', 'a']")
    assert folder.ran() == ["load", "fit-elements", "gather"]
    assert list(gathered(folder)) == ["fit-b", "fit-a"]


class Checkout:
    """A copy of a project's sources with a cache of its own, and a store that all copies share."""

    def __init__(self, folder: Folder, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.base, self.folder, self.monkeypatch = base, folder, monkeypatch
        self.count = 0

    def task(self, name: str, *options: str) -> tuple[str, Path]:
        """Run a task in a new copy; what was said, and where."""
        self.count += 1
        copy = self.base / f"copy-{self.count}"
        shutil.copytree(self.folder.root, copy, ignore=shutil.ignore_patterns("output", ".soorgeon-clone"))
        self.monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(self.base / f"cache-{self.count}"))
        self.monkeypatch.chdir(copy)
        result = CliRunner().invoke(command, [name, "--store", str(self.base / "store"), *options])
        assert result.exit_code == 0, result.output
        return result.output, copy


@pytest.mark.parametrize(("value", "code"), [("{'a': 1, 'b': 2}", PLAIN), ("{'a': (1,), 'b': (2,)}", LOADED)])
def test_machines_that_share_a_store_alone(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, code: str
) -> None:
    fan(folder, value, code)
    checkout = Checkout(folder, tmp_path, monkeypatch)
    checkout.task("load")
    output, _ = checkout.task("fit-elements", "--names-to", "-")
    assert output.splitlines()[-1] == '["fit-a", "fit-b"]'
    _, copy = checkout.task("fit-a")
    assert not (copy / "output" / "fit-elements" / "b.pkl").exists()  # what others need stays in the store
    checkout.task("fit-b")
    _, copy = checkout.task("gather")
    found = Folder(copy).load("output/gather-x.pkl")
    assert found == {"fit-a": ("a", eval(value)["a"]), "fit-b": ("b", eval(value)["b"])}
    assert "up to date" in checkout.task("fit-a", "--no-fetch")[0]


def test_one_job_can_do_all_elements(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fan(folder, "['a', 'b']")
    checkout = Checkout(folder, tmp_path, monkeypatch)
    for name in ("load", "fit-elements", "fit-[[key]]", "gather"):
        _, copy = checkout.task(name)
    assert Folder(copy).load("output/gather-x.pkl") == {"fit-a": ("a", "a"), "fit-b": ("b", "b")}


def test_commands_that_read_sources_pass_over_the_split(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    fan(folder, "['a']")
    folder.ran()
    monkeypatch.chdir(folder.root)
    for arguments, code in ((["scaffold"], 0), (["plot", "-o", "x.svg"], 0), (["nb", "--inject"], 0), (["join"], 1)):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == code, (arguments, result.output, result.exception)
        assert not code or "belongs to a 'foreach'" in str(result.exception)


def test_products_outside_of_the_project(folder: Folder) -> None:
    product = {"nb": "../out/fit-[[key]].ipynb", "x": "../out/fit-[[key]].pkl"}
    fan(folder, "{'a': (1,)}", LOADED, product=product)
    path = folder.root / "pipeline.yaml"
    path.write_text(path.read_text().replace('{"tasks"', '{"allow_outside": true, "tasks"'))
    assert folder.ran() == ["load", "fit-elements", "fit-a", "gather"]
    assert gathered(folder) == {"fit-a": ("a", (1,))}
    assert (folder.root / "../out/fit-a.pkl").exists()
    assert folder.ran() == []
