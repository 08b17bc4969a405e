"""Every kind of storage keeps bytes under keys, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.products import remote as remotes
from soorgeon_clone.pipeline.products.remote import Remote, open_remote


@pytest.fixture(params=["folder", "file", "memory", "local"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Remote:
    """A folder by its path and as a URL; two file systems that fsspec knows, which need a rename."""
    (tmp_path / "place").mkdir()
    url = {
        "folder": "place",
        "file": f"file://{tmp_path}/place",
        "memory": f"memory://{tmp_path.name}",
        "local": f"local://{tmp_path}/place",
    }[request.param]
    return open_remote(url, tmp_path)


def test_what_is_put_can_be_had(remote: Remote, tmp_path: Path) -> None:
    assert remote.names("manifests") == []
    assert not remote.exists("objects/aa/aab")
    assert remote.read("objects/aa/aab") is None
    assert not remote.fetch("objects/aa/aab", tmp_path / "copy")
    (tmp_path / "file").write_bytes(b"from a file")
    remote.send(tmp_path / "file", "objects/aa/aab")
    remote.write("objects/bb/bbc", b"")
    remote.write("objects/aa/aab", b"once more")
    remote.write("objects/aa/aab", b"from a file")
    assert remote.exists("objects/aa/aab") and remote.exists("objects/bb/bbc")
    assert remote.read("objects/aa/aab") == b"from a file"
    assert remote.fetch("objects/aa/aab", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"from a file"
    assert sorted(remote.names("objects")) == ["objects/aa/aab", "objects/bb/bbc"]
    assert remote.names("objects/aa") == ["objects/aa/aab"]
    assert remote.names("objects", "b") == ["objects/bb/bbc"]
    assert remote.names("objects", "c") == []


def test_a_library_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be used|needs libraries"):
        open_remote("nosuch://somewhere", tmp_path)


class Failing:
    """A backend that fails so many times."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.times, self.calls = error, times, 0

    def read(self, key: str) -> bytes:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return b"there"


@pytest.mark.parametrize(
    ("error", "times", "calls", "message"),
    [
        (ConnectionResetError("reset"), 5, 6, None),
        (TimeoutError("slow"), 6, 6, "cannot be read \\(a/b\\): slow"),
        (PermissionError("Forbidden"), 1, 1, "access is refused: Forbidden"),
        (RuntimeError("Unable to locate Credentials"), 1, 1, "access is refused"),
    ],
    ids=["passes", "stays", "forbidden", "no credentials"],
)
def test_patience(
    error: Exception, times: int, calls: int, message: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remotes, "PAUSE", 0.001)
    backend = Failing(error, times)
    remote = Remote("s3://bucket", backend)  # type: ignore[arg-type]
    if message is None:
        assert remote.read("a/b") == b"there"
    else:
        with pytest.raises(UserError, match=message):
            remote.read("a/b")
    assert backend.calls == calls
