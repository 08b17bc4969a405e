"""Run a notebook from top to bottom in a fresh Jupyter kernel: straight.py NOTEBOOK OUT [SECONDS PER CELL].

The executed notebook goes to OUT, also when a cell fails (exit code 1). It runs in the folder of NOTEBOOK.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else 120
    notebook = nbformat.read(source, as_version=4)
    client = NotebookClient(
        notebook, timeout=limit, kernel_name="python3", resources={"metadata": {"path": str(source.parent)}}
    )
    try:
        client.execute()
        failed = False
    except CellExecutionError:
        failed = True
    nbformat.write(notebook, out)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
