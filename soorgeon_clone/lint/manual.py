"""A rule's docstring -> what it says, as text for the terminal and as Markdown for the documentation."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from soorgeon_clone.lint.rule import Rule

_PARTS = re.compile(r"^(Why|Bad|Good):\n", re.MULTILINE)


@dataclass(frozen=True)
class Manual:
    """The parts of a rule's manual; ``bad`` and ``good`` are code."""

    rule: Rule
    what: str
    why: str
    bad: str
    good: str

    @property
    def markdown(self) -> str:
        """The page of the rule."""
        rule = self.rule
        on = "on" if rule.default else "off unless selected"
        aliases = f" Also silenced by {', '.join(f'`{a}`' for a in rule.aliases)}." if rule.aliases else ""
        return (
            f"# {rule.code}: {rule.name}\n\n{_code_marks(self.what)}\n\nSeverity: {rule.severity}, {on}.{aliases}\n\n"
            f"## Why\n\n{_code_marks(self.why)}\n\n## Bad\n\n```python\n{self.bad}\n```\n\n"
            f"## Good\n\n```python\n{self.good}\n```\n"
        )

    @property
    def text(self) -> str:
        """What `--explain` prints."""
        rule = self.rule
        on = "on" if rule.default else "off unless selected"
        bad, good = (_indented(part) for part in (self.bad, self.good))
        return (
            f"{rule.code} {rule.name} ({rule.severity}, {on})\n\n{self.what}\n\nWhy:\n{_indented(self.why)}\n\n"
            f"Bad:\n{bad}\n\nGood:\n{good}\n"
        )


def manual_of(rule: Rule) -> Manual:
    """Return a rule's manual. Raises ValueError if its docstring lacks a part."""
    text = inspect.getdoc(type(rule)) or ""
    what, *rest = _PARTS.split(text)
    parts = {name: inspect.cleandoc(body) for name, body in zip(rest[::2], rest[1::2], strict=True)}
    if not what.strip() or parts.keys() != {"Why", "Bad", "Good"}:
        raise ValueError(f"the docstring of {type(rule).__name__} needs a first sentence, Why, Bad and Good")
    return Manual(rule, " ".join(what.split()), " ".join(parts["Why"].split()), parts["Bad"], parts["Good"])


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.split("\n"))


def _code_marks(text: str) -> str:
    return text.replace("``", "`")
