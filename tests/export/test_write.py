"""Nothing that a person edited is lost, and an export appears as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.export.write import RECORD, Changes, compare, write

FILES = {"workflow.yaml": "a: 1\n", "export-arrays/list.txt": "x\n"}


def export(
    folder: Path, files: dict[str, str] | None = None, *, owner: str = "one to argo", force: bool = False
) -> Changes:
    files = files or FILES
    changes = compare(files, folder, owner, force=force)
    write(changes, files, folder, owner)
    return changes


def texts(folder: Path) -> dict[str, str]:
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_text() for name, path in found.items() if name != RECORD}


def test_new_then_unchanged_then_changed(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert export(folder).created == ("workflow.yaml", "export-arrays/list.txt")
    assert texts(folder) == FILES
    before = (folder / "workflow.yaml").stat().st_mtime_ns
    again = export(folder)
    assert (again.created, again.replaced, again.removed) == ((), (), ())
    assert (folder / "workflow.yaml").stat().st_mtime_ns == before
    assert export(folder, {"workflow.yaml": "a: 2\n"}).replaced == ("workflow.yaml",)
    assert texts(folder) == {"workflow.yaml": "a: 2\n"}


def test_an_edited_file_stays_and_ours_is_beside_it_while_there_is_something_to_see(tmp_path: Path) -> None:
    export(tmp_path)
    (tmp_path / "workflow.yaml").write_text("mine\n")
    mine = {**FILES, "workflow.yaml": "mine\n"}
    assert export(tmp_path).left == {"workflow.yaml": None}
    assert texts(tmp_path) == mine, "ours is what it was"
    second = {**FILES, "workflow.yaml": "a: 2\n", "new.txt": ""}
    for _ in range(2):
        assert export(tmp_path, second).left == {"workflow.yaml": "workflow.yaml.new"}
        assert texts(tmp_path) == {**mine, "workflow.yaml.new": "a: 2\n", "new.txt": ""}
    (tmp_path / "workflow.yaml.new").unlink()
    for _ in range(2):
        assert export(tmp_path, second).left == {"workflow.yaml": None}
        assert texts(tmp_path) == {**mine, "new.txt": ""}, "a person has seen it"
    assert export(tmp_path, {**second, "workflow.yaml": "a: 3\n"}).left == {"workflow.yaml": "workflow.yaml.new"}
    (tmp_path / "workflow.yaml").write_text("a: 3\n")
    assert export(tmp_path, {**second, "workflow.yaml": "a: 3\n"}).left == {}
    assert texts(tmp_path) == {**FILES, "workflow.yaml": "a: 3\n", "new.txt": ""}, "taken over as it is"


def test_force_overwrites_an_edited_file(tmp_path: Path) -> None:
    export(tmp_path)
    (tmp_path / "workflow.yaml").write_text("mine\n")
    export(tmp_path, force=True)
    assert texts(tmp_path) == FILES


def test_files_that_were_there_stay(tmp_path: Path) -> None:
    (tmp_path / "workflow.yaml").write_text("mine\n")
    (tmp_path / "workflow.yaml.new").write_text("mine as well\n")
    assert export(tmp_path).left == {"workflow.yaml": "workflow.yaml.new1"}
    assert texts(tmp_path) == {
        **FILES,
        "workflow.yaml": "mine\n",
        "workflow.yaml.new": "mine as well\n",
        "workflow.yaml.new1": "a: 1\n",
    }


def test_files_that_are_no_longer_needed(tmp_path: Path) -> None:
    export(tmp_path, {**FILES, "old.yaml": "1", "edited.yaml": "1"})
    (tmp_path / "edited.yaml").write_text("2")
    changes = export(tmp_path)
    assert (changes.removed, changes.kept) == (("old.yaml",), ("edited.yaml",))
    assert texts(tmp_path) == {**FILES, "edited.yaml": "2"}


def test_line_ends_are_no_edit(tmp_path: Path) -> None:
    export(tmp_path)
    (tmp_path / "workflow.yaml").write_bytes(b"a: 1\r\n")
    export(tmp_path, {"workflow.yaml": "a: 2\n"})


def test_another_export_in_the_same_folder(tmp_path: Path) -> None:
    """Several pipelines go to Airflow's folder of DAGs."""
    export(tmp_path, {"one.py": "1"})
    export(tmp_path, {"two.py": "2", "more.json": ""}, owner="two to airflow")
    assert export(tmp_path, {"two.py": "3"}, owner="two to airflow", force=True).removed == ("more.json",)
    assert texts(tmp_path) == {"one.py": "1", "two.py": "3"}
    assert export(tmp_path, {"one.py": "1"}).created == ()


def test_a_file_of_another_export_stays(tmp_path: Path) -> None:
    export(tmp_path, {"Dockerfile": "1", "shared": "same"})
    with pytest.raises(UserError, match=r"Dockerfile in .*: of another export, one to argo"):
        export(tmp_path, {"Dockerfile": "2", "shared": "same"}, owner="two to airflow")
    export(tmp_path, {"Dockerfile": "2", "shared": "same"}, owner="two to airflow", force=True)
    assert texts(tmp_path) == {"Dockerfile": "2", "shared": "same"}
    assert export(tmp_path, {"own": ""}).removed == ()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be"):
        export(tmp_path / "file" / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_folder_where_a_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "workflow.yaml").mkdir()
    with pytest.raises(UserError, match=r"workflow\.yaml cannot be read"):
        export(tmp_path)
    assert texts(tmp_path) == {}


def test_bytes_that_are_no_text_are_an_edit(tmp_path: Path) -> None:
    export(tmp_path)
    (tmp_path / "workflow.yaml").write_bytes(b"\xff\xfe")
    export(tmp_path)
    assert (tmp_path / "workflow.yaml").read_bytes() == b"\xff\xfe"
