"""SG209: imports that nothing uses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import groupby

from soorgeon_clone.lint.imports import Import, bound_name, is_written, modules_of, whole, without
from soorgeon_clone.lint.mentions import mentioned_words
from soorgeon_clone.lint.model import Finding, Fix, Severity
from soorgeon_clone.lint.script import CodeCell
from soorgeon_clone.lint.subject import Subject
from soorgeon_clone.lint.surroundings import Surroundings
from soorgeon_clone.notebook.tags import IMPORTS, LOAD

_PUTS_BACK = re.compile(r"set_?(rng_)?state\(")

# Imported for what the import does: registering an accessor, a projection, a style, a backend, an estimator.
_FOR_EFFECT = frozenset(
    [
        *(
            "mpl_toolkits.mplot3d.Axes3D",
            "mpl_toolkits.mplot3d",
            "readline",
            "this",
            "antigravity",
            "scienceplots",
            "cmasher",
            "cmocean",
        ),
        *("mplcyberpunk", "seaborn", "swifter", "janitor", "rioxarray", "cf_xarray", "nc_time_axis", "pint_pandas"),
        *("pint_xarray", "pandas_profiling", "cufflinks", "hvplot", "pandas_ta", "pandarallel", "ipympl", "ace_tools"),
        *("tensorflow_text", "tensorflow_addons", "habitat_sim", "pybullet_envs", "gym_minigrid", "gymnasium_robotics"),
        *("turtle", "idlelib", "torch_npu", "intel_extension_for_pytorch", "brewer2mpl", "colorcet", "palettable"),
        *("sktime", "geoviews", "datashader", "xarray_einstats", "sparkmagic", "plotly_express", "unyt", "wandb"),
    ]
)


class UnusedImport:
    """An import binds a name that nothing in the notebook uses.

    Why:
        It costs time at each start, and a requirement that nobody needs. Imports that are made for their effect
        (``sklearn.experimental``, ``mpl_toolkits.mplot3d.Axes3D``), imports in ``try``, and names that a text mentions
        (formulas, ``eval``) are left alone, and so is what a task of a cut notebook imports and other tasks repeat.
        `--fix` removes the import; one of a module beside the notebook, which may have been imported for what it does,
        takes ``--unsafe-fixes``.

    Bad:
        import os
        import pandas as pd
        df = pd.read_csv("x.csv")

    Good:
        import pandas as pd
        df = pd.read_csv("x.csv")
    """

    code = "SG209"
    name = "unused-import"
    severity: Severity = "warning"
    default = True
    aliases = ("F401",)

    def check(self, subject: Subject) -> Iterator[Finding]:
        yield from _at_top(subject)
        functions = [message for message in subject.messages if message.kind == "UnusedImport"]
        if not functions:
            return
        inside = _rows_in_functions(subject)
        for message in functions:
            if message.row in inside and not str(message.arguments[0]).startswith("__future__"):
                yield subject.at_row(message.row, message.offset, f"`{message.arguments[0]}` is imported but not used")

    def confirm(self, finding: Finding, others: tuple[str, ...], surroundings: Surroundings) -> bool:
        """Tell whether no other part of a notebook that was cut into tasks uses the import either."""
        return finding.subject not in surroundings.repeated_imports()


def _at_top(subject: Subject) -> Iterator[Finding]:
    used = subject.names.uses
    unused = [
        (cell, node, alias)
        for cell in subject.script.cells
        for node in cell.body
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not cell.maybe and is_written(cell, node)
        for alias in node.names
        if bound_name(node, alias) not in used and not _is_for_effect(node, alias)
    ]
    if _puts_back_a_state(subject):  # what may draw while it is imported is imported before that
        unused = [one for one in unused if IMPORTS not in one[0].cell.tags]
    if not unused or (subject.open_row < float("inf") and _all_hidden(subject)):
        return
    mentioned = mentioned_words(subject)
    unused = [one for one in unused if bound_name(one[1], one[2]) not in mentioned]
    for _, same in groupby(unused, key=lambda one: id(one[1])):
        together = list(same)
        cell, node, _ = together[0]
        fix = _removal(cell, node, {bound_name(node, alias) for _, _, alias in together})
        for _, _, alias in together:
            # of a cell of the notebook's: whether other tasks repeat it is asked when the finding is confirmed
            repeated = "" if IMPORTS in cell.cell.tags else whole(node, alias)
            yield subject.at(alias, f"`{_path(node, alias)}` is imported but not used", fix=fix, subject=repeated)


def _puts_back_a_state(subject: Subject) -> bool:
    """Whether a task goes on with random numbers where another one ended."""
    return any(LOAD in cell.cell.tags and _PUTS_BACK.search(cell.cell.source) for cell in subject.script.cells)


def _removal(cell: CodeCell, node: Import, names: set[str]) -> Fix | None:
    edit = without(cell, node, names)
    return Fix((edit,), imports=modules_of(node)) if edit else None


def _path(node: Import, alias: ast.alias) -> str:
    module = "." * node.level + (node.module or "") + "." if isinstance(node, ast.ImportFrom) else ""
    return f"{module}{alias.name}"


def _is_for_effect(node: Import, alias: ast.alias) -> bool:
    path = _path(node, alias)
    if alias.name == "*" or path.startswith(("__future__", "sklearn.experimental")) or (alias.asname or "") == "_":
        return True
    if isinstance(node, ast.Import) and "." in alias.name and not alias.asname:
        return True  # import hvplot.pandas
    return path in _FOR_EFFECT or path.partition(".")[0] in _FOR_EFFECT


def _all_hidden(subject: Subject) -> bool:
    """Tell whether code that cannot be read may use any name: ``exec`` of a text, ``%run -i``."""
    return any(use.name in ("exec", "eval", "globals", "locals") for use in subject.names.used)


def _rows_in_functions(subject: Subject) -> set[int]:
    """Return the rows of the module that stand inside a function."""
    rows: set[int] = set()
    last = 0
    for node in sorted(subject.names.functions, key=lambda node: node.lineno):
        end = node.end_lineno or node.lineno
        rows.update(range(max(node.lineno, last) + 1, end + 1))
        last = max(last, end)
    return rows
