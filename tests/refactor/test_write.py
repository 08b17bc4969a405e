"""All files or none; what a person changed stays; the second run changes nothing."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from refactor.conftest import bundle, load, markdown, plan, task
from soorgeon_clone.errors import UserError
from soorgeon_clone.refactor import files, write
from soorgeon_clone.refactor.differences import differences
from soorgeon_clone.refactor.layout import Choices, lay_out


def a_project(*names: str, notebook: str = "nb", **choices: Any) -> files.Project:
    """Return a project of tasks in a row."""
    tasks = []
    for number, name in enumerate(names or ("one", "two")):
        steps = [load(tasks[-1].name, bundle("x"))] if tasks else []
        tasks.append(task(name, [markdown(f"## {name}")], steps=steps, saves=[bundle("x")], names=f"x{number}"))
    made = plan(*tasks, exported="def f():\n    pass\n")
    layout = lay_out(made, Choices(**choices))
    project = files.project(made, layout, ["pandas==2.2", "ipykernel"])
    return files.Project(notebook, project.files, project.shared)


def refactor(root: Path, project: files.Project | None = None, **options: bool) -> write.Changes:
    changes = write.compare(project or a_project(), root, **options)
    write.write(changes, root)
    return changes


def state(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_all_files_are_written(tmp_path: Path) -> None:
    changes = refactor(tmp_path / "new" / "folder")
    assert set(state(tmp_path / "new" / "folder")) == {
        "tasks/one.py",
        "tasks/two.py",
        "exported.py",
        "pipeline.yaml",
        "requirements.txt",
        "README.md",
        ".gitignore",
        ".soorgeon-clone/generated.json",
        ".soorgeon-clone/.gitignore",
    }
    assert len(changes.created) == 7
    assert not changes.replaced


def test_the_second_run_changes_nothing(tmp_path: Path) -> None:
    refactor(tmp_path)
    before = state(tmp_path)
    changes = refactor(tmp_path)
    assert state(tmp_path) == before
    assert not changes.texts
    assert not changes.created + changes.replaced + changes.removed
    assert len(changes.unchanged) == 7


def test_files_that_nobody_touched_are_brought_up_to_date(tmp_path: Path) -> None:
    refactor(tmp_path)
    changes = refactor(tmp_path, a_project("one", "three"))
    assert changes.created == ("tasks/three.py",)
    assert changes.removed == ("tasks/two.py",)
    assert set(changes.replaced) == {"pipeline.yaml", "README.md"}
    assert sorted(path.name for path in (tmp_path / "tasks").iterdir()) == ["one.py", "three.py"]


def test_another_format_replaces_the_tasks(tmp_path: Path) -> None:
    refactor(tmp_path)
    changes = refactor(tmp_path, a_project(file_format="ipynb"))
    assert sorted(path.name for path in (tmp_path / "tasks").iterdir()) == ["one.ipynb", "two.ipynb"]
    assert changes.removed == ("tasks/one.py", "tasks/two.py")


EDITED = ["tasks/one.py", "exported.py", "pipeline.yaml"]


def with_texts(**texts: str) -> files.Project:
    """A project whose files hold other texts; ``__`` stands for a slash, ``_py`` for an ending."""
    project = a_project()
    names = {name.replace("__", "/").replace("_py", ".py"): text for name, text in texts.items()}
    return files.Project(project.notebook, {**project.files, **names}, project.shared)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("path", EDITED)
def test_what_a_person_changed_is_merged_with_what_is_new(path: str, newline: str, tmp_path: Path) -> None:
    refactor(tmp_path)
    edited = f"# mine\n{(tmp_path / path).read_text()}".replace("\n", newline)
    (tmp_path / path).write_bytes(edited.encode())
    new = a_project("one", "two", "three")
    new = files.Project(new.notebook, {**new.files, "exported.py": new.files["exported.py"] + "X = 1\n"}, new.shared)
    changes = refactor(tmp_path, new)
    now = (tmp_path / path).read_bytes().decode()
    assert now == f"# mine\n{new.files[path]}".replace("\n", newline)
    assert changes.merged == ((path,) if path != "tasks/one.py" else ())  # in that one nothing is new
    assert not refactor(tmp_path, new).texts
    refactor(tmp_path, new, force=True)
    assert "# mine" not in (tmp_path / path).read_text()


def test_where_both_changed_the_same_lines_nothing_is_written(tmp_path: Path) -> None:
    refactor(tmp_path, with_texts(exported_py="a\nb\nc\n"))
    (tmp_path / "exported.py").write_text("a\nMINE\nc\n")
    before = state(tmp_path)
    with pytest.raises(UserError, match=r"exported\.py, row 2") as caught:
        refactor(tmp_path, with_texts(exported_py="a\nTHEIRS\nc\nd\n"))
    assert caught.value.exit_code == 2
    assert all(option in (caught.value.hint or "") for option in ("--dry-run", "--mark-conflicts", "--force"))
    assert state(tmp_path) == before
    changes = refactor(tmp_path, with_texts(exported_py="a\nTHEIRS\nc\nd\n"), mark=True)
    text = "a\n<<<<<<< yours\nMINE\n=======\nTHEIRS\n>>>>>>> refactor\nc\nd\n"
    assert (tmp_path / "exported.py").read_text() == text
    assert changes.merged == ("exported.py",)
    assert any("+THEIRS" in line for line in differences(changes))


def test_a_notebook_is_never_marked(tmp_path: Path) -> None:
    project = a_project(file_format="ipynb")
    refactor(tmp_path, project)
    one = tmp_path / "tasks/one.ipynb"
    text = one.read_text()
    one.write_text(text.replace("## one", "## mine"))
    changed = {**project.files, "tasks/one.ipynb": text.replace("## one", "## theirs")}
    for options in ({}, {"mark": True}):
        with pytest.raises(UserError, match=r"one\.ipynb"):
            refactor(tmp_path, files.Project("nb", changed, project.shared), **options)
    other = {**project.files, "tasks/one.ipynb": text.replace("product = None", "product = {}")}
    refactor(tmp_path, files.Project("nb", other, project.shared))
    assert "## mine" in one.read_text() and "product = {}" in one.read_text()
    json.loads(one.read_text())


def test_what_was_written_has_to_be_known(tmp_path: Path) -> None:
    refactor(tmp_path)
    record = tmp_path / ".soorgeon-clone/generated.json"
    data = json.loads(record.read_text())
    for texts in (
        {},
        dict.fromkeys(data["texts"], "0"),
        dict.fromkeys(data["texts"], data["texts"]["exported.py"]),
    ):
        record.write_text(json.dumps({**data, "texts": texts}))
        (tmp_path / "tasks/one.py").write_text("mine")
        with pytest.raises(UserError, match="not written by this command, or changed since"):
            refactor(tmp_path, a_project("one", "three"))


@pytest.mark.parametrize("path", EDITED)
def test_what_was_there_before_is_kept(path: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text("mine\n")
    before = state(tmp_path)
    with pytest.raises(UserError, match=path):
        refactor(tmp_path)
    assert state(tmp_path) == before


def test_a_changed_task_that_is_not_wanted_any_more_stays(tmp_path: Path) -> None:
    refactor(tmp_path)
    with (tmp_path / "tasks/two.py").open("a") as file:
        file.write("# mine\n")
    changes = refactor(tmp_path, a_project("one", "three"))
    assert (tmp_path / "tasks/two.py").exists()
    assert "tasks/two.py" in changes.notes[0]
    assert not refactor(tmp_path, a_project("one", "three")).texts


def test_another_notebook_does_not_replace_the_pipeline_of_the_first(tmp_path: Path) -> None:
    refactor(tmp_path)
    before = state(tmp_path)
    with pytest.raises(UserError, match="the pipeline of nb"):
        refactor(tmp_path, a_project(notebook="other"))
    assert state(tmp_path) == before
    refactor(tmp_path, a_project(notebook="other"), force=True)


def test_without_the_record_what_is_equal_is_fine_and_the_rest_counts_as_changed(tmp_path: Path) -> None:
    refactor(tmp_path)
    shutil.rmtree(tmp_path / ".soorgeon-clone")
    assert not refactor(tmp_path).replaced
    shutil.rmtree(tmp_path / ".soorgeon-clone")
    with pytest.raises(UserError, match=r"pipeline\.yaml"):
        refactor(tmp_path, a_project("one", "three"))


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    refactor(tmp_path)
    for text in ("", "{", "[]", '{"files": 3}'):
        (tmp_path / ".soorgeon-clone/generated.json").write_text(text)
        assert not refactor(tmp_path).replaced


def test_other_line_ends_and_what_jupyter_adds_are_no_change(tmp_path: Path) -> None:
    refactor(tmp_path, a_project(file_format="ipynb"))
    exported = tmp_path / "exported.py"
    exported.write_bytes(exported.read_bytes().replace(b"\n", b"\r\n"))
    one = tmp_path / "tasks/one.ipynb"
    data = json.loads(one.read_text())
    data["metadata"]["language_info"]["version"] = "3.13"
    data["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    one.write_text(json.dumps(data))
    run = one.read_text()
    assert not refactor(tmp_path, a_project(file_format="ipynb")).replaced
    assert one.read_text() == run
    refactor(tmp_path, a_project("one", "three", file_format="ipynb"))


def test_the_header_of_a_script_is_jupyters(tmp_path: Path) -> None:
    refactor(tmp_path)
    one = tmp_path / "tasks/one.py"
    one.write_text(one.read_text().replace("#   kernelspec:\n", "#       jupytext_version: 1.16\n#   kernelspec:\n"))
    refactor(tmp_path, a_project("one", "three"))


@pytest.mark.parametrize("failing", range(1, 10))
def test_a_failure_on_the_way_leaves_everything_as_it_was(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real call fails (`Path.replace`, `Path.write_bytes`, `Path.unlink`): whatever the disk does, it does there."""
    refactor(tmp_path)
    (tmp_path / "README.md").write_text("# Mine\n")
    before, calls = state(tmp_path), iter(range(1, 100))

    def sometimes(function: Any) -> Any:
        def call(self: Path, *arguments: Any, **options: Any) -> Any:
            if tmp_path in self.parents and next(calls) == failing:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
            return function(self, *arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("replace", "write_bytes", "unlink"):
            patch.setattr(Path, name, sometimes(getattr(Path, name)))
        with pytest.raises(UserError, match="No space left") as caught:
            refactor(tmp_path, a_project("one", "three"))
    assert caught.value.exit_code == 1
    assert state(tmp_path) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no read-only folders")
def test_a_folder_that_cannot_be_written_to() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o555)
        process = os.fork()
        if not process:
            if os.geteuid() == 0:  # who may write anywhere
                os.setuid(65534)
            try:
                refactor(root)
            except UserError as error:
                os._exit(10 + error.exit_code if "cannot be written" in error.message else 1)
            finally:
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 12
        assert not state(root)
        root.chmod(0o755)


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "tasks").write_text("mine")
    with pytest.raises(UserError, match=r"cannot be (written|read)"):
        refactor(tmp_path)
    assert state(tmp_path) == {"tasks": b"mine"}


def test_new_folders_disappear_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(KeyboardInterrupt):
            refactor(tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())


def test_mode_and_links_of_a_file_stay(tmp_path: Path) -> None:
    root = tmp_path / "root"
    refactor(root)
    (root / "tasks/one.py").chmod(0o755)
    (root / "docs.md").write_text("# Docs\n")
    (root / "README.md").unlink()
    (root / "README.md").symlink_to(root / "docs.md")
    refactor(root, a_project("one", "two", product_prefix="out"))
    changed = a_project("one", "two", "three")
    refactor(root, changed)
    assert (root / "README.md").is_symlink()
    assert (root / "docs.md").read_text().startswith("# Docs\n")
    assert "three" in (root / "docs.md").read_text()
