"""Commands that read a pipeline call nothing that it names, import nothing of it, and run no program for it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from project_folder import SAVE, Folder

from soorgeon_clone.cli.app import app
from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.api import Pipeline
from soorgeon_clone.pipeline.declared import repository, spec
from soorgeon_clone.pipeline.status.project import Project
from trust.canary import watch

READING = (
    ["status"],
    ["status", "--json"],
    ["status", "--explain", "a*"],
    ["plot", "-o", "-"],
    ["plot", "-o", "drawn.html"],
    ["report", "-o", "page.html"],
    ["nb", "--inject"],
    ["nb", "--sync"],
    ["nb", "--remove"],
    ["scaffold"],
    ["build", "--dry-run"],
    ["cache"],
    ["export", "--to", "argo", "--store", "s3://bucket/x", "--dry-run"],
    ["export", "--to", "airflow", "--store", "s3://bucket/x"],
    ["export", "--to", "aws-batch", "--store", "s3://bucket/x"],
)

# What an entry of a task may say to have something run.
NAMED: dict[str, dict[str, Any]] = {
    "a param": {"params": {"x": "evil::f"}},
    "a param with arguments": {"params": {"x": {"dotted_path": "evil::f", "cmd": "touch ran"}}},
    "a param of the standard library": {"params": {"x": {"dotted_path": "subprocess::getoutput", "cmd": "touch ran"}}},
    "a function that ends the process": {"params": {"x": "os::abort"}},
    "a function of a package": {"params": {"x": "package.inner::f"}},
    "a grid": {"name": "a-", "grid": {"x": "evil::f"}},
    "a grid with arguments": {"name": "a-", "grid": {"x": {"dotted_path": "os::system", "command": "touch ran"}}},
    "one grid of several": {"name": "a-", "grid": [{"x": [1, 2]}, {"x": "evil::f", "y": [1]}]},
    "a name from a grid": {"name": "a-[[x]]", "grid": {"x": "evil::f"}},
    "hooks": {"on_render": "evil.f", "on_finish": {"dotted_path": "evil.f", "x": 1}, "on_failure": "evil.f"},
    "serializers": {"serializer": "evil.f", "unserializer": "evil.f"},
    "an exporter": {"nbconvert_exporter_name": "evil.f"},
}
EVIL = "open('ran', 'w').close()\n\ndef f(*args, **kwargs):\n    open('ran', 'w').close()\n    return [1]\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A project whose modules leave the file ``ran`` when they are imported or called."""
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / "cache"))
    folder = Folder(tmp_path / "project")
    for name in ("evil.py", "package/__init__.py", "package/inner.py", "conftest.py", "sitecustomize.py", "yaml.py"):
        folder.write(name, EVIL)
    folder.script("a", SAVE)
    monkeypatch.chdir(folder.root)
    return folder


def declare(folder: Folder, **entry: Any) -> None:
    entry = {"source": "tasks/a.py", "product": {"nb": "output/a.ipynb", "x": "output/a.pkl"}, **entry}
    folder.write("pipeline.yaml", yaml.safe_dump({"tasks": [entry], "on_finish": "evil.f"}))


@pytest.mark.parametrize("what", NAMED)
def test_what_pipeline_yaml_names_is_not_run(what: str, project: Folder) -> None:
    declare(project, **NAMED[what])
    for command in READING:
        with watch(project.root, project.root.parent / "cache") as seen:
            result = CliRunner().invoke(app, command)
        assert isinstance(result.exception, (UserError, SystemExit, type(None))), (command, result.exception)
        assert not (project.root / "ran").exists(), command
        assert seen.problems == [], command
    assert not {"evil", "package.inner"} & set(sys.modules)


def test_what_is_not_computed_is_shown_as_what_it_is(project: Folder) -> None:
    declare(project, params={"x": {"dotted_path": "evil::f", "n": 1}, "y": "std::vector"})
    result = CliRunner().invoke(app, ["report", "-o", "page.html"])
    assert result.exit_code == 0
    page = Path("page.html").read_text()
    assert "x = evil::f(n=1)" in page
    assert "std::vector" in page
    CliRunner().invoke(app, ["nb", "--inject"])
    injected = Path("tasks/a.py").read_text()
    assert 'x = __import__("importlib").import_module("evil").f(**{"n": 1})' in injected
    assert 'y = "std::vector"' in injected


def test_a_cell_that_calls_functions_runs(project: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter is where a person runs the cell: there, the functions are called."""
    project.write("trust_cell.py", "def numbers(start=1):\n    return [start, start + 1]\n")
    call = {"dotted_path": "trust_cell::numbers", "start": 5}
    declare(project, name="a-", grid={"x": call}, params={"y": call, "z": "trust_cell::numbers"})
    assert CliRunner().invoke(app, ["nb", "--inject"]).exit_code == 0
    cell = Path("tasks/a.py").read_text().rpartition('# %% tags=["injected-parameters"]')[2].partition("# %%")[0]
    monkeypatch.syspath_prepend(str(project.root))
    names: dict[str, Any] = {}
    exec(cell, names)
    assert (names["x"], names["y"], names["z"]) == (5, [5, 6], [1, 2])


@pytest.mark.parametrize(
    ("text", "is_function"),
    [
        ("evil::f", True),
        ("package.inner::f", True),
        ("evil::missing", True),  # an error when it is built
        ("std::vector", False),
        ("os::abort", False),
        ("subprocess::run", False),
        ("numpy::array", False),
        ("evil::f()", False),
        ("evil::f::g", False),
        ("evil:f", False),
        ("::f", False),
        ("evil::", False),
        ("evil::1", False),
        ("../evil::f", False),
        ("a::b c", False),
    ],
)
def test_which_texts_name_functions(text: str, is_function: bool, project: Folder) -> None:
    """A text names a function if the project has its module; a library's function needs the key dotted_path."""
    declare(project, params={"x": text})
    (task,) = spec.load(project.root).tasks
    assert (task.params["x"] != text) == is_function


def test_builds_and_tasks_call_them(project: Folder) -> None:
    project.write("trust_values.py", "def three(n=3):\n    return n\n\ndef names():\n    return ['u', 'v']\n")
    call = {"dotted_path": "trust_values::three", "n": 4}
    entry = {"params": {"x": call, "y": "trust_values::three"}, "name": "a-[[z]]", "grid": {"z": "trust_values::names"}}
    declare(project, **entry)
    project.write("evil.py", "def f():\n    pass\n")
    with Project(project.root) as read:
        assert list(read.tasks) == ["a-trust_values::names"]
        assert any("computed by trust_values::names in builds" in warning for warning in read.spec.warnings)
    assert CliRunner().invoke(app, ["export", "--to", "argo", "--store", "s3://b/x"]).exception
    with Project(project.root) as built:
        built.compute()
        assert [(task.spec.params["x"], task.spec.params["y"]) for task in built.tasks.values()] == [(4, 3), (4, 3)]
    with Project(project.root) as read:  # what the last build knew, as long as the code is the same
        assert list(read.tasks) == ["a-u", "a-v"]
        assert any("those of the last build" in warning for warning in read.spec.warnings)
    project.write("trust_values.py", "def three(n=3):\n    return n\n\ndef names():\n    return ['w']\n")
    with Project(project.root) as read:
        assert list(read.tasks) == ["a-trust_values::names"]


def test_staleness_of_what_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    folder = Folder(tmp_path / "project")
    folder.write("trust_numbers.py", "def number():\n    return 5\n")
    folder.task("a", "x = n", SAVE, products=("x",), params={"n": "trust_numbers::number"})
    assert folder.ran() == ["a"]
    assert folder.load("output/a-x.pkl") == 5
    assert folder.stale() == {}
    folder.write("trust_numbers.py", "def number():\n    return 2 + 4\n")
    (cause,) = folder.status()["a"].causes
    assert str(cause) == "params changed (n: only a build knows its value)"


def test_a_session_builds_with_what_the_code_is_now(project: Folder) -> None:
    """Nothing of an older version of a module is taken, and the folder does not stay on the path."""
    before = list(sys.path)
    for number in (1, 22, 333):
        project.write("trust_session.py", f"import trust_inner\n\ndef f():\n    return trust_inner.x + {number}\n")
        project.write("trust_inner.py", f"x = {number}\n")
        declare(project, params={"x": "trust_session::f"})
        with Project(project.root) as built:
            built.compute()
            assert dict(built.tasks["a"].spec.params) == {"x": 2 * number}
    assert sys.path == before


def test_the_interface_calls_when_it_builds(project: Folder) -> None:
    project.write("trust_api.py", "open('called', 'w').close()\n\ndef f():\n    return 1\n")
    declare(project, params={"x": "trust_api::f"})
    pipeline = Pipeline(project.root)
    pipeline.status()
    assert not Path("called").exists()
    with pytest.raises(UserError, match="no task"):
        pipeline.build("nothing")
    assert Path("called").exists()


# -- git -----------------------------------------------------------------------------------------------------------


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / "a.txt").write_text("1\n")
    (root / "b.txt").write_text("1\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def hostile(root: Path, ran: Path) -> None:
    """Everything in a repository that has git start a program."""
    program = root.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for key in (
        "core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.gitProxy", "core.askPass",
        "filter.x.clean", "filter.x.smudge", "filter.x.process", "diff.x.textconv", "diff.x.command", "diff.external",
        "merge.x.driver", "gpg.program", "credential.helper", "alias.describe", "alias.rev-list", "pager.describe",
        "remote.origin.uploadpack", "uploadpack.packObjectsHook", "interactive.diffFilter", "sequence.editor",
    ):  # fmt: skip
        git(root, "config", key, str(program))
    git(root, "config", "core.hooksPath", str(root.parent / "hooks"))
    git(root, "config", "core.alternateRefsCommand", str(program))
    git(root, "config", "include.path", str(root.parent / "more.config"))
    git(root, "config", "protocol.ext.allow", "always")
    git(root, "config", "extensions.partialClone", "origin")
    git(root, "config", "remote.origin.url", f"ext::{program}")
    git(root, "config", "remote.origin.promisor", "true")
    (root.parent / "more.config").write_text(f"[core]\n fsmonitor = {program}\n")
    for folder in (root.parent / "hooks", root / ".git/hooks"):
        folder.mkdir(exist_ok=True)
        for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction", "post-checkout"):
            (folder / hook).write_text(program.read_text())
            (folder / hook).chmod(0o755)
    (root / ".gitattributes").write_text("* filter=x diff=x merge=x\n")
    (root / ".git/info/attributes").write_text("* filter=x diff=x\n")


def test_git_runs_nothing_of_a_repository(repo: Path, tmp_path: Path) -> None:
    before = git(repo, "rev-parse", "--short", "HEAD")
    ran = tmp_path / "ran"
    hostile(repo, ran)
    (repo / "a.txt").write_text("2\n")  # as long as before: git has to look into it
    for task in ('params: {x: "{{git_hash}}", y: "{{git}}"}', 'product: "{{git_hash}}.ipynb"'):
        entry = f"{{source: a.py, product: a.ipynb, {task}}}" if "params" in task else f"{{source: a.py, {task}}}"
        (repo / "pipeline.yaml").write_text(f"tasks: [{entry}]\n")
        with Project(repo) as project:
            assert before in str([project.spec.tasks[0].params, project.spec.tasks[0].products])
            assert project.cache is None or project.cache.scope.startswith(git_free(repo))
    assert repository.describe(repo) == f"{before}-dirty"
    assert repository.first_commit(repo)
    assert not ran.exists()
    git_that_believes = ["git", "-C", str(repo), "describe", "--tags", "--always", "--dirty"]
    subprocess.run(git_that_believes, capture_output=True, check=False)
    assert ran.exists(), "the repository would not have harmed anybody"


def git_free(root: Path) -> str:
    """The first commit, read without git: there is one only."""
    return (root / ".git/refs/heads/main").read_text().strip()


def test_git_runs_nothing_of_a_submodule(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    inner = tmp_path / "other" / "repo"
    inner.mkdir()
    git(inner, "init", "-q", "-b", "main")
    (inner / "c.txt").write_text("1\n")
    git(inner, "add", ".")
    git(inner, "commit", "-qm", "inner")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub")
    git(repo, "commit", "-qm", "second")
    ran = tmp_path / "ran"
    git(repo / "sub", "config", "core.fsmonitor", f"touch {ran}; false")
    (repo / "sub" / "c.txt").write_text("2\n")
    assert repository.describe(repo) == git(repo, "rev-parse", "--short", "HEAD")
    assert not ran.exists()


def test_git_says_what_git_says(repo: Path, tmp_path: Path) -> None:
    def same(folder: Path) -> bool:
        return repository.describe(folder) == git(folder, "describe", "--tags", "--always", "--dirty")

    assert same(repo)
    git(repo, "tag", "-a", "v1", "-m", "v1")
    assert same(repo)
    assert repository.branch_or_commit(repo / "tasks") == "main"
    (repo / "a.txt").write_text("22\n")
    assert same(repo)
    git(repo, "commit", "-qam", "second")
    assert same(repo)
    os.utime(repo / "a.txt", (1, 1))  # looks changed, and is not
    assert same(repo)
    git(repo, "tag", "light")
    git(repo, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "side")
    assert same(tmp_path / "tree")
    assert repository.branch_or_commit(tmp_path / "tree") == "side"
    git(repo, "gc", "-q")
    git(repo, "pack-refs", "--all")
    assert same(repo)
    assert same(tmp_path / "tree")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repo}", str(tmp_path / "shallow"))
    assert same(tmp_path / "shallow")
    git(repo, "checkout", "-q", "--detach", "v1")
    assert repository.branch_or_commit(repo) == "v1"
    assert repository.first_commit(repo) == git(repo, "rev-list", "--max-parents=0", "HEAD")


REPOSITORIES: dict[str, dict[str, str]] = {
    "nothing": {},
    "no HEAD": {"objects/x": ""},
    "a HEAD of nothing": {"HEAD": "ref: refs/heads/main\n"},
    "a HEAD that leads out": {"HEAD": "ref: refs/../../secret\n"},
    "a HEAD of an option": {"HEAD": "--upload-pack=touch ran\n"},
    "a HEAD that turns in a circle": {"HEAD": "ref: refs/heads/a\n", "refs/heads/a": "ref: refs/heads/a\n"},
    "a HEAD with a control character": {"HEAD": "ref: refs/heads/a\x1b[0m\n"},
    "a commit that is not there": {"HEAD": "1" * 40 + "\n"},
    "an index of something else": {"HEAD": "1" * 40 + "\n", "index": "nothing"},
    "another repository": {"HEAD": "1" * 40 + "\n", "commondir": "/nonexistent\n"},
    "tags of nothing": {"HEAD": "1" * 40 + "\n", "packed-refs": f"{'2' * 40} refs/tags/../x\n{'x' * 40} refs/tags/v\n"},
}


@pytest.mark.parametrize("what", REPOSITORIES)
def test_a_repository_that_is_none(what: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "secret").write_text("1" * 40)
    for name, text in REPOSITORIES[what].items():
        (tmp_path / ".git" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / ".git" / name).write_text(text)
    assert repository.describe(tmp_path) is None
    assert repository.first_commit(tmp_path) is None
    assert not (tmp_path / "ran").exists()
    (tmp_path / "pipeline.yaml").write_text('tasks: [{source: a.py, product: "{{git_hash}}.ipynb"}]')
    with pytest.raises(UserError, match="needs a git repository with a commit"):
        spec.load(tmp_path)


def test_files_of_a_repository_that_are_pipes(repo: Path) -> None:
    for name in ("packed-refs", "index", "shallow", "config"):
        (repo / ".git" / name).unlink(missing_ok=True)
        os.mkfifo(repo / ".git" / name)
    assert repository.describe(repo) is not None
    (repo / ".git/HEAD").unlink()
    os.mkfifo(repo / ".git/HEAD")
    assert repository.describe(repo) is None
