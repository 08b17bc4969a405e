"""What a star import of an installed module binds, and from where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from soorgeon_clone.analysis import star

FILES = {
    "starred/__init__.py": "import numpy as np\nfrom math import sin as sine\nfrom .core import *\nimport os.path\n",
    "starred/core.py": "import json\nRATE = 2\n_hidden = 1\ndef step(x):\n    return x\n",
    "listed.py": "import json\n__all__ = ['a']\na = 1\nb = 2\n",
    "extended.py": "import json\n__all__ = ['a']\na = 1\nb = 2\n__all__.extend(dir(json))\n",
}


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    star.origins.cache_clear()
    yield
    star.origins.cache_clear()


def test_what_a_module_imports_is_known_by_where_it_comes_from() -> None:
    assert star.origins("starred") == {
        "RATE": "starred.core.RATE",
        "json": "json",
        "np": "numpy",
        "os": "os",
        "sine": "math.sin",
        "step": "starred.core.step",
    }


def test_a_list_of_names_counts() -> None:
    assert star.origins("listed") == {"a": "listed.a"}


def test_a_list_that_is_extended_may_hold_all_that_the_module_defines() -> None:
    assert star.origins("extended") == {"a": "extended.a", "b": "extended.b"}


def test_nothing_is_known_of_what_is_not_installed() -> None:
    assert star.origins("surely_not_installed") == {}
