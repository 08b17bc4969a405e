"""Notebooks -> what `soorgeon refactor` makes of each, without a run: peer_planned.py OUT CORPUS < PATHS.

Runs in Soorgeon's own environment, each notebook in a fork of this process, in a folder of its own. OUT becomes JSON:
path -> state (planned, refused with the message's first line, slow) and number of tasks.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

LIMIT = 60  # seconds


def main() -> None:
    out, corpus = Path(sys.argv[1]), Path(sys.argv[2])
    rows: dict[str, Any] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    for path in sys.stdin.read().splitlines():
        if path not in rows:
            rows[path] = planned(corpus / path)
            out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def planned(notebook: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(notebook, folder / "notebook.ipynb")
        child = os.fork()
        if not child:
            _refactor(folder)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return {"state": "slow", "tasks": 0}
        if os.waitstatus_to_exitcode(status):
            return {"state": "refused", "tasks": 0, "detail": (folder / "said").read_text(encoding="utf-8")}
        pipeline = (folder / "pipeline.yaml").read_text(encoding="utf-8")
        return {"state": "planned", "tasks": pipeline.count("- source:")}


def _refactor(folder: Path) -> None:
    """Refactor in the child, which ends here."""
    from click.testing import CliRunner
    from soorgeon.cli import cli

    signal.alarm(LIMIT)
    os.chdir(folder)
    result = CliRunner().invoke(cli, ["refactor", "notebook.ipynb"])
    said = str(result.exception) if result.exception and str(result.exception) != "1" else result.output
    (folder / "said").write_text(said.strip()[:300], encoding="utf-8")
    os._exit(min(result.exit_code, 1))


if __name__ == "__main__":
    main()
