"""The corpus folder -> the Python notebooks worth a run: each content once, with the modules that it imports."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import re
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

NETWORK = re.compile(
    r"(?:https?|ftp|s3)://|\bload_dataset\(|\bfetch_\w+\(|^\s*[!%]\s*(?:pip|conda|wget|curl|git|mamba)\b"
)
UP = re.compile(r"(?<![.\w])\.\.(?:/\.\.)*(?![.\w])")


@dataclass(frozen=True)
class Entry:
    """One notebook of the corpus: ``path`` is relative to the corpus folder, ``h2`` counts its H2 headings.

    ``project`` is the repository (owner/name) or the folder of a source distribution. ``climbs`` says how many folders
    above its own the code names (``../../data``: 2), ``asks_network`` whether it names what is not on this machine.
    """

    path: str
    project: str
    h2: int
    modules: frozenset[str]
    valid: bool
    cells: int = 0
    climbs: int = 0
    asks_network: bool = False

    @property
    def slug(self) -> str:
        digest = hashlib.sha256(self.path.encode()).hexdigest()[:6]
        return f"{Path(self.path).stem.replace(' ', '_')[:60]}-{digest}"

    @property
    def is_kept_aside(self) -> bool:
        return is_kept_aside(self.project)


def is_kept_aside(project: str) -> bool:
    """Return whether nobody looks into a repository's notebooks, but only at its figures: a third of all.

    A hash of the name decides, so that it was decided before anybody looked.
    """
    return int(hashlib.sha256(project.lower().encode()).hexdigest(), 16) % 3 == 0


def repositories(corpus: Path) -> dict[str, str]:
    """Return the commit of each repository (owner/name) in the corpus; source distributions have none."""
    record = corpus / "repositories.json"
    return json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}


def python_notebooks(corpus: Path) -> list[Entry]:
    """Return every Python notebook of index.json, each content once; what was found out is kept in inventory.json."""
    index, kept = corpus / "index.json", corpus / "inventory.json"
    if not kept.exists() or kept.stat().st_mtime < index.stat().st_mtime:
        rows = [asdict(entry) | {"modules": sorted(entry.modules)} for entry in _read_all(corpus)]
        kept.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    rows = json.loads(kept.read_text(encoding="utf-8"))
    return [Entry(**row | {"modules": frozenset(row["modules"])}) for row in rows]


def _read_all(corpus: Path) -> list[Entry]:
    entries, seen, known = [], set(), repositories(corpus)
    for row in json.loads((corpus / "index.json").read_text(encoding="utf-8")):
        if row.get("language") != "python" or not row.get("code_cells") or ".ipynb_checkpoints/" in row["path"]:
            continue
        notebook = json.loads((corpus / row["path"]).read_text(encoding="utf-8"))
        cells = _code(notebook)
        main = notebook["metadata"].get("jupytext", {}).get("main_language", "python")
        if main != "python" or not any(cell.strip() for cell in cells):
            continue
        digest = hashlib.sha256("\n".join(cells).encode("utf-8", "replace")).hexdigest()
        if digest in seen:
            continue
        seen.add(digest)
        modules, valid = _modules(cells)
        first, second, *_ = (*row["path"].split("/"), "")
        project = f"{first}/{second}" if f"{first}/{second}" in known else first
        climbs = max((up.group().count("..") for cell in cells for up in UP.finditer(cell)), default=0)
        network = any(NETWORK.search(line) for cell in cells for line in cell.split("\n") if line.strip()[:1] != "#")
        count = len(notebook_cells(notebook))
        entries.append(Entry(row["path"], project, row["h2"], modules, valid, count, climbs, network))
    return entries


def missing_modules(entry: Entry, corpus: Path) -> list[str]:
    """Return the imported top-level modules that neither this interpreter nor the repository has."""
    return sorted(set(_not_installed(entry, corpus)) - _modules_in(corpus / entry.project))


def own_modules(entry: Entry, corpus: Path) -> Path | None:
    """Return the repository's folder where a notebook imports what only stands there, to be installed."""
    root = corpus / entry.project
    return root if set(_not_installed(entry, corpus)) & _modules_in(root) else None


def _not_installed(entry: Entry, corpus: Path) -> list[str]:
    beside = _modules_in((corpus / entry.path).parent)
    return [name for name in entry.modules - beside if not _is_installed(name)]


@cache
def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


@cache
def _modules_in(folder: Path) -> set[str]:
    return {path.name.removesuffix(".py") for path in folder.iterdir() if path.is_dir() or path.suffix == ".py"}


def notebook_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cells of a notebook of format 3 or 4."""
    return notebook["cells"] if "cells" in notebook else [c for w in notebook["worksheets"] for c in w["cells"]]


def _code(notebook: dict[str, Any]) -> list[str]:
    cells = notebook_cells(notebook)
    return ["".join(c.get("source", c.get("input", ""))) for c in cells if c["cell_type"] == "code"]


def _modules(cells: list[str]) -> tuple[frozenset[str], bool]:
    from IPython.core.inputtransformer2 import TransformerManager

    names: set[str] = set()
    for cell in cells:
        try:
            tree = ast.parse(TransformerManager().transform_cell(cell))
        except (SyntaxError, ValueError):
            return frozenset(), False
        for node in tree.body:
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return frozenset(names), True
