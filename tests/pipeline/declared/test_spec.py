"""pipeline.yaml is read as Ploomber reads it, and what is wrong in it is named with file, line and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.declared import spec
from soorgeon_clone.pipeline.declared.dotted import Called
from soorgeon_clone.pipeline.declared.env import Given
from soorgeon_clone.pipeline.declared.model import Hook, Product, Requests, Spec
from soorgeon_clone.pipeline.declared.values import Lookup, resolved
from soorgeon_clone.pipeline.status.project import Project


def loads(text: str, tmp_path: Path, **env: Any) -> Spec:
    return spec.loads(text, path=tmp_path / "pipeline.yaml", env=env)


def test_a_plain_pipeline(tmp_path: Path) -> None:
    (task,) = loads("tasks:\n  - source: tasks/load.py\n    product: {nb: a.ipynb, df: b.pkl}\n", tmp_path).tasks
    assert (task.name, task.source.kind, task.source.path, task.line) == ("load", "script", "tasks/load.py", 2)
    assert task.products == (Product("nb", "a.ipynb"), Product("df", "b.pkl"))


def test_a_list_is_the_tasks(tmp_path: Path) -> None:
    (task,) = loads("- source: fns.load\n  product: data.csv\n", tmp_path).tasks
    assert (task.name, task.source.kind, task.products) == ("load", "function", (Product(None, "data.csv"),))


ERRORS = {
    "unknown key at the top": ("tasks: []\ntask: []", "line 2: unknown key 'task'", "'tasks'"),
    "unknown key of a task": (
        "tasks:\n- source: a.py\n  product: a.ipynb\n  parms: {}",
        "line 4: unknown key 'parms'",
        "Did you mean 'params'?",
    ),
    "unknown key of meta": ("meta: {extract_upstreams: true}\ntasks: []", "extract_upstreams", "'extract_upstream'"),
    "duplicate key": ("tasks:\n- source: a.py\n  product: a\n  source: b.py", "line 4: key 'source' stands twice", ""),
    "duplicate name": (
        "tasks:\n- {source: a.py, product: a.ipynb}\n- {source: x/a.py, product: b.ipynb}",
        "line 3: a second task is called 'a'; the first is in line 2",
        "another 'name'",
    ),
    "no tasks": ("meta: {}", "'tasks' must be a list", ""),
    "empty tasks": ("tasks: []", "'tasks' must be a list", ""),
    "tasks no list": ("tasks: {a: b}", "line 1, tasks", ""),
    "empty file": ("", "expected a mapping", ""),
    "a class that there is not": (
        "tasks:\n- {source: a.csv, class: PostgresCopyFrom, product: [t, table]}",
        "Ploomber's 'PostgresCopyFrom' is not here",
        "SQLUpload, or a function that calls COPY",
    ),
    "no source": ("tasks:\n- product: a.ipynb", "line 2, tasks[0]: a task needs a 'source'", ""),
    "no product": ("tasks:\n- source: a.py", "a task needs a 'product'", ""),
    "no notebook among products": (
        "tasks:\n- source: a.py\n  product: {df: a.pkl}",
        "one product must be the executed notebook",
        "nb: output/a.ipynb",
    ),
    "upstream in the file": ("tasks:\n- {source: a.py, product: a.ipynb, upstream: [b]}", "stands in the source", ""),
    "SQL": (
        "tasks:\n- {source: a.sql, product: [x]}",
        "line 2, tasks[0].product: expected [name, kind]",
        "[analytics,",
    ),
    "a kind of source": ("tasks:\n- {source: a.f90/x, product: x}", "is no source", ""),
    "resources": (
        "tasks:\n- source: a.py\n  product: a.ipynb\n  resources:\n    cpu: 2",
        "line 5: unknown key 'cpu' in resources",
        "Did you mean 'cpus'?",
    ),
    "no amount of memory": (
        "tasks:\n- source: a.py\n  product: a.ipynb\n  resources: {memory: lots}",
        "line 4, tasks[0].resources.memory: expected a size",
        "",
    ),
    "half a GPU": (
        "tasks:\n- source: a.py\n  product: a.ipynb\n  resources: {gpus: 0.5}",
        "line 4, tasks[0].resources.gpus: expected a whole number",
        "",
    ),
    "export": ("export: argo\ntasks:\n- source: a.py\n  product: a.ipynb", "line 1, export: expected a mapping", ""),
    "location": ("location: make", "expected module.function", "The function returns"),
    "no source at all": ("tasks:\n- {source: a.txt/b, product: x}", "is no source", ""),
    "bad YAML": ("tasks:\n- source: [a", "line 2", ""),
    "placeholder without quotes": ("tasks:\n- source: {{a}}\n  product: b", "line 2", "Placeholders need quotes"),
    "no value for a placeholder": (
        'tasks:\n- {source: a.py, product: "{{out}}/a.ipynb"}',
        "no value for the placeholder {{out}}",
        "--env--out",
    ),
    "grid without name": ("tasks:\n- {source: a.py, product: a.ipynb, grid: {n: [1]}}", "needs a 'name'", ""),
    "grid and params": (
        "tasks:\n- {source: a.py, name: a-, product: a.ipynb, grid: {n: [1]}, params: {n: 2}}",
        "'n' stands in 'grid' and in 'params'",
        "",
    ),
    "unknown grid parameter": (
        "tasks:\n- {source: a.py, name: 'a-[[m]]', product: a.ipynb, grid: {n: [1]}}",
        "[[m]] is no parameter of the grid",
        "",
    ),
    "bad params": ("tasks:\n- {source: a.py, product: a.ipynb, params: [1]}", "params: expected a mapping", ""),
    "reserved param": ("tasks:\n- {source: a.py, product: a.ipynb, params: {upstream: 1}}", "cannot be called", ""),
    "bad timeout": ("tasks:\n- {source: a.py, product: a.ipynb, timeout: soon}", "expected a number", ""),
    "bad memory": ("tasks:\n- {source: a.py, product: a.ipynb, memory_limit: lots}", "such as 2GB", ""),
    "bad executor": ("executor: fast\ntasks:\n- {source: a.py, product: a.ipynb}", "'serial', 'parallel'", ""),
    "list as product": ("tasks:\n- {source: a.py, product: [schema, name]}", "expected the path of a file", ""),
}


@pytest.mark.parametrize(("text", "message", "hint"), ERRORS.values(), ids=ERRORS)
def test_errors_say_where_and_what(text: str, message: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        loads(text, tmp_path)
    assert "pipeline.yaml" in caught.value.message
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.exit_code == 2


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no"):
        spec.load(tmp_path / "pipeline.yaml")


def test_another_ending(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yml").write_text("tasks: [{source: a.py, product: a.ipynb}]")
    with pytest.raises(UserError, match=r"Rename .*pipeline\.yml to pipeline\.yaml"):
        spec.load(tmp_path / "pipeline.yaml")


def test_deep_nesting_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        loads("tasks: " + "[" * 5000 + "]" * 5000, tmp_path)


def test_anchors_and_merge_keys(tmp_path: Path) -> None:
    text = """
tasks:
- &base {source: a.py, product: a.ipynb, params: {n: 1}}
- <<: *base
  name: b
  product: b.ipynb
"""
    first, second = loads(text, tmp_path).tasks
    assert (first.params, second.params, second.name) == ({"n": 1}, {"n": 1}, "b")
    assert second.products == (Product(None, "b.ipynb"),)


def test_grid_is_named_as_ploomber_does(tmp_path: Path) -> None:
    text = """
tasks:
- source: fit.py
  name: fit-
  product: {nb: out/fit.ipynb, model: out/model.tar.gz}
  grid: {a: [1, 2], b: [x, y]}
- source: fit.py
  name: "other-[[a]]"
  product: "out/other-[[a]].ipynb"
  grid: [{a: [0.5]}, {a: [7]}]
"""
    tasks = loads(text, tmp_path).tasks
    assert [task.name for task in tasks] == ["fit-0", "fit-1", "fit-2", "fit-3", "other-0.5", "other-7"]
    assert [dict(task.params) for task in tasks[:2]] == [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}]
    assert [product.path for product in tasks[3].products or ()] == ["out/fit-3.ipynb", "out/model-3.tar.gz"]
    assert [product.path for product in tasks[5].products or ()] == ["out/other-7-1.ipynb"]


def test_placeholders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "env.yaml").write_text('out: "{{here}}/results"\nnested: {n: 3}\nname: data\nflag: "true"\nspare: 1\n')
    monkeypatch.setenv("SECRET_NAME", "abc")
    text = """
tasks:
- source: a.py
  product: "{{out}}/{{name}}.ipynb"
  params: {n: "{{nested.n}}", text: "n={{nested.n}}", flag: "{{flag}}", plain: "3", env: "{{env.SECRET_NAME}}"}
"""
    loaded = loads(text, tmp_path, name="other")
    (task,) = loaded.tasks
    assert task.products == (Product(None, f"{tmp_path}/results/other.ipynb"),)
    looked_up = Lookup(("", "SECRET_NAME", ""))
    assert dict(task.params) == {"n": 3, "text": "n=3", "flag": True, "plain": "3", "env": looked_up}
    assert resolved(looked_up) == "abc"
    assert loaded.warnings == ("env.yaml: spare is not used in pipeline.yaml",)


@pytest.mark.parametrize(
    ("loader", "root", "found"),
    [
        ("{path: code}", ".", "code/a.py"),
        ("{module: pack}", ".", "pack/a.py"),
        ("{module: pack, path: code}", ".", "pack/code/a.py"),
        ("{module: other.inner}", ".", "src/other/inner/a.py"),
        ("{module: pack, path: code}", "pack", "code/a.py"),
        ("{path: empty}", ".", "a.py"),
    ],
)
def test_where_sources_are_looked_for(loader: str, root: str, found: str, tmp_path: Path) -> None:
    for path in ("a.py", "code/a.py", "pack/a.py", "pack/code/a.py", "src/other/inner/a.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    text = f"meta: {{source_loader: {loader}}}\ntasks: [{{source: a.py, product: a.ipynb}}]"
    loaded = loads(text, tmp_path / root)
    assert (loaded.tasks[0].source.path, loaded.tasks[0].name, loaded.warnings) == (found, "a", ())


@pytest.mark.parametrize(
    ("files", "root"),
    [(("setup.py", "src/pack/__init__.py"), "."), (("pyproject.toml", "src/pack/__init__.py"), "."), ((), "src/pack")],
)
def test_the_root_of_a_package(files: tuple[str, ...], root: str, tmp_path: Path) -> None:
    for name in ("src/pack/pipeline.yaml", *files):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    text = "tasks: [{source: m.f, product: a, params: {x: '{{root}}'}}]"
    (task,) = loads(text, tmp_path / "src/pack").tasks
    assert dict(task.params) == {"x": str((tmp_path / root).resolve())}


def test_where_unused_values_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "env.dev.yaml").write_text("folder: x\nout: '{{folder}}/y'\nspare: 1\nmeta: {import_from: all.yaml}\n")
    (tmp_path / "all.yaml").write_text("more: 1\nnever: 2\n")
    monkeypatch.setenv("PLOOMBER_ENV_FILENAME", "env.dev.yaml")
    text = 'tasks: [{source: a.py, product: "{{out}}/a.ipynb"}]'
    loaded = spec.loads(text, path=tmp_path / "pipeline.yaml", env=Given({"given": 3}))
    assert loaded.warnings == (
        "env: given is not used in pipeline.yaml",
        "all.yaml: more, never are not used in pipeline.yaml",
        "env.dev.yaml: spare is not used in pipeline.yaml",
    )
    with pytest.raises(UserError, match=r"--env--o: env\.dev\.yaml has no 'o'"):
        loads(text, tmp_path, o=1)


def test_a_placeholder_for_a_list_or_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("nested: {deep: [1, {a: 2}]}\n")
    (task,) = loads('tasks: [{source: a.py, product: a.ipynb, params: {x: "{{nested.deep}}"}}]', tmp_path).tasks
    assert dict(task.params) == {"x": [1, {"a": 2}]}


def test_the_env_file_of_a_named_pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("env.yaml", "env.train.yaml", "special.yaml"):
        (tmp_path / name).write_text(f"v: {name}\n")
    text = 'tasks: [{source: a.py, product: a.ipynb, params: {v: "{{v}}"}}]'

    def value(name: str) -> Any:
        return spec.loads(text, path=tmp_path / name).tasks[0].params["v"]

    assert value("pipeline.yaml") == "env.yaml"
    assert value("pipeline.train.yaml") == "env.train.yaml"
    assert value("pipeline.serve.yaml") == "env.yaml"
    monkeypatch.setenv("PLOOMBER_ENV_FILENAME", "special.yaml")
    assert value("pipeline.train.yaml") == "special.yaml"


def test_an_option_for_no_key(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("out: x\n")
    with pytest.raises(UserError, match="--env--outt") as caught:
        loads('tasks: [{source: a.py, product: "{{out}}.ipynb"}]', tmp_path, outt="y")
    assert "--env--out" in (caught.value.hint or "")


def test_imported_tasks(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "tasks.yaml").write_text("- {source: x.py, product: x.ipynb}\n- {source: m.f, product: y}\n")
    text = "meta: {import_tasks_from: more/tasks.yaml}\ntasks: [{source: a.py, product: a.ipynb}]"
    sources = [task.source.path or task.source.text for task in loads(text, tmp_path).tasks]
    assert sources == ["a.py", "more/x.py", "m.f"]


def test_an_error_in_imported_tasks_names_their_file(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("- {source: x.py,\n   produkt: x.ipynb}\n")
    with pytest.raises(UserError, match=r"more.yaml, line 2: unknown key 'produkt'"):
        loads("meta: {import_tasks_from: more.yaml}\ntasks: [{source: a.py, product: a.ipynb}]", tmp_path)


def test_hooks_serializers_and_limits(tmp_path: Path) -> None:
    text = """
on_finish: hooks.done
serializer: io.write
executor: {dotted_path: ploomber.executors.Parallel, processes: 3}
tasks:
- source: fns.a
  product: a
  on_finish: {dotted_path: hooks.check, limit: 3}
  timeout: 60
  retries: 2
  memory_limit: 1.5GB
- {source: fns.b, product: b, serializer: null}
"""
    loaded = loads(text, tmp_path)
    first, second = loaded.tasks
    assert (loaded.on_finish, loaded.jobs) == (Hook("hooks.done"), 3)
    assert first.on_finish == Hook("hooks.check", {"limit": 3})
    assert (first.serializer, second.serializer) == (Hook("io.write"), None)
    assert (first.timeout, first.retries, first.memory_limit) == (60, 2, 1_500_000_000)


def test_what_has_no_effect_is_a_warning(tmp_path: Path) -> None:
    text = """
meta: {jupyter_hot_reload: true, source_loader: {module: x}}
clients: {Folder: clients.get}
executor: {dotted_path: ploomber.executors.Serial, build_in_subprocess: false}
tasks:
- source: a.py
  product: a.ipynb
  class: NotebookRunner
  papermill_params: {log_output: true, execution_timeout: 5, record_timing: true, cwd: .}
  executor_params: {whatever: 1}
  ext_in: py
"""
    warnings = "\n".join(loads(text, tmp_path).warnings)
    for word in (
        "jupyter_hot_reload", "source_loader", "clients", "executor.build_in_subprocess",
        "papermill_params.cwd", "executor_params.whatever", "ext_in",
        "'papermill_params.execution_timeout' has no effect: 'timeout' of the task limits",
    ):  # fmt: skip
        assert word in warnings
    assert "record_timing" not in warnings and "log_output" not in warnings


def test_a_source_alone_and_a_client_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('# %% tags=["parameters"]\nupstream = None\nproduct = "a.ipynb"\n')
    loaded = loads("meta: {extract_product: true}\nclients: {SQLScript: null, File: null}\ntasks: [a.py]", tmp_path)
    assert [task.name for task in loaded.tasks] == ["a"]
    assert loaded.warnings == ()


def test_a_client_of_a_shell_script_does_not_run_it(tmp_path: Path) -> None:
    text = "clients: {ShellScript: c.get}\ntasks: [{source: a.sh, product: a.txt, client: c.get}]"
    loaded = loads(text, tmp_path)
    assert loaded.tasks[0].file_client is None
    assert [one.rpartition("effect: ")[2] for one in loaded.warnings] == ["bash runs shell scripts"] * 2


def test_computed_params(tmp_path: Path) -> None:
    (tmp_path / "computed_values.py").write_text("def numbers():\n    return [1, 2]\n")
    text = "tasks: [{source: a.py, name: a-, product: a.ipynb, grid: {n: 'computed_values::numbers'}}]"
    (task,) = loads(text, tmp_path).tasks
    assert repr(task.params["n"]) == "computed_values::numbers"
    called = Called(tmp_path, lambda computed, value: None)
    tasks = spec.loads(text, path=tmp_path / "pipeline.yaml", values=called).tasks
    assert [task.params["n"] for task in tasks] == [1, 2]


@pytest.mark.parametrize("dotted", ["computed_values::below", "computed_values.below"])
def test_a_function_with_arguments_gives_the_values_of_a_grid(dotted: str, tmp_path: Path) -> None:
    (tmp_path / "computed_values.py").write_text("def below(n):\n    return list(range(n))\n")
    text = (
        f"tasks: [{{source: a.py, name: a-, product: a.ipynb, grid: {{x: {{dotted_path: {dotted}, n: 2}}, y: [5]}}}}]"
    )
    (task,) = loads(text, tmp_path).tasks
    assert repr(task.params["x"]) == "computed_values::below(n=2)"
    called = Called(tmp_path, lambda computed, value: None)
    tasks = spec.loads(text, path=tmp_path / "pipeline.yaml", values=called).tasks
    assert [dict(task.params) for task in tasks] == [{"x": 0, "y": 5}, {"x": 1, "y": 5}]


@pytest.mark.parametrize("grid", ["{dotted_path: a::b, n: 2}", "[{dotted_path: a.b}]", "{x: {n: 2}}", "{x: {}}"])
def test_a_grid_that_says_no_values_is_refused(grid: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"pipeline.yaml, line 1, tasks\[0\].grid"):
        loads(f"tasks: [{{source: a.py, name: a-, product: a.ipynb, grid: {grid}}}]", tmp_path)


def test_now_is_one_moment_all_through_a_pipeline(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text('stamp: "{{now}}"\n')
    (tmp_path / "computed_values.py").write_text("def numbers():\n    return [1, 2]\n")
    (tmp_path / "a.py").write_text("")
    task = '{{source: a.py, name: "{0}", product: "{0}.ipynb", params: {{a: "{{{{now}}}}", b: "{{{{stamp}}}}"{1}}}}}'
    entries = ", ".join((task.format("a", ""), task.format("b", ', n: "computed_values::numbers"')))
    (tmp_path / "pipeline.yaml").write_text(f"tasks: [{entries}]")

    def moments(project: Project) -> set[Any]:
        return {task.spec.params[name] for task in project.tasks.values() for name in ("a", "b")}

    with Project(tmp_path) as project:
        before = moments(project)
        project.compute()
        assert len(before) == 1 and moments(project) == before
    with Project(tmp_path) as project:
        assert moments(project) != before


def test_what_is_dumped_is_what_is_read(tmp_path: Path) -> None:
    tasks = [
        spec.declare(source="tasks/load.py", product={"nb": "output/load.ipynb", "df": "output/load-df.pkl"}),
        spec.declare(source="tasks/fit.py", name="fit it", product="output/fit.ipynb", params={"n": 1, "s": "yes"}),
    ]
    text = spec.dump_tasks(tasks)
    first, second = loads(text, tmp_path).tasks
    assert (first.name, second.name, dict(second.params)) == ("load", "fit it", {"n": 1, "s": "yes"})
    assert text.startswith("tasks:\n  - source: tasks/load.py\n    product:\n      nb: output/load.ipynb\n")


def test_store_resources_and_what_export_is_told(tmp_path: Path) -> None:
    text = """store: s3://bucket/prefix
export:
  image: registry/name:tag
tasks:
- source: a.py
  product: a.ipynb
  resources: {cpus: 2, memory: 4G, gpus: 1}
  export: {retries: 3}
- source: b.py
  product: b.ipynb
"""
    found = loads(text, tmp_path)
    first, second = found.tasks
    assert (found.store, first.requests, second.requests) == (
        "s3://bucket/prefix",
        Requests(2, 4_000_000_000, 1),
        Requests(),
    )
    assert found.export is not None and first.export is not None and second.export is None
    assert (found.export.plain(), first.export.plain()) == ({"image": "registry/name:tag"}, {"retries": 3})
    assert str(found.export.value["image"].error("no")) == "pipeline.yaml, line 3, export.image: no"
