"""Solution -> what a task does before its own cells: imports, settings, definitions, loads, in an order that works."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from soorgeon_clone.analysis.dataflow import Unit
from soorgeon_clone.analysis.model import AMBIENT, StatementFacts
from soorgeon_clone.analysis.objects.heap import holds
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, LIB
from soorgeon_clone.refactor.carriers import ambient, kept, rebuilt, states
from soorgeon_clone.refactor.carriers.exported import import_line, names_from_outside
from soorgeon_clone.refactor.carriers.replay import needed_to_repeat, only_named
from soorgeon_clone.refactor.model import Bundle, Load, Replay, Step
from soorgeon_clone.refactor.solve import Solution
from soorgeon_clone.refactor.wiring import Group

Loadable = Mapping[str, tuple[Unit, Group]]
"""Name -> the unit whose product it is loaded from, and the names in that file."""

# repeated in the notebook's order with the imports: they decide what an import finds or does
_EARLY = frozenset({"sys_path", "environ", "directory", "warnings", "future", "modules"})
_WORD = re.compile(r"[^\W\d]\w*")
# what these are given may be a text of another task, which names what it needs
_READ_TEXTS = frozenset({"eval", "exec", "compile", "query", "run"})
SAME_BACKEND = """# The backend is chosen before figures are loaded, which are shown by it.
matplotlib.pyplot.switch_backend(matplotlib.rcParams["backend"])"""


class Products:
    """What all tasks have to know of each other to write their steps.

    ``task_names`` by unit; ``bundles`` by unit and names in the file; ``plots``: whether the notebook draws.
    """

    def __init__(self, task_names: Mapping[int, str], bundles: Mapping[tuple[int, Group], Bundle], plots: bool) -> None:
        self.task_names = task_names
        self.bundles = bundles
        self.plots = plots


class Steps:
    """Orders the steps of one task, ``unit``. ``loadable`` are the files that stand ready, ``imports`` the names that
    it takes from exported.py, ``names`` all names that it needs, ``texts`` the code of its own cells."""

    def __init__(
        self,
        solution: Solution,
        products: Products,
        unit: Unit,
        loadable: Loadable,
        imports: Iterable[str],
        names: frozenset[str],
        texts: Iterable[str],
    ) -> None:
        self.wiring = solution.wiring
        self.ledger = solution.wiring.ledger
        self.borders = solution.wiring.borders
        self.products = products
        self.begin = unit.begin
        self.own = unit.statements
        self.imports = frozenset(imports)
        self.names = names
        self.repeats = self.wiring.repeats[unit.begin]
        self.needless = self._only_exported_reads(texts)
        self.steps: list[Step] = []
        self.done: set[object] = set()
        self.files: dict[Bundle, tuple[Unit, list[str]]] = {}
        for name in sorted(self.wiring.loads[unit.begin]):
            if name in loadable:
                provider, group = loadable[name]
                bundle = products.bundles[provider.begin, group]
                self.files.setdefault(bundle, (provider, []))[1].append(name)

    def _only_exported_reads(self, texts: Iterable[str]) -> frozenset[str]:
        """Return the names that nothing in the task says: what it takes from exported.py reads them, and that module
        has them itself. None where code may look for names that do not stand in it."""
        repeated = [self.borders.statements[number] for number in self.repeats]
        if self.ledger.by_value or any(each.lists_names or each.opaque for each in (*self.own, *repeated)):
            return frozenset()
        texts = [*texts, *(self.borders.source(each) for each in repeated if each.kind != "import" or each.sets)]
        words = {word for text in texts for word in _WORD.findall(text)}.union(
            *(each.named for each in (*self.own, *repeated))
        )
        if words & _READ_TEXTS:
            return frozenset()
        read: set[str] = set()
        follow = sorted(self.imports & words)
        while follow:
            new = names_from_outside(self.borders, self.ledger.exported[follow.pop()]) - read
            read |= new
            follow += sorted(new & self.ledger.exported.keys())
        return frozenset(read - words)

    def all(self) -> tuple[Step, ...]:
        """Return the steps in order."""
        statements = [self.borders.statements[number] for number in sorted(self.repeats)]
        early = any(statement.sets & _EARLY for statement in statements)
        for statement in statements:
            self._put_back_early(statement.index)
            first = statement.kind == "import" and not statement.sets - {"future"}
            if first or (early and (statement.kind == "import" or statement.sets or self._is_of_module(statement))):
                self._repeat(statement)
        self._put_back_early(len(self.borders.statements))
        self._load_modules()
        for name in sorted(self.imports - self.needless, key=lambda name: self.ledger.exported[name].index):
            self._import_exported(name)
        for statement in statements:
            if statement.sets:
                self._repeat(statement)
        for statement in statements:
            self._repeat(statement)
        # settings come last: libraries that are imported when a value is loaded may make some of their own
        for bundle in sorted(self.files, key=lambda b: (self._is_state(b), self.files[b][0].begin, b.key)):
            self._load(bundle)
        return tuple(self.steps)

    def _load_modules(self) -> None:
        """Load modules that the unit finds in packages that it imports itself, since others have imported them."""
        if not self.begin:
            return
        loaded = {each.path for statement in self.own for each in statement.lowered.all_imports}
        for statement in self.own:
            for each in statement.lowered.imports:
                for module in self.borders.packages.modules_in(each.name, statement.index):
                    if module not in loaded:
                        loaded.add(module)
                        self.steps.append(Replay("import", f"import {module}", (module.partition(".")[0],)))

    def _is_state(self, bundle: Bundle) -> bool:
        return any(map(states.is_state, self.files[bundle][1]))

    def _put_back_early(self, number: int) -> None:
        """Load the settings that decide what imports do, if they were made before statement ``number``."""
        for bundle, (provider, names) in self.files.items():
            for name in filter(states.is_early, names):
                setting = name.removeprefix(AMBIENT)
                if max(s.index for s in provider.statements if setting in s.sets) < number:
                    self._load(bundle)

    def _is_of_module(self, statement: StatementFacts) -> bool:
        """Whether a statement takes what is in a module, which settings may replace: ``real = builtins.sum``, also
        beside others (``a, b = 1, lib.scale``) or as a default."""
        bindings = [self.borders.before(name, self.begin) for name in statement.binds]
        taken = {obj for binding in bindings if binding is not None for obj in binding.value}
        taken |= {part for obj in taken if obj.type in (FUNCTION, CLASS) for part in holds(obj)}
        return any(obj.type == LIB for obj in taken)

    def _import_exported(self, name: str) -> None:
        if name not in self.done:
            self.done.add(name)
            self.steps.append(import_line(name))

    def _repeat(self, statement: StatementFacts) -> None:
        if statement.index in self.done:
            return
        self.done.add(statement.index)
        # what an earlier statement binds besides what is wanted of it, this one binds anew
        for number in sorted(n for n in self.repeats if n < statement.index):
            if not statement.binds.keys().isdisjoint(self.borders.statements[number].binds):
                self._repeat(self.borders.statements[number])
        for name in needed_to_repeat(statement):
            self._need(name, only_named=only_named(self.borders, statement, name), stop=statement.index)
        if statement.kind == "import" and not statement.sets:
            for name in statement.binds:
                if name in self.names and name not in self.needless:
                    source = self.borders.import_source(name, statement.index)
                    self.steps.append(Replay("import", source, (name,)))
            return
        kind = "import" if "future" in statement.sets else "setting" if statement.sets else "definition"
        names = tuple(name for name in sorted(statement.binds) if name.isidentifier())
        self.steps.append(Replay(kind, self.borders.source(statement), names))  # type: ignore[arg-type]

    def _need(self, name: str, *, only_named: bool, stop: int | None = None) -> None:
        """Let a name exist before what reads it: statement ``stop`` (repeated), or a file whose values refer to it."""
        if name in self.imports:
            self._import_exported(name)
            return
        if self._repeat_amended(name) and only_named:
            return
        for bundle, (_, names) in self.files.items():
            if name in names:
                self._load(bundle)
                return
        binding = self.borders.before(name, self.begin)
        defs = sorted(binding.defs) if binding is not None else []
        for number in self._made_again(name) or defs:
            if number not in self.repeats:
                continue
            statement = self.borders.statements[number]
            for one in (statement, *self.borders.noting(statement, self.begin)):
                # what gives the name its value, and what changed that before it was read
                if one.index in defs or stop is None or one.index < stop:
                    self._repeat(one)

    def _made_again(self, name: str) -> list[int]:
        """Return the statements that make again what no file takes."""
        taken = self.wiring.taken.get((name, self.begin))
        return (
            [statement.index for statement in taken.repeats] if taken is not None and taken.how == rebuilt.HOW else []
        )

    def _repeat_amended(self, name: str) -> bool:
        """Repeat a definition whose attributes come in a file, if ``name`` is one."""
        repeated = self.ledger.amended_as(self.borders.value(name, self.begin))
        if repeated is not None:
            self._repeat(repeated.statement)
        return repeated is not None

    def _show_figures(self, bundle: Bundle, provider: Unit) -> None:
        """A figure that is loaded is shown as an image only after pyplot has chosen its backend."""
        if "matplotlib" in self.done or not self.products.plots:
            return
        reach = self.borders.facts.heap.reach
        values = [self.borders.value(part.name, provider.end) for part in bundle.parts]
        has = self.ledger.knowledge.has
        if any(obj.type == "?" or has(obj.type, "figures") for value in values for obj in reach(value)):
            self.done.add("matplotlib")
            self.steps.append(Replay("import", "import matplotlib.pyplot", ("matplotlib",)))
            source = SAME_BACKEND
            self.steps.append(Replay("setting", source))

    def _load(self, bundle: Bundle) -> None:
        if bundle in self.done:
            return
        self.done.add(bundle)
        provider, names = self.files[bundle]
        for name in names:
            self._repeat_amended(name)
        for number in sorted(self.repeats):
            if not self.borders.statements[number].binds.keys().isdisjoint(names):
                self._repeat(self.borders.statements[number])
        for name in sorted({part.name for part in bundle.parts} | set(names)):
            verdict = self.ledger.verdicts.get((name, provider.end))
            for other in sorted(verdict.refers) if verdict is not None else ():
                self._need(other, only_named=True)
        self._show_figures(bundle, provider)
        again = self._imported_from(names)
        labels = {part.name for part in bundle.parts}
        wanted = tuple(n if n in labels else ambient.label(n) for n in names)
        self.steps.append(Load(self.products.task_names[provider.begin], bundle, wanted))
        self.steps += again

    def _imported_from(self, loaded: Iterable[str]) -> list[Step]:
        """Return imports by name of what is loaded into modules: they bind it once it is there."""
        loads = frozenset(loaded)
        found: list[Step] = []
        for name in sorted(self.names):
            statement = kept.imported_again(self.borders, name, self.begin, loads)
            if statement is not None and statement.index in self.repeats:
                found.append(Replay("definition", self.borders.import_source(name, statement.index), (name,)))
        return found
