"""A statement's text -> the same in one line, so that it can stand in a comment and be found again."""

from __future__ import annotations

import hashlib
import io
import re
import tokenize

_LONGEST = 160  # characters
_CUT = re.compile(r"\.\.\. #[0-9a-f]{8}$")
_LAYOUT = frozenset({tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT})
_BLANK = frozenset({tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")


def normalized(statement: str) -> str:
    """Return a statement in one line: without its comments, line ends and spaces that have no meaning.

    A long one is cut and ends with a digest of all of it. Text that is no Python keeps all but its line ends.
    """
    if _CUT.search(statement) and len(statement) == _LONGEST + len("... #01234567"):
        return statement
    try:
        line = _joined(statement.strip())
    except (tokenize.TokenError, SyntaxError, ValueError):
        line = " ".join(statement.split())
    if len(line) <= _LONGEST:
        return line
    return f"{line[:_LONGEST]}... #{hashlib.sha256(line.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _joined(statement: str) -> str:
    lines = statement.splitlines(keepends=True)
    pieces: list[str] = []
    end, depth = (1, 0), 0
    for token in tokenize.generate_tokens(io.StringIO(statement).readline):
        name = tokenize.tok_name[token.type]
        if token.type in _LAYOUT or token.type == tokenize.ENDMARKER:
            if token.type == tokenize.NEWLINE and pieces:
                pieces.append(" " if pieces[-1] == ":" else "; ")
            end = token.end if token.type in _BLANK else end
            continue
        depth += name.endswith("STRING_START")  # an f-string or t-string is one piece
        if not depth or (name.endswith("STRING_START") and depth == 1):
            if pieces and token.start != end and not _is_tight(pieces[-1], token.string):
                pieces.append(" ")
            begun = token.start
        if name.endswith("STRING_END"):
            depth -= 1
        if not depth:
            text = token.string if begun == token.start else _between(lines, begun, token.end)
            pieces.append(text.replace("\n", "\\n") if "\n" in text else text)
            if token.string in _CLOSING and pieces[-2:-1] == [","]:
                del pieces[-2]
            end = token.end
    return "".join(pieces).rstrip("; ")


def _is_tight(before: str, after: str) -> bool:
    """Tell whether no space is wanted between two tokens that had one, or a line end, between them."""
    return before in _OPENING or after in (*_CLOSING, ",") or before.endswith(" ")


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    return "".join((lines[start[0] - 1][start[1] :], *lines[start[0] : end[0] - 1], lines[end[0] - 1][: end[1]]))
