"""Reading headings the quick way gives what the parser gives."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from soorgeon_clone.notebook.headings import headings, parsed

NOTEBOOKS = sorted((Path(__file__).parents[2] / "fixtures").rglob("*.ipynb"))
PIECES = [
    *("# A", "## B c", "###", "#d", "####### e", "text", "", "```", "- x", "  # f", "# g #", "# *h*", "===", "---"),
    *("<b>", "# 1. i", "# j_k_l", "## m (n): o, p!", "> # q", "# r\\", "1. s", "\t# t", "# &amp;", "# `u`", "## $x$"),
    *("# [v](w)", "    code", "# x - y", "# _a_", "# b_ c", "# (_d_)", '# "q" = e@f', "> quote", "- item", "  more"),
    *("| a | b |", "|---|---|", "* y", "[a]: b", "[a]: b 'x", "title'", "~~~", "- x\n\n  y", "- - x", "* * *", "__"),
]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_fixtures(path: Path) -> None:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        assert headings(text) == parsed(text)


@pytest.mark.parametrize("seed", range(600))
def test_mixtures(seed: int) -> None:
    rng = random.Random(seed)
    text = "\n".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 7)))
    assert headings(text) == parsed(text)
