"""Plans made by hand, written out and run in plain Python, as any runner would: paths in, products out."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.refactor import files, write
from soorgeon_clone.refactor.layout import Choices, Layout, lay_out
from soorgeon_clone.refactor.model import Bundle, Load, Part, Plan, Replay, Step, Task

DEFAULT = Choices()
GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Write the golden files of tests/refactor anew.")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a check that a text is the golden file's."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden", default=False):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"run pytest tests/refactor --update-golden to accept {name}"

    return check


def code(source: str) -> Cell:
    return Cell(0, "code", source)


def markdown(source: str) -> Cell:
    return Cell(0, "markdown", source)


def part(name: str, *, maybe_unbound: bool = False, frame: bool | None = None) -> Part:
    return Part(name, name, f"{name} = {{value}}", maybe_unbound=maybe_unbound, frame=frame)


def bundle(*names: str, maybe_unbound: bool = False, frame: bool | None = None) -> Bundle:
    parts = tuple(part(name, maybe_unbound=maybe_unbound, frame=frame) for name in names)
    return Bundle("-".join(names), parts)


def load(task: str, held: Bundle, *names: str) -> Load:
    return Load(task, held, names or tuple(item.name for item in held.parts))


def imported(source: str, *binds: str) -> Replay:
    return Replay("import", source, binds)


def task(
    name: str,
    cells: Sequence[Cell] | str,
    *,
    steps: Sequence[Step] = (),
    saves: Sequence[Bundle] = (),
    names: str = "",
    params: dict[str, str] | None = None,
    changes_directory: bool = False,
) -> Task:
    """Return a task; ``names`` are those that its code mentions, upstream is where it loads from."""
    upstream = dict.fromkeys(step.task for step in steps if isinstance(step, Load))
    return Task(
        name=name,
        title=name.capitalize(),
        cells=(code(cells),) if isinstance(cells, str) else tuple(cells),
        steps=tuple(steps),
        saves=tuple(saves),
        upstream=tuple(upstream),
        params=params or {},
        names=frozenset(names.split()),
        changes_directory=changes_directory,
    )


def plan(*tasks: Task, exported: str = "", modules: Sequence[str] = ()) -> Plan:
    return Plan("nb.ipynb", tasks, exported, modules=tuple(modules))


@dataclass(frozen=True)
class Written:
    """A project on disk."""

    root: Path
    plan: Plan
    layout: Layout

    def run(self) -> str:
        """Run all tasks in order, each in a Python of its own, and return what they print."""
        return "".join(self.run_task(item) for item in self.plan.tasks)

    def run_task(self, item: Task) -> str:
        for path in files.products(item, self.layout).values():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        return run_in_fork(self.script(item), self.root)

    def script(self, item: Task) -> str:
        """Return the task's script with its paths put in after the parameters cell, as papermill does."""
        text = (self.root / self.layout.source(item.name)).read_text(encoding="utf-8")
        by_name = {other.name: files.products(other, self.layout) for other in self.plan.tasks}
        upstream = {name: by_name[name] for name in item.upstream} or None
        injected = f"# %% tags=['injected-parameters']\nupstream = {upstream}\nproduct = {by_name[item.name]}\n"
        marker = '# %% tags=["parameters"]\n'
        assert text.count(marker) == 1
        before, after = text.split(marker)
        parameters, gap, rest = after.partition("\n\n")
        return before + marker + parameters + "\n\n" + injected + gap + rest


def run_in_fork(script: str, root: Path) -> str:
    """Run a script as `__main__` in a fork of this process, and return what it prints and warns of."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = os.fork()
        if not process:
            status = 1
            try:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                sys.stdout, sys.stderr = open(1, "w", encoding="utf-8"), open(2, "w", encoding="utf-8")  # noqa: SIM115
                os.chdir(root)
                sys.path.insert(0, "")
                main = types.ModuleType("__main__")
                sys.modules["__main__"] = main
                exec(compile(script, "task", "exec"), main.__dict__)
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        status = os.waitpid(process, 0)[1]
        output.seek(0)
        shown = output.read()
    assert status == 0, f"{script}\n{shown}"
    return "".join(line for line in shown.splitlines(keepends=True) if not line.startswith("  "))


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Written]:
    """Return a function that writes a plan to a new folder."""

    def make(made: Plan, choices: Choices = DEFAULT, folder: str = "project") -> Written:
        layout = lay_out(made, choices)
        root = tmp_path / folder
        write.write(write.compare(files.project(made, layout, ["ipykernel==6.29.5"]), root), root)
        return Written(root, made, layout)

    return make
