"""What pip installs to get this program elsewhere."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from soorgeon_clone.distributions.runner import requirement

GIT = {"url": "https://me:secret@example.org/x.git", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}}
CASES: list[tuple[Any, str, str]] = [
    (None, "", "soorgeon-clone"),
    (GIT, "", f"soorgeon-clone @ git+https://example.org/x.git@{'a' * 40}"),
    ({"url": "https://example.org/x.whl", "archive_info": {}}, "", "soorgeon-clone @ https://example.org/x.whl"),
    ("folder", "", "FOLDER"),
    ("folder", "https://me:secret@example.org/x.git", "soorgeon-clone @ git+https://example.org/x.git"),
    ("folder", "git@example.org:group/x.git", "soorgeon-clone @ git+ssh://git@example.org/group/x.git"),
    ("folder", "../elsewhere", "FOLDER"),
]


@pytest.mark.parametrize(("told", "remote", "wanted"), CASES)
def test_where_it_came_from(
    told: Any, remote: str, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a clone"
    (folder / ".git").mkdir(parents=True)
    if remote:
        (folder / ".git" / "config").write_text(
            f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {remote}\n\tfetch = +\n'
        )
    if told == "folder":
        told = {"url": folder.as_uri(), "dir_info": {"editable": True}}
    info = tmp_path / "soorgeon_clone-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: soorgeon-clone\nVersion: 1.0\n")
    if told:
        (info / "direct_url.json").write_text(json.dumps(told))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert requirement() == wanted.replace("FOLDER", str(folder))
