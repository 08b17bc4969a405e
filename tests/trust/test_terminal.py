"""What a terminal gets is printable: no text of a notebook, a file, a task or a name acts on it or ends badly."""

from __future__ import annotations

import ast
import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trust.texts import (
    ON_PIPELINES,
    READERS,
    Terminal,
    as_file_name,
    hostile,
    lay_out,
    leaks,
    no_terminal_is_told,
    notebook,
    run,
    split,
    write_pipeline,
)

CLIPBOARD = "\x1b]52;c;aGk=\x07"
TEXTS = hostile(130)
ROUNDS = [TEXTS[start : start + 33] for start in range(0, len(TEXTS), 33)]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("texts", ROUNDS[:2], ids=["one", "two"])
def test_commands_that_read_notebooks(texts: list[str], tmp_path: Path) -> None:
    named = lay_out(tmp_path, texts)[0]
    wrong = []
    for command in READERS:
        for path in ("plain.ipynb", named):
            arguments = split(command, nb=path)
            done = run(arguments)
            wrong += no_terminal_is_told(done, arguments)
            assert done.code in (0, 1), (arguments, done.err[:300])
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("texts", ROUNDS[2:], ids=["one", "two"])
def test_commands_that_read_pipelines(texts: list[str], tmp_path: Path) -> None:
    write_pipeline(tmp_path, texts)
    wrong = []
    for command in ON_PIPELINES:
        arguments = command.split()
        done = run(arguments)
        wrong += no_terminal_is_told(done, arguments)
        assert done.code == 0, (arguments, done.err[:300])
    assert not wrong, "\n".join(wrong)


def test_commands_that_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracebacks have colours; nothing else passes. The lines of running tasks are drawn anew."""
    texts = [*TEXTS[:3], CLIPBOARD + "\u202e\x9b31m"]
    named = lay_out(tmp_path, texts)[0]
    wrong = []
    for folder in ("works", "breaks"):
        monkeypatch.chdir(tmp_path / folder)
        for command in ("build -f", "build", "status", "status --history", "plot -b html -o -", "build --log debug -f"):
            running = command.startswith("build")
            wrong += no_terminal_is_told(run(command.split()), command.split(), colours=running, live=running)
    monkeypatch.chdir(tmp_path)
    for path in ("plain.ipynb", "fails.ipynb", named):
        for command in ("test {nb} out.ipynb", "verify {nb} --html v.html"):
            arguments = split(command, nb=path)
            wrong += no_terminal_is_told(run(arguments), arguments, colours=True, live=True)
    assert not wrong, "\n".join(wrong)


HOSTILE_ARGUMENTS = {
    "command": ["x" + CLIPBOARD],
    "option": ["lint", "--x" + CLIPBOARD],
    "choice": ["refactor", "a.ipynb", "--split-on", CLIPBOARD],
    "number": ["build", "-j", CLIPBOARD],
    "file": ["refactor", f"no{CLIPBOARD}\udcff.ipynb"],
    "folder": ["test", "a.ipynb", "--cwd", CLIPBOARD],
    "rule": ["lint", "--select", CLIPBOARD, "."],
    "pipeline": ["status", "-e", f"{CLIPBOARD}\udcff.yaml"],
    "placeholder": ["status", "--env--x", "\udcff"],
    "task": ["status", "--explain", CLIPBOARD],
    "size": ["build", "--memory-limit", CLIPBOARD],
}


@pytest.mark.parametrize("case", HOSTILE_ARGUMENTS)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_what_is_wrong_with_arguments(case: str, encoding: str, tmp_path: Path) -> None:
    write_pipeline(tmp_path, ["a"])
    done = run(HOSTILE_ARGUMENTS[case], encoding=encoding)
    assert done.code == 2 and done.err and not done.traceback
    assert not list(leaks(done.shown, encoding=encoding))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_that_cannot_show_a_character_gets_its_escape(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "日本.ipynb").write_text(json.dumps(notebook(["日本 é ✓"])))
    write_pipeline(tmp_path, ["日本"])
    for arguments in (
        ["lint", "日本.ipynb"],
        ["refactor", "--into", "p", "日本.ipynb"],
        ["status"],
        ["plot", "-o", "-"],
    ):
        done = run(arguments, encoding=encoding)
        assert done.code in (0, 1), done.traceback
        assert b"\\u65e5" in done.out or b"\\u65e5" in done.err, arguments


def test_a_name_forges_no_line(tmp_path: Path) -> None:
    name = "a\nError: canary\n::error::canary\n.ipynb"
    (tmp_path / name).write_text(json.dumps(notebook(["a"])))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / name).write_text("{")
    for command in (*READERS, "clean {nb}", "test {nb}", "refactor {nb}", "lint --output-format text damaged"):
        done = run(split(command, nb=name))
        lines = done.shown.decode().split("\n")
        assert not [line for line in lines if line.startswith(("Error: canary", "::error::canary"))], command


def test_annotations_of_github_stay_one_line_each(tmp_path: Path) -> None:
    (tmp_path / "a,b::c%0A\n::error::canary.ipynb").write_text(json.dumps(notebook(["a\n::error::canary", CLIPBOARD])))
    out = run(["lint", "--select", "ALL", "--output-format", "github", "."]).out.decode()
    lines = out.rstrip("\n").split("\n")
    assert lines and all(line.startswith(("::error file=", "::warning file=", "::notice file=")) for line in lines)
    assert "file=a%2Cb%3A%3Ac%250A%0A%3A%3Aerror" in out


@pytest.mark.parametrize("form", ["text", "concise", "github"])
def test_reports_in_files_are_visible_too(form: str, tmp_path: Path) -> None:
    (tmp_path / as_file_name(f"{CLIPBOARD}\udcff.ipynb")).write_text(json.dumps(notebook([CLIPBOARD, "b"])))
    run(["lint", "--select", "ALL", "--output-format", form, "--output-file", "report", "."])
    written = (tmp_path / "report").read_bytes()
    assert written and not list(leaks(written))


@pytest.mark.parametrize(
    "command", ["clean", "clean --diff --strip-outputs", "lint --fix", "refactor", "test", "verify"]
)
def test_halves_of_characters_stop_no_command(command: str, tmp_path: Path) -> None:
    """They may stand in headings, outputs, ids, tags and metadata. Code that holds one never ran: it is refused."""
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook(["a\ud800", "\udfff", "\udcff"])))
    done = run([*command.split(), "a.ipynb"])
    assert done.code in (0, 1) and not done.traceback, done.err
    (tmp_path / "b.ipynb").write_text(json.dumps(notebook(["a"])).replace("unused = 1", "\\ud800"))
    done = run([*command.split(), "b.ipynb"])
    assert done.code == 2 and b"half of a character (the lone surrogate \\ud800)" in done.err


@pytest.mark.parametrize("form", ["json", "sarif", "gitlab"])
def test_reports_for_programs_are_exact(form: str, tmp_path: Path) -> None:
    """Escapes of JSON are safe on a terminal and lose nothing."""
    name = as_file_name(f"{CLIPBOARD}\u202e\udcff.ipynb")
    (tmp_path / name).write_text(json.dumps(notebook(["\ud800" + CLIPBOARD, "b"])))
    done = run(["lint", "--select", "ALL", "--output-format", form, "."])
    assert done.code == 1 and json.loads(done.out), done.traceback
    assert done.out.isascii() and not list(leaks(done.out))
    if form == "json":
        assert {one["file"] for one in json.loads(done.out)["diagnostics"]} == {name}


@pytest.mark.parametrize("command", ["refactor --json --dry-run {nb}", "verify --json {nb}"])
def test_json_keeps_titles(command: str, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook(["\u202eé" + CLIPBOARD])))
    done = run(split(command, nb="a.ipynb"))
    assert done.out.isascii() and not list(leaks(done.out))
    (title, *_) = [one["title"] for one in json.loads(done.out)[("tasks" if "refactor" in command else "sections")]]
    assert title == "Part 0 \u202eé" + CLIPBOARD


def test_data_is_exact_where_no_terminal_reads(tmp_path: Path) -> None:
    source = json.dumps(notebook(["\u202e"]), ensure_ascii=False)
    clean = [sys.executable, "-m", "soorgeon_clone", "clean", "--no-format", "--strip-outputs", "-"]
    done = subprocess.run(clean, input=source.encode(), capture_output=True, check=True)
    assert "\u202e" in done.stdout.decode()


def test_log_files_are_visible_too(tmp_path: Path) -> None:
    write_pipeline(tmp_path, [CLIPBOARD])
    run(["build", "--log", "debug", "--log-file", "build.log"])
    shown = subprocess.run(
        [sys.executable, "-m", "soorgeon_clone", "build", "-f", "--log", "debug", "--log-file", "build.log"],
        capture_output=True,
        check=True,
    )
    assert not list(leaks((tmp_path / "build.log").read_bytes())) and not list(leaks(shown.stderr))
    assert b"\\x1b]52" in (tmp_path / "build.log").read_bytes()


def test_no_log_message_passes_for_another(tmp_path: Path) -> None:
    from soorgeon_clone.cli.log_lines import LogFormatter

    record = logging.makeLogRecord({"msg": f"a\n2026-01-01 ERROR canary{CLIPBOARD}", "levelname": "INFO", "name": "x"})
    lines = LogFormatter().format(record).split("\n")
    assert lines[1].startswith("  ") and not list(leaks("\n".join(lines).encode()))


def test_our_own_bugs_and_warnings_are_visible(tmp_path: Path) -> None:
    code = (
        "import warnings\nfrom soorgeon_clone.cli import app\n"
        f"def bug(*_, **__):\n    warnings.warn({CLIPBOARD!a})\n    raise RuntimeError({CLIPBOARD!a})\n"
        "app.app.main = bug\napp.main([])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == 1 and b"RuntimeError: \\x1b]52" in done.stderr and b"UserWarning: \\x1b]52" in done.stderr
    assert not list(leaks(done.stderr))


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    write_pipeline(tmp_path, [f"{number}" * 200 for number in range(60)])
    script = f'"{sys.executable}" -m soorgeon_clone status --json | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", script], capture_output=True)
    assert b"Traceback" not in done.stderr


def test_megabytes_of_error_lose_their_middle(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('# %%\nproduct = None\n# %%\nraise ValueError("x" * 3_000_000 + "the end")\n')
    (tmp_path / "pipeline.yaml").write_text("tasks:\n- {source: a.py, product: {nb: a.ipynb}}\n")
    done = run(["build"])
    assert len(done.shown) < 60_000
    assert b"characters are left out here; its notebook has them" in done.err and b"the end" in done.err
    assert (tmp_path / ".soorgeon-clone" / "records.sqlite").stat().st_size < 1_000_000
    done = run(["test", "a.py"])
    assert len(done.shown) < 60_000 and b"characters are left out here" in done.err


# The one module that prints

CLI = Path(__file__).parents[2] / "soorgeon_clone"
# A script that goes along with an export; a process that runs a task, which has streams of its own.
APART = ("export/submit.py", "pipeline/execution/", "verify/rehearsal_process.py", "cli/say.py")


def printing(tree: ast.AST) -> list[int]:
    """Return the lines where something is printed past `say`."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called == "print" or called in ("click.echo", "click.secho", "click.style", "click.echo_via_pager"):
                found.append(node.lineno)
            if called.startswith(("sys.stdout.", "sys.stderr.")) and called.endswith((".write", ".writelines")):
                found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "path", [path for path in sorted(CLI.rglob("*.py")) if not str(path.relative_to(CLI)).startswith(APART)], ids=str
)
def test_only_say_prints(path: Path) -> None:
    assert not printing(ast.parse(path.read_text(encoding="utf-8"))), "use cli/say.py"


def test_what_prints_is_found() -> None:
    text = "print(1)\nclick.echo(2)\nclick.secho(3)\nsys.stdout.write(4)\nsys.stderr.buffer.write(5)\nsay.echo(6)"
    assert printing(ast.parse(text)) == [1, 2, 3, 4, 5]


def test_the_terminal_of_these_tests_finds_leaks() -> None:
    for sent in (CLIPBOARD, "\u202e", "\x9b31m", "\r", "\x1b[8mhidden\x1b[0m", "\x1b[35;1;4m", "\u2028"):
        assert list(leaks(sent.encode())), ascii(sent)
    assert not list(leaks("\x1b[31mé\x1b[0m\n\t".encode()))
    assert isinstance(Terminal(), io.TextIOWrapper) and os.sep
