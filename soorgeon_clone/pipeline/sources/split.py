"""The split of a ``foreach`` -> its facts: nobody wrote its code, and what it reads is one product."""

from __future__ import annotations

from soorgeon_clone.pipeline.sources.model import CodeFacts, CodePiece, SourceFacts

# Raised when elements are told apart, called or saved in another way.
_VERSION = 1


def split_facts(task: str, key: str | None) -> SourceFacts:
    """Return the facts of a split of a task's product."""
    code = CodeFacts(effects=CodePiece(f"split {_VERSION}", ()), upstream=((task, key),))
    return SourceFacts(upstream=(task,), looks_back=False, code=code)
