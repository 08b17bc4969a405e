"""Whatever stands in pipeline.yaml, env.yaml and what they name: an answer in seconds, in little memory, in words."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from special_files import unix_socket

from soorgeon_clone import pyproject
from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.tags import INJECTED as INJECTED_TAG
from soorgeon_clone.pipeline.declared import inject_file, spec, yaml_tree
from soorgeon_clone.pipeline.declared.entries import parse_size
from soorgeon_clone.pipeline.declared.injected_cells import Injected
from soorgeon_clone.pipeline.sources.code_facts import normal
from soorgeon_clone.pipeline.status.project import Project

PATIENCE = 10  # seconds of CPU


def message_of(text: str, root: Path) -> str:
    """What loading this pipeline.yaml says, "" if nothing. In a bounded time, and in words."""
    began = time.process_time()
    try:
        spec.loads(text, path=root / "pipeline.yaml")
    except UserError as error:
        assert len(error.message) < 2_000
        assert len(error.hint or "") < 2_000
        return error.message
    finally:
        assert time.process_time() - began < PATIENCE
    return ""


def entry(**values: Any) -> str:
    return yaml.safe_dump({"tasks": [{"source": "a.py", "product": "a.ipynb", **values}]})


def laughs(inner: str, times: int, depth: int, frame: str) -> str:
    lines = [f"a0: &a0 {inner}"]
    for number in range(1, depth):
        lines.append(f"a{number}: &a{number} " + frame.format(", ".join([f"*a{number - 1}"] * times), number))
    return "\n".join(lines)


TEXTS: dict[str, tuple[str, str]] = {
    "aliases that multiply": (laughs("[x]", 10, 10, "[{0}]"), "values"),
    "aliases that multiply in mappings": (
        "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{k: *a{i - 1}, l: *a{i - 1}}}\n" for i in range(1, 40)),
        "values",
    ),
    "merges that multiply": (laughs("{x: 1}", 30, 30, "{{<<: [{0}], y{1}: 1}}"), "unknown key"),
    "a chain of merges": (
        "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}, y{i}: 1}}\n" for i in range(1, 5000)),
        "values",
    ),
    "an alias of itself": ("tasks: &a [*a]", "nested too deeply"),
    "a mapping in itself": ("tasks: &a {tasks: *a}", "nested too deeply"),
    "a merge of itself": ("tasks: &a {<<: *a}", "merges itself"),
    "a merge in a circle": ("a: &a {<<: &b {<<: *a}}", "merges itself"),
    "a merge of a text": ("tasks: {<<: x}", "<< merges mappings only"),
    "a merge of texts": ("tasks: {<<: [x, {}]}", "<< merges mappings only"),
    "deep lists": ("tasks: " + "[" * 500 + "]" * 500, "nested too deeply"),
    "very deep lists": ("[" * 1_000_000, "nesting"),
    "deep blocks": ("".join(" " * i + "a:\n" for i in range(1200)), "nesting"),
    "dashes": ("- " * 400_000 + "a", "nesting"),
    "many values": ("[" + "a, " * 1_600_000 + "a]", "more than 1000000 lines and entries"),
    "a key that is a list": ("? [a]\n: b", "a key must be a single value"),
    "a key that is a mapping": ("{{a: 1}: 2}", "a key must be a single value"),
    "a key that is tagged as a list": ("!!seq a: 1", "is no seq"),
    "a long key": ("k" * 1_000_000 + ": 1", "not valid YAML"),
    "a long quoted key": ('? "' + "k" * 1_000_000 + '"\n: 1', "unknown key"),
    "a key that stands twice": ("tasks: 1\ntasks: 2", "stands twice, first in line 1"),
    "a long tag": ("a: !" + "x" * 1_000_000 + " b", "could not determine a constructor"),
    "a tag for Python": ("a: !!python/object/apply:os.system [touch x]", "could not determine a constructor"),
    "a truth that is none": ("tasks: !!bool x", "'x' is no bool"),
    "a number that is none": ("tasks: !!int ''", "'' is no int"),
    "a fraction that is none": ("tasks: !!float x", "'x' is no float"),
    "a time that is none": ("tasks: !!timestamp x", "'x' is no timestamp"),
    "a day that is none": ("tasks: 2020-13-45", "is no timestamp"),
    "a list that is none": ("tasks: !!seq x", "is no seq"),
    "a mapping that is none": ("tasks: !!map x", "is no map"),
    "bytes that are none": ("tasks: !!binary 'é'", "failed to convert base64"),
    "5,000 digits": ("tasks: " + "9" * 5_001, "too many digits"),
    "hexadecimal digits": ("tasks: 0x" + "f" * 4_500, "too many digits"),
    "digits of base 60": ("tasks: " + "1:" * 1_000_000 + "1", "too many digits"),
    "a NUL": ("tasks: [\0]", "not valid YAML"),
    "a lone surrogate": ('tasks: ["\\ud800"]', "not valid YAML"),
    "a mapping where tasks belong": ("tasks: {a: b}", "must be a list"),
    "a long text where tasks belong": ("tasks: " + "x" * 5_000_000, "must be a list"),
}

FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "timeout .nan": ({"timeout": float("nan")}, "expected a number"),
    "timeout .inf": ({"timeout": float("inf")}, "expected a number"),
    "timeout -.inf": ({"timeout": -float("inf")}, "expected a number"),
    "timeout of many digits": ({"timeout": 10**400}, "expected a number up to"),
    "timeout 1e300": ({"timeout": 1e300}, "expected a number up to"),
    "timeout true": ({"timeout": True}, "expected a number"),
    "timeout text": ({"timeout": "nan"}, "expected a number"),
    "retries .nan": ({"retries": float("nan")}, "expected a whole number"),
    "retries half": ({"retries": 1.5}, "expected a whole number"),
    "retries many": ({"retries": 10**9}, "up to 1,000"),
    "cpus .nan": ({"resources": {"cpus": float("nan")}}, "expected a number"),
    "cpus .inf": ({"resources": {"cpus": float("inf")}}, "expected a number"),
    "cpus many": ({"resources": {"cpus": 10**30}}, "expected a number up to"),
    "gpus .nan": ({"resources": {"gpus": float("nan")}}, "expected a whole number"),
    "gpus .inf": ({"resources": {"gpus": float("inf")}}, "expected a whole number"),
    "memory many": ({"resources": {"memory": 2**70}}, "expected a size"),
    "memory_limit .inf": ({"memory_limit": float("inf")}, "expected a size"),
    "memory_limit many": ({"memory_limit": 10**400}, "expected a size"),
    "memory_limit digits": ({"memory_limit": "9" * 400 + "GB"}, "expected a size"),
    "a grid of 50^6": ({"name": "a", "grid": {f"k{i}": list(range(50)) for i in range(6)}}, "15,625,000,000 tasks"),
    "a grid of 50^60": ({"name": "a", "grid": {f"k{i}": list(range(50)) for i in range(60)}}, "far too many tasks"),
    "many grids": ({"name": "a", "grid": [{"k": list(range(30_000))}] * 4}, "can have 100,000"),
    "an empty grid": ({"name": "a", "grid": {"k": []}}, "at least one value"),
    "a NUL in a name": ({"name": "a\0b"}, "is no name"),
    "a long name": ({"name": "n" * 5_000}, "too long"),
    "a name of dots": ({"name": ".."}, "is no name"),
    "a name that is a list": ({"name": ["a/b"]}, "expected a text"),
    "a NUL in a product": ({"product": "a\0b.ipynb"}, "is no path"),
    "a long product": ({"product": "p" * 300 + ".ipynb"}, "too long"),
    "a long folder": ({"product": "p" * 300 + "/a.ipynb"}, "too long"),
    "a deep product": ({"product": "p/" * 3000 + "a.ipynb"}, "too long"),
    "a product of many bytes": ({"product": "数" * 100 + ".ipynb"}, "too long"),
    "a long product from a grid": ({"name": "a", "product": "[[k]].ipynb", "grid": {"k": ["x" * 300]}}, "too long"),
    "a NUL in a source": ({"source": "a\0.py"}, "is no path"),
    "a long source": ({"source": "s" * 300 + ".py"}, "too long"),
    "a long function": ({"source": ".".join(["f"] * 10_000)}, "too long"),
    "a long placeholder": ({"name": "{{" + "x" * 100_000 + "}}"}, "no value for the placeholder"),
    "a placeholder that does not end": ({"name": "{{" + " " * 100_000}, "too long"),
    "braces": ({"name": "{{" * 50_000}, "too long"),
    "a place that does not end": ({"name": "[[" + " " * 100_000, "grid": {"k": [1]}}, "too long"),
    "a param without a name": ({"params": {"x" * 5_000 + "-": 1}}, "is no name for a parameter"),
    "a param with a number as name": ({"params": {1: 1}}, "is no name for a parameter"),
    "hook that is a list": ({"on_finish": ["a.b"]}, "expected 'module.function'"),
}  # fmt: skip


@pytest.mark.parametrize("what", TEXTS)
def test_texts(what: str, tmp_path: Path) -> None:
    text, message = TEXTS[what]
    assert message in message_of(text, tmp_path)


@pytest.mark.parametrize("what", FIELDS)
def test_fields(what: str, tmp_path: Path) -> None:
    values, message = FIELDS[what]
    assert message in message_of(entry(**values), tmp_path)


IMPORTED = {
    "itself": ("pipeline.yaml", "expected a list of tasks"),
    "nothing": ("nothing.yaml", "there is no"),
    "a folder": (".", "cannot be read"),
    "a device": ("/dev/zero", "not a file"),
    "a list": ([1], "expected the path of a YAML file"),
    "a NUL": ("a\0", "is no path"),
    "a long name": ("x" * 300, "too long"),
    "no list": ("no-list.yaml", "expected a list of tasks"),
}


@pytest.mark.parametrize("what", IMPORTED)
def test_imported_tasks(what: str, tmp_path: Path) -> None:
    named, message = IMPORTED[what]
    (tmp_path / "no-list.yaml").write_text("{}")
    text = yaml.safe_dump({"meta": {"import_tasks_from": named}, "tasks": [{"source": "a.py", "product": "b.ipynb"}]})
    (tmp_path / "pipeline.yaml").write_text(text)
    assert message in message_of(text, tmp_path)


@pytest.mark.parametrize("key", ["name", "product", "source", "resources_"])
def test_bytes_that_are_no_text(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has bytes of the environment that are no UTF-8 as lone surrogates, which nobody can write."""
    monkeypatch.setenv("BYTES", "a\udcff.ipynb")
    given = {"params": {"resources_": {"x": "{{env.BYTES}}"}}} if key == "resources_" else {key: "{{env.BYTES}}"}
    assert "is no" in message_of(entry(**given), tmp_path)


def test_large_and_valid(tmp_path: Path) -> None:
    """5 MB of tasks are read."""
    task = (
        "- {{source: tasks/task_{0}.py, name: task_{0}, product: {{nb: output/task_{0}.ipynb, df: output/{0}.parquet}},"
        " params: {{a: 1, b: text, c: 'some words that make it longer'}}}}\n"
    )
    tasks = "".join(map(task.format, range(30_000)))
    text = f"tasks:\n{tasks}"
    assert len(text) > 4_500_000
    assert message_of(text, tmp_path) == ""


def test_the_longest_names_that_are_possible(tmp_path: Path) -> None:
    name, folder = "n" * 249 + ".ipynb", "f" * 255
    assert message_of(entry(product=f"{folder}/{name}", name="t" * 255), tmp_path) == ""


ENVIRONMENTS: dict[str, tuple[str, str]] = {
    "texts that multiply": (
        "a0: xxxxxxxxxx\n" + "".join(f"a{i}: '{f'{{{{a{i - 1}}}}}' * 10}'\n" for i in range(1, 12)),
        "more than 1000000 characters",
    ),
    "aliases that multiply": (laughs("[x]", 10, 10, "[{0}]"), "values"),
    "a list": ("[1]", "expected a mapping"),
    "itself": ("a: '{{a}}'", "no value for the placeholder {{a}}"),
    "the environment": ("a: '{{env}}'", "{{env}} stands for all variables"),
    "deep code": ("a: '{{b}}'\nb: 1", "no value for the placeholder {{b}}"),
    "bytes": ("\x80\x81", "not valid YAML"),
}


@pytest.mark.parametrize("what", ENVIRONMENTS)
def test_env_yaml(what: str, tmp_path: Path) -> None:
    text, message = ENVIRONMENTS[what]
    (tmp_path / "env.yaml").write_text(text)
    assert message in message_of(entry(), tmp_path)


@pytest.mark.parametrize(
    "text", ["(" * 5_000, "[" * 5_000, "-" * 5_000 + "1", "+".join("1" * 5_000), "9" * 5_000, "'" * 5_000]
)
def test_texts_that_are_almost_code(text: str, tmp_path: Path) -> None:
    """What placeholders give is looked at as a Python literal."""
    (tmp_path / "env.yaml").write_text(yaml.safe_dump({"a": text}))
    assert message_of(entry(params={"x": "{{a}}"}), tmp_path) == ""


def fifo(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def itself(path: Path) -> None:
    path.symlink_to(path)


def folder(path: Path) -> None:
    path.mkdir()


KINDS: tuple[Callable[[Path], None], ...] = (fifo, unix_socket, endless, itself, folder)
_TEXT = "- {source: a.py, product: a.ipynb}\n- {source: made.task, product: b.txt, params: {x: 'made::f'}}\n"
FILES = ("pipeline.yaml", "env.yaml", "a.py", "a.ipynb", "made.py", "more.yaml", "pyproject.toml", "used.py")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file(
    name: str, kind: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe would hang, a device would fill the memory: there is a message, or there is no such file."""
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    texts = {
        "pipeline.yaml": f"meta: {{import_tasks_from: more.yaml}}\ntasks:\n{_TEXT}",
        "a.py": '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\nimport used\nused.g()\n',
        "made.py": "def task(product): pass\n\ndef f(): return 1\n",
        "used.py": "def g(): return 1\n",
        "more.yaml": "- {source: c.py, product: c.ipynb}\n",
    }
    for other, text in texts.items():
        if other != name:
            (tmp_path / other).write_text(text)
    kind(tmp_path / name)
    began = time.monotonic()
    try:
        with Project(tmp_path / "pipeline.yaml") as project:
            statuses = {one.name: one.line for one in project.status()}
        assert set(statuses) == {"a", "task", "c"}
        if name == "a.py":
            assert "cannot be read" in statuses["a"] or "there is no" in statuses["a"]
    except UserError as error:
        assert name in ("pipeline.yaml", "env.yaml", "more.yaml"), error
    assert pyproject.nearest(tmp_path) is None or pyproject.nearest(tmp_path).parent != tmp_path  # type: ignore[union-attr]
    assert time.monotonic() - began < PATIENCE


TOML: dict[str, str] = {
    "deep lists": "a = " + "[" * 100_000,
    "deep tables": "a = " + "{a = " * 100_000,
    "a long key": "a" + ".a" * 3_000 + " = 1",
    "digits": "a = " + "9" * 5_000,
    "not UTF-8": "\udc80",
    "large": "# " + "x" * 2_000_000,
}


@pytest.mark.parametrize("what", TOML)
def test_toml(what: str, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(TOML[what], errors="surrogateescape")
    began = time.process_time()
    with pytest.raises(UserError):
        pyproject.read_toml(file)
    assert time.process_time() - began < PATIENCE


SOURCES: dict[str, str | bytes] = {
    "a sum of 3,000 terms": "x = " + "+".join(["1"] * 3_000),
    "parentheses": "(" * 3_000,
    "lists": "x = " + "[" * 90 + "]" * 90,
    "signs": "x = " + "-" * 100_000 + "1",
    "attributes": "x = a" + ".a" * 3_000,
    "calls": "x = a" + ".a()" * 3_000,
    "elif": "if a: pass\n" + "elif b: pass\n" * 3_000,
    "many names": ", ".join(f"a{i}" for i in range(20_000)) + " = x",
    "digits": "x = " + "9" * 5_000,
    "hexadecimal digits": "x = 0x" + "f" * 5_000,
    "rot13": "# coding: rot13\nx = 1",
    "an encoding of nothing": "# coding: nonsense\nx = 1",
    "a NUL": "x = '\0'",
    "bytes": b"\xff\xfe\x00",
    "strange upstream": '# %% tags=["parameters"]\nupstream = {1: [2], (3,): 4}\nproduct = 5\n',
    "a set in upstream": '# %% tags=["parameters"]\nupstream = {1, "a", None}\nproduct = None\n',
    "a tag that is a list": '# %% tags=[["parameters"], {}, 1]\nupstream = None\n',
}


@pytest.mark.parametrize("what", SOURCES)
def test_sources(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a script, as the module of a function and as a module that is imported."""
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    text = SOURCES[what]
    data = text if isinstance(text, bytes) else text.encode()
    for name in ("script.py", "made.py", "used.py"):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "plain.py").write_text("import used\nused.x\n")
    (tmp_path / "pipeline.yaml").write_text(
        "- {source: plain.py, product: a.ipynb}\n- {source: made.task, product: b.txt}\n"
        "- {source: script.py, product: c.ipynb}\n"
    )
    began = time.process_time()
    try:
        with Project(tmp_path) as project:
            project.status()
    except UserError as error:
        assert "upstream" in error.message
    assert time.process_time() - began < PATIENCE


INJECTED: dict[str, tuple[str, str]] = {
    "many injected cells": (
        "a.py",
        '# %% tags=["parameters"]\nx = 1\n' + '# %% tags=["injected-parameters"]\n' * 50_000,
    ),
    "many light cells": ("a.py", '# + tags=["injected-parameters"]\nx = 1\n# -\n' * 30_000),
    "a long line of tags": ("a.py", "# %% " + "tags=[" * 300_000),
    "a long line of spaces": ("a.py", "# %% tags" + " " * 1_000_000 + "\n"),
    "many cells in a notebook": (
        "a.ipynb",
        '{"cells": [' + ", ".join(['{"metadata": {"tags": ["injected-parameters"]}}'] * 20_000) + "]}",
    ),
    "odd cells in a notebook": (
        "a.ipynb",
        '{"cells": [null, 1, [], {}, {"metadata": null}, {"metadata": []}, {"metadata": {"tags": {}}},'
        ' {"metadata": {"tags": [[], {}]}}]}',
    ),
    "a deep notebook": ("a.ipynb", '{"cells": [' + "[" * 100_000),
    "digits in a notebook": ("a.ipynb", '{"cells": [' + "9" * 5_000 + "]}"),
    "cells that are none": ("a.ipynb", '{"cells": {}}'),
    "no notebook": ("a.ipynb", "[]"),
    "nothing": ("a.ipynb", ""),
}


@pytest.mark.parametrize("what", INJECTED)
def test_sources_with_injected_cells(what: str) -> None:
    name, text = INJECTED[what]
    given = Injected("", "y = 1", "# given")
    began = time.process_time()
    for change in (lambda: inject_file.remove(text, name), lambda: inject_file.inject(text, name, given)):
        try:
            assert INJECTED_TAG not in change().replace("y = 1", "").replace('"injected-parameters"', "", 2)
        except UserError as error:
            assert len(error.message) < 2_000
    assert time.process_time() - began < PATIENCE


def test_large_graphs(tmp_path: Path) -> None:
    count = 3_000
    everything = [
        {"source": "a.py", "name": f"t{i}", "product": f"p{i}.ipynb", "upstream": ["*"]} for i in range(count)
    ]
    (tmp_path / "a.py").write_text("x = 1\n")
    began = time.process_time()
    for upstream, message in ((["*"], "upstreams"), (None, "tasks wait for each other")):
        for number, task in enumerate(everything):
            task["upstream"] = upstream or [f"t{(number + 1) % count}"]
        (tmp_path / "pipeline.yaml").write_text(
            yaml.dump({"meta": {"extract_upstream": False}, "tasks": everything}, Dumper=yaml.CSafeDumper)
        )
        with pytest.raises(UserError, match=message) as caught, Project(tmp_path):
            pass
        assert len(caught.value.message) < 2_000
    assert time.process_time() - began < PATIENCE


def test_one_form_for_every_depth() -> None:
    """The text of a tree did not change when it was made without recursion: records stay good."""
    import ast

    assert normal(ast.parse("x = f(1, 'a', b=None)[::2]\n")) == (
        "Module(body=[Assign(targets=[Name(id='x',),],value=Subscript(value=Call(func=Name(id='f',),args=[Constant("
        "value=1,),Constant(value='a',),],keywords=[keyword(arg='b',value=Constant(value=None,),),],),slice=Slice("
        "step=Constant(value=2,),),),),],)"
    )


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2 * 10**9), ("1.5k", 1500), ("1" * 30, None), ("2GB" * 1000, None), ("", None), ("99999999t", 2**60)],
)
def test_sizes(text: str, size: int | None) -> None:
    assert parse_size(text) == size


def test_suggestions_stay_cheap() -> None:
    began = time.process_time()
    assert yaml_tree.nearest("sourc", ["source", "product"]) == "source"
    assert yaml_tree.nearest("x" * 1_000_000, ["source"]) is None
    assert yaml_tree.nearest("x", [f"name-{i}" for i in range(100_000)]) is None
    assert time.process_time() - began < 1
