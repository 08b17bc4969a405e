"""The text of a Markdown cell -> its headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple


class Heading(NamedTuple):
    """A heading: 1 is the highest level. The title is plain text, without markup; it may be empty."""

    level: int
    title: str


# Most cells have no heading and need no parser: no line of hashes, no underline, no HTML heading.
_MAYBE = re.compile(r"^ {0,3}#{1,6}(?:[ \t]|$)|^ {0,3}(?:=+|-+)[ \t]*$|<h[1-6]\b", re.MULTILINE | re.IGNORECASE)

_HTML_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)(?:</h\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_HTML_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(pre|script|style|textarea)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.I)
_HTML_BREAK = re.compile(r"<br\s*/?>|</?(?:p|div|li|td|tr)\b[^>]*>", re.IGNORECASE)
_HTML_TAG = re.compile(r"</?[A-Za-z][^<>]*>")

# Of those that have some, most are plain: hashes and words. The rest is what makes more of a line below or above.
_PLAIN = re.compile(r"(#{1,6}) +((?!.*(?:\b_|_\b))[\w(][\w ,.:;!?'\"()/+%=@-]*)")
_NOT_PLAIN = re.compile(r"^ {0,3}(?:```|~~~|>|\[[^\]\n]*\]:|[=-]+[ \t]*$)|^[ \t*+\d.)-]+#|<", re.MULTILINE)

# Longer texts are read line by line, for which the parser may need quadratic time as a whole.
_LONGEST_TEXT = 5_000
_LONGEST_LINE = 300
_MOST_HEADINGS = 10_000
_PLAIN_LINE = re.compile(r"(#{1,6}) ([^\W_]+(?: [^\W_]+)*)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ONE_LINE = re.compile(r" {0,3}#{1,6}(?:[ \t]|$)|<h[1-6]\b", re.IGNORECASE)
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*")
_WORDS = re.compile(r" {0,3}(?![-*+>#|<]|\d+[.)] )\S")

# More of a title than this nobody reads, and older mistunes need quadratic time for it.
_LONGEST = 1000

# Pandoc's rule for math: no space inside the dollar signs, no digit behind them, so that prices are no formulas.
_MATH = re.compile(r"\$\$?(?! )((?:\\.|[^$\\])+?)(?<! )\$\$?(?!\d)")
_MATH_WRAPPER = re.compile(
    r"\\(?:text|math|oper|left|right|bold|big|displaystyle|quad|,|;|!|:)[a-z]*\*?\s*", re.IGNORECASE
)
_ANCHOR = re.compile(r"\s*\{[#.:][^{}]*\}\s*$")


@lru_cache(maxsize=4096)
def headings(markdown: str) -> tuple[Heading, ...]:
    """Return the headings at the top level of the text in order: none in code, quotes or lists."""
    if _MAYBE.search(markdown) is None:
        return ()
    if len(markdown) > _LONGEST_TEXT:
        return tuple(islice(_line_by_line(markdown), _MOST_HEADINGS))
    if (plain := _plain_headings(markdown)) is not None:
        return plain
    return parsed(markdown)


def _plain_headings(markdown: str) -> tuple[Heading, ...] | None:
    """Return the headings of a text that is plain, without the wait for the parser; None if it is not."""
    if _NOT_PLAIN.search(markdown) is not None:
        return None
    found = []
    for line in markdown.split("\n"):
        if line.startswith("#"):
            match = _PLAIN.fullmatch(line.rstrip())
            if match is None:
                return None
            found.append(Heading(len(match[1]), _squeezed(match[2])))
    return tuple(found)


def _line_by_line(markdown: str) -> Iterator[Heading]:
    """Yield the headings of a long text: lines that are headings by themselves, outside of fences."""
    fence = above = ""
    for line in markdown.split("\n"):
        marks = _FENCE.match(line)
        if fence:
            fence = "" if marks and marks[1].startswith(fence) and not line[marks.end() :].strip() else fence
        elif marks:
            fence = marks[1]
        elif plain := _PLAIN_LINE.fullmatch(line):
            yield Heading(len(plain[1]), _squeezed(plain[2]))
        elif _ONE_LINE.match(line):
            yield from parsed(line[:_LONGEST_LINE])
        elif _UNDERLINE.fullmatch(line) and _WORDS.match(above):
            yield from parsed(f"{above[:_LONGEST_LINE]}\n{line.strip()[:3]}")
        above = line


def parsed(markdown: str) -> tuple[Heading, ...]:
    """Return the headings of a text as the parser finds them."""
    from soorgeon_clone.page.markdown import parser as markdown_parser

    parser = markdown_parser()
    state = parser.block.state_cls()
    state.process(markdown + "\n")
    try:
        parser.block.parse(state)
        return tuple(_found(state.tokens, parser, state.env))
    except RecursionError:  # brackets or quotes nested a thousand deep: a text that no renderer shows either
        return ()


def _found(tokens: Iterable[Mapping[str, Any]], parser: Any, references: Mapping[str, Any]) -> Iterator[Heading]:
    import html

    for token in tokens:
        if token["type"] == "heading":
            text = _MATH.sub(_readable_math, _ANCHOR.sub("", token["text"].strip()[:_LONGEST]))
            yield Heading(token["attrs"]["level"], _squeezed(_plain(parser.inline(text, references))))
        elif token["type"] == "block_html":
            for level, inner in _HTML_HEADING.findall(_HTML_HIDDEN.sub("", token["raw"])):
                text = html.unescape(_HTML_TAG.sub("", _HTML_BREAK.sub(" ", inner)))
                yield Heading(int(level), _squeezed(_MATH.sub(_readable_math, text)))


def _plain(tokens: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of inline tokens: of links and images, what is read and not where they lead."""
    import html

    pieces = []
    for token in tokens:
        if "children" in token:
            pieces.append(_plain(token["children"]))
        elif token["type"] in ("linebreak", "softbreak"):
            pieces.append(" ")
        elif token["type"] == "inline_html":
            pieces.append(" " if _HTML_BREAK.match(token["raw"]) else "")
        else:
            raw = token.get("raw", "")
            pieces.append(raw if token["type"] == "codespan" else html.unescape(raw))
    return "".join(pieces)


def _readable_math(formula: re.Match[str]) -> str:
    r"""Return a formula as words: ``\beta_1`` as "beta 1", ``\mathbf{x}`` as "x"."""
    text = _MATH_WRAPPER.sub("", formula.group(1)).replace("\\", " ")
    return re.sub(r"[{}^_$~&]+", " ", text)


def _squeezed(text: str) -> str:
    return " ".join(text.split())
