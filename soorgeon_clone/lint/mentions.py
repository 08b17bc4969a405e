"""The words in texts, magics and foreign cells: names that code may use without writing them as names."""

from __future__ import annotations

import ast
import re

from soorgeon_clone.lint.subject import Subject


def mentioned_words(subject: Subject) -> set[str]:
    """Return the words of all texts in the code (``df.query("a < @limit")``), of magics, and of other languages."""
    words: set[str] = set()
    for cell in subject.script.cells:
        if cell.problem is not None:
            words.update(re.findall(r"\w+", cell.cell.source))
        for magic in cell.magics:
            words.update(re.findall(r"\w+", f"{magic.line} {magic.body}"))
    for node in subject.names.of_kind(ast.Constant):
        if isinstance(node.value, str):
            words.update(re.findall(r"\w+", node.value))
    return words
