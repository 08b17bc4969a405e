"""The products of a task, and what is recorded of them -> what was lost or changed since, in files and databases."""

from __future__ import annotations

import json
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import read_text
from soorgeon_clone.pipeline.declared.dotted import importing_from
from soorgeon_clone.pipeline.declared.model import Product, Task
from soorgeon_clone.pipeline.state import databases
from soorgeon_clone.pipeline.state.content import Contents
from soorgeon_clone.pipeline.state.model import Cause, Reason
from soorgeon_clone.pipeline.state.records import Made


def damaged(task: Task, made: Made, contents: Contents, *, root: Path, may_call: bool = False) -> tuple[Cause, ...]:
    """What of a task's products is not as ``made`` says, below ``root``.

    With ``may_call`` databases that are no files are asked as well: the user's functions open those.
    """
    found = []
    for product in task.products:
        now = contents.digest(product.path)
        if now is None:
            found.append(Cause(Reason.PRODUCT_MISSING, str(product)))
        elif product.path not in made.products:
            if made.parts.get(f"product:{product.key or ''}") == product.path:  # a record that lost it
                found.append(Cause(Reason.PRODUCT_CHANGED, product.path))
        elif now != made.products[product.path][0]:
            found.append(Cause(Reason.PRODUCT_CHANGED, str(product)))
        elif product.relation is not None and (why := _lost(task, product, root, may_call=may_call)):
            found.append(Cause(Reason.PRODUCT_MISSING, f"{product}: {why}"))
    for path, known in made.written.items():
        if known and contents.digest(path) is None:
            found.append(Cause(Reason.PRODUCT_MISSING, path))
    return tuple(found)


def _lost(task: Task, product: Product, root: Path, *, may_call: bool) -> str | None:
    """What became of a relation, according to its database; None if it is as the last run made it, or nobody asks."""
    try:
        receipt = json.loads(read_text(root / product.path))
        run, file = str(receipt["run"]), receipt["file"]
    except (OSError, ValueError, KeyError, TypeError):
        return "its receipt cannot be read"
    if product.relation is None or task.spec.database is None:
        return None
    if isinstance(file, str):
        return databases.lost_in_file(str(root / file), product.relation, run)
    client = task.spec.database.client
    if client is None or not may_call:
        return None
    try:
        with importing_from(root), databases.connected(client, root) as connection:
            return databases.lost(connection, product.relation, run)
    except UserError as error:
        return error.message
