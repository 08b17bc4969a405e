"""A notebook that cannot be analysed -> a plan of one task that holds all its cells, as they are.

Nothing crosses from one task to another, so nothing needs to be known of the code but the words in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from soorgeon_clone.notebook.model import Notebook, Section
from soorgeon_clone.refactor.model import Merge, Plan, Task
from soorgeon_clone.refactor.parameters import parameters_of

_WORD = re.compile(r"[^\W\d]\w*")
_IMPORT = re.compile(r"(?m)^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([^\n#;]*))")


def as_one_task(notebook: Notebook, sections: Sequence[Section], reason: str) -> Plan:
    """Return the plan; ``reason`` tells people why their sections are not tasks. The cells need not be Python."""
    params, cells = parameters_of([cell for section in sections for cell in section.cells])
    first = sections[0]
    sources = [cell.source for cell in cells if cell.kind == "code"]
    words = {word for source in sources for word in _WORD.findall(source)}
    task = Task(
        name=first.name,
        title=first.title,
        cells=tuple(cells),
        steps=(),
        saves=(),
        upstream=(),
        params=params,
        names=frozenset(words | {unicodedata.normalize("NFKC", word) for word in words if not word.isascii()}),
        writes_files=True,
        changes_directory=True,
        unbound=frozenset(words),  # it may ask for any of them
    )
    titles = tuple(section.title for section in sections)
    merges = (Merge(first.name, titles, (reason,)),) if len(sections) > 1 else ()
    hints = () if merges else (f"The notebook becomes one task: {reason}.",)
    modules = {module for source in sources for module in _modules(source)}
    return Plan(notebook.name, (task,), merges=merges, hints=hints, modules=tuple(sorted(modules)))


def _modules(source: str) -> Iterator[str]:
    """Yield what lines of a source look like importing."""
    for found in _IMPORT.finditer(source):
        for named in (found.group(1) or found.group(2)).split(","):
            module = named.strip().partition(" ")[0]
            if module and all(part.isidentifier() for part in module.split(".")):
                yield module
