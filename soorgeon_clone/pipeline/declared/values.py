"""What a param may be besides plain data: looked up in the environment, or made by a function, when its task runs.

While pipeline.yaml is read neither value is known, so it cannot be shown, kept or sent: these objects stand for it.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from soorgeon_clone.errors import UserError

# An integer of more digits cannot be turned into text (Python's own limit is 4,300 digits).
LONGEST_INTEGER = 14_000
_LONGEST_LITERAL = 100_000


@dataclass(frozen=True, slots=True, repr=False)
class Lookup:
    """A text with values of environment variables in it, as ``postgres://u:{{env.PW}}@h``.

    ``parts`` are texts and names of variables in turn, a text first and last. ``index``: one value of the list that
    the text denotes. Its ``str`` and ``repr`` show the names only.
    """

    parts: tuple[str, ...]
    index: int | None = None

    @property
    def template(self) -> str:
        """As it is written in pipeline.yaml."""
        return "".join(f"{{{{env.{part}}}}}" if number % 2 else part for number, part in enumerate(self.parts))

    def __repr__(self) -> str:
        shown = f"env.{self.parts[1]}" if len(self.parts) == 3 and not (self.parts[0] or self.parts[2]) else ""
        return (shown or self.template) + ("" if self.index is None else f"[{self.index}]")

    @property
    def text(self) -> str:
        """The text with the values. Raises UserError where the environment has no such variable."""
        return "".join(_variable(part) if number % 2 else part for number, part in enumerate(self.parts))

    @property
    def value(self) -> Any:
        """What the text denotes, as in other placeholders: ``"3"`` is 3, ``"true"`` True."""
        value = typed(self.text)
        return value if self.index is None else list(value)[self.index]

    @property
    def expression(self) -> str:
        """Python code whose value is `value`. It needs the module ``os``, and does not hold what is looked up."""
        pieces = [
            f"os.environ[{literal(part)}]" if number % 2 else literal(part)
            for number, part in enumerate(self.parts)
            if part
        ]
        code, text = " + ".join(pieces), self.text
        value = typed(text)
        if isinstance(value, bool):
            code = f'({code}).lower() == "true"'
        elif isinstance(value, int) and str(value) == text:
            code = f"int({code})"
        elif isinstance(value, float):
            code = f"float({code})"
        elif value is None:
            code = "None"
        elif value != text:
            code = f'__import__("ast").literal_eval({code})'
        return code if self.index is None else f"list({code})[{self.index}]"

    @property
    def digest(self) -> str:
        """Changes with the value, and is so slow to make that nobody finds the value by trying."""
        return _slow_digest(self.text, f"{self.template} {self.index}")


@dataclass(frozen=True, slots=True, repr=False)
class Computed:
    """What ``module::function`` in pipeline.yaml stands for: what the function returns when a build calls it.

    ``index``: one of the values that it returns, for a task of a grid.
    """

    dotted: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    place: str = field(default="pipeline.yaml", compare=False)
    index: int | None = None

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.dotted}({shown})" if shown else self.dotted

    @property
    def expression(self) -> str:
        """Python code that calls the function."""
        module, _, name = self.dotted.partition("::")
        given = f"**{literal(self.arguments)}" if self.arguments else ""
        code = f'__import__("importlib").import_module("{module}").{name}({given})'
        return code if self.index is None else f"list({code})[{self.index}]"


class Values(Protocol):
    """Who says what functions in pipeline.yaml compute. ``calls``: by calling them."""

    calls: bool

    def param(self, computed: Computed) -> Any:
        """The value of a param, or ``computed`` itself where only a build can know."""

    def choices(self, computed: Computed) -> list[Any]:
        """The values of one param of a grid; ``[computed]`` where only a build can know."""

    def pipeline(self, computed: Computed) -> Mapping[str, Any] | None:
        """What a function says in place of pipeline.yaml; None where only a build can know."""


class Unknown:
    """Nothing is called, and nothing known."""

    calls = False

    def param(self, computed: Computed) -> Any:
        return computed

    def choices(self, computed: Computed) -> list[Any]:
        return [computed]

    def pipeline(self, computed: Computed) -> Mapping[str, Any] | None:
        return None


def as_choices(value: Any) -> list[Any]:
    """The values of a grid's param that a function returned."""
    return list(value) if not isinstance(value, (str, bytes)) and hasattr(value, "__iter__") else [value]


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Plain data in which each part that is no container is ``change(part)``."""
    if isinstance(value, Mapping):
        return {key: changed(one, change) for key, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(changed(one, change) for one in value)
    return change(value)


def resolved(value: Any) -> Any:
    """The value with what it looks up in the environment of this process."""
    return changed(value, lambda part: part.value if isinstance(part, Lookup) else part)


def holds(value: Any, kind: type) -> bool:
    """Whether a value is or contains one of this kind."""
    if isinstance(value, Mapping):
        return any(holds(one, kind) for one in value.values())
    if isinstance(value, (list, tuple)):
        return any(holds(one, kind) for one in value)
    return isinstance(value, kind)


def literal(value: Any) -> str:
    """A Python literal, with double quotes where they need no escapes; code that looks up or computes a value."""
    if isinstance(value, (Lookup, Computed)):
        return value.expression
    if isinstance(value, str):
        text = repr(value)
        plain = text.startswith("'") and '"' not in text and "\\" not in text
        return f'"{text[1:-1]}"' if plain else text
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(literal, value)) + ("," if len(value) == 1 else "") + ")"
    return repr(value)


def typed(text: Any) -> Any:
    """The value that a rendered text denotes: ``"3"`` is 3, ``"true"`` True, ``"none"`` None. Others are values."""
    if not isinstance(text, str):
        return text
    word = text.lower()
    if word in ("true", "false"):
        return word == "true"
    if word in ("none", "null"):
        return None
    if len(text) > _LONGEST_LITERAL:
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text
    return text if isinstance(value, int) and value.bit_length() > LONGEST_INTEGER else value


def _variable(name: str) -> str:
    try:
        return os.environ[name]
    except (KeyError, ValueError):
        raise UserError(
            f"the environment has no variable '{name}', which pipeline.yaml asks for with {{{{env.{name}}}}}",
            hint="Set it where the task runs.",
            exit_code=2,
        ) from None


@functools.lru_cache(maxsize=10_000)
def _slow_digest(text: str, about: str) -> str:
    # 16 MB and some 50 ms for each guess.
    return hashlib.scrypt(
        text.encode("utf-8", "surrogatepass"),
        salt=f"soorgeon-clone {about}".encode("utf-8", "surrogatepass"),
        n=2**14,
        r=8,
        p=1,
        dklen=16,
    ).hex()
