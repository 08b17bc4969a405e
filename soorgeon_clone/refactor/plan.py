"""Notebook -> `Plan`: sections become units, units that cannot be parted become one, each unit becomes a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from soorgeon_clone.analysis.analyse import analyse, failed, python_of
from soorgeon_clone.analysis.dataflow import Unit, units
from soorgeon_clone.analysis.effects import Knowledge, knowledge, read_user_effects
from soorgeon_clone.analysis.heap import LIB, UNBOUND
from soorgeon_clone.analysis.model import NotebookFacts, StatementFacts
from soorgeon_clone.errors import UserError
from soorgeon_clone.files import regular
from soorgeon_clone.notebook.ipython import CellSyntaxError, to_python_each
from soorgeon_clone.notebook.model import Cell, Notebook, Section
from soorgeon_clone.notebook.read import place
from soorgeon_clone.notebook.sections import best_level, split
from soorgeon_clone.notebook.size import heaviest, is_heavy
from soorgeon_clone.refactor.carriers import ambient, amended
from soorgeon_clone.refactor.carriers.exported import closed_definitions, names_from_outside
from soorgeon_clone.refactor.carriers.program import Program
from soorgeon_clone.refactor.carriers.replay import needed_to_repeat, only_named
from soorgeon_clone.refactor.model import Bundle, Load, Merge, Part, Plan, Replay, Serializer, Step, Task, Together
from soorgeon_clone.refactor.parameters import parameters_of
from soorgeon_clone.refactor.whole import as_one_task
from soorgeon_clone.refactor.wiring import Clash, Wiring, wire

# Of a script that %run names. What is in a larger one, nobody knows.
_MOST_BYTES_OF_SCRIPT = 1_000_000

# What crosses is looked at pair by pair of sections: these, and names that all of them need, are seconds.
_MOST_SECTIONS = 2_000
_MOST_CROSSINGS = 20_000


def make_plan(
    notebook: Notebook,
    *,
    level: int = 2,
    single_task: bool = False,
    serializer: Serializer | None = None,
    forced: bool = False,
    together: Sequence[Together] = (),
) -> Plan:
    """Return what `refactor` writes for ``notebook``; ``together`` are sections that must not be parted.

    Raise UserError where a cell is not Python (exit code 1) or, unless ``forced``, where a name is read that nothing
    can have bound. A notebook that is too large to be looked at, or nested too deeply, becomes one task as it is.
    """
    sections = split(notebook, level)
    if not sections:
        raise UserError(
            f"{notebook.path or notebook.name}: no cell has code, so there is nothing to refactor",
            hint="Is this the right file? Was it saved?",
            exit_code=2,
        )
    if is_heavy(cell.source for cell in notebook.cells if cell.kind == "code"):
        return as_one_task(notebook, sections, f"its code is too large to be looked at closely ({_heaviest(notebook)})")
    if len(sections) > _MOST_SECTIONS:
        return as_one_task(notebook, sections, f"it has {len(sections):,} sections, more than {_MOST_SECTIONS}")
    try:
        return _plan(notebook, sections, level, single_task, serializer, forced, together)
    except (RecursionError, MemoryError):
        return as_one_task(notebook, sections, "its code is nested too deeply to be looked at closely")


def _plan(
    notebook: Notebook,
    sections: tuple[Section, ...],
    level: int,
    single_task: bool,
    serializer: Serializer | None,
    forced: bool,
    together: Sequence[Together],
) -> Plan:
    tables = knowledge(read_user_effects(_folder(notebook)))
    facts = _analyse(notebook, sections, tables)
    if not forced:
        _refuse_undefined(notebook, facts)
    cells = {cell.index: cell for section in sections for cell in section.cells}
    numbers = range(len(sections))
    groups: list[tuple[int, ...]] = [tuple(numbers)] if single_task else [(number,) for number in numbers]
    reasons: dict[tuple[int, ...], str] = {}
    for known in together:
        first, last = (next(n for n, group in enumerate(groups) if i in group) for i in (known.first, known.last))
        if first != last:
            groups = _merge(groups, Clash(first, last, known.reason), reasons)
    if sum(len(unit.uses) for unit in units(facts, groups)) > _MOST_CROSSINGS:
        return as_one_task(notebook, sections, "its sections need too much of one another")
    while True:
        program = Program(facts, units(facts, groups), cells)
        try:
            exported = closed_definitions(program)
            wiring = wire(program, tables, exported)
            break
        except Clash as clash:
            groups = _merge(groups, clash, reasons)
        except (RecursionError, MemoryError):
            raise
        except Exception as error:  # one of ours is no reason to refuse a notebook: as one task, nothing crosses
            if len(groups) == 1:
                raise
            groups = _merge(groups, Clash(0, len(groups) - 1, failed(error)), reasons)
    builder = _Builder(notebook, sections, program, exported, wiring, serializer)
    merges = tuple(
        Merge(sections[group[0]].name, tuple(sections[i].title for i in group), reasons.get(group, ""))
        for group in groups
        if len(group) > 1 and not single_task
    )
    return builder.plan(merges, _hints(notebook, sections, level, single_task=single_task))


def _heaviest(notebook: Notebook) -> str:
    cell = heaviest(notebook.cells)
    return f"cell {cell.index + 1} alone has {len(cell.source):,} characters"


def _folder(notebook: Notebook) -> Path:
    return notebook.path.resolve().parent if notebook.path is not None else Path.cwd()


def _analyse(notebook: Notebook, sections: Iterable[Section], tables: Knowledge) -> NotebookFacts:
    sections = tuple(sections)
    _check_syntax(notebook)
    _check_comments(notebook)
    folder = _folder(notebook)

    def read_file(name: str) -> str | None:
        path = folder / name
        if path.suffix not in (".py", ".ipy"):
            path = path.with_suffix(".py")
        try:
            text = regular.read_text(path, limit=_MOST_BYTES_OF_SCRIPT)
        except (OSError, UnicodeDecodeError):
            return None
        return text if not is_heavy([text]) else None

    return analyse(sections, tables=tables, read_file=read_file)


def _check_syntax(notebook: Notebook) -> None:
    cells = [cell for cell in notebook.cells if cell.kind == "code"]
    for cell, code in zip(cells, to_python_each([cell.source for cell in cells]), strict=True):
        if isinstance(code, CellSyntaxError):
            raise UserError(
                f"{place(notebook, cell, code.row)}: {code.message}",
                hint="The notebook cannot run as it is: correct the cell, then refactor again.",
            ) from code


def _check_comments(notebook: Notebook) -> None:
    from soorgeon_clone.analysis.said import MARK, comments_in, parse_said

    for cell in notebook.cells:
        for row, text in comments_in(cell.source) if cell.kind == "code" and MARK in cell.source else ():
            try:
                parse_said(text)
            except ValueError as error:
                raise UserError(
                    f"{place(notebook, cell, row)}: # {MARK} {text}: {error}",
                    hint=f"Such a comment reads `# {MARK} pure`, or `# {MARK} changes df, writes out.csv`.",
                ) from error


def _refuse_undefined(notebook: Notebook, facts: NotebookFacts) -> None:
    from soorgeon_clone.analysis.undefined import undefined_names

    unbound = [s for s in facts.statements if s.unbound]
    if not unbound or any(s.opaque or "modules" in s.sets for s in facts.statements):
        return  # builtins.LIMIT = 3 defines a name out of sight
    cells = [cell for cell in notebook.cells if cell.kind == "code"]
    try:
        undefined = undefined_names([code.text for _, code in sorted(python_of([cells]).items())])
    except RecursionError:  # pyflakes goes as deep as the code is nested
        return
    for statement in unbound:
        for name, row in statement.unbound.items():
            if name in undefined:
                cell = next(c for c in cells if c.index == statement.cell)
                raise UserError(
                    f"{place(notebook, cell, row)}: `{name}` is used but nothing has defined it",
                    hint="The notebook cannot run from top to bottom as it is. "
                    "Define the name in an earlier cell, or go on all the same with --force.",
                )


def _merge(groups: list[tuple[int, ...]], clash: Clash, reasons: dict[tuple[int, ...], str]) -> list[tuple[int, ...]]:
    first, last = max(0, clash.first), min(len(groups) - 1, clash.last)
    if first >= last:
        first, last = max(0, last - 1), max(1, last)
    merged = tuple(i for group in groups[first : last + 1] for i in group)
    earlier = [reason for group in groups[first : last + 1] for reason in reasons.pop(group, "").split("; ") if reason]
    reasons[merged] = "; ".join(dict.fromkeys([*earlier, clash.reason]))
    return [*groups[:first], merged, *groups[last + 1 :]]


def _hints(notebook: Notebook, sections: tuple[Section, ...], level: int, *, single_task: bool) -> tuple[str, ...]:
    if single_task or len(sections) > 1:
        return ()
    better = best_level(notebook)
    if better is None or better == level:
        return (f"The notebook has no headings that would split it, so it becomes one task. Add H{level} headings.",)
    return (f"The notebook has no H{level} headings, so it becomes one task; --split-on h{better} would split it.",)


_MAY_BE_FRAME = frozenset({"?", "pandas.DataFrame", "pandas.*"})


_FIGURES = ("matplotlib.", "seaborn.", "statsmodels.")


class _Builder:
    """Turns units and their wiring into tasks."""

    def __init__(
        self,
        notebook: Notebook,
        sections: tuple[Section, ...],
        program: Program,
        exported: Mapping[str, StatementFacts],
        wiring: Wiring,
        serializer: Serializer | None,
    ) -> None:
        self.notebook = notebook
        self.sections = sections
        self.program = program
        self.exported = exported
        self.wiring = wiring
        self.serializer = serializer
        self.names = [sections[unit.sections[0]].name for unit in program.units]
        self.bundles: dict[tuple[int, tuple[str, ...]], Bundle] = {}
        self.moved: dict[int, list[StatementFacts]] = {}  # cell -> its statements that go to exported.py
        for statement in exported.values():
            self.moved.setdefault(statement.cell, []).append(statement)
        # whether the notebook draws with pyplot, and has no variable of its own called matplotlib
        paths = {obj.path for bindings in program.past.values() for _, b in bindings for obj in b.value}
        own = any(not program.is_import(name) for name in ("matplotlib",) if name in program.binders)
        self.plots = any(path.startswith(("matplotlib", "seaborn")) for path in paths) and not own

    def plan(self, merges: tuple[Merge, ...], hints: tuple[str, ...]) -> Plan:
        for unit in self.program.units:
            taken: set[str] = set()
            for group in self.wiring.saves[unit.index]:
                self.bundles[unit.index, group] = self._bundle(unit.index, group, taken)
        tasks = []
        ancestors: list[set[int]] = []
        for unit in self.program.units:
            direct = {
                p for name in self.wiring.loads[unit.index] if (p := self.wiring.provider(name, unit.index)) is not None
            }
            reached = direct.union(*(ancestors[p] for p in direct)) if direct else set()
            for earlier in sorted(self.wiring.after[unit.index], reverse=True):
                if earlier not in reached:
                    direct.add(earlier)
                    reached |= {earlier} | ancestors[earlier]
            ancestors.append(reached)
            tasks.append(self._task(unit.index, [self.names[p] for p in sorted(direct)]))
        return Plan(
            self.notebook.name, tuple(tasks), self._exported_text(), merges, hints, tuple(sorted(self._modules()))
        )

    # -- products ----------------------------------------------------------------------------------------------

    def _bundle(self, unit: int, group: tuple[str, ...], taken: set[str]) -> Bundle:
        parts = tuple(self._part(name, unit) for name in group)
        key = parts[0].name if len(parts) == 1 else "_".join(part.name for part in parts)[:60].rstrip("_")
        while key in taken:
            key += "_"
        taken.add(key)
        kinds = {self.wiring.verdicts[n, unit + 1].serializer for n in group if (n, unit + 1) in self.wiring.verdicts}
        serializer: Serializer = self.serializer or ("cloudpickle" if "cloudpickle" in kinds else "pickle")
        return Bundle(key, parts, serializer)

    def _part(self, name: str, unit: int) -> Part:
        if ambient.is_ambient(name):
            return ambient.part(name)
        binding = self.program.before(name, unit + 1)
        value = binding.value if binding is not None else frozenset()
        if (repeated := self.wiring.amended_as(value)) is not None:
            return amended.part(name, repeated)
        types = {obj.type for obj in value if obj is not UNBOUND}
        frame = True if types == {"pandas.DataFrame"} else None if types & _MAY_BE_FRAME else False
        return Part(name, name, f"{name} = {{value}}", maybe_unbound=UNBOUND in value, frame=frame)

    # -- tasks -------------------------------------------------------------------------------------------------

    def _task(self, index: int, upstream: list[str]) -> Task:
        unit = self.program.units[index]
        cells = [cell for section in unit.sections for cell in self.sections[section].cells]
        params, cells = parameters_of(cells)
        return Task(
            name=self.names[index],
            title=self.sections[unit.sections[0]].title,
            cells=tuple(c for cell in cells if (c := self._without_exported(cell, index)) is not None),
            steps=self._steps(index),
            saves=tuple(self.bundles[index, group] for group in self.wiring.saves[index]),
            upstream=tuple(upstream),
            params=params,
            names=self.program.facts.names,
            writes_files=any(statement.files_written for statement in unit.statements),
            changes_directory=any(
                "directory" in self.program.statements[n].sets
                for n in [*range(unit.start, unit.stop), *self.wiring.repeats[index]]
            ),
            unbound=frozenset(name for name in {*unit.uses, *unit.binds} if self._may_be_unbound(name, unit)),
        )

    def _may_be_unbound(self, name: str, unit: Unit) -> bool:
        """Whether the unit may see that the notebook has no such variable when the unit starts."""
        if name not in unit.uses and unit.binds[name]:
            return False
        binding = self.program.before(name, unit.index)
        return binding is None or UNBOUND in binding.value

    def _without_exported(self, cell: Cell, unit: int) -> Cell | None:
        moved = self.moved.get(cell.index, ())
        if cell.kind != "code" or not moved:
            return cell
        lines = cell.source.replace("\r\n", "\n").split("\n")
        last = max((s.last for s in self.program.units[unit].statements if s.cell == cell.index), default=0)
        for statement in sorted(moved, key=lambda s: -s.first):
            ends_cell = statement.last == last
            (name,) = statement.binds
            # an expression must not become the last one of its cell: Jupyter would display it
            stand_in = [f"from exported import {name}"] if ends_cell and self._shows_before(statement) else []
            after = statement.last
            while not stand_in and after < len(lines) and not lines[after].strip():
                after += 1
            above = any(line.strip() for line in lines[: statement.first - 1])
            gap = [""] if above and after < len(lines) else []
            lines[statement.first - 1 : after] = stand_in or gap
        text = "\n".join(lines).strip("\n")
        return replace(cell, source=text) if text.strip() else None

    def _shows_before(self, statement: StatementFacts) -> bool:
        moved = {s.index for s in self.moved[statement.cell]}
        for number in range(statement.index - 1, -1, -1):
            earlier = self.program.statements[number]
            if earlier.cell != statement.cell:
                return False
            if earlier.index not in moved:
                return earlier.kind in ("expression", "other")
        return False

    def _steps(self, index: int) -> tuple[Step, ...]:
        steps = _Steps(self, index)
        return steps.all()

    # -- exported.py -------------------------------------------------------------------------------------------

    def _exported_text(self) -> str:
        if not self.exported:
            return ""
        imports: list[str] = []
        for statement in self.program.statements:
            if "future" in statement.sets:
                imports.append(self.program.source(statement))
        wanted = {name for s in self.exported.values() for name in names_from_outside(self.program, s)}
        for name in sorted(wanted):
            if name in self.exported or name not in self.program.binders:
                continue
            imports.append(self.program.import_source(name, min(self.program.binders[name])))
        definitions = _in_order(self.exported)
        constants = "\n".join(self.program.source(s) for s in definitions if s.kind == "assignment")
        others = [self.program.source(s) for s in definitions if s.kind != "assignment"]
        head = "\n\n".join(part for part in (_arranged(imports), constants) if part)
        return "\n\n\n".join(part for part in (head, *others) if part).rstrip() + "\n"

    def _modules(self) -> set[str]:
        imports = (each for statement in self.program.statements for each in statement.lowered.all_imports)
        return {each.path for each in imports if not each.path.startswith(".")}


def _in_order(exported: Mapping[str, StatementFacts]) -> list[StatementFacts]:
    """Return definitions in the notebook's order, those that another one needs when it is made first."""
    done: list[StatementFacts] = []
    seen: set[str] = set()

    def add(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        for other in sorted(set(exported[name].read_bindings) & exported.keys(), key=lambda n: exported[n].index):
            if other in exported[name].lowered.mentions:
                add(other)
        done.append(exported[name])

    for name in sorted(exported, key=lambda n: exported[n].index):
        add(name)
    return done


def _arranged(imports: Iterable[str]) -> str:
    from soorgeon_clone.refactor.imports import arrange

    return arrange(list(dict.fromkeys(imports))).strip("\n")


class _Steps:
    """Orders what a task does before its own cells: imports, settings, definitions, loads, each after what it needs."""

    # repeated in the notebook's order with the imports: they decide what an import finds or does
    _EARLY = frozenset({"sys_path", "environ", "directory", "warnings", "future", "modules"})

    def __init__(self, builder: _Builder, index: int) -> None:
        self.builder = builder
        self.program = builder.program
        self.index = index
        self.steps: list[Step] = []
        self.done: set[object] = set()
        self.wanted = builder.wiring.loads[index]
        self.exported = builder.wiring.imports[index]
        self.files: dict[Bundle, tuple[int, list[str]]] = {}
        for name in sorted(self.wanted):
            provider = builder.wiring.provider(name, index)
            if provider is None:
                continue
            group = next(g for g in builder.wiring.saves[provider] if name in g)
            self.files.setdefault(builder.bundles[provider, group], (provider, []))[1].append(name)

    def all(self) -> tuple[Step, ...]:
        statements = [self.program.statements[n] for n in sorted(self.builder.wiring.repeats[self.index])]
        early = any(s.sets & self._EARLY for s in statements)
        if not early:
            for statement in statements:
                if statement.kind == "import" and not statement.sets - {"future"}:
                    self._repeat(statement)
        else:
            for statement in statements:
                if statement.kind == "import" or statement.sets or self._is_of_module(statement):
                    self._repeat(statement)
        for name in sorted(self.exported, key=lambda n: self.builder.exported[n].index):
            self._import_exported(name)
        for statement in statements:
            if statement.sets:
                self._repeat(statement)
        for statement in statements:
            self._repeat(statement)
        for bundle in sorted(self.files, key=lambda b: (self.files[b][0], b.key)):
            self._load(bundle)
        return tuple(self.steps)

    def _is_of_module(self, statement: StatementFacts) -> bool:
        """Whether a statement names what is in a module (``real = builtins.sum``), which settings may replace."""
        bindings = [self.program.before(name, self.index) for name in statement.binds]
        return bool(bindings) and all(b is not None and all(o.type == LIB for o in b.value) for b in bindings)

    def _import_exported(self, name: str) -> None:
        if name not in self.done:
            self.done.add(name)
            self.steps.append(Replay("import", f"from exported import {name}", (name,)))

    def _repeat(self, statement: StatementFacts) -> None:
        if statement.index in self.done:
            return
        self.done.add(statement.index)
        # what an earlier statement binds besides what is wanted of it, this one binds anew
        for number in sorted(n for n in self.builder.wiring.repeats[self.index] if n < statement.index):
            if not statement.binds.keys().isdisjoint(self.program.statements[number].binds):
                self._repeat(self.program.statements[number])
        for name in needed_to_repeat(statement):
            self._need(name, only_named=only_named(self.program, statement, name), stop=statement.index)
        if statement.kind == "import" and not statement.sets:
            for source, bound in self._imports(statement):
                self.steps.append(Replay("import", source, (bound,)))
            return
        kind = "import" if "future" in statement.sets else "setting" if statement.sets else "definition"
        self.steps.append(Replay(kind, self.program.source(statement), tuple(sorted(statement.binds))))  # type: ignore[arg-type]

    def _imports(self, statement: StatementFacts) -> Iterable[tuple[str, str]]:
        needed = self.builder.wiring.names[self.index]
        for name in statement.binds:
            if name in needed:
                yield self.program.import_source(name, statement.index), name

    def _need(self, name: str, *, only_named: bool, stop: int | None = None) -> None:
        """Let a name exist before what reads it: statement ``stop`` (repeated), or a file whose values refer to it."""
        if name in self.exported:
            self._import_exported(name)
            return
        if self._repeat_amended(name) and only_named:
            return
        for bundle, (_, names) in self.files.items():
            if name in names:
                self._load(bundle)
                return
        binding = self.program.before(name, self.index)
        defs = sorted(binding.defs) if binding is not None else []
        for number in self.builder.wiring.rebuilt.get((name, self.index)) or defs:
            if number not in self.builder.wiring.repeats[self.index]:
                continue
            statement = self.program.statements[number]
            for one in (statement, *self.program.noting(statement, self.index)):
                # what gives the name its value, and what changed that before it was read
                if one.index in defs or stop is None or one.index < stop:
                    self._repeat(one)

    def _repeat_amended(self, name: str) -> bool:
        """Repeat a definition whose attributes come in a file, if ``name`` is one."""
        binding = self.program.before(name, self.index)
        repeated = self.builder.wiring.amended_as(binding.value) if binding is not None else None
        if repeated is not None:
            self._repeat(repeated.statement)
        return repeated is not None

    def _show_figures(self, bundle: Bundle, provider: int) -> None:
        """A figure that is loaded is shown as an image only after pyplot has chosen its backend."""
        if "matplotlib" in self.done or not self.builder.plots:
            return
        reach = self.program.facts.heap.reach
        values = [b.value for part in bundle.parts if (b := self.program.before(part.name, provider + 1)) is not None]
        if any(obj.type == "?" or obj.type.startswith(_FIGURES) for value in values for obj in reach(value)):
            self.done.add("matplotlib")
            self.steps.append(Replay("import", "import matplotlib.pyplot", ("matplotlib",)))
            source = 'matplotlib.pyplot.switch_backend(matplotlib.rcParams["backend"])'
            self.steps.append(Replay("setting", source))

    def _load(self, bundle: Bundle) -> None:
        if bundle in self.done:
            return
        self.done.add(bundle)
        provider, names = self.files[bundle]
        for name in names:
            self._repeat_amended(name)
        for number in sorted(self.builder.wiring.repeats[self.index]):
            if not self.program.statements[number].binds.keys().isdisjoint(names):
                self._repeat(self.program.statements[number])
        for name in sorted({part.name for part in bundle.parts} | set(names)):
            verdict = self.builder.wiring.verdicts.get((name, provider + 1))
            for other in sorted(verdict.refers) if verdict is not None else ():
                self._need(other, only_named=True)
        self._show_figures(bundle, provider)
        labels = {part.name for part in bundle.parts}
        wanted = tuple(n if n in labels else ambient.part(n).name for n in names)
        self.steps.append(Load(self.builder.names[provider], bundle, wanted))
