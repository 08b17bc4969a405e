"""Tasks of SQL: how a script, a dump and an upload are run, in the task's process.

What a script does to SQLite, DuckDB and PostgreSQL happens as a whole or not at all. In the same step the database is
told which run made the relation, and the receipt, the file that stands for it here, holds the same number.
"""

from __future__ import annotations

import contextlib
import csv
import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.declared.model import Database, Task
from soorgeon_clone.pipeline.declared.values import Lookup, holds, resolved
from soorgeon_clone.pipeline.execution.model import FunctionCall
from soorgeon_clone.pipeline.sources.relations import Relation
from soorgeon_clone.pipeline.sources.sql import rendered
from soorgeon_clone.pipeline.state.databases import RUNS, Connection, connected, quoted
from soorgeon_clone.pipeline.state.hidden import hidden_folder

# Statements with which a script says itself where its steps begin and end, or that stand in no transaction.
_OWN_STEPS = ("begin", "commit", "end", "rollback", "vacuum", "attach", "detach", "pragma", "start transaction")


def call_for(task: Task, values: Mapping[str, Any], root: Path) -> FunctionCall:
    """The call that runs the task: `script`, `dump` or `upload`, in the task's process. Raises UserError."""
    source = task.spec.source
    receipts = {product.path: product.relation for product in task.products if product.relation is not None}
    arguments: dict[str, Any] = {"source": source.path, "database": task.spec.database or Database(), "root": root}
    if receipts:
        hidden_folder(root, "relations")  # no link leads out of it
    if source.kind == "upload":
        return FunctionCall(f"{__name__}.upload", {**arguments, "receipts": receipts})
    arguments["sql"] = text_of(task, values, root)
    arguments["shown"] = not holds(values, Lookup)
    if receipts:
        return FunctionCall(f"{__name__}.script", {**arguments, "receipts": receipts})
    return FunctionCall(f"{__name__}.dump", {**arguments, "product": Path(task.products[0].path)})


def text_of(task: Task, values: Mapping[str, Any], root: Path) -> str:
    """The SQL of a task. Raises UserError."""
    database = task.spec.database or Database()
    given = resolved({name: value for name, value in values.items() if value is not None})
    return rendered(root / str(task.spec.source.path), root, database.templates, given)


def script(
    source: str, sql: str, database: Database, root: Path, receipts: Mapping[str, Relation], shown: bool
) -> None:
    """Run the statements, and note that this run made the relations. Raises UserError, which shows the statements if
    they may be ``shown``."""
    with connected(database.client, root) as connection:
        _refuse_memory(connection, source)
        statements = list(_statements(connection, sql))
        own = any(one.strip().lower().startswith(_OWN_STEPS) for one in map(_uncommented, statements))
        run = _begin(connection, receipts.values())
        if own:
            connection.commit()
        try:
            for statement in statements:
                _execute(connection, statement, source, shown)
            _check(connection, receipts.values(), source)
            _note(connection, receipts.values(), run)
            connection.commit()
        except BaseException:
            connection.roll_back()
            raise
        _write(connection, receipts, run)


def dump(source: str, sql: str, database: Database, root: Path, product: Path, shown: bool) -> None:
    """Write what the query gives: to the product, or with a chunksize to files in it. Raises UserError as `script`."""
    with connected(database.client, root) as connection:
        statements = list(_statements(connection, sql))
        for statement in statements[:-1]:
            _execute(connection, statement, source, shown)
        cursor = _execute(connection, statements[-1] if statements else sql, source, shown)
        if cursor.description is None:
            raise UserError(f"{source}: its last statement gives no rows", hint="A dump ends with a SELECT.")
        names = [column[0] for column in cursor.description]
        parquet = product.suffix == ".parquet"
        write = _write_parquet if parquet else _write_csv
        product.parent.mkdir(parents=True, exist_ok=True)
        if database.chunksize is None:
            write(product, names, cursor.fetchall(), None)
            return
        product.mkdir(exist_ok=True)
        schema = None
        for number, rows in enumerate(_chunks(cursor, database.chunksize)):
            schema = write(product / f"{number}{'.parquet' if parquet else '.csv'}", names, rows, schema)


def upload(source: str, database: Database, root: Path, receipts: Mapping[str, Relation]) -> None:
    """Put the rows of a CSV or Parquet file into a table, in place of what it held. Raises UserError."""
    try:
        import pandas
    except ImportError:
        raise UserError(
            f"{source}: an upload needs pandas, which is not installed", hint="pip install pandas"
        ) from None
    readers = {".csv": pandas.read_csv, ".parquet": pandas.read_parquet}
    path = root / source
    if path.suffix.lower() not in readers:
        raise UserError(f"{source}: an upload takes a .csv or a .parquet file")
    if not path.is_file():
        raise UserError(f"{source}: there is no such file", hint="Name the task that makes it as 'upstream'.")
    rows = readers[path.suffix.lower()](path)
    ((receipt, relation),) = receipts.items()
    with connected(database.client, root) as connection:
        _refuse_memory(connection, source)
        run = _begin(connection, [relation])
        connection.commit()
        options = {"if_exists": "replace", "index": False, "chunksize": database.chunksize, **database.options}
        if connection.module == "duckdb":
            _upload_to_duckdb(connection, rows, relation)
        else:
            rows.to_sql(name=relation.name, con=connection.engine, schema=relation.schema, **options)
        _note(connection, [relation], run)
        connection.commit()
        _write(connection, {receipt: relation}, run)


def _upload_to_duckdb(connection: Connection, rows: Any, relation: Relation) -> None:
    connection.raw.register("soorgeon_clone_rows", rows)
    connection.raw.execute(f"CREATE OR REPLACE TABLE {relation} AS SELECT * FROM soorgeon_clone_rows")


def _refuse_memory(connection: Connection, source: str) -> None:
    if connection.file == "":
        raise UserError(
            f"{source}: its database is in memory: what it makes is gone when the task ends",
            hint="Tasks run in processes of their own. Have the client open a file: sqlite:///data.db.",
        )


def _statements(connection: Connection, sql: str) -> Iterator[str]:
    """The statements to send one by one: SQLite takes one at a time, other databases take all, or say how to split."""
    if connection.split:
        yield from (part for part in sql.split(connection.split) if part.strip())
    elif connection.sqlite is None:
        yield sql
    else:
        statement = ""
        for part in sql.split(";"):
            statement += part
            if sqlite3.complete_statement(f"{statement};"):
                if _uncommented(statement):
                    yield statement
                statement = ""
            else:
                statement += ";"
        if _uncommented(statement.rstrip("; \n")):
            yield statement


def _uncommented(statement: str) -> str:
    """A statement without the comments that it begins with."""
    text = statement.strip()
    while text.startswith(("--", "/*")):
        text = (text.partition("\n") if text.startswith("--") else text.partition("*/"))[2].strip()
    return text


def _execute(connection: Connection, statement: str, source: str, shown: bool) -> Any:
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
    except Exception as error:
        text = f"\nIn the statement:\n{statement.strip()}" if shown else ""
        raise UserError(f"{source}: {type(error).__name__}: {error}{text}") from error
    return cursor


def _begin(connection: Connection, relations: Iterable[Relation]) -> str:
    """Begin a transaction, and note in it that nobody made the relations; the number of the run that is about to."""
    try:
        connection.rows(f"SELECT run FROM {RUNS} WHERE 1 = 0")
        connection.roll_back()
    except Exception:
        connection.roll_back()
        _make_runs(connection)
    connection.begin()
    cursor = connection.cursor()
    for relation in relations:
        cursor.execute(f"DELETE FROM {RUNS} WHERE relation = {quoted(relation)}")
    return uuid.uuid4().hex


def _make_runs(connection: Connection) -> None:
    """Make the table of runs; another task may do so at the same time."""
    try:
        connection.cursor().execute(f"CREATE TABLE IF NOT EXISTS {RUNS} (relation VARCHAR(255), run VARCHAR(32))")
        connection.commit()
    except Exception:
        connection.roll_back()
        connection.rows(f"SELECT run FROM {RUNS} WHERE 1 = 0")
        connection.roll_back()


def _note(connection: Connection, relations: Iterable[Relation], run: str) -> None:
    cursor = connection.cursor()
    for relation in relations:
        cursor.execute(f"INSERT INTO {RUNS} (relation, run) VALUES ({quoted(relation)}, {quoted(run)})")


def _check(connection: Connection, relations: Iterable[Relation], source: str) -> None:
    for relation in relations:
        try:
            connection.rows(f"SELECT 1 FROM {relation} WHERE 1 = 0")
        except Exception as error:
            raise UserError(
                f"{source}: it ran to its end, and there is no {relation.kind} {relation}: {error}",
                hint=f"For example: CREATE {relation.kind.upper()} {{{{product}}}} AS SELECT ...",
            ) from error


def _write(connection: Connection, receipts: Mapping[str, Relation], run: str) -> None:
    """Write the receipts: the run, and where the database is if that can be told without its client."""
    file = connection.file
    if file and Path(file).resolve().is_relative_to(Path.cwd().resolve()):
        file = Path(file).resolve().relative_to(Path.cwd().resolve()).as_posix()
    for path, relation in receipts.items():
        content = {"relation": relation.listed(), "run": run, "file": file}
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(content) + "\n", encoding="utf-8")


def _chunks(cursor: Any, size: int) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows in parts of a size; one empty part where there are none, so that the columns are kept."""
    with contextlib.suppress(AttributeError):
        cursor.arraysize = size
    rows = cursor.fetchmany(size)
    yield rows
    while rows and (rows := cursor.fetchmany(size)):
        yield rows


def _write_csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]], schema: Any) -> Any:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, dialect=csv.unix_dialect)
        writer.writerow(names)
        writer.writerows(rows)
    return schema


def _write_parquet(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]], schema: Any) -> Any:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UserError(f"{path}: Parquet needs pyarrow, which is not installed", hint="pip install pyarrow") from None
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    if schema is None:
        table = pyarrow.Table.from_arrays([pyarrow.array(list(column)) for column in columns], names=list(names))
    else:
        arrays = [pyarrow.array(list(column), type=kind.type) for column, kind in zip(columns, schema, strict=True)]
        table = pyarrow.Table.from_arrays(arrays, schema=schema)
    parquet.write_table(table, path)
    return table.schema
