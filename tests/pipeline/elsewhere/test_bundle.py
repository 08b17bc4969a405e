"""What of a project travels to another machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from project_folder import SAVE, Folder

from soorgeon_clone.pipeline.elsewhere import bundle
from soorgeon_clone.pipeline.status.project import Project

FILES = {
    "exported.py": "def clean(x):\n    return x\n",
    "package/__init__.py": "",
    "package/inner.py": "ONE = 1\n",
    "ignored/data.csv": "1,2\n",
    "ignored/other.csv": "3,4\n",
    "README.md": "Read.\n",
    ".env": "SECRET=1\n",
    ".venv/pyvenv.cfg": "",
    "env/pyvenv.cfg": "",
    "env/lib/module.py": "",
    "large.bin": "x" * 300_000,
}


@pytest.fixture
def project(folder: Folder) -> Folder:
    for path, text in FILES.items():
        folder.write(path, text)
    folder.task("load", 'from exported import clean\nx = clean(open("ignored/data.csv").read())', SAVE, products=("x",))
    folder.build()
    return folder


def travelled(folder: Folder, target: Path, store: Path) -> set[str]:
    with Project(folder.root, store=str(store)) as project:
        assert project.store is not None
        packed = bundle.pack(project, project.tasks)
        assert bundle.pack(project, project.tasks) == packed
        bundle.send(project.store, packed)
        bundle.unpack(project.store, packed, target)
        assert bundle.spec_in(target).tasks == project.spec.tasks
        assert bundle.spec_in(target).root == target
    found = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    return {path for path in found if not path.startswith(".soorgeon-clone/")}


SOURCES = {"exported.py", "package/__init__.py", "package/inner.py", "README.md", "large.bin", "ignored/data.csv"}
ALWAYS = {"pipeline.yaml", "tasks/load.py"}


def test_without_git_all_but_products_and_what_is_hidden(project: Folder, tmp_path: Path) -> None:
    found = travelled(project, tmp_path / "there", tmp_path / "store")
    assert found == SOURCES | ALWAYS | {"ignored/other.csv"}
    assert (tmp_path / "there/large.bin").read_text() == FILES["large.bin"]


def test_with_git_what_is_not_ignored_and_what_tasks_name(project: Folder, tmp_path: Path) -> None:
    project.write(".gitignore", "ignored\nenv\noutput\n")
    subprocess.run(["git", "init", "-q", str(project.root)], check=True)
    assert travelled(project, tmp_path / "there", tmp_path / "store") == SOURCES | ALWAYS


def test_a_repository_that_does_not_know_the_project(project: Folder, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("project\n")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert "exported.py" in travelled(project, tmp_path / "there", tmp_path / "store")


def test_scripts_stay_executable(project: Folder, tmp_path: Path) -> None:
    project.write("tool.sh", "#!/bin/sh\n").chmod(0o755)
    travelled(project, tmp_path / "there", tmp_path / "store")
    assert (tmp_path / "there/tool.sh").stat().st_mode & 0o100


def test_files_beside_the_project_lie_where_they_lay(folder: Folder, tmp_path: Path) -> None:
    """As `refactor --into` writes tasks: they change to the folder above, and name files there."""
    for path in ("data/in.csv", "data/other.csv", "key.pem"):
        (folder.root.parent / path).parent.mkdir(exist_ok=True)
        (folder.root.parent / path).write_text(path)
    cells = (
        'import os\nos.chdir("..")',
        'x = open("data/in.csv").read()\ntry:\n    open("key.pem")\nexcept OSError: ...',
    )
    folder.task("load", "product = {key: os.path.abspath(path) for key, path in product.items()}", *cells, SAVE)
    with Project(folder.root, store=str(tmp_path / "store")) as project:
        assert project.store is not None
        packed = bundle.pack(project, project.tasks)
        bundle.send(project.store, packed)
        top = tmp_path / "there"
        bundle.unpack(project.store, packed, top)
    assert packed.inside == folder.root.name
    found = {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}
    assert {path for path in found if ".soorgeon-clone/" not in path} == {
        "data/in.csv",
        f"{folder.root.name}/pipeline.yaml",
        f"{folder.root.name}/tasks/load.py",
    }
