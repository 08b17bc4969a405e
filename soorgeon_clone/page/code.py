"""Python code -> HTML in colours, line by line (the only door to Pygments)."""

from __future__ import annotations

from functools import cache
from typing import Any

from soorgeon_clone.visible import markup, visible

_LONGEST = 100_000  # characters: more than this nobody reads, and the lexer takes its time


def code_html(source: str, *, anchor: str = "") -> str:
    """Return code as it stands between the tags of ``<pre>``.

    With ``anchor`` each line is an element with an id, ``anchor-1`` the first, so that links lead to it.
    """
    text = visible(source)
    lines = (markup(text) if len(text) > _LONGEST else _coloured(text)).split("\n")
    if not anchor:
        return "\n".join(lines)
    return "\n".join(f'<span id="{anchor}-{number}">{line}</span>' for number, line in enumerate(lines, 1))


def _coloured(text: str) -> str:
    """Return the code in colours; an element ends with its line."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    coloured = str(highlight(text, _lexer(), HtmlFormatter(nowrap=True)))  # its last line ends like all others
    return coloured if text.endswith("\n") else coloured.removesuffix("\n")


@cache
def _lexer() -> Any:
    from pygments.lexers import PythonLexer

    return PythonLexer(stripnl=False, ensurenl=False)
