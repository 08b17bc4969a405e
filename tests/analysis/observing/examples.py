"""Examples as they stand in knowledge/examples -> the lines of code for each call, and what of the setup they need."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Any

from soorgeon_clone.analysis.knowledge.effect_tables import Table, split_calls
from soorgeon_clone.analysis.knowledge.effects import FOLDER, table_of

EXAMPLES = FOLDER / "examples"


def read_examples(library: str) -> tuple[str, dict[str, list[str]], dict[str, str]]:
    """Return setup, call -> lines of code, call -> why it has no example."""
    import yaml

    path = EXAMPLES / f"{library}.yaml"
    raw = yaml.load(path.read_bytes(), yaml.CSafeLoader) if path.is_file() else {}
    shared = {
        call: str(code).split(" || ")
        for key, code in (raw.get("examples") or {}).items()
        for call in ([key] if key.endswith("]") else [name for name, _ in split_calls(key)])
    }
    found = {call: [fill(line, call) for line in lines] for call, lines in shared.items()}
    without = {call: str(why) for key, why in (raw.get("without") or {}).items() for call, _ in split_calls(key)}
    tried = with_siblings(table_of(library), shared, found)
    return raw.get("setup", ""), {call: lines for call, lines in tried.items() if call not in without}, without


def needed(setup: str, code: str) -> str:
    """Return the statements of the setup that the code needs, directly or through others."""
    wanted = set(re.findall(r"\w+", code))
    kept: list[str] = []
    for text, gives, uses in reversed(_statements(setup)):
        if gives & wanted:
            kept.append(text)
            wanted |= uses
    return "\n".join(reversed(kept))


@cache
def _statements(setup: str) -> list[tuple[str, set[str], set[str]]]:
    """Return each statement of a setup with the words that it gives a meaning and those that it uses."""
    found = []
    for statement in ast.parse(setup).body:
        text = ast.unparse(statement)
        gives = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        gives |= {getattr(statement, "name", "")} - {""}
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            gives = {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
        if isinstance(statement, ast.Expr):  # it changes what it names first (df.to_csv("in.csv")) or makes a file
            made = set(re.findall(r"'(\w+)\.\w+'", text))
            gives = made or {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
        if isinstance(statement, ast.Assign) and not isinstance(statement.targets[0], (ast.Name, ast.Tuple)):
            gives |= {n.id for n in ast.walk(statement.targets[0]) if isinstance(n, ast.Name)}
        if "'w'" in text:
            gives |= set(re.findall(r"'(\w+)\.\w+'", text))
        found.append((text, gives, set(re.findall(r"\w+", text))))
    return found


def fill(line: str, call: str) -> str:
    return line.replace("{name}", call.rpartition(".")[2]).replace("{path}", call)


def with_siblings(table: Table, shared: dict[str, list[str]], found: dict[str, list[str]]) -> dict[str, list[str]]:
    """An example with {name} is tried for every call that stands in the same entry and has none of its own."""
    for names in entries(table).values():
        like = next((name for name in names if "{name}" in "".join(shared.get(name, ""))), "")
        pattern = shared.get(like)
        for name in names:
            if pattern and name not in found and "*" not in name and name.rpartition(".")[0] == like.rpartition(".")[0]:
                found[name] = [f"try:{fill(line, name)}" for line in pattern]
    return found


def entries(table: Table) -> dict[Any, list[str]]:
    """Return (section, key as written) -> the calls that it names, ``Type[kind]`` for subscripts."""
    found: dict[Any, list[str]] = {}
    for section in ("functions", "attributes"):
        for key in table.raw.get(section) or {}:
            found[section, key] = [name for name, _ in split_calls(key)]
    for owners, raw in (table.raw.get("types") or {}).items():
        types_ = [name for name, _ in split_calls(owners)]
        for section in ("methods", "attributes"):
            for key in raw.get(section) or {}:
                found[owners, section, key] = [f"{t}.{name}" for t in types_ for name, _ in split_calls(key)]
        for kinds in raw.get("subscripts") or {}:
            found[owners, "subscripts", kinds] = [f"{t}[{kind.strip()}]" for t in types_ for kind in kinds.split(",")]
        if any(key.startswith("new") for key in raw):
            found[owners, "new"] = types_
    return found
