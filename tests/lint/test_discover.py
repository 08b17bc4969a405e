"""Which files are linted: those that git would take, and that are notebooks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lint.notebooks import ipynb
from soorgeon_clone.errors import UserError
from soorgeon_clone.files.ignored import ignores_of
from soorgeon_clone.lint.discover import discover

TREE = {
    ".gitignore": "ignored/\n*.tmp.ipynb\n/only-here.ipynb\n!kept.tmp.ipynb\ndocs/**/build\n# comment\n\\#odd.ipynb\n",
    "a.ipynb": "",
    "b.py": "# %%\nx = 1\n",
    "module.py": "x = 1\n",
    "readme.md": "# Title\n",
    "text.md": "---\njupyter:\n  kernelspec: {}\n---\n",
    "r.Rmd": "",
    "only-here.ipynb": "",
    "sub/only-here.ipynb": "",
    "sub/x.tmp.ipynb": "",
    "sub/kept.tmp.ipynb": "",
    "sub/.gitignore": "secret.ipynb\n",
    "sub/secret.ipynb": "",
    "sub/deeper/secret.ipynb": "",
    "ignored/c.ipynb": "",
    "docs/a/b/build/d.ipynb": "",
    "docs/build/e.ipynb": "",
    "docs/a/f.ipynb": "",
    "#odd.ipynb": "",
    ".ipynb_checkpoints/a-checkpoint.ipynb": "",
    "node_modules/x.ipynb": "",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, content in TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if content else ipynb("x = 1"))
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def names(root: Path, *paths: str) -> list[str]:
    return [path.relative_to(root).as_posix() for path in discover([str(root / one) for one in paths])]


def test_a_folder(tree: Path) -> None:
    found = names(tree, "")
    assert found == sorted(found, key=lambda name: (name.count("/") > 0, name)) or found
    assert set(found) == {
        "a.ipynb",
        "b.py",
        "text.md",
        "r.Rmd",
        "sub/only-here.ipynb",
        "sub/kept.tmp.ipynb",
        "docs/a/f.ipynb",
    }


def test_git_says_the_same(tree: Path) -> None:
    ignores = ignores_of(tree)
    for folder in ((), ("sub",), ("docs",)):
        ignores.enter(folder)
    files = [name for name in TREE if not name.endswith(".gitignore")]
    asked = subprocess.run(
        ["git", "-C", str(tree), "check-ignore", "--no-index", *files], capture_output=True, text=True, check=False
    )
    theirs = {name.strip('"') for name in asked.stdout.split("\n") if name}

    assert {name for name in files if ignores.leaves_out_below(Path(name).parts)} == theirs


def test_a_named_file_is_always_taken(tree: Path) -> None:
    assert names(tree, "ignored/c.ipynb", "module.py", "a.ipynb", "a.ipynb") == [
        "ignored/c.ipynb",
        "module.py",
        "a.ipynb",
    ]


def test_patterns(tree: Path) -> None:
    assert names(tree, "sub/*.ipynb") == [
        "sub/kept.tmp.ipynb",
        "sub/only-here.ipynb",
        "sub/secret.ipynb",
        "sub/x.tmp.ipynb",
    ]
    with pytest.raises(UserError, match="no file matches"):
        discover([str(tree / "nothing-*.ipynb")])


def test_exclude(tree: Path) -> None:
    (tree / "pyproject.toml").write_text('[tool.soorgeon-clone.lint]\nexclude = ["docs", "b.py"]\n')
    assert not {"docs/a/f.ipynb", "b.py"} & set(names(tree, ""))


def test_from_inside_an_ignored_folders_parent(tree: Path) -> None:
    assert names(tree, "docs/a") == ["docs/a/f.ipynb"]
