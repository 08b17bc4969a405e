"""The tags of cells that mean something to us, or to those who run notebooks."""

from __future__ import annotations

from collections.abc import Iterable

# papermill's: the cell that declares parameters, and the one after it that gives them values
PARAMETERS = "parameters"
INJECTED = "injected-parameters"
# Jupyter's: the cell may fail; the cell is not run
MAY_FAIL = "raises-exception"
SKIPPED = "skip-execution"

# Ours, of the cells that refactor adds.
_PREFIX = "soorgeon-"
IMPORTS = f"{_PREFIX}imports"
OTHER_PARAMETERS = f"{_PREFIX}parameters"
PATHS = f"{_PREFIX}paths"
LOAD = f"{_PREFIX}load"
SETTINGS = f"{_PREFIX}settings"
DEFINITIONS = f"{_PREFIX}definitions"
SAVE = f"{_PREFIX}save"
# Of a task that writes files which are no products: a cache of products cannot stand for it.
WRITES_FILES = f"{_PREFIX}writes-files"
# Of a task that reads files which others name: those of a plan that crosses, or whose path does.
READS_FILES = f"{_PREFIX}reads-files"


# Cells that repeat statements of earlier tasks; all cells that are refactor's own.
REPEATED = frozenset({IMPORTS, SETTINGS, DEFINITIONS})
ADDED = REPEATED | {OTHER_PARAMETERS, PATHS, LOAD, SAVE}


def is_run(kind: str, tags: Iterable[str]) -> bool:
    """Tell whether a cell of this kind with these tags is run at all."""
    return kind == "code" and SKIPPED not in tags


def is_reserved(tag: str) -> bool:
    """Tell whether a tag says that a cell is not the notebook's own: it declares, gives, loads or saves values."""
    return tag in (PARAMETERS, INJECTED) or tag.startswith(_PREFIX)
