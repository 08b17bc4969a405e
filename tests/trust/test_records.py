"""Whatever is in the database of records, or around it: commands work, or say what to do, and no history is lost."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.sources.source_facts import code_from_json, source_from_json
from soorgeon_clone.pipeline.state import database
from soorgeon_clone.pipeline.state.libraries import Libraries
from soorgeon_clone.pipeline.state.records import Made, Records, RunRecord
from trust.damages import damage
from trust.site import Site, attempt

MADE = Made({"code": "1"}, "f", {"a.pkl": ("x", "y")}, {"in.csv": "z"}, {"out.txt": "w"}, 12.5)


def run(task: str, result: str = "ran") -> RunRecord:
    return RunRecord("b", task, 100.0, 2.0, result, "f", 1000, None)


def filled(root: Path, count: int = 3) -> Path:
    """Records of a few tasks; where they are."""
    records = Records(root)
    for number in range(count):
        records.save_made(f"t{number}", MADE, run(f"t{number}"))
        records.remember(f"file{number}", "stamp", f"digest{number}")
    records.close()
    return records.path


@pytest.mark.parametrize("seed", range(40))
def test_random_damage(seed: int, site: Site) -> None:
    """benchmarks/trust/records.py does the same in large."""
    what = damage(site, seed)
    try:
        attempt(site, lies="JSON in the records" in what)
    except Exception as error:
        raise AssertionError(what) from error


# -- around the file -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["immediate", "exclusive"])
def test_records_that_another_program_holds(mode: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    monkeypatch.setattr(database, "_LESS_PATIENCE", 0.05)
    path = site.root / ".soorgeon-clone/records.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        if mode == "exclusive":
            other.execute("pragma locking_mode = exclusive")
        other.execute(f"begin {mode}")
        other.execute("delete from durations")
        assert set(site.status()) == {"load", "fit", "show"}
        report = site.build(force=True)
        assert report.ok, report.runs[-1].error
        with site.project() as project:
            project.records.save_run(run("load"))
            (note,) = project.notes()
            assert "another program holds them: end it, or wait until it is done" in note
        other.execute("rollback")
    assert not list(path.parent.glob("damaged*"))
    assert set(site.status().values()) == {"up to date"} or site.build().ok


def test_what_could_not_be_written_is_written_when_that_is_possible_again(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    path = filled(tmp_path)
    records = Records(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        records.save_made("t9", MADE)
        assert records.made("t9") is None and records.made("t0") == MADE
        other.execute("rollback")
    records.save_made("t9", MADE)
    assert records.made("t9") == MADE
    records.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a file system needs more rights than this test has")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        (disk / "filler").write_bytes(b"0" * 2_000_000)


@pytest.mark.parametrize("checkpoint", [True, False])
def test_a_full_disk_loses_no_history(checkpoint: bool, small_disk: Path) -> None:
    root = small_disk / "project"
    path = filled(root)
    if not checkpoint:  # as a killed build leaves it
        with closing(sqlite3.connect(path)) as other:
            other.execute("insert into durations values ('x', 1)")
            copies = {part: part.read_bytes() for part in path.parent.glob("records.sqlite*")}
        for part, data in copies.items():
            part.write_bytes(data)
    fill(small_disk)
    for _ in range(2):
        records = Records(root)
        assert [one.task for one in records.history()] == ["t2", "t1", "t0"]
        assert records.made("t1") == MADE
        records.remember("new", "stamp", "x" * 90_000)
        records.save_made("t1", MADE, run("t1"))
        records.close()
        assert records.problem is not None and "damaged" not in records.problem
    assert not list(path.parent.glob("damaged*"))
    (small_disk / "filler").unlink()
    records = Records(root)
    assert records.problem is None and records.writable and len(records.history()) >= 3
    records.close()


def test_a_read_only_file_system(small_disk: Path) -> None:
    root = small_disk / "project"
    filled(root)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    records = Records(root)
    assert len(records.history()) == 3 and not records.writable
    records.save_made("t1", MADE, run("t1"))
    records.remember("new", "stamp", "x")
    records.close()


ERRORS = {
    "database is locked": False, "database table is locked": False, "database or disk is full": False,
    "disk I/O error": False, "unable to open database file": False, "attempt to write a readonly database": False,
    "locking protocol": False, "no such table: made": True, "no such column: value": True,
    "malformed database schema (made)": True, "cannot modify runs because it is a view": True,
}  # fmt: skip


@pytest.mark.parametrize(("text", "damaged"), ERRORS.items(), ids=ERRORS)
def test_what_counts_as_damage(text: str, damaged: bool) -> None:
    assert database._is_damage(sqlite3.OperationalError(text)) is damaged
    assert database._is_damage(sqlite3.DatabaseError("database disk image is malformed"))
    assert not database._is_damage(OSError(28, "No space left on device"))
    assert not database._is_damage(sqlite3.ProgrammingError("Cannot operate on a closed database."))


# -- in the file ---------------------------------------------------------------------------------------------------


def test_what_can_be_read_of_a_damaged_file_is_taken_over(tmp_path: Path) -> None:
    """Pages in the middle are gone; rows before and after them are kept."""
    path = filled(tmp_path, 300)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 8192] = b"\x55" * 8192
    path.write_bytes(data)
    records = Records(tmp_path)
    found = [records.made(f"t{number}") for number in range(300)]
    assert {str(one) for one in found if one} == {str(MADE)}
    assert len(records.history(limit=1000)) > 100 or len([one for one in found if one]) > 100
    records.save_made("new", MADE)
    assert records.made("new") == MADE
    records.close()


def test_rows_are_forgotten_one_by_one(tmp_path: Path) -> None:
    path = filled(tmp_path, 4)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("update made set value = '{' where task = 't0'")
        connection.execute("update made set value = x'ff00ff' where task = 't1'")
        connection.execute("update made set value = cast(x'ff00ff' as text) where task = 't2'")
        connection.execute("update runs set started = 'x' where task = 't0'")
        connection.execute("update runs set task = cast(x'ff' as text) where task = 't1'")
        connection.execute("update runs set seconds = 9e999 where task = 't2'")
        connection.execute("update memo set value = 1 where path = 'file0'")
        connection.execute("update memo set value = replace(value, 'digest', 'digesu') where path = 'file1'")
        connection.execute("update durations set seconds = 'x' where task = 't0'")
        connection.execute("update durations set seconds = -1 where task = 't1'")
    records = Records(tmp_path)
    assert [records.made(f"t{number}") for number in range(4)] == [None, None, None, MADE]
    assert [one.task for one in records.history() if one.task.startswith("t")] == ["t3"]
    assert set(records.last_runs()) >= {"t3"}
    assert records.durations() == {"t2": 2.0, "t3": 2.0}
    assert [records.recall(f"file{number}", "stamp") for number in range(4)] == [None, None, "digest2", "digest3"]
    records.close()


def test_every_flipped_bit_of_what_is_remembered_is_noticed(tmp_path: Path) -> None:
    path = filled(tmp_path, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (value,) = connection.execute("select value from memo").fetchone()
        for index in range(len(value)):
            for bit in range(7):
                flipped = value[:index] + chr(ord(value[index]) ^ 1 << bit) + value[index + 1 :]
                connection.execute("update memo set value = ?", (flipped,))
                records = Records(tmp_path, write=False)
                assert records.recall("file0", "stamp") is None, flipped
                records.close()


GOOD = {
    "upstream": ["a"], "product": None, "declared": [], "doc": "x", "injected_at": 1, "has_injected": False,
    "prose": "", "signature": None, "undefined": [["x", 1, 2]], "looks_back": False, "moves": True,
    "code": {
        "definitions": {"f": {"digest": "d", "uses": ["x"], "constants": ["y"]}},
        "effects": {"digest": "d", "uses": [], "constants": []},
        "imports": {"a": [{"module": "m", "level": 0, "attribute": None}]},
        "executed": [], "stars": [], "reflective": False, "upstream": [["a", "x"], ["b", None]], "constants": ["c"],
    },
    "problem": None, "writes_files": False, "reads_files": False, "remarks": ["x"], "language": None, "kernel": None,
}  # fmt: skip
VALUES = (None, True, 7, 1.5, "x", [], [1], ["x", "y", "z"], [[1, 2]], {}, {"x": 1}, {"x": [1]}, {"x": {"digest": 1}})


def variants(value: Any) -> Iterator[Any]:
    """The same JSON with one value replaced, for each value in it."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        kept = value[key]
        for other in VALUES:
            value[key] = other
            yield
        value[key] = kept
        yield from variants(kept)


def test_facts_that_are_none_are_made_again() -> None:
    """Each of these is read as facts of the right types, or as nothing."""
    assert source_from_json(json.dumps(GOOD)) is not None
    count = 0
    for _ in variants(GOOD):
        count += 1
        facts = source_from_json(json.dumps(GOOD))
        if facts is not None and facts.code is not None:
            code = facts.code
            pieces = (code.effects, *code.definitions.values())
            texts = [*facts.upstream, *facts.declared, facts.doc, *code.constants]
            texts += [text for piece in pieces for text in (piece.digest, *piece.uses, *piece.constants)]
            texts += [target.module for targets in code.imports.values() for target in targets]
            assert all(isinstance(text, str) for text in texts)
            assert all(len(use) == 2 for use in code.upstream or ())
        code_from_json(json.dumps(GOOD["code"]))
    assert count > 300
    for text in ("", "{", "[]", "null", "1", "[" * 100_000, '{"a":' * 100_000):
        assert source_from_json(text) is None and code_from_json(text) is None


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"os": 1}', '{"os": null}', "[" * 100_000])
def test_versions_that_are_none_are_looked_up_again(text: str) -> None:
    class Memo:
        def recall(self, path: str, stamp: str) -> str | None:
            return text

        def remember(self, path: str, stamp: str, digest: str) -> None: ...

    assert Libraries(Memo()).versions(["pytest"])["pytest"].startswith("pytest ")


def test_records_that_name_what_is_not_theirs_publish_nothing(site: Site) -> None:
    """Records come with a repository too: they must not make a build put other files into the store."""
    secret = site.outside / "precious"
    path = site.root / ".soorgeon-clone/records.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (text,) = connection.execute("select value from made where task = 'load'").fetchone()
        for name in ("../outside/precious", str(secret), "link", "exported.py"):
            data = json.loads(text)
            data["written"][name] = "0" * 40
            connection.execute("update made set value = ? where task = 'load'", (json.dumps(data),))
            connection.execute("delete from memo where path like '%store:%'")
            (site.root / "link").unlink(missing_ok=True)
            (site.root / "link").symlink_to(secret)
            site.build()
            assert not (site.store / "objects/00" / ("0" * 40)).exists()
            for digest in ("../../../x", "ab/../../..", "", "x", "\0"):
                data = json.loads(text)
                data["fingerprint"] = digest
                connection.execute("update made set value = ? where task = 'load'", (json.dumps(data),))
                site.build()
                data = json.loads(text)
                data["products"] = {key: [digest, digest] for key in data["products"]}
                connection.execute("update made set value = ? where task = 'load'", (json.dumps(data),))
                site.build()


def test_names_that_are_no_texts(tmp_path: Path) -> None:
    """A file's name on the disk may be any bytes."""
    records = Records(tmp_path)
    records.remember("a\udcff", "stamp", "digest")
    records.remember("b", "stamp", "digest")
    records.save_made("t\udcff", MADE)
    records.close()
    again = Records(tmp_path)
    assert again.recall("b", "stamp") == "digest" and again.recall("a\udcff", "stamp") is None
    assert again.made("t\udcff") is None
    again.close()


def test_a_database_of_somebody_else(tmp_path: Path) -> None:
    """Views, triggers and odd names in the place of our tables."""
    schemas = (
        "create view made as select 1 as task; pragma user_version = 1",
        'create table "x""; drop" (a); pragma user_version = 9',
        "create table made (task, value); pragma user_version = 1",
        "create table runs (id integer primary key check (id < 0)); pragma user_version = 1",
        "create view v as select load_extension('x'); pragma user_version = 3",
    )
    for number, schema in enumerate(schemas):
        root = tmp_path / str(number)
        (root / ".soorgeon-clone").mkdir(parents=True)
        with closing(sqlite3.connect(root / ".soorgeon-clone/records.sqlite")) as connection:
            connection.executescript(schema)
        records = Records(root)
        records.save_made("a", MADE, run("a"))
        records.remember("f", "stamp", "digest")
        records.flush()
        assert records.made("a") == MADE and len(records.history()) == 1, schema
        records.close()


def test_checksums_are_of_whole_rows(tmp_path: Path) -> None:
    """A value that belongs to another file, or to another state of it, is none."""
    path = filled(tmp_path, 2)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (value,) = connection.execute("select value from memo where path = 'file1'").fetchone()
        connection.execute("update memo set value = ? where path = 'file0'", (value,))
    assert value == f"{zlib.crc32(b'file1|stamp|digest1'):08x}:digest1"
    records = Records(tmp_path)
    assert records.recall("file0", "stamp") is None
    records.close()


def test_a_hidden_folder_that_is_no_folder(site: Site) -> None:
    hidden = site.root / ".soorgeon-clone"
    hidden.rename(site.base / "away")
    hidden.write_text("a file")
    with site.project() as project:
        project.status()
        assert any("no folder" in note for note in project.notes())
    (site.root / "data.csv").write_text("2\n")
    with pytest.raises(UserError, match="it is no folder, and must be a folder of its own"):
        site.build()
