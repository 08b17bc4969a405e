"""The files in `facts`: what one line of code does, as the analysis puts it in a line (see `analysis.lines`).

A file holds blocks with a blank line between them:

    given  xs = [1]
    code   xs.append(2)
    facts  reads xs | changes xs by builtins.list.append

``given`` is the section before, which holds for the blocks below as well, until there is another; ``file name.py``
stands beside the notebook, and a line that begins with spaces continues the one above. What a block says is what Python
and the library do, whatever the analysis says; where it says less, ``todo`` tells what is missing.
``pandas2`` stands for ``facts`` where frames share memory as before pandas 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from oracle.small import notebook_of

from soorgeon_clone.analysis.analyse import analyse
from soorgeon_clone.analysis.lines import line_of_section, line_of_statement
from soorgeon_clone.analysis.objects.hints import Hints
from soorgeon_clone.notebook.sections import split

FOLDER = Path(__file__).parent / "facts"


@dataclass(frozen=True)
class Case:
    file: str
    given: str = ""
    code: str = ""
    facts: str = ""
    pandas2: str = ""
    todo: str = ""
    files: dict[str, str] = field(default_factory=dict)


def read_cases(path: Path | str) -> Iterator[Case]:
    """Yield the blocks of a file."""
    case = Case(Path(path).stem)
    text = Path(path).read_text(encoding="utf-8")
    for block in text.split("\n\n"):
        lines: list[list[str]] = []
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if line.startswith(" "):
                lines[-1][1] += f"\n{line[7:]}"
            else:
                word, _, rest = line.partition(" ")
                lines.append([word, rest.strip()])
        case = replace(case, code="", facts="", pandas2="", todo="")
        for word, rest in lines:
            if word == "file":
                name, _, content = rest.partition("\n")
                case = replace(case, files={**case.files, name.strip(): f"{content}\n"})
            else:
                case = replace(case, **{word: rest})
                if word == "given":
                    case = replace(case, files={} if not any(w == "file" for w, _ in lines) else case.files)
        if case.code:
            yield case


def line_for(case: Case) -> str:
    """Return what the analysis says of a block's code."""
    facts = analyse(split(notebook_of((case.given or "pass", case.code)), 2), read_file=case.files.get)
    section = facts.sections[1]
    if len(section.statements) == 1:
        return line_of_statement(facts, section.statements[0])
    return line_of_section(facts, section)


CASES = [case for path in sorted(FOLDER.glob("*.txt")) for case in read_cases(path)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {case.code[:60]}")
def test_facts(case: Case) -> None:
    if case.todo:
        assert line_for(case) != case.facts, "it is right now: take `todo` away"
        pytest.xfail(case.todo)
    is_old = not Hints().copies_on_write
    assert line_for(case) == (case.pandas2 if case.pandas2 and is_old else case.facts)


def test_there_are_many() -> None:
    assert len(CASES) >= 300
