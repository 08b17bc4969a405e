"""Values of environment variables reach tasks, and nothing that is written, kept, shown or sent holds them."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from project_folder import Folder

from soorgeon_clone.cli.app import app
from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.api import Pipeline
from soorgeon_clone.pipeline.declared import spec
from soorgeon_clone.pipeline.declared.values import Lookup, literal, resolved, typed
from soorgeon_clone.pipeline.elsewhere import bundle
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.state.fingerprint import canonical
from soorgeon_clone.pipeline.status.project import Project

SECRET = "hunter2-Zm9vYmFy"
VARIABLES = {
    "PW": SECRET,
    "NUMBER": "987654321",
    "FLAG": "TRUE",
    "RATE": "0.125987",
    "ITEMS": f"['{SECRET}', 'b']",
    "QUOTED": f"say \"{SECRET}\"\\n'x'",
    "NOTHING": "",
}
ENV = {
    "password": "{{env.PW}}",
    "url": "postgres://u:{{password}}@h/{{env.NUMBER}}",
    "db": {"url": "{{url}}", "user": "u"},
    "option": "default",
}

# What pipeline.yaml says -> what the task gets.
PARAMS: dict[str, tuple[Any, Any]] = {
    "direct": ("{{env.PW}}", SECRET),
    "spaces": ("{{ env.PW }}", SECRET),
    "text": ("postgres://u:{{env.PW}}@h", f"postgres://u:{SECRET}@h"),
    "twice": ("{{env.PW}}/{{env.NUMBER}}", f"{SECRET}/987654321"),
    "nested": ({"a": [{"b": "{{env.PW}}"}, 1], "c": None}, {"a": [{"b": SECRET}, 1], "c": None}),
    "through_env_yaml": ("{{password}}", SECRET),
    "through_two": ("{{url}}", f"postgres://u:{SECRET}@h/987654321"),
    "within_a_mapping": ("{{db.url}}", f"postgres://u:{SECRET}@h/987654321"),
    "a_mapping": ("{{db}}", {"url": f"postgres://u:{SECRET}@h/987654321", "user": "u"}),
    "option": ("{{option}}", SECRET),
    "number": ("{{env.NUMBER}}", 987654321),
    "digits": ("1{{env.NUMBER}}", 1987654321),
    "flag": ("{{env.FLAG}}", True),
    "rate": ("{{env.RATE}}", 0.125987),
    "items": ("{{env.ITEMS}}", [SECRET, "b"]),
    "quoted": ("{{env.QUOTED}}", VARIABLES["QUOTED"]),
    "nothing": ("{{env.NOTHING}}", ""),
    "os": ("{{env.PW}}", SECRET),
}
OPTION = ["--env--option", "{{env.PW}}"]
SAVE_HASHES = """
import hashlib
values = {name: hashlib.sha256(repr(globals().get(name)).encode()).hexdigest() for name in NAMES}
with open(product["x"], "w") as file:
    file.write("\\n".join(f"{name} {value}" for name, value in values.items()))
"""


def hashed(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / "cache"))
    folder = Folder(tmp_path / "project")
    folder.write("env.yaml", yaml.safe_dump(ENV, sort_keys=False))
    monkeypatch.chdir(folder.root)
    return folder


def everything_in(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink()
    }


def holders(folder: Path) -> list[str]:
    """The files that hold a secret, also as a part or as digits."""
    secrets = (SECRET, SECRET[4:], VARIABLES["NUMBER"], VARIABLES["RATE"][2:])
    return [name for name, data in everything_in(folder).items() if any(one.encode() in data for one in secrets)]


def full(folder: Folder) -> None:
    """A pipeline in which every kind of task, hook and grid gets secrets."""
    names = sorted(set(PARAMS) - {"os"})
    folder.script("a", f"NAMES = {names}", SAVE_HASHES)
    folder.script("b", "NAMES = ['which']", SAVE_HASHES)
    folder.script("c", "NAMES = ['os']", SAVE_HASHES)
    folder.write(
        "trust_tasks.py",
        """
        import hashlib

        def made(product, upstream=None, **params):
            told = {name: hashlib.sha256(repr(value).encode()).hexdigest() for name, value in params.items()}
            product.write_text("\\n".join(f"{name} {value}" for name, value in told.items()))

        def hook(params, token, task):
            assert params == task.params
            with open("hooked.txt", "w") as file:
                file.write(hashlib.sha256(repr((token, params["nested"])).encode()).hexdigest())

        def computed(token):
            return hashlib.sha256(repr(token).encode()).hexdigest()
        """,
    )
    params = {name: given for name, (given, _) in PARAMS.items()}
    product = {"nb": "output/{}.ipynb", "x": "output/{}.txt"}
    tasks = [
        {
            "source": "tasks/a.py",
            "product": {key: path.format("a") for key, path in product.items()},
            "params": {name: params[name] for name in names},
            "on_finish": {"dotted_path": "trust_tasks.hook", "token": "{{env.PW}}"},
        },
        {
            "source": "tasks/b.py",
            "name": "b-",
            "product": {key: path.format("b") for key, path in product.items()},
            "grid": {"which": ["{{env.PW}}", "x{{env.NUMBER}}"], "item": "{{env.ITEMS}}"},
        },
        {
            "source": "tasks/c.py",
            "product": {key: path.format("c") for key, path in product.items()},
            "params": {"os": params["os"], "later": "{{env.PW}}"},
        },
        {"source": "trust_tasks.made", "product": "output/made.txt", "params": params},
        {
            "source": "trust_tasks.made",
            "name": "computed",
            "product": "output/computed.txt",
            "params": {"x": {"dotted_path": "trust_tasks::computed", "token": "{{url}}"}},
        },
    ]
    folder.write("pipeline.yaml", yaml.safe_dump({"tasks": tasks}, sort_keys=False))


def test_tasks_get_them_and_nothing_keeps_them(
    project: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full(project)
    store = str(tmp_path / "store")
    pipeline = Pipeline(project.root, env={"option": "{{env.PW}}"}, store=store)
    report = pipeline.build(jobs=1)
    assert report.ok, [run.error for run in report.runs if run.error]
    expected = {name: hashed(value) for name, (_, value) in PARAMS.items()}
    for path in ("output/a.txt", "output/c.txt", "output/made.txt"):
        got = dict(line.split(" ", 1) for line in (project.root / path).read_text().splitlines())
        assert got == {name: expected[name] for name in got}, path
    grid = [(project.root / f"output/b-{number}.txt").read_text().split()[1] for number in range(4)]
    assert grid == [hashed(SECRET), hashed(SECRET), hashed("x987654321"), hashed("x987654321")]
    nested = PARAMS["nested"][1]
    assert (project.root / "hooked.txt").read_text() == hashed((SECRET, nested))
    assert hashed(hashed(PARAMS["through_two"][1])) in (project.root / "output/computed.txt").read_text()
    shown = ""
    for command in (
        ["status"],
        ["status", "--json"],
        ["status", "--explain", "a"],
        ["status", "--history"],
        ["plot", "-o", "-"],
        ["plot", "-o", "drawn.html"],
        ["report", "-o", "page.html"],
        ["nb", "--inject"],
        ["export", "--to", "airflow"],
        ["export", "--to", "argo", "--out", "argo"],
        ["scaffold"],
    ):
        result = CliRunner().invoke(
            app, [*command, *OPTION, *(["--store", store] if command[0] in ("export",) else [])]
        )
        assert isinstance(result.exception, (UserError, SystemExit, type(None))), result.exception
        shown += result.output + str(result.exception)
    assert SECRET not in shown
    assert "987654321" not in shown
    assert holders(tmp_path) == []
    assert "env.PW" in (project.root / "page.html").read_text()
    assert all(not status.causes for status in pipeline.status())
    monkeypatch.setenv("PW", "another")
    changed = {status.name: str(status.causes[0]) for status in pipeline.status() if status.causes}
    assert changed["c"] in ("params changed (later)", "params changed (os)")
    assert set(changed) == {"a", "b-0", "b-1", "c", "made", "computed"}


def test_a_cell_that_was_injected_runs(project: Folder) -> None:
    full(project)
    CliRunner().invoke(app, ["nb", "--inject", *OPTION])
    text = (project.root / "tasks/a.py").read_text()
    cell = text.rpartition('# %% tags=["injected-parameters"]')[2].partition("# %%")[0]
    names: dict[str, Any] = {}
    exec(cell, names)
    assert {name: names[name] for name in PARAMS if name != "os"} == {
        name: value for name, (_, value) in PARAMS.items() if name != "os"
    }
    CliRunner().invoke(app, ["nb", "--remove", *OPTION])
    assert "injected" not in (project.root / "tasks/a.py").read_text()


def test_what_travels_to_workers_holds_none(project: Folder, tmp_path: Path) -> None:
    full(project)
    top = yaml.safe_load((project.root / "pipeline.yaml").read_text())
    top["export"] = {"env": {"TOKEN": "{{env.PW}}"}}
    top["tasks"][0]["export"] = {"env": {"TOKEN": "{{env.PW}}"}}
    project.write("pipeline.yaml", yaml.safe_dump(top))
    with Project(project.root, env={"option": "{{env.PW}}"}) as loaded:
        loaded.compute()
        bundle.pack(loaded, loaded.tasks)
        assert holders(tmp_path) == []
        task = loaded.tasks["a"]
    assert SECRET.encode() not in pickle.dumps(task.spec.params)
    with pytest.MonkeyPatch.context() as worker:
        worker.delenv("PW")
        with pytest.raises(UserError, match="the environment has no variable 'PW'"):
            canonical(task.spec.params)
        worker.setenv("PW", "other")
        assert resolved(pickle.loads(pickle.dumps(task.spec.params)))["direct"] == "other"


REFUSED: dict[str, tuple[str, str]] = {
    "the whole environment": ('{x: "{{env}}"}', "{{env}} stands for all variables"),
    "the whole environment in a text": ('{x: "a {{env}}"}', "{{env}} stands for all variables"),
    "a variable that is not there": ('{x: "{{env.NOT_THERE}}"}', "no value for the placeholder {{env.NOT_THERE}}"),
    "a part of a variable": ('{x: "{{env.PW.y}}"}', "no value for the placeholder {{env.PW.y}}"),
    "no name": ('{x: "{{env.}}"}', "{{env.}}: expected name"),
    "a mapping of secrets in a text": ('{x: "a {{db}}"}', "stands within a text"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str, project: Folder) -> None:
    params, message = REFUSED[what]
    project.write("pipeline.yaml", f"tasks: [{{source: a.py, product: a.ipynb, params: {params}}}]")
    with pytest.raises(UserError) as caught:
        spec.load(project.root)
    assert message in caught.value.message
    assert SECRET not in str(caught.value)


def test_paths_and_settings_hold_the_value(project: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What names a file or a place is the value itself, as before."""
    monkeypatch.setenv("PLACE", "here")
    project.write(
        "pipeline.yaml",
        """
        store: "s3://{{env.PLACE}}/x"
        tasks:
        - source: "{{env.PLACE}}.py"
          name: "t-[[n]]"
          product: "{{env.PLACE}}/[[n]].ipynb"
          grid: {n: ["{{env.PLACE}}"]}
          params: {resources_: {data: "{{env.PLACE}}.csv"}}
          timeout: "{{env.NUMBER}}"
        """,
    )
    monkeypatch.setenv("NUMBER", "9")
    loaded = spec.load(project.root)
    (task,) = loaded.tasks
    assert (loaded.store, task.source.path, task.name) == ("s3://here/x", "here.py", "t-here")
    assert task.products is not None
    assert task.products[0].path == "here/here-0.ipynb"
    assert (task.resources, task.timeout) == ({"data": "here.csv"}, 9.0)
    assert isinstance(task.params["n"], Lookup)


def test_a_key_env_of_env_yaml_goes_first(project: Folder) -> None:
    project.write("env.yaml", "env: {PW: mine}\n")
    project.write("pipeline.yaml", 'tasks: [{source: a.py, product: a.ipynb, params: {x: "{{env.PW}}"}}]')
    assert dict(spec.load(project.root).tasks[0].params) == {"x": "mine"}


@pytest.mark.parametrize(
    "text",
    [
        "x", "", " ", "1", "-1", "+1", "1_000", "0x1F", "007", "1.5", "1e3", "1e999", "nan", "true", "False", "none",
        "Null", "[1, 2]", "{'a': 1}", "(1,)", "'quoted'", "b'x'", "1+2j", "it's", 'a"b', "a\\b", "a\nb", "é", "\udc80",
        "{x}", "9" * 5000, "0x" + "f" * 5000, "None ", "[" * 300,
    ],
)  # fmt: skip
def test_the_expression_gives_what_the_text_denotes(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The types of values are those that they had when they were written out."""
    monkeypatch.setenv("V", text)
    lookup = Lookup(("", "V", ""))
    value = eval(lookup.expression, {"os": os})
    assert repr(value) == repr(typed(text)) == repr(lookup.value)
    assert len(text) < 3 or text not in literal({"a": [lookup]}) or text.lower() in ("none", "null", "true")


def test_digests_are_slow_and_tell_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIN", "1234")
    monkeypatch.setenv("OTHER", "1234")
    pin = Lookup(("", "PIN", ""))
    first = canonical(pin)
    assert first == canonical(Lookup(("", "PIN", "")))
    assert first != canonical(Lookup(("", "OTHER", "")))  # nobody sees that two are equal
    assert digest("1234") not in first
    assert digest(canonical("1234")) not in first
    monkeypatch.setenv("PIN", "1235")
    assert canonical(pin) != first
    assert "1235" not in repr(pin) + str(pin) + f"{pin}" + str({"a": pin})


def test_dask_workers_look_them_up(project: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sources in the store and the answers hold the name."""
    pytest.importorskip("distributed")
    # new processes of Dask look at the spec of this module, and other tests leave one without
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    project.script("a", "NAMES = ['pw']", SAVE_HASHES)
    project.declare(
        source="tasks/a.py", product={"nb": "output/a.ipynb", "x": "output/a.txt"}, params={"pw": "u:{{env.PW}}"}
    )
    report = Pipeline(project.root, store=str(tmp_path / "store")).build(jobs=1, engine="dask")
    assert report.ok, [run.error for run in report.runs if run.error]
    assert (project.root / "output/a.txt").read_text() == f"pw {hashed('u:' + SECRET)}"
    assert holders(tmp_path) == []
