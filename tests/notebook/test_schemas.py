"""jsonschema is imported without its grammar of addresses, and finds that when it needs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# `rfc3987` is what jsonschema would take instead
WITH = """
import sys
sys.modules["rfc3987"] = None
from soorgeon_clone.notebook.schemas import prepare_jsonschema
prepare_jsonschema()
from jsonschema import Draft202012Validator
print("rfc3987_syntax" in sys.modules)
check = Draft202012Validator({"format": "iri"}, format_checker=Draft202012Validator.FORMAT_CHECKER)
print(check.is_valid("right"), check.is_valid("wrong"), "rfc3987_syntax" in sys.modules)
"""


def test_the_grammar_is_imported_when_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "rfc3987_syntax.py").write_text("def is_valid_syntax(*asked): return asked == ('iri', 'right')")
    done = subprocess.run(
        [sys.executable, "-c", WITH],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), *sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "False\nTrue False True\n", done.stderr
