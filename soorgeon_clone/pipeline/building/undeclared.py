"""The files that tasks opened -> the dependencies that nobody declared, by name.

Tasks run side by side: one that reads what another makes, and does not say so, may come too early, and is not stale
when the other made something else.
"""

from __future__ import annotations

from collections.abc import Collection

from soorgeon_clone.pipeline.declared import dag as dags
from soorgeon_clone.pipeline.declared.model import DAG

_SHOWN = 3


class Undeclared:
    """Told of each task that ran, in whatever order they end."""

    def __init__(self, dag: DAG) -> None:
        self._dag = dag
        self._makers: dict[str, set[str]] = {}
        for task in dag.tasks.values():
            for product in task.products:
                self._makers.setdefault(product.path, set()).add(task.name)
        self._readers: dict[str, set[str]] = {}
        self._told: set[tuple[str, str]] = set()

    def revealed(self, dag: DAG) -> None:
        """Go on with these tasks."""
        self._dag = dag

    def ended(self, name: str, read: Collection[str], wrote: Collection[str]) -> list[str]:
        """Take the files that a task opened; return what to say of dependencies that show now."""
        found: dict[tuple[str, str], list[str]] = {}
        for path in sorted(read):
            self._readers.setdefault(path, set()).add(name)
            for maker in sorted(self._makers_of(path)):
                found.setdefault((name, maker), []).append(path)
        for path in sorted(wrote):
            self._makers.setdefault(path, set()).add(name)
            for reader in sorted(self._readers.get(path, ())):
                found.setdefault((reader, name), []).append(path)
        return [
            self._said(reader, maker, paths) for (reader, maker), paths in found.items() if self._new(reader, maker)
        ]

    def _makers_of(self, path: str) -> set[str]:
        """The tasks that make a file, or a folder that it is in."""
        found = set(self._makers.get(path, ()))
        while "/" in path:
            path = path.rpartition("/")[0]
            found |= self._makers.get(path, set())
        return found

    def _new(self, reader: str, maker: str) -> bool:
        """Whether neither task waits for the other one, and nobody said so yet."""
        if reader == maker or (reader, maker) in self._told:
            return False
        self._told.add((reader, maker))
        return maker not in dags.ancestors(self._dag, [reader]) and reader not in dags.ancestors(self._dag, [maker])

    def _said(self, reader: str, maker: str, paths: list[str]) -> str:
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        source = self._dag.tasks[reader].spec.source
        where = source.path or source.text
        return (
            f"task '{reader}' read {', '.join(paths[:_SHOWN])}{more}, which task '{maker}' writes, and '{maker}' is "
            f"not among its upstream: '{reader}' may come too early, and is not run again when '{maker}' makes "
            f"something else. Add '{maker}' to the upstream in {where} ('executor: serial' in pipeline.yaml keeps the "
            "order, and nothing more)"
        )
