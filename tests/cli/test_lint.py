"""The command as people and hooks call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lint.notebooks import code, ipynb, text

from soorgeon_clone.cli.lint import command

BAD = ipynb("print(x)", "x = 1")
GOOD = ipynb("x = 1", "print(x)")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / ".cache"))
    return tmp_path


def lint(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(command, list(arguments), input=stdin, catch_exceptions=False)


@pytest.mark.parametrize(
    ("files", "arguments", "exit_code"),
    [
        ({"a.ipynb": GOOD}, ["."], 0),
        ({"a.ipynb": BAD}, ["."], 1),
        ({"a.ipynb": BAD}, [".", "--ignore", "SG2"], 0),
        ({"a.ipynb": BAD}, ["a.ipynb", "--select", "SG101,SG505"], 0),
        ({"a.ipynb": ipynb("x = 1", "", "print(x)")}, ["."], 0),  # information only: an empty cell
        ({"a.ipynb": BAD, "b.ipynb": b"{"}, ["."], 2),
        ({}, ["gone.ipynb"], 2),
        ({}, [], 2),
        ({"a.ipynb": GOOD}, [".", "--select", "SG9"], 2),
        ({"a.ipynb": GOOD}, [".", "--check-run"], 2),
        (
            {"a.ipynb": ipynb("x", metadata={"kernelspec": {"language": "R", "name": "ir", "display_name": "R"}})},
            ["."],
            0,
        ),
        ({}, ["."], 0),
    ],
)
def test_exit_codes(folder: Path, files: dict[str, bytes], arguments: list[str], exit_code: int) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    runner = CliRunner()
    result = runner.invoke(command, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        assert getattr(result.exception, "exit_code", None) == exit_code
    else:
        assert result.exit_code == exit_code, result.output


def test_one_broken_file_does_not_hide_the_others(folder: Path) -> None:
    (folder / "a.ipynb").write_bytes(BAD)
    (folder / "b.ipynb").write_bytes(b"{")
    result = lint(".", "--output-format", "concise")
    assert "a.ipynb:cell 1:1:7: SG201" in result.stdout
    assert "b.ipynb" in result.stderr


def test_stdin() -> None:
    result = lint("-", "--output-format", "concise", stdin=BAD)
    assert result.exit_code == 1
    assert result.stdout.startswith("standard input:cell 1:1:7: SG201")
    script = lint("-", stdin=b"# %%\nprint(x)\n# %%\nx = 1\n")
    assert script.exit_code == 1


def test_stdin_is_mended_to_stdout() -> None:
    result = lint("-", "--fix", stdin=BAD)
    assert result.exit_code == 0
    assert [cell["source"] for cell in json.loads(result.stdout)["cells"]] == [["x = 1"], ["print(x)"]]


def test_output_file(folder: Path) -> None:
    (folder / "a.ipynb").write_bytes(BAD)
    result = lint(".", "--output-format", "sarif", "--output-file", "out.sarif")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert json.loads((folder / "out.sarif").read_text())["version"] == "2.1.0"


def test_statistics(folder: Path) -> None:
    (folder / "a.ipynb").write_bytes(ipynb("import os\nimport sys", "print(1)"))
    assert "     2  SG209  unused-import  (2 with a fix)" in lint(".", "--statistics").stdout


def test_diff_changes_nothing(folder: Path) -> None:
    path = folder / "a.ipynb"
    path.write_bytes(BAD)
    result = lint(".", "--diff")
    assert result.exit_code == 1
    assert result.stdout.startswith("--- a/a.ipynb\n+++ b/a.ipynb\n@@ ")
    assert "cell 2 moved to the top" in result.stderr
    assert path.read_bytes() == BAD
    assert lint(".", "--diff", "--ignore", "SG1,SG2").exit_code == 0


@pytest.mark.parametrize(
    ("name", "data", "mended"),
    [
        ("a.ipynb", BAD, 1),  # by another order
        ("a.ipynb", ipynb(code("x = 1", 2), code("print(x)", 5)), 2),  # both gaps in the counts
        ("a.ipynb", ipynb("import os, sys", "print(1)"), 2),
        ("a.ipynb", ipynb("import mysetup", "print(1)"), 0),  # it may have been imported for what it does
        ("a.Rmd", b"```{python}\nimport os\n```\n", 0),  # a format that is not edited
    ],
)
def test_says_how_many_can_be_mended(folder: Path, name: str, data: bytes, mended: int) -> None:
    (folder / name).write_bytes(data)
    (folder / "mysetup.py").write_text("")
    before = lint(name, "--select", "SG1,SG2")
    assert (f"; {mended} can be mended with --fix." in before.output) == bool(mended), before.output
    lint(name, "--select", "SG1,SG2", "--fix")
    after = json.loads(lint(name, "--select", "SG1,SG2", "--output-format", "json").stdout)["diagnostics"]
    assert before.output.count(": SG") - len(after) == mended


def test_fix(folder: Path) -> None:
    path = folder / "a.ipynb"
    path.write_bytes(ipynb(text("# Title"), "print(x)", "", code("x = 1\nimport os")))
    path.chmod(0o640)
    result = lint(".", "--fix")
    assert result.exit_code == 0, result.output
    assert [cell["source"] for cell in json.loads(path.read_bytes())["cells"]] == [["# Title"], ["x = 1"], ["print(x)"]]
    assert path.stat().st_mode & 0o777 == 0o640
    assert not [one for one in folder.iterdir() if one.name.startswith(".a.ipynb")]


def test_fix_through_a_link(folder: Path) -> None:
    (folder / "real.ipynb").write_bytes(BAD)
    (folder / "link.ipynb").symlink_to("real.ipynb")
    lint("link.ipynb", "--fix")
    assert (folder / "link.ipynb").is_symlink()
    assert (folder / "real.ipynb").read_bytes() != BAD


def test_check_run_keeps_only_what_runs(folder: Path) -> None:
    runs, fails = folder / "runs.ipynb", folder / "fails.ipynb"
    runs.write_bytes(BAD)
    fails.write_bytes(ipynb("print(x)", "x = 1", "1 / 0"))
    before = fails.read_bytes()
    result = lint(".", "--fix", "--check-run")
    assert runs.read_bytes() != BAD
    assert fails.read_bytes() == before
    assert "cell 3: ZeroDivisionError" in result.stderr


def test_check_run_finds_the_order_that_shows_what_was_recorded(folder: Path) -> None:
    def prints(source: str, text: str) -> dict[str, object]:
        return code(source, None, {"output_type": "stream", "name": "stdout", "text": text})

    path = folder / "a.ipynb"
    path.write_bytes(ipynb(prints("print(x)", "1\n"), "x = 2", prints("print(x, '!')", "2 !\n"), "x = 1"))
    result = lint("a.ipynb", "--fix", "--check-run", "--select", "SG2")
    cells = ["".join(cell["source"]) for cell in json.loads(path.read_bytes())["cells"]]
    assert cells.index("x = 1") + 1 == cells.index("print(x)")
    assert cells.index("x = 2") + 1 == cells.index("print(x, '!')")
    assert "there it ran" in result.stderr


def test_explain_and_rules() -> None:
    result = lint("--explain", "SG201")
    assert result.exit_code == 0
    assert "used-before-definition" in result.stdout
    assert "Good:" in result.stdout
    assert "SG508  file-name" in lint("--rules").stdout


def test_sections_that_would_be_merged(folder: Path) -> None:
    make = 'import sqlite3\ncon = sqlite3.connect(":memory:")\ncon.execute("create table t (a)")'
    cells = [text("## Make"), make, text("## Use"), 'print(list(con.execute("select * from t")))']
    (folder / "a.ipynb").write_bytes(ipynb(*cells))
    result = lint("a.ipynb", "--select", "SG308")
    assert result.exit_code == 0  # information
    assert "sections 'Make', 'Use' would become one task" in result.stdout


def test_what_cannot_be_saved_is_told_with_what_refactor_does(folder: Path) -> None:
    make = "import threading\nlock = threading.Lock()\nfile = open('x.txt', 'w')"
    cells = [text("## Make"), make, text("## Lock"), "with lock:\n    print(1)", text("## Use"), "file.write('x')"]
    (folder / "a.ipynb").write_bytes(ipynb(*cells))
    found = lint("a.ipynb", "--select", "SG303").stdout
    assert "`file` of section 'Make' cannot be saved for this section: an open file; `refactor` makes one task" in found
    (folder / "a.ipynb").write_bytes(ipynb(*cells[:4]))
    assert "a lock; `refactor` makes it again here" in lint("a.ipynb", "--select", "SG303").stdout


def test_settings_of_the_folder(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.soorgeon-clone.lint]\nignore = ["SG201"]\n')
    (folder / "a.ipynb").write_bytes(BAD)
    assert lint("a.ipynb").exit_code == 0
    assert lint("a.ipynb", "--select", "SG201").exit_code == 1


def test_many_foreign_notebooks_make_one_note(folder: Path) -> None:
    foreign = ipynb("x", metadata={"kernelspec": {"language": "julia", "name": "julia", "display_name": "Julia"}})
    for number in range(9):
        (folder / f"{number}.ipynb").write_bytes(foreign)
    result = lint(".")
    assert result.exit_code == 0
    assert "4 more files were skipped" in result.stderr
