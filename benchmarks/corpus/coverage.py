"""How many calls of public notebooks the effect tables describe: coverage.py CORPUS [--worst 40] [--only TEXT].

A call counts where the analysis knows which library it belongs to: its function's path, or its receiver's type. Calls
of the notebook's own functions do not count, nor calls on objects that nobody knows. Each place in the code counts
once. Printed are, by library, how many such calls there are and how many a table describes; then what is missing most.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from inventory import python_notebooks

from soorgeon_clone.analysis.analyse import analyse
from soorgeon_clone.analysis.machine.interpreter import Interpreter
from soorgeon_clone.analysis.objects.kind import Kind
from soorgeon_clone.analysis.objects.kinds.library_object import LibraryObject
from soorgeon_clone.analysis.objects.types import UNKNOWN
from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.read import read
from soorgeon_clone.notebook.sections import split

Sites = dict[tuple[int, str], bool]
"""(node of a call, path of what is called) -> whether a table describes it."""

_NOBODY_KNOWS = "?"


def _standing_in(stand_in: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **keywords: stand_in(original, *args, **keywords)


class Observed:
    """Sees the calls that the analysis resolves, while it is a context."""

    def __init__(self) -> None:
        self.sites: Sites = {}
        self.kept: list[Any] = []  # nodes, so that no other gets the place in memory of one that was seen
        self._originals: dict[tuple[type, str], Callable[..., Any]] = {}

    def __enter__(self) -> Observed:
        for owner, name, stand_in in (
            (Interpreter, "call_library", self._library),
            (Interpreter, "unknown", self._unknown),
            (LibraryObject, "call_method", self._method),
            (Kind, "call_method", self._method_of_anything),
        ):
            original = self._originals[owner, name] = vars(owner)[name]
            setattr(owner, name, _standing_in(stand_in, original))
        return self

    def __exit__(self, *_: object) -> None:
        for (owner, name), function in self._originals.items():
            setattr(owner, name, function)

    def _library(self, original: Any, w: Any, path: str, args: Any, node: Any) -> Any:
        self._see(node, w.knowledge.canonical(path))
        return original(w, path, args, node)

    def _method(self, original: Any, kind: Any, w: Any, obj: Any, name: str, args: Any, node: Any) -> Any:
        self._see(node, f"{obj.type}.{name}" if obj.type != "builtins.object" else _NOBODY_KNOWS)
        return original(kind, w, obj, name, args, node)

    def _method_of_anything(self, original: Any, kind: Any, w: Any, obj: Any, name: str, args: Any, node: Any) -> Any:
        if obj.type == UNKNOWN:
            self._see(node, _NOBODY_KNOWS)
        return original(kind, w, obj, name, args, node)

    def _unknown(self, original: Any, w: Any, receiver: Any, args: Any, node: Any, what: str) -> Any:
        path = w.knowledge.canonical(what)
        if (id(node), path) in self.sites:
            self.sites[id(node), path] = False
        return original(w, receiver, args, node, what)

    def _see(self, node: Any, path: str) -> None:
        self.kept.append(node)
        self.sites.setdefault((id(node), path), True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--worst", type=int, default=40, help="how many paths to list that no table describes")
    parser.add_argument("--only", default="", help="notebooks whose path contains this")
    options = parser.parse_args()

    described: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for entry in python_notebooks(options.corpus):
        if entry.valid and options.only in entry.path:
            for path, is_known in resolved_calls(options.corpus / entry.path):
                (described if is_known else missing)[path] += 1
    unresolved = described.pop(_NOBODY_KNOWS, 0) + missing.pop(_NOBODY_KNOWS, 0)
    print("\n".join(table(described, missing)))
    print(f"\nMore calls, of methods of objects that nobody knows: {unresolved:,}\n")
    for path, count in missing.most_common(options.worst):
        print(f"{count:6}  {path}")


def resolved_calls(notebook: Path) -> Iterator[tuple[str, bool]]:
    """Yield (path, whether a table describes it) for each call of a notebook that is resolved."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        with Observed() as observed:
            analyse(split(read(str(notebook)), 2))
    except UserError:
        return
    finally:
        sys.setrecursionlimit(limit)
    for (_, path), is_known in observed.sites.items():
        yield path, is_known


def table(described: Counter[str], missing: Counter[str]) -> Iterator[str]:
    """Yield the table of libraries, those with most calls first."""
    total: Counter[str] = Counter()
    known: Counter[str] = Counter()
    for path, count in described.items():
        known[path.split(".")[0]] += count
    total = known + Counter()
    for path, count in missing.items():
        total[path.split(".")[0]] += count
    yield "| library | calls | described |"
    yield "|---|--:|--:|"
    rest = [library for library, _ in total.most_common()[20:]]
    for library, count in total.most_common(20):
        yield f"| {library} | {count:,} | {known[library] / count:.1%} |"
    if rest:
        others, known_others = sum(total[lib] for lib in rest), sum(known[lib] for lib in rest)
        yield f"| {len(rest)} others | {others:,} | {known_others / others:.1%} |"
    yield f"| all | {total.total():,} | {known.total() / max(1, total.total()):.1%} |"


if __name__ == "__main__":
    main()
