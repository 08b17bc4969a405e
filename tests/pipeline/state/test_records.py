"""Records are found again, survive damage, and are never more than a help."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from project_folder import Folder

from soorgeon_clone.pipeline.state.records import Made, Records, RunRecord


def test_what_is_saved_is_found_again(tmp_path: Path) -> None:
    made = Made({"code": "1"}, "f", {"a.pkl": ("x", "y")}, {"in.csv": "z"}, {"out.txt": "w"}, 12.5)
    records = Records(tmp_path)
    records.save_made("a", made)
    for seconds, result in ((1.0, "ran"), (2.0, "ran"), (3.0, "failed")):
        records.save_run(RunRecord("b", "a", 100.0 + seconds, seconds, result, "f", 1000, None))
    records.remember("file", "stamp", "digest")
    records.close()
    again = Records(tmp_path)
    assert again.made("a") == made
    assert again.durations() == {"a": 2.0}
    assert again.last_runs()["a"].result == "failed"
    assert [run.seconds for run in again.history()] == [3.0, 2.0, 1.0]
    assert again.recall("file", "stamp") == "digest"
    assert again.recall("file", "other") is None
    again.close()


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_damaged_records_are_put_aside(content: bytes, chain: Folder) -> None:
    chain.build()
    path = chain.root / ".soorgeon-clone/records.sqlite"
    for extra in path.parent.glob("records.sqlite-*"):
        extra.unlink()
    path.write_bytes(content)
    assert set(chain.results().values()) == {"up to date"}
    assert chain.stale() == {}


def test_a_damaged_page_is_noticed(chain: Folder) -> None:
    chain.build()
    path = chain.root / ".soorgeon-clone/records.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    connection.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x55" * (len(data) - 4096)
    path.write_bytes(data)
    assert set(chain.results().values()) == {"up to date"}


def test_rows_of_nonsense_are_put_aside(chain: Folder) -> None:
    chain.build()
    with sqlite3.connect(chain.root / ".soorgeon-clone/records.sqlite") as connection:
        connection.execute("update made set value = '{\"parts\": 3}'")
    connection.close()
    assert set(chain.results().values()) == {"up to date"}


def test_records_of_a_later_version_are_begun_anew(tmp_path: Path) -> None:
    Records(tmp_path).close()
    with sqlite3.connect(tmp_path / ".soorgeon-clone/records.sqlite") as connection:
        connection.execute("pragma user_version = 999")
    connection.close()
    records = Records(tmp_path)
    records.save_made("a", Made({}, "f", {}))
    records.close()
    assert Records(tmp_path).made("a") is not None


def test_git_does_not_see_them(chain: Folder) -> None:
    chain.build()
    assert (chain.root / ".soorgeon-clone/.gitignore").read_text() == "*\n"
