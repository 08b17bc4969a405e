"""Random damage to what a build keeps: bytes of files, values of JSON, values of rows. A seed makes one damage."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trust.site import Site

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, -(10**400), float("nan"), float("inf"), "", "x", "../../x", "/etc/passwd",
    "\x00", "\x1b[31m", "\ud800", "0" * 40, "é" * 300, [], {}, [[]], {"": None}, ["x"] * 3, {"x": ["y", "z"]}, "output",
)  # fmt: skip
CELLS: tuple[Any, ...] = (
    None,
    0,
    -1,
    2**63 - 1,
    1.5,
    1e300,
    -1e300,
    "",
    "x",
    "{}",
    "[]",
    "null",
    b"\xff\xfe",
    b"",
    "\x00",
)


def damage(site: Site, seed: int) -> str:
    """Damage something of the site, which was just reset; what it was, for a report."""
    chance = random.Random(seed)
    kind = chance.choice(sorted(DAMAGES))
    site.status()  # what is remembered of files is of these copies
    done = DAMAGES[kind](site, chance)
    if chance.random() < 0.6:  # products are to be brought back
        shutil.rmtree(site.root / "output")
        if chance.random() < 0.5:
            shutil.rmtree(site.cache)
    return f"seed {seed}: {kind}: {done}"


def records_bytes(site: Site, chance: random.Random) -> str:
    path = site.root / ".soorgeon-clone/records.sqlite"
    if chance.random() < 0.8:
        with sqlite3.connect(path) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
        connection.close()
    return _bytes(path, chance)


def records_cell(site: Site, chance: random.Random) -> str:
    """One value of one row is another one, of whatever type; its checksum may fit all the same."""
    tables = {
        "memo": ("path", "stamp", "value"), "made": ("task", "value"), "durations": ("task", "seconds"),
        "runs": ("build", "task", "started", "seconds", "result", "fingerprint", "peak_memory", "error"),
    }  # fmt: skip
    table = chance.choice(sorted(tables))
    column = chance.choice(tables[table])
    value = chance.choice(CELLS)
    with sqlite3.connect(site.root / ".soorgeon-clone/records.sqlite") as connection:
        connection.execute(f"update or ignore {table} set {column} = ?", (value,))
        if isinstance(value, bytes):
            connection.execute(f"update or ignore {table} set {column} = cast({column} as text)")
    connection.close()
    return f"{table}.{column} = {value!r}"


def records_json(site: Site, chance: random.Random) -> str:
    """A value somewhere inside of remembered JSON is another one, with the right checksum."""
    done = ""
    with sqlite3.connect(site.root / ".soorgeon-clone/records.sqlite") as connection:
        # what is known of a file is remembered once the file is a moment old
        memo = connection.execute("select path, stamp, value from memo where value like '%{%'").fetchall()
        if chance.random() < 0.5 or not memo:
            task, text = chance.choice(connection.execute("select task, value from made").fetchall())
            done, changed = _mutate(text, chance)
            connection.execute("update made set value = ? where task = ?", (changed, task))
        else:
            path, stamp, text = chance.choice(memo)
            done, changed = _mutate(text[9:], chance)
            mark = zlib.crc32(f"{path}|{stamp}|{changed}".encode("utf-8", "surrogatepass"))
            value = f"{mark:08x}:{changed}".encode("utf-8", "surrogatepass").decode("utf-8", "replace")
            connection.execute("update memo set value = ? where path = ?", (value, path))
    connection.close()
    return done


def records_schema(site: Site, chance: random.Random) -> str:
    statements = (
        "drop table made", "drop table memo", "drop table runs", "drop table durations",
        "alter table made drop column value", "pragma user_version = 7", "pragma user_version = -1",
        "pragma journal_mode = delete", "delete from made",
        "create trigger t before insert on runs begin select raise(abort, 'no'); end",
        "create trigger t before insert on made begin delete from runs; end",
        "alter table runs rename to r; create view runs as select * from r",
        "pragma writable_schema = on; update sqlite_master set sql = 'nonsense' where name = 'made'",
        "update runs set id = 9223372036854775807 where id = (select max(id) from runs)",
    )  # fmt: skip
    chosen = chance.choice(statements)
    connection = sqlite3.connect(site.root / ".soorgeon-clone/records.sqlite")
    with contextlib.suppress(sqlite3.Error):
        connection.executescript(chosen)
    connection.close()
    return chosen


def manifest_bytes(site: Site, chance: random.Random) -> str:
    return _bytes(chance.choice(site.manifests(chance.choice(["store", "cache"]))), chance)


def manifest_json(site: Site, chance: random.Random) -> str:
    path = chance.choice(site.manifests(chance.choice(["store", "cache"])))
    done, changed = _mutate(path.read_text(), chance)
    path.write_text(changed, encoding="utf-8", errors="replace")
    return done


def object_bytes(site: Site, chance: random.Random) -> str:
    where = chance.choice([site.cache, site.store])
    return _bytes(chance.choice(sorted((where / "objects").glob("*/*"))), chance)


def small_files(site: Site, chance: random.Random) -> str:
    hidden = site.root / ".soorgeon-clone"
    path = chance.choice([hidden / "lock", hidden / "lock.json", hidden / ".gitignore", site.cache / "size",
                          hidden / "staging/load.lock", hidden / "logs/load.log"])  # fmt: skip
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(chance.randbytes(chance.choice([0, 1, 100])))
    return path.name


DAMAGES: dict[str, Callable[[Site, random.Random], str]] = {
    "bytes of the records": records_bytes,
    "a value in the records": records_cell,
    "JSON in the records": records_json,
    "JSON in the records, again": records_json,
    "tables of the records": records_schema,
    "bytes of a manifest": manifest_bytes,
    "JSON of a manifest": manifest_json,
    "JSON of a manifest, again": manifest_json,
    "bytes of an object": object_bytes,
    "a small file": small_files,
}


def _bytes(path: Path, chance: random.Random) -> str:
    """Flip bits, cut, fill or lengthen a file."""
    data = bytearray(path.read_bytes())
    how = chance.choice(["flip", "flip", "flip", "cut", "zero", "more", "other"])
    if how == "flip" and data:
        for _ in range(chance.choice([1, 1, 3, 100])):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif how == "cut":
        del data[chance.randrange(len(data) + 1) :]
    elif how == "zero" and data:
        begin = chance.randrange(len(data))
        end = min(len(data), begin + chance.choice([1, 100, 4096]))
        data[begin:end] = bytes(end - begin)
    elif how == "more":
        data += chance.randbytes(100)
    else:
        data = bytearray(chance.randbytes(len(data)))
    path.write_bytes(data)
    return f"{how} {path.name}"


def _mutate(text: str, chance: random.Random) -> tuple[str, str]:
    """JSON with one value, or one name, replaced."""
    data = json.loads(text)
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            places.append((value, key))
            walk(value[key])

    walk(data)
    holder, key = chance.choice(places)
    value = chance.choice(VALUES)
    what = chance.choice(["value", "value", "name", "gone"])
    if what == "name" and isinstance(holder, dict) and isinstance(value, str):
        holder[value] = holder.pop(key)
    elif what == "gone":
        del holder[key]
    else:
        holder[key] = value
    return f"{what} {key!r} -> {value!r}"[:120], json.dumps(data)
