from __future__ import annotations

import pytest

from refactor.conftest import code
from soorgeon_clone.refactor.ploomber import is_refused


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        ("x = 1\nx", False),
        ("%matplotlib inline\n!ls\nx = 1", False),
        ("%%bash\necho $x", False),
        ("%%time\nx = 1", False),
        ("x", True),
        ("def f():\n    return x", True),
        ("display(1)", True),
        ("files = !ls", True),
        ("%%capture out\nprint(1)\n\n", False),
        ("%%capture out\nprint(1)\n", False),
        ("await f()", True),
        ("import json?", True),
        ("if 1:\n    %time x = 1", True),
        ("from math import *\nprint(pi)", False),
        ("def f(n):\n    def g(*, k=n):\n        return [k + i for i in range(n)]\n    return g\nf(1)", False),
        ("files = !ls\ndef f():\n    files = 1\nfiles", True),
    ],
)
def test_is_refused(source: str, refused: bool) -> None:
    assert is_refused([code(source)]) == refused


def test_cells_are_taken_together() -> None:
    assert not is_refused([code("x = 1"), code("%%html\n<b>"), code("print(x)")])
    assert is_refused([code("%%capture x\n1"), code("print(x)")])
