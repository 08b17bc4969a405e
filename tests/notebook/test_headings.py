"""Headings are what Jupyter shows as headings, and only these."""

from __future__ import annotations

import subprocess
import sys

import pytest

from soorgeon_clone.notebook.headings import headings

FOUND = [
    ("## Load", [(2, "Load")]),
    ("## Load ##", [(2, "Load")]),
    ("##\tLoad", [(2, "Load")]),
    ("   ## Load", [(2, "Load")]),
    ("## Load\r\n", [(2, "Load")]),
    ("# A\n## B\n### C\n###### F", [(1, "A"), (2, "B"), (3, "C"), (6, "F")]),
    ("Load\n----", [(2, "Load")]),
    ("Load\n====", [(1, "Load")]),
    ("text before\n## Middle\ntext after", [(2, "Middle")]),
    ("- a\n- b\n\n## After a list", [(2, "After a list")]),
    ("```\n## no\n```\n## Yes", [(2, "Yes")]),
    ("***\n## After a rule", [(2, "After a rule")]),
    ("##", [(2, "")]),
    ("#\n## b", [(1, ""), (2, "b")]),
    # HTML
    ("<h2>Load</h2>", [(2, "Load")]),
    ("<H2 align='center'>Load <b>all</b></H2>", [(2, "Load all")]),
    ('<div class="x">\n<h2>Load</h2>\n</div>', [(2, "Load")]),
    ("<h1>A</h1><h2>B<br>C &amp; D</h2>", [(1, "A"), (2, "B C & D")]),
    ("text\n<h2>Load</h2>", [(2, "Load")]),
    ('<a id="load"></a>\n## Load', [(2, "Load")]),
    ("<h2>never closed", [(2, "never closed")]),
    # titles are plain text
    ("## **Bold** *it* `code` ~x~", [(2, "Bold it code ~x~")]),
    ("## [Link](http://a.b) ![image](c.png)", [(2, "Link image")]),
    ("## [Ref]\n\n[Ref]: http://a.b", [(2, "Ref")]),
    ("## a &amp; b &lt;", [(2, "a & b <")]),
    ("## a\\_b snake_case_name", [(2, "a_b snake_case_name")]),
    (r"## Fit $\beta_1$ and $\mathbf{X}$", [(2, "Fit beta 1 and X")]),
    ("## From $5 to $6", [(2, "From $5 to $6")]),
    ("## Load <a class='anchor' id='x'></a>", [(2, "Load")]),
    ("## Load {#load}", [(2, "Load")]),
    ("## 数据 🚀", [(2, "数据 🚀")]),
]

NOT_FOUND = [
    "",
    "text",
    "##Load",
    "####### seven",
    "    ## indented code",
    "\t## indented code",
    "```\n## fence\n```",
    "~~~~\n## fence\n~~~\n~~~~",
    "```\n## never closed",
    "> ## quote",
    "> text\n> ## quote",
    "- ## in a list",
    "1. a\n\n   ## b",
    "text\n\n---\n\ntext",
    "\\## escaped",
    "`## code`",
    "<!-- <h2>comment</h2> -->",
    "<!--\n## comment\n-->",
    "<pre>\n## pre\n<h2>pre</h2>\n</pre>",
    "| a |\n| --- |\n| b |",
    "x ## y",
]


@pytest.mark.parametrize(("markdown", "expected"), FOUND)
def test_headings_are_found(markdown: str, expected: list[tuple[int, str]]) -> None:
    assert [(heading.level, heading.title) for heading in headings(markdown)] == expected


@pytest.mark.parametrize("markdown", NOT_FOUND)
def test_what_looks_like_a_heading_is_not(markdown: str) -> None:
    assert headings(markdown) == ()


@pytest.mark.parametrize(
    "markdown",
    [
        "> " * 3000 + "a\n## b",
        "## " + "[" * 3000,
        "## " + "*a " * 20_000,
        "## $" + "a$ " * 20_000,
        "<h2>" * 20_000,
        "a " * 200_000 + "\n## b",
        "\0## \0\n---",
        "- " * 5000 + "\n# x",
    ],
)
def test_garbage_does_no_harm(markdown: str) -> None:
    assert isinstance(headings(markdown), tuple)


def test_text_without_headings_needs_no_parser() -> None:
    code = (
        "import sys; from soorgeon_clone.notebook.headings import headings; "
        "headings('some *text*\\n\\n- a\\n- b'); sys.exit('mistune' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
