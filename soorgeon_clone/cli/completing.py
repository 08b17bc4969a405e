"""What a person has begun to type -> names of tasks, codes of rules and paths, for the shell's Tab key.

Whatever is wrong, a shell gets an empty list: completion is no place for messages.
"""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem


def task_names(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Names of tasks of the pipeline that is named on the line, or the one of this folder. Nothing is run."""
    from pathlib import Path

    from soorgeon_clone.errors import UserError
    from soorgeon_clone.pipeline.declared import entry_point, spec

    named = context.params.get("entry_point") or spec.DEFAULT
    found = entry_point.find(Path(named))
    if not found.exists() and named == spec.DEFAULT:
        found = entry_point.above(Path.cwd()) or found
    try:
        names = [task.name for task in spec.load(found).tasks]
    except (UserError, OSError):
        return []
    return [name for name in names if name.startswith(begun)]


def files(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """What the shell itself offers for a path, where an argument may be more than that: ``-`` is standard input."""
    return [CompletionItem(begun, type="file")]


def rule_codes(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Codes of the rules of `lint`; after a comma, those that may follow."""
    from soorgeon_clone.lint.registry import all_rules

    before, comma, last = begun.rpartition(",")
    return [f"{before}{comma}{code}" for code in all_rules() if code.startswith(last.upper())]
