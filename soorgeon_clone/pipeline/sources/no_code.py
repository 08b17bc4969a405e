"""Tasks without code: a file that is taken to a database, a download, a file that others make -> their facts."""

from __future__ import annotations

from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.sources.model import CodeFacts, CodePiece, SourceFacts

NO_CODE = ("upload", "link", "download")


def facts_of(kind: str, source: str) -> SourceFacts:
    """Return the facts of such a task. The content of a file that is uploaded counts, which need not be there yet; of
    a download the URL."""
    constants = (source,) if kind == "upload" else ()
    said = f"{kind} {digest(source)}" if kind == "download" else kind
    return SourceFacts(looks_back=False, code=CodeFacts(effects=CodePiece(said, ()), constants=constants))
