from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.refactor.surroundings import local_modules, notebook_folder


@pytest.mark.parametrize(
    ("notebook", "root", "way"),
    [
        ("nb.ipynb", ".", ""),
        ("nbs/nb.ipynb", ".", "nbs"),
        ("nb.ipynb", "pipe", ".."),
        ("a/nb.ipynb", "b/c", "../../a"),
        ("a/nb.ipynb", "a", ""),
        (None, ".", ""),
        (None, "pipe", ".."),
    ],
)
def test_notebook_folder(
    notebook: str | None, root: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert notebook_folder(Path(notebook) if notebook else None, Path(root)) == way


def test_local_modules(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").touch()
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "data").mkdir()
    modules = ["helpers", "package.part", "data", "pandas", ""]
    assert local_modules(tmp_path / "nb.ipynb", modules) == ("helpers", "package")
