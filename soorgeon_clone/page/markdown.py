"""Markdown -> tokens, or HTML in which nothing acts (the only door to mistune)."""

from __future__ import annotations

from functools import cache
from html import unescape
from typing import Any

from soorgeon_clone.visible import markup, visible

_LONGEST = 20_000  # characters; for longer ones the parser may need quadratic time
_ADDRESSES = ("http://", "https://", "mailto:")  # where links lead: out of the page, for a person who follows them
_LOWEST = 6  # the lowest level of headings that HTML has


@cache
def parser() -> Any:
    """Return mistune's parser, which gives tokens."""
    import mistune

    return mistune.Markdown(renderer=None)


def markdown_html(text: str, *, below: int = 3) -> str:
    """Return the text as HTML: its own HTML as text, its pictures as links, its headings below those of the page.

    ``below`` is the level that its highest headings get. What the parser cannot take is shown as it is.
    """
    shown = visible(text)
    if len(shown) <= _LONGEST:
        try:
            return str(_renderer(below)(shown))
        except RecursionError:  # brackets or quotes nested a thousand deep
            pass
    return f"<pre>{markup(text)}</pre>"


@cache
def _renderer(below: int) -> Any:
    import mistune

    class Tame(mistune.HTMLRenderer):
        """Writes HTML that loads nothing: the page it stands in is read offline."""

        def heading(self, text: str, level: int, **_: Any) -> str:
            lower = min(level + below - 1, _LOWEST)
            return f'<h{lower} class="h{level}">{text}</h{lower}>\n'

        def link(self, text: str, url: str, title: str | None = None) -> str:
            address = unescape(url)
            if not address.lower().startswith(_ADDRESSES):
                return text
            return f'<a href="{markup(address)}" rel="noopener noreferrer">{text}</a>'

        def image(self, text: str, url: str, title: str | None = None) -> str:
            """Name the picture: it is an attachment, a file elsewhere, or on the network."""
            return f"[{markup(unescape(text)) or 'picture'}]"

    return mistune.create_markdown(renderer=Tame(escape=True), plugins=["table", "strikethrough", "url"])
