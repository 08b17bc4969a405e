"""Cells or a function, run in this process -> the debugger, where they fail."""

from __future__ import annotations

import pdb
import sys
from collections.abc import Sequence

from soorgeon_clone.pipeline.execution.model import FunctionCall
from soorgeon_clone.pipeline.execution.worker import resolve


def debug_cells(cells: Sequence[str]) -> bool:
    """Run the code cells of a notebook; return whether all of them ran."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    for cell in cells:
        result = shell.run_cell(cell, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            if error.__traceback__ is not None:
                pdb.post_mortem(error.__traceback__)
            return False
    return True


def debug_call(call: FunctionCall) -> bool:
    """Call a function; return whether it came to its end."""
    try:
        resolve(call.dotted_path)(**call.kwargs)
    except Exception:
        pdb.post_mortem(sys.exc_info()[2])
        return False
    return True
