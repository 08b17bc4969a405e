"""jsonschema imported in a fifth of its time, for nbformat, which builds on it, and for all that builds on nbformat.

Where ``rfc3987_syntax`` is installed, and JupyterLab brings it, jsonschema imports it, and that compiles a grammar of
international addresses for more than a second. No notebook is checked for such addresses.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from types import ModuleType

_GRAMMAR = "rfc3987_syntax"


def prepare_jsonschema() -> None:
    """Import jsonschema so that the grammar is compiled when something is first checked against it."""
    if "jsonschema" in sys.modules or _GRAMMAR in sys.modules or find_spec(_GRAMMAR) is None:
        return
    later = ModuleType(_GRAMMAR)
    vars(later)["is_valid_syntax"] = _is_valid_syntax
    sys.modules[_GRAMMAR] = later
    try:
        importlib.import_module("jsonschema")
    finally:
        del sys.modules[_GRAMMAR]


def _is_valid_syntax(term: str, value: str) -> bool:
    return bool(importlib.import_module(_GRAMMAR).is_valid_syntax(term, value))
