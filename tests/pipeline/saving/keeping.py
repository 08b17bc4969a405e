"""A file of cases -> those whose object comes out of a file otherwise than it went in, and would be put into one.

    python keeping.py FILE

Cases are parted by empty lines. The lines of a case make ``x``; each line that begins with ``? `` is an expression that
is asked of ``x`` and of what comes out of a file, one after the other, and must say the same of both. Without one, all
is compared that can be seen of the two. What is lost must not be put into a file: then the section that makes ``x`` and
the one that asks are planned as one task, or it is made anew. Prints the others as JSON.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import sys
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TESTS = HERE.parents[1]


@dataclass(frozen=True)
class Case:
    make: str
    asks: tuple[str, ...]


def cases(path: Path) -> Iterator[Case]:
    """Yield the cases of a file."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith("# ")]
        make = "\n".join(line for line in lines if not line.startswith("? "))
        if make:
            yield Case(make, tuple(line[2:] for line in lines if line.startswith("? ")))


def what_is_lost(case: Case) -> list[str]:
    """Return what of the object of a case a file does not give back. Raises what making it raises."""
    from soorgeon_clone.pipeline.saving.memory import Memory

    main: Any = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    exec(case.make, vars(main))
    try:
        loaded = pickle.loads(_saved(main.x, Memory()))
    except Exception as error:
        return [f"{type(error).__name__}: {str(error)[:200]}"]
    return list(_differences(case, main, main.x, loaded))


def _saved(value: Any, memory: Any) -> bytes:
    import cloudpickle

    for pickler in (pickle, cloudpickle):
        file = io.BytesIO()
        try:
            for hooked in memory.passes():
                with hooked:
                    file = io.BytesIO()
                    pickler.dump(value, file, protocol=5)
            return file.getvalue()
        except Exception:
            if pickler is cloudpickle:
                raise
    raise AssertionError


def _differences(case: Case, main: Any, one: Any, other: Any) -> Iterator[str]:
    from looking import differences

    if not case.asks:
        yield from differences(one, other)
    for code in case.asks:
        answers = []
        for value in (one, other):
            main.x = value
            try:
                answers.append([eval(code, vars(main))])
            except Exception as error:
                answers.append(f"!{type(error).__name__}: {error}")
        yield from (f"{code}: {found}" for found in differences(*answers))


def is_put_into_a_file(case: Case) -> bool:
    """Tell whether the section that asks loads the object that the section before it has made."""
    from oracle.small import notebook_of, plan_of

    asks = "\n".join(f"print({code})" for code in case.asks or ("x, vars(x)",))
    plan = plan_of(notebook_of([case.make, asks]))
    return any("x" in load.names for task in plan.tasks for load in task.loads)


def main(path: Path) -> None:
    """Print what is lost without a word."""
    warnings.simplefilter("ignore")
    found = []
    for case in cases(path):
        lost = what_is_lost(case)
        if lost and is_put_into_a_file(case):
            found.append([case.make, lost[:3]])
    print(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)  # what libraries do at their end is not of interest


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(TESTS), str(TESTS.parent)]
    main(Path(sys.argv[1]))
