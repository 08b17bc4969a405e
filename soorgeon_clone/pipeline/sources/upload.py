"""A file that is taken to a database -> its facts: that its content counts. It may be one that upstream makes."""

from __future__ import annotations

from soorgeon_clone.pipeline.sources.model import CodeFacts, CodePiece, SourceFacts


def upload_facts(path: str) -> SourceFacts:
    """Return the facts of an upload of a file, which need not be there yet."""
    return SourceFacts(looks_back=False, code=CodeFacts(effects=CodePiece("upload", ()), constants=(path,)))
