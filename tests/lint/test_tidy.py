"""The formatter changes code and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lint.notebooks import code, ipynb, text
from soorgeon_clone.errors import UserError
from soorgeon_clone.lint.tidy import formatted, stripped

FIXTURES = Path(__file__).parents[2] / "fixtures" / "notebooks"
NAME = Path("x.ipynb")


def sources(data: bytes) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(data)["cells"]]


def test_formats_and_sorts() -> None:
    data = ipynb(
        text("# a   b"),
        "import sys\nimport os\nx   = {'a':1}",
        "%matplotlib inline\n!ls   -l\ny=  2",
        "%%bash\nls   -l",
    )
    assert sources(formatted(data, NAME)) == [
        "# a   b",
        'import os\nimport sys\n\nx = {"a": 1}',
        "%matplotlib inline\n!ls   -l\ny = 2",
        "%%bash\nls   -l",
    ]
    assert sources(formatted(data, NAME, imports=False))[1].startswith("import sys\nimport os\n")


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.ipynb")), ids=lambda path: path.name)
def test_keeps_all_but_code(path: Path) -> None:
    old = path.read_bytes()
    new = formatted(old, path)
    before, after = json.loads(old), json.loads(new)
    for one, other in zip(before["cells"], after["cells"], strict=True):
        if one["cell_type"] == "code":
            one["source"] = other["source"] = []
    assert before == after
    assert list(before) == list(after)
    assert formatted(new, path) == new
    layout = json.dumps(json.loads(ipynb("x = 1")), indent=5).encode()
    assert formatted(layout, NAME) == layout


def test_says_what_is_wrong() -> None:
    with pytest.raises(UserError, match=r"x\.ipynb cannot be formatted"):
        formatted(ipynb("x = ("), NAME)


def test_strips() -> None:
    output = {"output_type": "stream", "name": "stdout", "text": ["1\n"]}
    data = ipynb(code("print(1)", 3, output), text("a"), code("x = 1", 4))
    done = stripped(data, outputs=True, counts=True)
    cells = json.loads(done)["cells"]
    assert [(c.get("outputs"), c.get("execution_count")) for c in cells] == [([], None), (None, None), ([], None)]
    assert stripped(done, outputs=True, counts=True) == done
    kept = json.loads(stripped(data, outputs=False, counts=True))["cells"]
    assert kept[0]["outputs"] == [output]
    assert kept[0]["execution_count"] is None
    assert stripped(b"# %%\nx = 1\n", outputs=True, counts=True) == b"# %%\nx = 1\n"
