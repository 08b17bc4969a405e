"""Drawing -> Mermaid text, which GitHub and many editors draw."""

from __future__ import annotations

import re

from soorgeon_clone.pipeline.plot.model import COLOURS, Drawing
from soorgeon_clone.visible import one_line

_CLASSES = {"up to date": "upToDate", "in cache": "inCache", "stale": "stale", "failed": "failed", "planned": "planned"}


def mermaid_of(drawing: Drawing) -> str:
    """A ``flowchart`` with the states as classes."""
    ids = {box.name: f"t{index}" for index, box in enumerate(drawing.boxes)}
    lines = ["flowchart TD"]
    for box in drawing.boxes:
        note = f"<br/><small>{_text(box.note)}</small>" if box.note else ""
        lines.append(f'    {ids[box.name]}["{_text(box.name)}{note}"]:::{_CLASSES[box.state]}')
    for arrow in drawing.arrows:
        label = f'|"{_text(arrow.tip or arrow.label)}"|' if arrow.label else ""
        lines.append(f"    {ids[arrow.source]} -->{label} {ids[arrow.target]}")
    for state in dict.fromkeys(box.state for box in drawing.boxes):
        fill, border = COLOURS[state]
        lines.append(f"    classDef {_CLASSES[state]} fill:{fill},stroke:{border},color:#1f2733")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Text that Mermaid takes as it is, in one line: special characters as entities."""
    return re.sub(r'["#<>&;`\[\]{}|\\]', lambda match: f"#{ord(match[0])};", one_line(text))
