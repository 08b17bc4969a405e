"""The process of a real Jupyter kernel: what ``python -m ipykernel_launcher`` does, begun as all our processes are."""

from __future__ import annotations

import contextlib
import importlib
import runpy
import sys


def main(*arguments: str) -> None:
    """Serve a kernel until it is told to end; ``arguments`` are those of ipykernel."""
    sys.argv[1:] = arguments
    with contextlib.suppress(ImportError):  # the kernel looks for it at its end, when the working folder is on the path
        importlib.import_module("psutil")
    runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
