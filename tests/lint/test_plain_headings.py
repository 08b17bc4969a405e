"""Reading headings the quick way gives what the parser gives."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from soorgeon_clone.lint.plain_headings import headings
from soorgeon_clone.notebook.headings import headings as parsed

NOTEBOOKS = sorted((Path(__file__).parents[2] / "fixtures").rglob("*.ipynb"))
PIECES = [
    *("# A", "## B c", "###", "#d", "####### e", "text", "", "```", "- x", "  # f", "# g #", "# *h*", "===", "---"),
    *("<b>", "# 1. i", "# j_k_l", "## m (n): o, p!", "> # q", "# r\\", "1. s", "\t# t", "# &amp;", "# `u`", "## $x$"),
    *("# [v](w)", "    code", "# x - y"),
]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_fixtures(path: Path) -> None:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        assert tuple(headings(text)) == parsed(text)


@pytest.mark.parametrize("seed", range(300))
def test_mixtures(seed: int) -> None:
    rng = random.Random(seed)
    text = "\n".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 5)))
    assert tuple(headings(text)) == parsed(text)
