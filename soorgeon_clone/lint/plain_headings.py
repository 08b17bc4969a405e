"""The text of a Markdown cell -> its headings, without the wait for the parser where the text is plain.

Most cells are: hashes and words. The rest goes to `soorgeon_clone.notebook.headings`, and a test holds both together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from soorgeon_clone.notebook import headings as parsed
from soorgeon_clone.notebook.headings import Heading

_HEADING = r"(#{1,6}) +([\w(][\w ,.:;!?'()/+%-]*)"
# What makes a line more than words: fences, HTML, underlines, indentation, lists, quotes.
_NOT_PLAIN = re.compile(r"^(?:[ \t]+\S|```|~~~|[=-]+[ \t]*$|[-*+>|] ?|\d+[.)] )|<", re.MULTILINE)


def headings(markdown: str) -> Sequence[Heading]:
    """Return the headings of a Markdown cell."""
    if "#" in markdown and _NOT_PLAIN.search(markdown) is None:
        found = []
        for line in markdown.split("\n"):
            if line.startswith("#"):
                match = re.fullmatch(_HEADING, line.rstrip())
                if match is None:
                    return parsed.headings(markdown)
                found.append(Heading(len(match.group(1)), " ".join(match.group(2).split())))
        return found
    return parsed.headings(markdown)
