"""`soorgeon-clone refactor` from the outside: what it says, writes and refuses."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from soorgeon_clone.cli.app import main
from soorgeon_clone.distributions.runner import requirement

TWO = ["## Load", "import math\nx = [1, 2]", "## Use", "print(math.pi, len(x))"]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Return a function that runs the command line in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as caught:
            main(["refactor", *arguments])
        shown = capsys.readouterr()
        return Done(int(caught.value.code or 0), shown.out, shown.err)

    return call


def notebook(*sources: str, kernel: str = "python", **extra: Any) -> str:
    """Return an .ipynb file's text: what begins with # is a Markdown cell."""
    cells = []
    for source in sources:
        kind = "markdown" if source.startswith("#") else "code"
        cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
        cells.append(cell | {"outputs": [], "execution_count": None} if kind == "code" else cell)
    metadata = {"kernelspec": {"name": kernel, "language": kernel, "display_name": kernel}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4, **extra})


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_it_says_what_it_did(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    done = run("nb.ipynb")
    assert done == Done(
        0,
        "nb.ipynb: 2 sections found, 2 tasks written\n"
        "  tasks/load.py\n"
        "  tasks/use.py   <- load\n"
        "Files: 6 created\n"
        "Next: soorgeon-clone build\n",
        "",
    )
    spec = yaml.safe_load((tmp_path / "pipeline.yaml").read_text())
    assert spec["tasks"][0] == {
        "source": "tasks/load.py",
        "product": {"nb": "output/load.ipynb", "x": "output/load-x.pkl"},
    }
    assert (tmp_path / ".gitignore").read_text() == "output/\n"


def test_the_second_run_changes_nothing(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    run("nb.ipynb")
    before = {path: (tmp_path / path).read_bytes() for path in files(tmp_path)}
    assert "Files: 6 unchanged" in run("nb.ipynb").out
    assert {path: (tmp_path / path).read_bytes() for path in files(tmp_path)} == before


def test_dry_run_writes_nothing(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    done = run("nb.ipynb", "--dry-run", "--into", "new")
    assert "2 tasks planned (nothing is written)" in done.out
    assert "Next" not in done.out
    assert files(tmp_path) == {"nb.ipynb"}


def test_json_is_for_programs(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    report = json.loads(run("nb.ipynb", "--json").out)
    assert report["tasks"][1] == {
        "name": "use",
        "title": "Use",
        "source": "tasks/use.py",
        "upstream": ["load"],
        "products": {"nb": "output/use.ipynb"},
        "loads": [{"task": "load", "key": "x", "names": ["x"]}],
        "params": {},
    }
    assert report["sections"] == 2
    assert report["written"] is True
    assert report["files"]["created"][0] == "tasks/load.py"
    assert set(report) == {
        "notebook", "folder", "written", "sections", "tasks", "merges", "files", "hints", "notes", "verified",
        "explained", "assumptions", "idle_sections",
    }  # fmt: skip


def test_standard_input(run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(notebook(*TWO).encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert run("-").code == 0
    assert "tasks/load.py" in files(tmp_path)


def test_options_as_in_soorgeon(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    assert run("nb.ipynb", "-p", "products", "-f", "ipynb", "-z", "cloudpickle", "-l", "info", "-F", "log").code == 0
    assert json.loads((tmp_path / "tasks/load.ipynb").read_text())["nbformat"] == 4
    assert "products/load-x.pkl" in (tmp_path / "pipeline.yaml").read_text()
    assert "cloudpickle.dump(x" in (tmp_path / "tasks/load.ipynb").read_text()
    assert "cloudpickle==" in (tmp_path / "requirements.txt").read_text()


def test_a_single_task(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    assert "1 task written" in run("nb.ipynb", "-s").out


def test_a_parameters_cell_becomes_params(run: Callable[..., Done], tmp_path: Path) -> None:
    data = json.loads(notebook("## A", "n = 3\nt = (1, 2)", "print(n, t)"))
    data["cells"][1]["metadata"] = {"tags": ["parameters"]}
    (tmp_path / "nb.ipynb").write_text(json.dumps(data))
    assert run("nb.ipynb").code == 0
    (task,) = yaml.safe_load((tmp_path / "pipeline.yaml").read_text())["tasks"]
    assert task["params"] == {"n": 3}
    text = (tmp_path / "tasks/a.py").read_text()
    assert '# %% tags=["parameters"]\nupstream = None\nproduct = None\nn = 3\n' in text
    assert '# %% tags=["soorgeon-parameters"]\nt = (1, 2)\n' in text


def test_files_and_modules_beside_the_notebook_are_found_from_elsewhere(
    run: Callable[..., Done], tmp_path: Path
) -> None:
    """The tasks run in Python as it is: nothing of ours tells them where they are."""
    (tmp_path / "nbs").mkdir()
    (tmp_path / "pipe/output").mkdir(parents=True)  # who runs tasks makes the folders of their products
    (tmp_path / "nbs/helpers.py").write_text("def size(text):\n    return len(text)\n")
    (tmp_path / "nbs/data.txt").write_text("content")
    (tmp_path / "nbs/nb.ipynb").write_text(
        notebook(
            "## Load",
            "import helpers\ntext = open('data.txt').read()\ndef double(x):\n    return 2 * x",
            "## Use",
            "print(double(helpers.size(text)), open('data.txt').read())",
        )
    )
    assert "cd pipe && soorgeon-clone build" in run("nbs/nb.ipynb", "--into", "pipe").out
    assert "helpers" not in (tmp_path / "pipe/requirements.txt").read_text()
    spec = yaml.safe_load((tmp_path / "pipe/pipeline.yaml").read_text())
    shown = ""
    upstream: dict[str, dict[str, str]] = {}
    for task in spec["tasks"]:
        text = (tmp_path / "pipe" / task["source"]).read_text()
        values = f"upstream = {upstream}\nproduct = {task['product']}\n"
        script = text.replace("product = None\n", values)
        done = subprocess.run(
            [sys.executable, "-"], input=script, capture_output=True, text=True, cwd=tmp_path / "pipe", check=False
        )
        assert not done.returncode, done.stderr
        shown += done.stdout
        upstream[Path(task["source"]).stem] = task["product"]
    assert shown == "14 content\n"
    assert files(tmp_path / "nbs") == {"nb.ipynb", "helpers.py", "data.txt"}


def test_build_runs_what_was_written(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    done = run("nb.ipynb", "--build", "--into", "pipe")
    assert done.code == 0, done.err
    assert "Next" not in done.out
    assert "3.14" in (tmp_path / "pipe/output/use.ipynb").read_text()


def test_a_task_that_fails_is_an_exit_code_of_1(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook("## A", "1 / 0"))
    done = run("nb.ipynb", "--build", "--json")
    assert done.code == 1
    assert "ZeroDivisionError" in done.err
    assert json.loads(done.out)["written"]


DEEP = "x = " + "(" * 3000 + "1" + ")" * 3000

# What it is -> (the file's content, the exit code, what the message says).
BAD: dict[str, tuple[str | bytes, int, list[str]]] = {
    "not a notebook": ("hello there", 2, ["nb.ipynb", "not a notebook"]),
    "other json": ('{"a": 1}', 2, ["nb.ipynb", "not a notebook"]),
    "truncated": (notebook(*TWO)[:-40], 2, ["nb.ipynb", "cut off"]),
    "empty": ("", 2, ["nb.ipynb", "empty"]),
    "no cells": (notebook(), 2, ["nb.ipynb", "no cells"]),
    "another kernel": (notebook("x <- 1", kernel="R"), 2, ["nb.ipynb", "R"]),
    "a syntax error": (notebook("## A", "x = 1", "y = (\n1 +"), 1, ["nb.ipynb", "cell 3", "line"]),
    "an undefined name": (notebook("## A", "x = 1\nprint(never)"), 1, ["nb.ipynb", "cell 2", "line 2", "never"]),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\xff", 2, ["nb.ipynb"]),
    "a future format": (notebook(*TWO, nbformat=9), 2, ["nb.ipynb", "format"]),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_message_and_nothing_is_written(what: str, run: Callable[..., Done], tmp_path: Path) -> None:
    content, code, words = BAD[what]
    (tmp_path / "nb.ipynb").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("nb.ipynb")
    assert done.code == code, done.err
    assert done.err.startswith("Error: ")
    assert "Traceback" not in done.err
    assert not done.out
    assert all(word in done.err for word in words), done.err
    assert files(tmp_path) == {"nb.ipynb"}


OUTPUT = json.dumps({"output_type": "stream", "name": "stdout", "text": "x" * 1000})
ODD: dict[str, str | bytes] = {
    "byte-order mark": b"\xef\xbb\xbf" + notebook(*TWO).encode(),
    "windows line ends": notebook("## A\r\n", "x = 1\r\nprint(x)").replace("\\n", "\\r\\n"),
    "only text": notebook("## A", "# B"),
    "form feed": notebook("## A", "x = 1\n\x0c\nprint(x)"),
    "null sources": notebook("## A", "x = 1").replace('"source": "x = 1"', '"source": null')[:-1] + "}",
    "a lone surrogate in text": notebook("## A \ud83d", "x = 1"),
    "an undefined name, forced": notebook("## A", "print(never)"),
    "a long line": notebook("## A", "x = '" + "x" * 200_000 + "'"),
    "a long sum": notebook("## A", "a = 1\nx = " + " + ".join(["a"] * 1000)),
    "a long chain": notebook("## A", "x = 'a'" + ".upper()" * 900),
    "a deep expression": notebook("## A", "x = " + "-" * 90 + "1"),
    "much output": notebook("## A", "x = 1").replace('"outputs": []', f'"outputs": [{", ".join([OUTPUT] * 2000)}]'),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_odd_input_is_no_reason_to_stop(what: str, run: Callable[..., Done], tmp_path: Path) -> None:
    content = ODD[what]
    (tmp_path / "nb.ipynb").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("nb.ipynb", *["--force"] * ("forced" in what))
    assert done.code == 0, done.err
    assert any(f"tasks/{name}.py" in done.out for name in ("a", "load", "nb")), done.out


def test_no_such_file(run: Callable[..., Done]) -> None:
    done = run("nowhere.ipynb")
    assert done.code == 2
    assert "nowhere.ipynb" in done.err


def test_a_folder(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert run("folder").code == 2


def test_into_a_file(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    done = run("nb.ipynb", "--into", "nb.ipynb")
    assert done.code == 2
    assert files(tmp_path) == {"nb.ipynb"}


@pytest.mark.parametrize("arguments", [["--split-on", "h9"], ["--df-format", "xml"], ["--log", "loud"], []])
def test_wrong_usage(arguments: list[str], run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    done = run(*(["nb.ipynb", *arguments] if arguments else []))
    assert done.code == 2
    assert "Usage:" in done.err


def test_what_a_person_changed_is_kept(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    run("nb.ipynb")
    with (tmp_path / "tasks/load.py").open("a") as file:
        file.write("\n# mine\n")
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO, "x.append(1)"))
    assert run("nb.ipynb").code == 0
    assert "# mine" in (tmp_path / "tasks/load.py").read_text()
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO[:1], "y = 1\n", *TWO[1:]))
    plan = run("nb.ipynb", "--dry-run")
    assert plan.code == 0
    assert "+y = 1" in plan.out
    done = run("nb.ipynb")
    assert done.code == 0
    assert "tasks/load.py merged" in done.out
    now = (tmp_path / "tasks/load.py").read_text()
    assert "# mine" in now and "y = 1" in now
    assert run("nb.ipynb", "--force").code == 0
    assert "# mine" not in (tmp_path / "tasks/load.py").read_text()


def test_conflicts_are_named_and_shown(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    run("nb.ipynb")
    task = tmp_path / "tasks/load.py"
    task.write_text(task.read_text().replace("x = [1, 2]", "x = [3]"))
    (tmp_path / "nb.ipynb").write_text(notebook("## Load", "import math\nx = [4]", *TWO[2:]))
    plan = run("nb.ipynb", "--dry-run")
    assert plan.code == 0
    assert "would be refused" in plan.out and "+x = [4]" in plan.out and " x = [3]" in plan.out
    done = run("nb.ipynb")
    row = task.read_text().split("\n").index("x = [3]") + 1
    assert done.code == 2
    assert f"tasks/load.py, row {row}" in done.err and "--mark-conflicts" in done.err
    marked = run("nb.ipynb", "--mark-conflicts")
    told = f"Your text and the new one stand between marks in tasks/load.py, row {row}: keep one of them"
    assert marked.code == 0 and told in marked.out
    assert told in run("nb.ipynb").out  # as long as they do
    assert "<<<<<<< yours\nx = [3]\n=======\nx = [4]\n>>>>>>> refactor" in task.read_text()


@pytest.mark.skipif(os.name == "nt", reason="a console program of this kind is found otherwise there")
def test_as_a_program(tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    command = [sys.executable, "-m", "soorgeon_clone", "refactor", "nb.ipynb"]
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "2 tasks written" in done.stdout


# what an analysis cannot see -> code, sections with --verify
UNSEEN = {
    "a value that cannot be saved": (
        ["import obscure\nthing = obscure.Thing()", "print(thing.more(2))", "print(1)"],
        ["Merged into a: a, b: seen by --verify"],
    ),
    "nothing to repair": (["x = [1]", "print(x)", "print(1)"], []),
}


@pytest.mark.usefixtures("obscure")
@pytest.mark.parametrize("what", UNSEEN)
def test_verify_joins_what_cannot_be_parted(what: str, run: Callable[..., Done], tmp_path: Path) -> None:
    sources, merges = UNSEEN[what]
    cells = [text for title, source in zip("abc", sources, strict=True) for text in (f"## {title}", source)]
    (tmp_path / "nb.ipynb").write_text(notebook(*cells))
    done = run("nb.ipynb", "--verify")
    assert done.code == 0, done
    assert "Verified: the pipeline shows what the notebook shows" in done.out
    for line in merges:
        assert line in done.out
    assert len(list((tmp_path / "tasks").iterdir())) == 3 - len(merges)


@pytest.mark.usefixtures("obscure")
def test_what_verify_has_learnt_is_remembered(run: Callable[..., Done], tmp_path: Path) -> None:
    sections = ["## A", "import obscure\nx = obscure.Thing()", "## B", "print(x.more(2))", "## C", "print(1)"]
    (tmp_path / "nb.ipynb").write_text(notebook(*sections))
    assert "after 1 repair" in run("nb.ipynb", "--verify").out
    again = run("nb.ipynb").out
    assert "2 tasks written" in again and "Merged into a: A, B" in again and "refactor --verify" in again
    assert "6 unchanged" in again
    (tmp_path / "nb.ipynb").write_text(notebook("## New", "print(0)", *sections))
    assert "Merged into a: A, B" in run("nb.ipynb").out
    (tmp_path / "nb.ipynb").write_text(notebook(*sections[:2], "## Other", *sections[3:]))
    assert "Merged" not in run("nb.ipynb").out


def test_verify_writes_nothing_if_the_notebook_fails(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook("## a", "x = 1", "## b", "1 / 0"))
    done = run("nb.ipynb", "--verify")
    assert done.code == 1 and "ZeroDivisionError" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["nb.ipynb"]


def test_verify_writes_one_task_where_nothing_else_is_right(run: Callable[..., Done], tmp_path: Path) -> None:
    code = "import pathlib\nprint(pathlib.Path('pipeline.yaml').exists())"
    (tmp_path / "nb.ipynb").write_text(notebook("## A", code, "## B", "print(1)"))
    done = run("nb.ipynb", "--verify")
    assert done.code == 1
    assert "even as one task" in done.err and "It is written" in done.err
    assert "2 sections found, 1 task written" in done.out and "Verified" not in done.out
    assert (tmp_path / "pipeline.yaml").exists()
    assert code in (tmp_path / "tasks/a.py").read_text()


def test_verify_in_json(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    verified = json.loads(run("nb.ipynb", "--verify", "--json", "--dry-run").out)["verified"]
    assert verified["same"] and not verified["repairs"] and set(verified["seconds"]) == {"notebook", "pipeline"}
    assert json.loads(run("nb.ipynb", "--json", "--dry-run").out)["verified"] is None


MAY = ["## Load", "import mylib\nxs = [1]", "## Fit", "mylib.fit(xs)", "## Show", "print(xs)"]


def test_it_explains_and_writes_nothing(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*MAY))
    done = run("nb.ipynb", "--explain", "xs", "--explain", "fit -> show")
    assert done.code == 0, done.err
    assert "may be changed in fit: cell 4, row 1: mylib.fit(xs)" in done.out
    assert '"mylib.fit" = { changes = [] }' in done.out
    assert "fit->show (arrow)" in done.out
    assert "planned" not in done.out
    assert files(tmp_path) == {"nb.ipynb"}


def test_what_it_explains_is_in_the_json(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*MAY))
    report = json.loads(run("nb.ipynb", "--explain", "xs", "--json").out)
    assert not report["written"] and files(tmp_path) == {"nb.ipynb"}
    ((told,),) = (report["explained"],)
    assert (told["about"], told["kind"]) == ("xs", "variable")
    (evidence,) = told["points"][1]["evidence"]
    assert evidence.pop("remedy").startswith("if `mylib.fit` does not")
    assert evidence == {
        "cell": 4,
        "row": 1,
        "source": "mylib.fit(xs)",
        "rule": "code that nobody has described: mylib.fit",
        "feared": True,
        "within": [],
    }
    assert json.loads(run("nb.ipynb", "--dry-run", "--json").out)["explained"] == []


def test_it_asks_what_was_meant(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*MAY))
    done = run("nb.ipynb", "--explain", "shwo")
    assert done.code == 2 and "Did you mean show" in done.err
    assert run("nb.ipynb", "--explain", "load->xs").code == 2


@pytest.mark.parametrize("prefix", ["/abs", "../x", "..", "a/../../b", "C:/x"])
def test_products_outside_of_the_project_are_refused_at_once(
    prefix: str, run: Callable[..., Done], tmp_path: Path
) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    done = run("nb.ipynb", "-p", prefix)
    assert done.code == 2
    assert f"--product-prefix {prefix} is not a folder inside the project" in done.err
    assert files(tmp_path) == {"nb.ipynb"}


def test_a_single_task_is_called_like_the_notebook(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "My Model.ipynb").write_text(notebook(*TWO))
    assert run("My Model.ipynb", "-s").code == 0
    assert "tasks/my-model.py" in files(tmp_path)


@pytest.mark.parametrize(("name", "ending"), [("nb.ipynb", "ipynb"), ("nb.py", "py")])
def test_the_format_of_the_notebook(name: str, ending: str, run: Callable[..., Done], tmp_path: Path) -> None:
    text = notebook(*TWO) if ending == "ipynb" else "# %% [markdown]\n# ## Load\n\n# %%\nx = 1\n"
    (tmp_path / name).write_text(text)
    assert run(name, "-f", "same").code == 0
    assert f"tasks/load.{ending}" in files(tmp_path)


DEFINES = ("## Load", "def half(x):\n    return x / 2", "x = half(4)", "## Show", "print(half(x))")


def test_a_file_of_the_users_keeps_its_name(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "exported.py").write_text("y = 3\n")
    (tmp_path / "nb.ipynb").write_text(notebook("## First", "from exported import y", "print(y)", *DEFINES))
    for _ in range(2):
        assert run("nb.ipynb").code == 0
        assert (tmp_path / "exported.py").read_text() == "y = 3\n"
        assert "def half" in (tmp_path / "exported_2.py").read_text()
        assert "from exported_2 import half" in (tmp_path / "tasks/show.py").read_text()
        assert "from exported import y" in (tmp_path / "tasks/first.py").read_text()
    (tmp_path / "exported.py").unlink()
    (tmp_path / "nb.ipynb").write_text(notebook(*DEFINES))
    assert run("nb.ipynb").code == 0
    assert "exported.py" in files(tmp_path)
    assert "exported_2.py" not in files(tmp_path)


@pytest.mark.parametrize("number", [2, 20])
def test_several_names_come_from_the_module_of_another_name(
    number: int, run: Callable[..., Done], tmp_path: Path
) -> None:
    (tmp_path / "exported.py").write_text("y = 3\n")
    names = [f"a_function_with_a_name_{n}" for n in range(number)]
    defines = "\n\n".join(f"def {name}(x):\n    return x" for name in names)
    (tmp_path / "nb.ipynb").write_text(
        notebook("## A", f"{defines}\n\n\nprint(1)", "## B", f"print({', '.join(f'{one}(1)' for one in names)})")
    )
    assert run("nb.ipynb").code == 0
    script = (tmp_path / "tasks/b.py").read_text()
    assert "from exported_2 import" in script and "from exported import" not in script


def test_the_name_of_the_module_can_be_chosen(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*DEFINES))
    assert run("nb.ipynb", "--exported-as", "exported_model").code == 0
    assert "from exported_model import half" in (tmp_path / "tasks/show.py").read_text()
    assert run("nb.ipynb", "--exported-as", "helpers").code == 2


def test_the_readme_names_the_runner(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    assert run("nb.ipynb").code == 0
    text = (tmp_path / "README.md").read_text()
    assert requirement() in text and "-r requirements.txt" in text


LIBRARY = "def total(xs):\n    return sum(xs)\n\ndef spoil(xs):\n    xs.append(9)\n    return 1\n"
LIBRARY += "\nclass Thing:\n    def __init__(self):\n        self.more = lambda x: x + 1\n"
UNKNOWN = [
    "## Load",
    "import obscure\nxs = [1]",
    "## Look",
    "print(obscure.total(xs))",
    "## Use",
    "n = obscure.spoil(xs)",
]
UNKNOWN += ["## End", "print(xs, n)"]


@pytest.fixture
def obscure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a library that nobody has described."""
    folder = tmp_path.parent / f"{tmp_path.name}-site"
    folder.mkdir()
    (folder / "obscure.py").write_text(LIBRARY)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.syspath_prepend(str(folder))


def test_it_says_how_much_it_assumes(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*UNKNOWN))
    assert " assumptions are checked when the pipeline runs (--dry-run says which)\n" in run("nb.ipynb").out
    report = json.loads(run("nb.ipynb", "--json").out)
    assert {"task": "look", "kind": "unchanged", "names": ["xs"], "statement": "print(obscure.total(xs))"}.items() <= (
        report["assumptions"][0].items()
    )


def test_a_dry_run_says_what_it_assumes(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*UNKNOWN))
    said = run("nb.ipynb", "--dry-run").out
    assert " are checked when the pipeline runs (below)\n" in said
    assert "  look: xs is not changed (cell 4, row 1: `print(obscure.total(xs))`)\n" in said
    assert " to be created\n" in said


def test_one_task_of_many_sections(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    assert "nb.ipynb: 2 sections found, 1 task written\n" in run("nb.ipynb", "--single-task").out
    assert (
        "Made from `nb.ipynb` by `soorgeon-clone refactor`. It is one task in" in (tmp_path / "README.md").read_text()
    )


def test_a_timeout_of_nothing(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*TWO))
    done = run("nb.ipynb", "--timeout", "3")
    assert done.code == 2 and "--timeout needs --verify or --build." in done.err


def test_proven_assumes_nothing(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*UNKNOWN))
    report = json.loads(run("nb.ipynb", "--proven", "--json").out)
    assert report["assumptions"] == []
    assert [task["upstream"] for task in report["tasks"]] == [[], ["load"], ["look"], ["use"]]


@pytest.mark.usefixtures("obscure")
def test_build_repairs_what_was_assumed(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*UNKNOWN))
    done = run("nb.ipynb", "--build")
    assert done.code == 0, done.err
    assert "Repairing: `n = obscure.spoil(xs)` was not as assumed (unchanged): " in done.out
    executed = json.loads((tmp_path / "output" / "end.ipynb").read_text())
    assert "[1, 9] 1" in json.dumps(executed)
    again = run("nb.ipynb", "--build")
    assert again.code == 0 and "Repairing" not in again.out


@pytest.mark.usefixtures("obscure")
def test_build_repairs_what_another_task_fails_of(run: Callable[..., Done], tmp_path: Path) -> None:
    use = "import time\ntime.sleep(1)\nn = obscure.spoil(xs)"
    (tmp_path / "nb.ipynb").write_text(notebook(*UNKNOWN[:5], use, "## End", "print(xs[1])", "## Last", "print(n)"))
    done = run("nb.ipynb", "--build")
    assert done.code == 0, done.err
    assert "not checked yet: " in done.out + done.err
    assert "Repairing: `n = obscure.spoil(xs)` was not as assumed (unchanged): " in done.out


@pytest.mark.usefixtures("obscure")
def test_build_joins_what_cannot_be_saved(run: Callable[..., Done], tmp_path: Path) -> None:
    cells = (
        "## Make",
        "import obscure\nthing = obscure.Thing()",
        "## Use",
        "print(thing.more(2))",
        "## Last",
        "print(1)",
    )
    (tmp_path / "nb.ipynb").write_text(notebook(*cells))
    done = run("nb.ipynb", "--build")
    assert done.code == 0, done.err
    assert "`thing`, an object of type obscure.Thing, cannot be saved" in done.out + done.err
    assert "Merged into make: Make, Use: seen by --verify: `thing` cannot be pickled" in done.out
    assert run("nb.ipynb", "--build").code == 0


@pytest.mark.usefixtures("obscure")
def test_build_fails_where_even_one_task_shows_something_else(run: Callable[..., Done], tmp_path: Path) -> None:
    where = "import pathlib\nprint(pathlib.Path('.soorgeon-clone').exists())"
    make = f"{where}\nimport obscure\nthing = obscure.Thing()"
    (tmp_path / "nb.ipynb").write_text(notebook("## Make", make, "## Use", "print(thing.more(2))"))
    done = run("nb.ipynb", "--build")
    assert done.code == 1
    assert "even as one task" in done.err


def test_build_says_that_it_is_the_notebook_that_fails(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook("## One", "x = [1]", "## Two", "print(x[0] / 0)"))
    done = run("nb.ipynb", "--build")
    assert done.code == 1
    assert "It does: nb.ipynb, cell 4, line 1: the notebook itself fails here: ZeroDivisionError" in done.err


@pytest.mark.usefixtures("obscure")
def test_what_was_broken_is_known_beside_the_notebook_too(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(notebook(*UNKNOWN))
    entry = '- {statement: "n = obscure.spoil(xs)", assumed: unchanged, names: [xs], broken: "xs: [1] -> [1, 9]"}\n'
    (tmp_path / "assumptions.yaml").write_text(entry)
    report = json.loads(run("nb.ipynb", "--into", "new", "--json").out)
    assert [task["upstream"] for task in report["tasks"]][-1] == ["use"]
