"""What libraries' own pickles leave out: each kind of object goes into a file and comes out as it was, or stays.

The libraries themselves are asked. A file of this folder holds the cases of one library (see `keeping`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OF_PYTHON = {"python", "iterators", "exceptions"}


@pytest.mark.parametrize("library", sorted(path.stem for path in HERE.glob("*.txt")))
def test_files_give_back_what_they_got(library: str, tmp_path: Path) -> None:
    if library not in OF_PYTHON and find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    done = subprocess.run(
        [sys.executable, HERE / "keeping.py", HERE / f"{library}.txt"],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
