"""What functions in pipeline.yaml returned in a build -> what commands that call nothing say about their values.

The records keep a digest of each value, and the values of grids, for as long as the function's code, its arguments and
the libraries it uses stay the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from soorgeon_clone.pipeline.declared.values import Computed, as_choices
from soorgeon_clone.pipeline.sources.closure import follow_function
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.sources.local_modules import LocalModules
from soorgeon_clone.pipeline.sources.model import CodeFacts
from soorgeon_clone.pipeline.state.fingerprint import UNKNOWN, canonical
from soorgeon_clone.pipeline.state.libraries import Libraries, python_version
from soorgeon_clone.pipeline.state.records import Records


class Remembered:
    """Values of the last build, which `remember` keeps. Nothing is called."""

    calls = False

    def __init__(
        self,
        local: LocalModules,
        records: Records,
        facts_of: Callable[[str], CodeFacts | None],
        libraries: Libraries,
    ) -> None:
        self.local = local
        self.records = records
        self.facts_of = facts_of
        self.libraries = libraries
        self._stamps: dict[str, str] = {}

    def remember(self, computed: Computed, value: Any) -> None:
        """Keep what a build got from a function."""
        choices = as_choices(value)
        kept = {"digest": digest(canonical(value)), "choices": choices if _is_json(choices) else None}
        self.records.remember(_name(computed), self._stamp(computed), json.dumps(kept))

    def digest(self, computed: Computed) -> str:
        """What the fingerprint of a task says about the value, unlike any digest where it is not known."""
        known = self._recall(computed).get("digest")
        return known if isinstance(known, str) else UNKNOWN

    def param(self, computed: Computed) -> Any:
        return computed

    def choices(self, computed: Computed) -> list[Any]:
        known = self._recall(computed).get("choices")
        return known if isinstance(known, list) and known else [computed]

    def pipeline(self, computed: Computed) -> Mapping[str, Any] | None:
        known = self._recall(computed).get("choices")
        return known[0] if isinstance(known, list) and known and isinstance(known[0], dict) else None

    def _recall(self, computed: Computed) -> dict[str, Any]:
        text = self.records.recall(_name(computed), self._stamp(computed))
        try:
            known = json.loads(text) if text else {}
        except (ValueError, RecursionError):
            return {}
        return known if isinstance(known, dict) else {}

    def _stamp(self, computed: Computed) -> str:
        """Another one when the function may return something else."""
        if computed.dotted not in self._stamps:
            closure = follow_function(computed.dotted.replace("::", "."), self.local, self.facts_of)
            versions = self.libraries.versions(closure.libraries)
            parts = {**closure.parts, **versions, "python": python_version()}
            self._stamps[computed.dotted] = digest(canonical(dict(sorted(parts.items()))))
        return self._stamps[computed.dotted]


def _name(computed: Computed) -> str:
    return f"\0computed {computed.dotted} {digest(canonical(computed.arguments))}"


def _is_json(value: Any) -> bool:
    """Whether a value comes back from JSON as it is, and is worth keeping."""
    try:
        text = json.dumps(value)
        return len(text) <= 1_000_000 and canonical(json.loads(text)) == canonical(value)
    except (TypeError, ValueError, RecursionError):
        return False
