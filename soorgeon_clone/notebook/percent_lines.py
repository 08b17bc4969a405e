"""The lines of a cell <-> the lines of a script, as jupytext comments them out and in again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

# A line that begins a cell, or that would do so without the "# " in front of it (group 2).
LIKE_MARKER = re.compile(r"(\s*)((?:# )*)#\s*(?:%%%*(?:\s|$)|<codecell>\s*$|In\[[0-9 ]*\]:?\s*$)")

# jupytext.magics: what is IPython's and gets commented out. It may be commented out already, once or more.
_MAGIC = re.compile(r"\s*(?:# |#)*%{1,3}[a-zA-Z]")
_KEPT_MAGIC = re.compile(r"\s*(?:# |#)*%{1,3}[a-zA-Z].*#\s*noescape")
_OTHER_MAGIC = re.compile(
    r"\s*(?:(?:# |#)+\s*)?[?!]\s*[A-Za-z.~$\\/{}]"
    r"|(?:# |#)*\s*[a-zA-Z_][a-zA-Z_$0-9]*\s*=\s*(?:%{1,3}|!)[a-zA-Z]"
    r"|\s*(?:# )*[^\s]*\?\s*$"
    r"|(?:# |#)*(?:cat|cd|cp|mv|rm|rmdir|mkdir|copy|ddir|echo|ls|ldir|ren)(?:$|\s$|\s[^=,])"
)
# Most cells have nothing of all this, which is quicker to see at once than line by line.
_SPECIAL = re.compile(r"[%?!#]|^\s*(?:cat|cd|cp|mv|rm|mkdir|copy|ddir|echo|ls|ldir|ren)", re.MULTILINE)
_CONTINUED = re.compile(r".*\\\s*$")


def commented(lines: Sequence[str]) -> list[str]:
    """Return the lines as comments: Markdown, raw text, the code of another language."""
    return ["# " + line if line else "#" for line in lines]


def uncommented(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines that `commented` and `escaped` were given."""
    for line in lines:
        line = _unescape(line)
        yield line[2:] if line.startswith("# ") else line[1:] if line.startswith("#") else line


def escaped(lines: Sequence[str]) -> list[str]:
    """Return the lines with one more ``# `` where a reader would take one for the beginning of a cell."""
    return [_escape(line) for line in lines]


def _escape(line: str) -> str:
    like = LIKE_MARKER.match(line)
    return f"{like.group(1)}# {line[like.end(1) :]}" if like else line


def comment_magics(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a code cell, with IPython's syntax as comments and lines that look like markers escaped."""
    if _is_plain(lines):
        yield from lines
        return
    quote: str | None = None
    continued = False
    for line in lines:
        if quote is None and (continued or _is_magic(line)):
            body = line if continued else line.lstrip()
            continued = _CONTINUED.match(line) is not None
            yield _escape(line[: len(line) - len(body)] + "# " + body)
            continue
        continued = False
        yield line if quote is not None else _escape(line)
        quote = quote_after(line, quote)


def _unescape(line: str) -> str:
    like = LIKE_MARKER.match(line)
    return like.group(1) + line[like.end(1) + 2 :] if like and like.group(2) else line


def uncomment_magics(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines that `comment_magics` was given."""
    if _is_plain(lines):
        yield from lines
        return
    quote: str | None = None
    continued = False
    for line in lines:
        if quote is None and (continued or _is_magic(line)):
            line = _unescape(line)
            body = line.lstrip()
            indent = line[: len(line) - len(body)]
            continued = _CONTINUED.match(line) is not None
            yield indent + body[2 if body.startswith("# ") else 1 if body.startswith("#") else 0 :]
            continue
        continued = False
        yield line if quote is not None else _unescape(line)
        quote = quote_after(line, quote)


def has_bare_magic(lines: Sequence[str]) -> bool:
    """Tell whether IPython's syntax stands in a script as it is, not as a comment."""
    if _is_plain(lines):
        return False
    quote: str | None = None
    for line in lines:
        if quote is None and not line.lstrip().startswith("#") and _is_magic(line):
            return True
        quote = quote_after(line, quote)
    return False


def _is_plain(lines: Sequence[str]) -> bool:
    return _SPECIAL.search("\n".join(lines)) is None


def _is_magic(line: str) -> bool:
    if _MAGIC.match(line):
        return _KEPT_MAGIC.match(line) is None
    return _OTHER_MAGIC.match(line) is not None


def quote_after(line: str, quote: str | None) -> str | None:
    """Return which triple quote is open after the line, if any, as jupytext.stringparser counts."""
    if (quote is None and '"""' not in line and "'''" not in line) or (quote is not None and quote * 3 not in line):
        return quote
    if quote is None and line.lstrip().startswith("#"):
        return None
    single: str | None = None
    start = -1
    for index, char in enumerate(line):
        if char == "#" and single is None and quote is None:
            break
        if char not in "\"'" or line[index - 1 : index] == "\\":
            continue
        if single is not None:
            single = None if single == char else single
        elif line[index - 2 : index + 1] == 3 * char and index >= start + 3:
            if quote in (None, char):
                quote = None if quote == char else char
                start = index
        elif quote is None:
            single = char
    return quote
