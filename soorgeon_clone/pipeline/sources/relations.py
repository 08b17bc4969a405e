"""``[schema, name, kind]`` -> a table or view of a database that is a product."""

from __future__ import annotations

import re
from typing import Any

KINDS = ("table", "view")
# Names, or quoted ones, with dots in between: they stand in statements as they are.
_NAME = re.compile(r"""(?:(?:^|(?<!^)\.)(?:[^\W\d][\w$]*|"[^"]+"|`[^`]+`|\[[^\]]+\]))+""")


class Relation(str):
    """A table or view. As a text it is what stands in SQL: ``name``, or ``schema.name``."""

    name: str
    kind: str
    schema: str | None

    def __new__(cls, name: str, kind: str = "table", schema: str | None = None) -> Relation:
        self = super().__new__(cls, f"{schema}.{name}" if schema else name)
        self.name, self.kind, self.schema = name, kind, schema
        return self

    def __reduce__(self) -> tuple[type[Relation], tuple[str, str, str | None]]:
        return Relation, (self.name, self.kind, self.schema)

    def listed(self) -> list[str]:
        """Return it as pipeline.yaml has it."""
        return [*([self.schema] if self.schema else []), self.name, self.kind]


def relation(value: Any) -> Relation:
    """Return the relation that ``[name, kind]`` or ``[schema, name, kind]`` is. Raises ValueError."""
    parts = list(value) if isinstance(value, (list, tuple)) else []
    if len(parts) not in (2, 3):
        raise ValueError("expected [name, kind] or [schema, name, kind]")
    schema, name, kind = parts if len(parts) == 3 else (None, *parts)
    if kind not in KINDS:
        raise ValueError(f"the kind of a relation is table or view, not {kind!r}")
    for part in (name, *([schema] if schema else [])):
        if not isinstance(part, str) or not _NAME.fullmatch(part):
            raise ValueError(f"{part!r} is no name of a relation: quote it as its database does")
    return Relation(name, kind, schema or None)
