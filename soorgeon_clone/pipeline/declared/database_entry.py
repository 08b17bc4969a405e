"""What an entry of pipeline.yaml says of SQL: the class of the task, its client, its relation -> Database, Product."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from soorgeon_clone.pipeline.declared.entries import mapping
from soorgeon_clone.pipeline.declared.model import HIDDEN, Client, Database, Product
from soorgeon_clone.pipeline.declared.values import Lookup
from soorgeon_clone.pipeline.declared.yaml_tree import Item, number, shortened
from soorgeon_clone.pipeline.sources.relations import relation

SCRIPT, DUMP, UPLOAD = "SQLScript", "SQLDump", "SQLUpload"
CLASSES = (SCRIPT, DUMP, UPLOAD)
RELATIONS = ("SQLRelation", "SQLiteRelation", "PostgresRelation", "GenericSQLRelation")
KEYS = ("client", "product_class", "product_client", "chunksize", "to_sql_kwargs", "io_handler")
_CHUNK = 10_000  # rows, as in Ploomber
_MOST_ROWS = 1_000_000_000
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


@dataclass(frozen=True)
class Clients:
    """What the top of pipeline.yaml says of clients: for SQL by the class of tasks and products, and for ``files``;
    and where SQL finds templates."""

    by_class: Mapping[str, Client] = field(default_factory=dict)
    templates: tuple[str, ...] = ()
    files: Client | None = None


def read_clients(item: Item | None, templates: tuple[str, ...]) -> tuple[Clients, list[str]]:
    """Return the clients that ``clients`` names by class, and what to say of those that do nothing."""
    if item is None:
        return Clients({}, templates), []
    if not isinstance(item.value, dict):
        raise item.error("expected a mapping of classes, such as SQLScript, to clients")
    found, warnings, files = {}, [], None
    for name, entry in item.value.items():
        if entry.value is None:
            continue
        if name in (*CLASSES, *RELATIONS):
            found[str(name)] = read_client(entry)
        elif name == "File":
            files = read_file_client(entry)
        else:
            why = ": bash runs shell scripts" if name == "ShellScript" else ""
            warnings.append(f"{entry.place}: 'clients.{shortened(str(name))}' has no effect{why}")
    return Clients(found, templates, files), warnings


def read_file_client(entry: Item) -> Client:
    """The function that returns a client for files."""
    client = read_client(entry)
    if not isinstance(client.value, str) or "://" in client.value:
        raise entry.error("expected module.function", hint="A folder or bucket that is shared is 'store: URL'.")
    return client


def read_client(entry: Item) -> Client:
    """``client: module.function``, ``{dotted_path: module.function, argument: value}`` or a URL."""
    value = entry.plain()
    args: Mapping[str, Any] = {}
    if isinstance(value, dict) and "dotted_path" in value:
        args = {str(key): one for key, one in value.items() if key != "dotted_path"}
        value = value["dotted_path"]
    if isinstance(value, str) and "://" not in value:
        value = value.replace("::", ".")
        if not _DOTTED.fullmatch(value):
            raise entry.error(
                f"{shortened(repr(value))} is no client",
                hint="Write module.function, which returns a client, or a URL such as sqlite:///data.db.",
            )
    elif not isinstance(value, (str, Lookup)):
        raise entry.error("expected module.function, or a URL such as sqlite:///data.db")
    return Client(value, args, entry.place)


def read_database(item: Item, name: str, clients: Clients) -> Database:
    """What a task of this class works with. Raises UserError."""
    wanted = [item.get("client")]
    own = [name]
    if name != DUMP:
        wanted.append(item.get("product_client"))
        kind = item.get("product_class")
        if kind is not None and kind.value not in RELATIONS:
            raise kind.error(
                f"{shortened(repr(kind.value))} is no class of relations", hint=f"There are: {', '.join(RELATIONS)}."
            )
        own += [str(kind.value)] if kind is not None else RELATIONS
    client = next((read_client(entry) for entry in wanted if entry is not None and entry.value is not None), None)
    if client is None:
        client = next((clients.by_class[one] for one in own if one in clients.by_class), None)
    if item.get("io_handler") is not None:
        raise item.value["io_handler"].error("'io_handler' is not supported: the product's ending says CSV or Parquet")
    if name != UPLOAD and item.get("to_sql_kwargs") is not None:
        raise item.value["to_sql_kwargs"].error(f"only {UPLOAD} takes 'to_sql_kwargs'")
    return Database(client, _chunksize(item, name), clients.templates, mapping(item.get("to_sql_kwargs")))


def _chunksize(item: Item, name: str) -> int | None:
    if "chunksize" not in item.value:
        return _CHUNK if name == DUMP else None
    entry = item.value["chunksize"]
    if name == SCRIPT:
        raise entry.error(f"only {DUMP} and {UPLOAD} take 'chunksize'")
    if entry.value is None or entry.value == 0:
        return None
    return int(number(entry, most=_MOST_ROWS, whole=True))


def read_relations(entry: Item, task: str) -> Iterator[Product]:
    """The relation that ``product: [schema, name, kind]`` is, or several by their keys."""
    if isinstance(entry.value, dict):
        for key, part in entry.value.items():
            yield relation_product(str(key), part.plain(), task, part)
    else:
        yield relation_product(None, entry.plain(), task, entry)


def relation_product(key: str | None, value: Any, task: str, entry: Item) -> Product:
    """The product that a relation is. Raises UserError."""
    try:
        return receipt(key, value, task)
    except ValueError as error:
        raise entry.error(str(error), hint="For example: product: [analytics, sales, table].") from None


def receipt(key: str | None, value: Any, task: str) -> Product:
    """A relation as a product. Raises ValueError."""
    name = f"{HIDDEN}/relations/{_file_name(task)}"
    return Product(key, name if key is None else f"{name}.{_file_name(key)}", relation(value))


def is_relation(entry: Item | None) -> bool:
    """Whether an entry ``product`` declares relations."""
    if entry is None:
        return False
    parts = entry.value.values() if isinstance(entry.value, dict) else [entry]
    return any(isinstance(part.value, list) for part in parts)


def _file_name(name: str) -> str:
    import hashlib

    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:60]
    return readable if readable == name else f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
