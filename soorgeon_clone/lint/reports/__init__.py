"""One file an output format. Each has ``render``: results -> the text to print."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

from soorgeon_clone.lint.model import FileResult

# Name for --output-format -> module.
FORMATS = {
    "text": "grouped",
    "concise": "one_line",
    "json": "as_json",
    "github": "github",
    "sarif": "sarif",
    "gitlab": "gitlab",
}

Style = Callable[..., str]


def render(name: str, results: Sequence[FileResult], style: Style | None = None) -> str:
    """Return the report in a format of `FORMATS`; "" if there is nothing to say. ``style`` colours a text."""
    module = importlib.import_module(f"{__name__}.{FORMATS[name]}")
    text: str = module.render(results, style or (lambda text, **_: text))
    return text
