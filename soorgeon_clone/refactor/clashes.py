"""The notebook's code -> names for our own files that it does not use itself, and a word where it may see them.

Its code must not read, count or remove what the pipeline is made of. A folder whose name stands in a text or a command
of the notebook is taken for one that it uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from soorgeon_clone.notebook.model import Cell

PRODUCTS = ("output", "products", "pipeline-products")
TASKS = ("tasks", "pipeline_tasks")

_LISTING = "listdir|scandir|walk|fwalk|make_archive|copytree"
# a name for the folder in which the notebook is run
_CALLED_HERE = re.compile(
    r"""\b(\w+)[ ]*=[ ]*(?:["']\./?["']|(?:os\.)?(?:getcwd\(\)|curdir)
        |(?:pathlib\.)?Path(?:\((?:["']\./?["'])?\)|\.cwd\(\)))""",
    re.VERBOSE,
)
# What lists a folder, if it may be the one where the notebook is run: in Python, or by a command.
_LISTS = re.compile(
    rf"""(?:\b(?:{_LISTING})|(?:\bglob\.|(?<![\w.]))i?glob)\(\s*(?:\w+\s*=\s*)?
        (?:\)|f?["'](?:\./?)?(?:["']|\*(?![^"'*/\n]*\.(?!py|ya?ml|md|txt)\w+["']))|[\w.]*(?:getcwd|cwd|curdir)\b|["'][^"'\n]*["'],\s*["']\w+["'],\s*["']\.["'])
    |\bPath(?:\(\s*(?:["']\./?["'])?\s*\)|\.cwd\(\))\s*\.(?:iterdir|r?glob|walk)\(""",
    re.VERBOSE,
)
_COMMANDS = re.compile(
    r"""^[ \t]*(?:[!%]|\w+\s*=\s*!)\s*(?:ls|dir|find|tree|du|zip|tar)\b(?!\s+[^-.\s])
    |(?:\b(?:system|popen|run|call|check_output|check_call|getoutput|Popen)\(\s*\[?\s*["'](?:ls|find|tree|du|tar|zip)\b)""",
    re.VERBOSE | re.MULTILINE,
)


def free_folder(names: Sequence[str], cells: Iterable[Cell]) -> str:
    """Return the first of ``names`` that is no folder of the notebook's own; the last if all are."""
    sources = list(_sources(cells))
    return next((name for name in names if not any(is_used(name, source) for source in sources)), names[-1])


def is_used(name: str, source: str) -> bool:
    """Tell whether code has ``name`` as a path, or the first part of one, in a text or in a command."""
    path = rf"(?:\./)?{re.escape(name)}(?=[/\\'\"]|$)"
    in_text = re.search(rf"[\"']{path}", source)
    in_command = re.search(rf"(?m)^[ \t]*(?:[!%]|\w+\s*=\s*!).*[\s/=]{re.escape(name)}(?=[/\s]|$)", source)
    return bool(in_text or in_command)


def lists_folder(sources: Iterable[str]) -> bool:
    """Tell whether Python code may list the folder in which it runs, also by a name that it has given it."""
    text = "\n".join(sources)
    if _LISTS.search(text):
        return True
    names = "|".join(sorted(set(_CALLED_HERE.findall(text))))
    by_name = rf"\b(?:{_LISTING})\(\s*(?:\w+\s*=\s*)?(?:{names})\s*[,)/]|\b(?:{names})\.(?:iterdir|r?glob|walk)\("
    return bool(names) and re.search(by_name, text) is not None


def notes(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Return what a person should know of code that may see the pipeline's own files."""
    if any(_COMMANDS.search(source) for source in _sources(cells)):
        return (
            "A command lists the folder in which the notebook runs, where its pipeline will stand as well: what it "
            "finds there may be more than before. --verify tells whether that makes a difference; with --into ../DIR "
            "the pipeline stands elsewhere.",
        )
    return ()


def _sources(cells: Iterable[Cell]) -> Iterator[str]:
    return (cell.source for cell in cells if cell.kind == "code")
