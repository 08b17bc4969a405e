"""Which folder a notebook that is found may not lead out of."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.files.project import project_of, root_for


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two projects and a working folder that is none."""
    for name in ("one/src/deep", "two/nested/src", "here/sub"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "one/.git").mkdir()
    (tmp_path / "two/pyproject.toml").touch()
    (tmp_path / "two/nested/.git").write_text("gitdir: elsewhere\n")  # as in a work tree
    (tmp_path / "here/link").symlink_to("../one/src")
    (tmp_path / "one/out").symlink_to("../two")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


@pytest.mark.parametrize(
    ("folder", "project"),
    [
        *(("one/src/deep", "one"), ("one", "one"), ("two", "two"), ("two/nested/src", "two/nested")),
        *(("here/sub", "here"), ("here", "here"), ("here/link/deep", "one"), (".", ".")),
    ],
)
def test_project_of(base: Path, folder: str, project: str) -> None:
    assert project_of(base / folder) == base / project


# what was named, what was found, the folder
FOUND = [
    (["a.ipynb"], "a.ipynb", "here"),
    (["."], "sub/a.ipynb", "here"),
    (["sub"], "sub/a.ipynb", "here"),
    (["sub", "sub/a.ipynb"], "sub/a.ipynb", "here"),
    (["*/*.ipynb"], "link/a.ipynb", "here"),  # nobody named this link
    (["./sub/**"], "sub/a.ipynb", "here"),
    (["link/a.ipynb"], "link/a.ipynb", "one"),  # a file is named: its folder is a choice
    (["link"], "link/a.ipynb", "here"),  # it lies in the working folder, and may have come with it
    (["{base}/one/out"], "{base}/one/out/a.ipynb", "one"),
    (["{base}/one/*/*.ipynb"], "{base}/one/out/a.ipynb", "one"),
    (["{base}/one/src"], "{base}/one/src/deep/a.ipynb", "one"),
    (["{base}/two/nested"], "{base}/two/nested/src/a.ipynb", "two/nested"),
    (["../one"], "../one/src/a.ipynb", "one"),
]


@pytest.mark.parametrize(("named", "found", "root"), FOUND, ids=lambda value: str(value).replace("/", "|"))
def test_root_for(base: Path, named: list[str], found: str, root: str) -> None:
    names = [one.replace("{base}", str(base)) for one in named]
    assert root_for(Path(found.replace("{base}", str(base))), names) == base / root


def test_a_link_that_lies_in_no_project_is_the_persons_own(base: Path) -> None:
    (base / "work").symlink_to("one/src")
    assert root_for(base / "work/a.ipynb", [str(base / "work")]) == base / "one"
