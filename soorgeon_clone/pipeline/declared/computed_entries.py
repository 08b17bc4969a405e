"""Params and grids in pipeline.yaml that name a function -> what it returns, and which functions there are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from soorgeon_clone.pipeline.declared import dotted
from soorgeon_clone.pipeline.declared.entries import DOTTED
from soorgeon_clone.pipeline.declared.values import Computed, Unknown, Values
from soorgeon_clone.pipeline.declared.yaml_tree import Item
from soorgeon_clone.pipeline.sources.local_modules import LocalModules


class Functions:
    """The functions that pipeline.yaml names for values. ``values`` says what they return.

    ``names`` collects them; ``grids`` the names of tasks whose grid one computes, with the function and whether its
    values are known.
    """

    def __init__(self, root: Path, values: Values | None = None) -> None:
        self.values = values or Unknown()
        self.names: dict[str, None] = {}
        self.grids: dict[str, tuple[str, bool]] = {}
        self._root = root
        self._local: LocalModules | None = None

    def named(self, value: Any, entry: Item) -> Computed | None:
        """The function that the value of an entry names."""
        if self._local is None and (isinstance(value, dict) or (isinstance(value, str) and "::" in value)):
            self._local = LocalModules(self._root)
        computed = None if self._local is None else dotted.named(value, self._local, entry.place)
        if computed is not None:
            self.names[computed.dotted] = None
        return computed

    def param(self, value: Any, entry: Item) -> Any:
        """The value of a param."""
        computed = self.named(value, entry)
        return value if computed is None else self.values.param(computed)

    def choices(self, value: Any, entry: Item, task: str) -> list[Any] | None:
        """The values of a param in the grid of a task; None where no function computes them."""
        if isinstance(value, dict) and isinstance(name := value.get("dotted_path"), str) and DOTTED.fullmatch(name):
            value = {**value, "dotted_path": "::".join(name.rsplit(".", 1))}
        computed = self.named(value, entry)
        if computed is None:
            return None
        found = self.values.choices(computed)
        known = not any(one is computed for one in found)
        self.grids[task] = (computed.dotted, known and self.grids.get(task, ("", True))[1])
        return found if known else [replace(computed, index=0)]
