"""Notebooks whose pipelines are right, wrong, or cannot be judged: `verify` says which, where and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.verify.model import Report, Tolerance
from soorgeon_clone.verify.verify import Settings, verify
from verify.folders import LYING, fingerprint, notebook


def run(folder: Path, text: str, files: dict[str, str] | None = None, **settings: object) -> Report:
    source = notebook(folder, text, files)
    before = fingerprint(folder)
    try:
        return verify(source, make_plan(source), Settings(**settings))  # type: ignore[arg-type]
    finally:
        assert fingerprint(folder) == before, "the user's folder was changed"


RIGHT = {
    "variables, functions and a file": """
    xs = [1, 2]
    def total(v):
        return sum(v) + len(xs)
    ---
    xs.append(3)
    open("out.txt", "w").write("x")
    print(total(xs))
    # %%
    xs
    ---
    print(open("out.txt").read(), xs)
    """,
    "randomness that is seeded": """
    import random
    random.seed(1)
    ---
    print(random.random())
    ---
    print(random.random())
    """,
    "addresses, times and a progress bar": """
    import time, sys
    o = object()
    ---
    print(o.__class__, object())
    print("\\r50%|#####     | 1/2 [00:00<00:00, 9.9it/s]", file=sys.stderr)
    # %%
    %time sum(range(3))
    """,
    "a frame, an array, a model's parts": """
    import numpy as np, pandas as pd
    df = pd.DataFrame({"a": [1, 2, None], "b": list("xyz"), "c": pd.Categorical(list("pqp"))})
    arr = np.arange(6.0).reshape(2, 3)
    ---
    df["a"] = df["a"].fillna(0)
    arr[0, 0] = np.nan
    df
    ---
    print(df.b.tolist(), arr.shape)
    """,
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_pipeline(name: str, tmp_path: Path) -> None:
    report = run(tmp_path, _plain(RIGHT[name]))
    assert report.same, report
    assert not report.unstable
    assert all(section.verdict == "same" for section in report.sections)


# name -> code, section that differs first (from 1), kind and variable of the difference, words of the likely cause
WRONG: dict[str, tuple[str, int, str, str | None, str]] = {
    "a change nobody knew of": (
        "import helpers\nxs = []\n---\nhelpers.grow(xs)\n---\nprint(xs)",
        3,
        "variable",
        "xs",
        "section 's2' changes `xs`",
    ),
    "a class that loses its state": (
        "import helpers\no = helpers.Lossy()\nprint(o.n)\n---\nprint(o.n)",
        2,
        "variable",
        "o.n",
        "does not keep all of its state",
    ),
    "a value that cannot be pickled": (
        "import helpers\no = helpers.Locked()\n---\nprint(o.lock.locked())",
        1,
        "failure",
        None,
        "`o` cannot be pickled",
    ),
    "state in a module": (
        "import helpers\nhelpers.settle()\n---\nimport helpers\nprint(helpers.state)",
        2,
        "output",
        None,
        "leaves behind",
    ),
    "a file nobody sees": (
        "import helpers\nhelpers.write()\n---\nimport helpers\nprint(helpers.read())",
        2,
        "failure",
        None,
        "writes the file",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_pipeline(name: str, tmp_path: Path) -> None:
    code, section, kind, variable, cause = WRONG[name]
    report = run(tmp_path, code, LYING)
    assert not report.same
    first = next(result for result in report.sections if result.difference)
    assert first.difference is not None and first.difference.cause is not None
    assert (first.number + 1, first.difference.kind) == (section, kind), report
    assert first.difference.variable == variable
    assert cause in first.difference.cause.text
    assert 0 <= first.difference.cause.first < first.difference.cause.last < len(report.sections)


def test_a_library_that_draws_while_it_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It draws once in the notebook, in the section that imports it first; sections below see the state after that."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "drawing.py").write_text("import random; random.random()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    (tmp_path / "folder").mkdir()
    text = """
    import os, random as rd
    rd.seed(1)
    ---
    print(rd.random())
    ---
    import drawing
    print(rd.random())
    ---
    print(drawing.__name__, rd.random())
    """
    report = run(tmp_path / "folder", _plain(text))
    assert [section.verdict for section in report.sections] == ["same"] * 4


def test_a_notebook_that_is_not_deterministic(tmp_path: Path) -> None:
    report = run(
        tmp_path, "import random, time\nx = 1\n---\nprint(random.random())\n---\nprint(x)\n---\ny = x + 1\nprint(y)"
    )
    assert report.same
    assert [section.verdict for section in report.sections] == ["same", "not deterministic", "same", "same"]
    assert report.unstable == (3,)


def test_wrong_and_not_deterministic_at_once(tmp_path: Path) -> None:
    code = "import helpers, random\nxs = []\nprint(random.random())\n---\nhelpers.grow(xs)\n---\nprint(xs)"
    report = run(tmp_path, code, LYING)
    assert not report.same
    assert [section.verdict for section in report.sections] == ["not deterministic", "same", "different"]


def test_what_does_not_run_because_something_else_failed(tmp_path: Path) -> None:
    report = run(
        tmp_path, "import helpers\no = helpers.Locked()\n---\nprint(o)\nx = [1]\n---\nprint(x)\n---\nprint(1)", LYING
    )
    assert [section.verdict for section in report.sections] == ["different", "not run", "not run", "same"]


def test_floats_within_a_tolerance(tmp_path: Path) -> None:
    # each process gets a little more, as from a sum over threads
    code = "import os\nx = 1.0 + (os.getpid() % 97) * 1e-12\nprint(x)\n---\nprint(x * 2)"
    assert run(tmp_path, code, tolerance=Tolerance(rtol=1e-9)).same


# name -> code, words of the message, words of the hint
BAD: dict[str, tuple[str, str, str]] = {
    "fails half-way": (
        "x = 1\n---\nx / 0",
        "cell 4 line 1: the notebook itself fails here: ZeroDivisionError",
        "Correct",
    ),
    "waits for input": ("x = input('name? ')", "cell 2 line 1: the cell asks for input", "input()"),
    "asks for a password": ("import getpass\nx = getpass.getpass()", "cell 2 line 2: the cell asks for input", ""),
    "never ends": (
        "x = 1\n---\nwhile True:\n    pass",
        "cell 4: the notebook did not come to its end within 3 s",
        "--timeout",
    ),
    "lacks a package": (
        "import sklearn_of_old",
        "cell 2 line 1: the notebook needs the module sklearn_of_old",
        "pip install",
    ),
    "lacks a package known by another name": ("import yamlx, cv2", "needs the module", "pip install"),
    "writes to its own folder by its full name": (
        "open(FULL, 'w').write('x')",
        "writes outside of its folder, to",
        "--in-place",
    ),
    "makes a folder outside": ("import os\nos.makedirs('/var/somewhere/else')", "writes outside", "--in-place"),
    "removes a file by its full name": ("import os\nos.remove(FULL)", "writes outside", "--in-place"),
    "kills its process": (
        "import os\nx = 1\n---\nos._exit(3)",
        "cell 4: the notebook's process ended in this cell",
        "",
    ),
    "leaves": ("x = 1\n---\nexit()\n---\nprint(x)", "cell 4: the notebook itself fails here: SystemExit", ""),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str, tmp_path: Path) -> None:
    code, message, hint = BAD[name]
    code = code.replace("FULL", repr(str(tmp_path / "data.txt")))
    with pytest.raises(UserError) as caught:
        run(tmp_path, code, {"data.txt": "mine"}, timeout=3)
    assert message in caught.value.message.replace(", line", " line").replace(" (id", "(id"), caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.exit_code == 1


def test_a_notebook_that_prints_gigabytes(tmp_path: Path) -> None:
    report = run(tmp_path, "for n in range(300):\n    print('x' * 100_000)\n---\nprint(1)")
    assert report.same
    assert any("very long" in note and "cell 2" in note for note in report.notes)


def test_files_around_the_folder_are_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "prices.csv").write_text("1,2")
    report = run(tmp_path / "notebooks", "text = open('../data/prices.csv').read()\n---\nprint(text)")
    assert report.same


def test_a_pipeline_on_disk_that_was_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from soorgeon_clone.cli.refactor import command

    source = notebook(tmp_path, "x = 1\n---\nprint(x)\n---\nprint(x + 1)")
    monkeypatch.chdir(tmp_path)
    command.main(["nb.ipynb"], standalone_mode=False)
    entry_point = tmp_path / "pipeline.yaml"
    assert verify(source, make_plan(source), Settings(entry_point=entry_point)).same
    script = tmp_path / "tasks" / "s2.py"
    script.write_text(script.read_text().replace("print(x)", "x = 5\nprint(x)"))
    before = fingerprint(tmp_path)
    report = verify(source, make_plan(source), Settings(entry_point=entry_point))
    assert fingerprint(tmp_path) == before
    assert [section.verdict for section in report.sections] == ["same", "different", "same"]
    found = report.sections[1].difference
    assert found is not None and found.cause is not None
    assert found.cause.text == "task s2 has other code than the notebook: one of them was changed after `refactor`"


def _plain(text: str) -> str:
    import textwrap

    return textwrap.dedent(text).strip("\n")
