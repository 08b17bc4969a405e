"""Text from a notebook, a file, a task or a store -> the same text with everything shown that would act or hide.

A terminal obeys what it is sent: an escape sequence in a heading writes to the clipboard, a carriage return overwrites
the line before, a bidirectional control turns a file name around. Here such characters become backslash escapes, as
Python's ``repr`` writes them. What a terminal or a page gets has been through here.
"""

from __future__ import annotations

import re

# Control characters but for line feed and tab; line and paragraph separators; noncharacters, which XML forbids; halves
# of surrogate pairs, which no encoding holds; and what formats without being seen: Unicode's category Cf, but for the
# joiners of Persian, Indic scripts and emoji (U+200C, U+200D) and for the number signs of Arabic and Kaithi, which are
# seen. The soft hyphen is among them: one terminal shows it, another does not, so two names may differ unseen.
_ACTS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
_ESCAPED = re.compile(f"[{_ACTS}]")
_ESCAPED_IN_A_LINE = re.compile(f"[\t\n{_ACTS}]")

# Select Graphic Rendition, as far as it only looks: weights, slants, underlines, reverse, colours. No blinking (5, 6)
# and no hiding (8).
_LOOK = r"(?:[34]8;(?:5;\d{1,3}|2;\d{1,3};\d{1,3};\d{1,3})|0?[0-479]|2[1-479]|[349][0-7]|[34]9|10[0-7])"
_COLOURED = re.compile(rf"(\x1b\[(?:{_LOOK}(?:;{_LOOK})*)?m)|[{_ACTS}]")
_RESET = "\x1b[0m"

LONGEST = 20_000  # characters of a text about one task that are shown


class Shown(str):
    """A text that may go to a terminal as it is: it was made visible, and has no colours but those wanted."""

    __slots__ = ()


def visible(text: str, *, colours: bool = False) -> Shown:
    """Return the text with what a terminal would obey and what nobody would see as ``\\x1b``, ``\\u202e``, ``\\ud800``.

    Line feeds and tabs stay, line ends of Windows become line feeds. With ``colours``, escape sequences that choose
    only a colour or a weight stay too, and the text ends without any.
    """
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if not colours:
        return Shown(_ESCAPED.sub(_escape, text))
    shown = _COLOURED.sub(_escape, text)
    return Shown(shown + _RESET if "\x1b" in shown else shown)


def one_line(text: str) -> Shown:
    """Return the text as `visible` does, in one line: a name, a cell of a table. Line feeds and tabs are shown too."""
    return Shown(_ESCAPED_IN_A_LINE.sub(_escape, text))


def markup(text: str) -> str:
    """Return the text as it stands in HTML and XML, between tags and in quotes; any text gives well-formed XML."""
    import html

    return html.escape(visible(text))


def shortened(text: str, *, kept_in: str = "", limit: int = LONGEST) -> str:
    """Return the text without its middle where it has more than ``limit`` characters; ``kept_in`` says who has it all.

    An exception may bring its data along, and nobody reads 50 MB in a terminal: its two ends are what tells.
    """
    if len(text) <= limit:
        return text
    half = limit // 2
    where = f"; {kept_in} has them" if kept_in else ""
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters are left out here{where} ...]\n{text[-half:]}"


def _escape(found: re.Match[str]) -> str:
    if found.lastindex:  # a colour
        return found[0]
    return _NAMES.get(found[0]) or ascii(found[0])[1:-1]


_NAMES = {character: ascii(character)[1:-1] for character in map(chr, (*range(32), *range(127, 160)))}
