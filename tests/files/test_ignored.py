"""What git leaves out, as git itself says it."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from ignoring_folder import lay_out

from soorgeon_clone.files.ignored import kept_files


@pytest.mark.skipif(shutil.which("git") is None, reason="asks git")
@pytest.mark.parametrize("seed", range(30))
def test_as_git_says(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    top = tmp_path / "repository"
    root = top / "a" if seed % 3 == 0 else top
    root.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    lay_out(top, rng)
    if root != top and subprocess.run(["git", "-C", str(top), "check-ignore", "-q", "a"]).returncode == 0:
        (top / ".gitignore").unlink()
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True, check=True
    )
    assert set(kept_files(root)) == {name for name in os.fsdecode(listed.stdout).split("\0") if name}


def test_a_repository_that_ignores_the_project_says_nothing_about_it(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("project\n*.csv\n")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/x.csv").touch()
    assert list(kept_files(tmp_path / "project")) == ["x.csv"]


def test_hostile_patterns_take_no_time(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / ("a" * 240 + str(number))).touch()
    hostile = ["*a" * 100 + "*b", "**/" * 200 + "*a" * 30 + "b", "[z-a]", "[" * 900, "!", "/", "\\"]
    (tmp_path / ".gitignore").write_text("\n".join(hostile))
    began = time.process_time()
    assert len(list(kept_files(tmp_path))) == 21
    assert time.process_time() - began < 2


def test_a_pipe_or_a_link_is_no_file_with_rules(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / "x").touch()
    (tmp_path / "link").symlink_to("x")
    assert list(kept_files(tmp_path)) == ["x"]
