"""One table lists all carriers; each is a module of its own."""

from __future__ import annotations

import importlib
from pathlib import Path

from soorgeon_clone.refactor import carriers
from soorgeon_clone.refactor.carriers.table import CARRIERS

FOLDER = Path(carriers.__file__).parent


def test_every_carrier_has_a_row() -> None:
    modules = [importlib.import_module(f"{carriers.__name__}.{path.stem}") for path in sorted(FOLDER.glob("*.py"))]
    found = [module for module in modules if hasattr(module, "HOW")]
    assert sorted(found, key=str) == sorted(CARRIERS, key=str)


def test_no_two_are_called_the_same() -> None:
    assert len({carrier.HOW for carrier in CARRIERS}) == len(CARRIERS)
