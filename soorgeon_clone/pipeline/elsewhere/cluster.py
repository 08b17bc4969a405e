"""``module:function`` -> the Dask cluster that a function of the user's returns.

dask-jobqueue, dask-kubernetes, coiled and others make clusters, each with settings of its own: a function says them
best. It is called in the process of the build, with the project's folder among those that modules are found in.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError

_NAMED = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*)")


def check(text: str) -> None:
    """Raise UserError where a text names no function."""
    if not _NAMED.fullmatch(text):
        raise UserError(
            f"--cluster {text}: expected module:function", hint="For example: --cluster clusters:slurm", exit_code=2
        )


def make_cluster(text: str, root: Path) -> Any:
    """Return what the function returns: a cluster, or a scheduler's address. Raises UserError."""
    check(text)
    module_name, _, name = text.partition(":")
    added = [str(root)] if str(root) not in sys.path else []
    sys.path[:0] = added
    try:
        function = getattr(importlib.import_module(module_name), name)
        cluster = function()
    except UserError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise UserError(f"--cluster {text} gives no cluster: {what}", exit_code=2) from error
    finally:
        for path in added:
            sys.path.remove(path)
    if not (isinstance(cluster, str) or hasattr(cluster, "scheduler_address")):
        raise UserError(
            f"--cluster {text} returned {type(cluster).__name__}, which is no Dask cluster",
            hint="Return a cluster (LocalCluster, SLURMCluster, ...) or the address of a scheduler.",
            exit_code=2,
        )
    return cluster
