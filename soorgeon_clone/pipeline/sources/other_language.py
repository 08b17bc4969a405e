"""A notebook in another language than Python -> SourceFacts: its upstream and product; its code is one piece."""

from __future__ import annotations

import re

from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.slugs import task_names
from soorgeon_clone.notebook.tags import INJECTED, PARAMETERS, SKIPPED
from soorgeon_clone.pipeline.sources import languages
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.sources.model import CodeFacts, CodePiece, SourceFacts

_NAME = re.compile(r"[^\W\d][\w.]*")
_ASSIGNED = re.compile(r"^\s*(?:(?:var|let|const|local) )?([^\W\d][\w.]*)\s*(?:<-|=)", re.MULTILINE)
_MOVE = re.compile(r"\bsetwd\b|\bchdir\b|^\s*(cd|pushd)\b", re.MULTILINE)


def facts(notebook: Notebook, language: str, kernel: str | None) -> SourceFacts:
    """Facts of a notebook in this language. ``kernel`` is the one that pipeline.yaml names for it."""
    name = languages.named(language)
    known = languages.LANGUAGES.get(name)
    kept = [cell for cell in notebook.cells if INJECTED not in cell.tags]
    code = [cell for cell in kept if cell.kind == "code" and SKIPPED not in cell.tags]
    declares = "\n".join(cell.source for cell in code if PARAMETERS in cell.tags)
    text = "\n".join(cell.source for cell in code if PARAMETERS not in cell.tags)
    words = known.words if known else False
    upstream = languages.declared(declares, "upstream", words=words)
    spec = notebook.metadata.get("kernelspec")
    said = spec.get("name") if isinstance(spec, dict) else None
    chosen = kernel or (said if isinstance(said, str) else None) or (known.kernel if known else None)
    return SourceFacts(
        upstream=(upstream,) if isinstance(upstream, str) else tuple(upstream or ()),
        product=languages.declared(declares, "product", words=words),
        declared=tuple(one for one in _ASSIGNED.findall(declares) if one not in ("upstream", "product")),
        doc=heading(notebook),
        injected_at=next((index + 1 for index, cell in enumerate(kept) if PARAMETERS in cell.tags), 0),
        has_injected=len(kept) < len(notebook.cells),
        prose=digest("\0".join(f"{cell.kind}\n{cell.source}" for cell in kept)),
        moves=_MOVE.search(text) is not None,
        code=CodeFacts(
            effects=CodePiece(
                digest("\0".join([name, chosen or "", *(cell.source for cell in code)])),
                tuple(sorted(set(_NAME.findall(text)))),
            ),
            constants=tuple(languages.texts_in(text)),
        ),
        language=name,
        kernel=chosen,
    )


def heading(notebook: Notebook) -> str:
    """What status shows as the notebook's description: the heading that the file is called after, else its first line
    of text."""
    texts = [cell.source for cell in notebook.cells if cell.kind == "markdown"]
    lines = [line for text in texts for line in text.splitlines() if line.strip("# \t")]
    titles = [line.strip("# \t") for line in lines if line.startswith("#")]
    named = (title for title in titles if task_names([title]) == (notebook.name,))
    return next(named, lines[0].strip("# \t") if lines else "")
