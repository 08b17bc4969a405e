"""`visible`: what a terminal would obey, and what nobody would see, becomes an escape; all else stays as it is."""

from __future__ import annotations

import sys
import unicodedata
from xml.etree import ElementTree

import pytest

from soorgeon_clone.visible import LONGEST, Shown, markup, one_line, shortened, visible

# Category Cf, and yet seen, or needed to write Persian, Hindi and emoji.
SEEN = {0x200C, 0x200D, *range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}


def acts(number: int) -> bool:
    """Tell what must not be sent, by Unicode's own tables."""
    kind = unicodedata.category(chr(number))
    return (
        kind in ("Cs", "Zl", "Zp")
        or (kind == "Cc" and chr(number) not in "\n\t")
        or (kind == "Cf" and number not in SEEN)
        or number in (0xFFFE, 0xFFFF)
    )


def test_all_that_acts_is_escaped_and_nothing_else() -> None:
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        if acts(number):
            assert visible(character) == ascii(character)[1:-1], hex(number)
        elif unicodedata.category(character) != "Cn":  # what this Python's Unicode does not know yet may be either
            assert visible(character) == character, hex(number)


CASES = {
    "\x1b]52;c;aGk=\x07": "\\x1b]52;c;aGk=\\x07",
    "a\u202etxt.exe": "a\\u202etxt.exe",
    "half \ud800": "half \\ud800",
    "one\r\ntwo\rthree": "one\ntwo\\rthree",
    "a\tb\n": "a\tb\n",
    "\x9b31mred": "\\x9b31mred",
    "tag \U000e0041": "tag \\U000e0041",
    "é ✓ 日本 👩\u200d🔬 می\u200cخواهم": "é ✓ 日本 👩\u200d🔬 می\u200cخواهم",
}


@pytest.mark.parametrize("text", CASES, ids=ascii)
def test_it_looks_like_repr(text: str) -> None:
    assert visible(text) == CASES[text]
    assert visible(visible(text)) == CASES[text], "what is visible stays so"
    assert isinstance(visible(text), Shown)


def test_a_name_is_one_line() -> None:
    assert one_line("a\nError: b\t") == "a\\nError: b\\t"


COLOURS = {
    "\x1b[0;31mred": "\x1b[0;31mred\x1b[0m",
    "\x1b[1;38;5;241mgrey": "\x1b[1;38;5;241mgrey\x1b[0m",
    "\x1b[48;2;1;2;3mtrue": "\x1b[48;2;1;2;3mtrue\x1b[0m",
    "\x1b[mplain": "\x1b[mplain\x1b[0m",
    "\x1b[8mhidden": "\\x1b[8mhidden",
    "\x1b[31;8mhidden": "\\x1b[31;8mhidden",
    "\x1b[5mblinking": "\\x1b[5mblinking",
    "\x1b[38;5;8mgrey": "\x1b[38;5;8mgrey\x1b[0m",
    "\x1b[2Jgone": "\\x1b[2Jgone",
    "\x1b[31": "\\x1b[31",
    "none": "none",
    "\x1b[31m\x1b]0;title\x07": "\x1b[31m\\x1b]0;title\\x07\x1b[0m",
}


@pytest.mark.parametrize("text", COLOURS, ids=ascii)
def test_colours_pass_where_they_are_wanted(text: str) -> None:
    assert visible(text, colours=True) == COLOURS[text]
    assert "\x1b" not in visible(text)


def test_any_text_is_xml() -> None:
    for start in range(0, sys.maxunicode + 1, 0x1000):
        text = "".join(map(chr, range(start, start + 0x1000)))
        read = ElementTree.fromstring(f'<a b="{markup(text)}">{markup(text)}</a>')
        assert read.text == visible(text)


def test_a_long_text_loses_its_middle() -> None:
    text = "a" * LONGEST + "b" * LONGEST
    short = shortened(text, kept_in="its notebook")
    assert short.startswith("aaa") and short.endswith("bbb") and len(short) < LONGEST + 100
    assert f"{LONGEST:,} characters are left out here; its notebook has them" in short
    assert shortened("a" * LONGEST) == "a" * LONGEST
