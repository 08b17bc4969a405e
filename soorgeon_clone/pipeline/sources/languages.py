"""Languages of notebooks other than Python: what their cell ``parameters`` declares, how values are written in them."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TEXT = r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'"
_TEXTS = re.compile(_TEXT, re.DOTALL)
_PAIR = re.compile(rf"(?:[`\"']?)([\w.-]+)(?:[`\"']?)\s*(?:=>|=|:)\s*(?:{_TEXT})")
_WORDS = re.compile(r"[\w./*?-]+")


@dataclass(frozen=True)
class Language:
    """One language. ``kernel`` is the name of its usual kernel, ``comment`` begins a comment.

    ``assign`` writes the assignment of a value, ``looked_up`` the value of a variable of the environment that stands
    between two texts. ``words``: texts need no quotes.
    """

    kernel: str | None
    comment: str
    assign: Callable[[str, Any], str]
    looked_up: Callable[[tuple[str, ...]], str]
    words: bool = False


class Written(str):
    """Code that stands for a value."""

    __slots__ = ()


def declared(cell: str, name: str, *, words: bool = False) -> Any:
    """Return what a cell assigns to ``upstream`` or ``product``: a text, a list of texts, texts by key, or None."""
    found = re.search(rf"^\s*(?:var |let |const |local )?{name}\s*(?:<-|=)[ \t]*", cell, re.MULTILINE)
    if found is None:
        return None
    value = _balanced(cell[found.end() :])
    pairs = {match[1]: match[2] if match[2] is not None else match[3] for match in _PAIR.finditer(value)}
    if pairs:
        return pairs
    texts = [match[1] if match[1] is not None else match[2] for match in _TEXTS.finditer(value)]
    if words and not texts:
        texts = _WORDS.findall(value)
    return texts[0] if len(texts) == 1 and value.lstrip()[:1] in ("'", '"', texts[0][:1]) else texts or None


def _balanced(text: str) -> str:
    """The text to the end of the line in which all its brackets are closed."""
    depth, taken = 0, []
    for line in text.splitlines():
        bare = _TEXTS.sub("", line)
        depth += sum(bare.count(sign) for sign in "([{") - sum(bare.count(sign) for sign in ")]}")
        taken.append(line)
        if depth <= 0:
            break
    return "\n".join(taken)


def texts_in(code: str) -> list[str]:
    """The texts in some code that may be paths."""
    found = (match[1] if match[1] is not None else match[2] for match in _TEXTS.finditer(code))
    return sorted({one for one in found if 1 < len(one) < 300})


@dataclass(frozen=True)
class _Literals:
    """How a language writes values: those that have names, a mapping's entry, brackets, and a text."""

    nothing: str
    true: str
    false: str
    nan: str
    infinite: str
    entry: str
    mapping: str
    sequence: str
    text: Callable[[str], str]

    def __call__(self, value: Any) -> str:
        if isinstance(value, Written):
            return value
        if value is None:
            return self.nothing
        if isinstance(value, bool):
            return self.true if value else self.false
        if isinstance(value, float):
            return _special(value, self.nan, self.infinite)
        if isinstance(value, int):
            return str(value)
        if isinstance(value, Mapping):
            entries = (self.entry % (self.text(str(key)), self(one)) for key, one in value.items())
            return self.mapping % ", ".join(entries)
        if isinstance(value, (list, tuple)):
            return self.sequence % ", ".join(map(self, value))
        return self.text(str(value))


def _bash(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = " ".join(f"[{shlex.quote(key)}]={one}" for key, one in _flat(value))
        return f"declare -A {name}=({pairs})"
    if isinstance(value, (list, tuple)):
        return f"{name}=({' '.join(map(_word, value))})"
    return f"{name}={_word(value)}"


def _flat(values: Mapping[Any, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Bash has no arrays in arrays: the keys of inner ones follow after a dot."""
    found: list[tuple[str, str]] = []
    for key, value in values.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", _word(value))]
    return found


def _word(value: Any) -> str:
    if isinstance(value, Written):
        return value
    if value is None:
        return "''"
    return str(value).lower() if isinstance(value, bool) else shlex.quote(str(value))


def _special(value: float, nothing: str, infinite: str) -> str:
    if math.isnan(value):
        return nothing
    if math.isinf(value):
        return infinite if value > 0 else f"-{infinite}"
    return repr(value)


def _quoted(text: str) -> str:
    """A text in double quotes, as R and Julia read it; signs that cannot be seen as numbers."""
    plain = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    )
    return '"' + "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in plain) + '"'


_r = _Literals("NULL", "TRUE", "FALSE", "NaN", "Inf", "%s = %s", "list(%s)", "list(%s)", _quoted)
_julia = _Literals(
    "nothing",
    "true",
    "false",
    "NaN",
    "Inf",
    "%s => %s",
    "Dict(%s)",
    "[%s]",
    lambda text: _quoted(text).replace("$", "\\$"),
)
_javascript = _Literals("null", "true", "false", "NaN", "Infinity", "%s: %s", "{%s}", "[%s]", json.dumps)


def _alternating(parts: tuple[str, ...], text: Callable[[str], str], variable: Callable[[str], str]) -> list[str]:
    return [variable(part) if number % 2 else text(part) for number, part in enumerate(parts) if part]


LANGUAGES = {
    "R": Language(
        "ir",
        "#",
        lambda name, value: f"{name} = {_r(value)}",
        lambda parts: f"paste0({', '.join(_alternating(parts, _r, lambda name: f'Sys.getenv({_r(name)})'))})",
    ),
    "julia": Language(
        None,
        "#",
        lambda name, value: f"{name} = {_julia(value)}",
        lambda parts: " * ".join(_alternating(parts, _julia, lambda name: f"ENV[{_julia(name)}]")),
    ),
    "bash": Language(
        "bash",
        "#",
        _bash,
        lambda parts: "".join(_alternating(parts, _word, lambda name: f'"${{{name}}}"')),
        words=True,
    ),
    "javascript": Language(
        None,
        "//",
        lambda name, value: f"var {name} = {_javascript(value)};",
        lambda parts: " + ".join(_alternating(parts, _javascript, lambda name: f"process.env[{_javascript(name)}]")),
    ),
}
_ALSO = {"ir": "R", "r": "R", "zsh": "bash", "sh": "bash", "deno": "javascript", "typescript": "javascript"}


def named(language: str) -> str:
    """Return the name under which a language is known here; its own where it is not."""
    known = {name.lower(): name for name in LANGUAGES} | _ALSO
    word = language.lower().partition(" ")[0].partition("-")[0]
    return known.get(word, language)
