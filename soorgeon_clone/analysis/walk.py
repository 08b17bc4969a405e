"""Statements in order of execution -> facts: an abstract run of the notebook over sets of possible objects.

Nothing of the notebook is imported or run. Calls of the notebook's own functions are followed into their bodies with
the objects that are passed; calls of libraries do what the effect tables say; calls that nobody has described may
change whatever they are given. Branches are joined, loops repeated until nothing new appears.
"""

from __future__ import annotations

import builtins
import posixpath
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Any

from soorgeon_clone.analysis import bodies, calls, evaluate, instances, undescribed
from soorgeon_clone.analysis.effects import Knowledge, TypeFacts
from soorgeon_clone.analysis.heap import (
    CLASS,
    EMPTY,
    FUNCTION,
    INSTANCE,
    LIB,
    METHOD,
    UNBOUND,
    UNKNOWN,
    Heap,
    Obj,
    Value,
    holds,
    look_for_more,
)
from soorgeon_clone.analysis.lineage import add_base
from soorgeon_clone.analysis.model import AMBIENT, StatementFacts
from soorgeon_clone.analysis.names import Code, code_of, imported, target_names
from soorgeon_clone.analysis.state import NO_DEFS, Binding, Scope, State, merge
from soorgeon_clone.analysis.syntax import Node, TopLevel, bound_names, statements
from soorgeon_clone.notebook.ipython import is_notebook_name

MAX_LOOP_PASSES = 4
CONTEXT_DEPTH = 2
_RESULTS = re.compile(r"IPython\.(Out|In|_+|_[ioihd]*h?\d*|_i+)")
Trail = list[tuple[Scope, str, Binding]]
# context managers of these never swallow an exception; any other may
_NEVER_SUPPRESSING = tuple(
    """
    io. threading. sqlite3. numpy. pandas. polars. warnings. tempfile. matplotlib. zipfile. tarfile. decimal. torch.
    tensorflow. tqdm. requests. urllib. gzip. bz2. lzma. os. concurrent. multiprocessing. pathlib. seaborn. sklearn.
    IPython. contextlib.redirect contextlib.closing contextlib.nullcontext contextlib.chdir joblib. scipy. PIL. h5py.
    """.split()
)
# what a library object was given to work on: it does not change with it
_DATA = tuple("pandas. numpy. polars. scipy.sparse. torch.Tensor builtins. sklearn.utils.Bunch xgboost.DMatrix".split())

_LEAST_PATIENCE = 1 / 16


class Walker:
    """The state of one abstract run. ``section`` and ``record`` are where it stands."""

    def __init__(self, knowledge: Knowledge, *, budget: int = 4_000) -> None:
        self.heap = Heap()
        self.knowledge = knowledge
        self.module = Scope("module", None, State())
        self.scope = self.module
        self.section = 0
        self.record: StatementFacts  # `begin` sets it
        self.uses: dict[str, int] = {}
        self.touched: set[str] = set()
        self.context: tuple[int, ...] = ()
        self.active: dict[Obj, bodies.Activation] = {}
        self.codes: dict[int, Code] = {}
        self.scopes: dict[Any, Scope] = {}
        self.memo: dict[Any, tuple[int, bodies.Memo]] = {}
        self.tracing: list[bodies.Memo] = []
        self.called_back: dict[Any, Value] = {}  # what a library got from functions that it called
        self.budget = budget
        self.uncertain = 0  # how many branches, loops and function bodies we are in
        self.owner: Obj | None = None
        self.texts: tuple[str, ...] = ()  # of all cells
        self.asks_caches = False
        self.has_comments = False  # that say what calls do
        self.depth = 0
        self.seeded: set[str] = set()
        self.columns: set[str] = set()  # names of attributes that were read of frames
        self.drawn: set[Obj] = set()  # functions that figures were given, to call when they are drawn
        self.awaited: set[str] = set()  # unbound names that code which libraries may call reads
        self.filed: set[Obj] = set()  # definitions that what was written to files refers to
        self.work = 0  # calls followed in this statement
        self.patience = 1.0  # what part of the limits of work a statement may use
        self.worn: Obj | None = None  # what calls give since too many were followed in this statement
        self._facts: dict[str, TypeFacts | None] = {}
        self._operators: dict[tuple[str, str, str], str | None] = {}
        self._types_seen = -1
        self._advances = False
        self._done: set[object] = set()
        self._whole: set[Obj] = set()  # changed as a whole in this statement
        self._done_at = (-1, -1)
        self.displayed: Value = EMPTY  # by the cells above
        self.doubtful: frozenset[str] = frozenset()
        self.lazy_annotations = sys.version_info >= (3, 14)
        self.kept: list[tuple[TopLevel, ...]] = []  # trees must outlive the walk: sites are their nodes
        self.trails: list[Trail] = []  # of the code around, that exceptions may leave at any point
        self.raised: Value = EMPTY  # exceptions that the notebook's own code raises, wherever they are caught
        self.running: set[tuple[Obj, Obj]] = set()
        self.annotated: set[int] = set()  # sections that annotate variables
        self.local_modules: dict[str, frozenset[str]] = {}  # what has to do with a module's variables
        self.scripts: dict[str, str | None] = {}  # files that cells wrote with %%writefile; None: with more than that
        self.read_file: Callable[[str], str | None] = lambda path: None

    @cached_property
    def rebound(self) -> frozenset[str]:
        """The names that the notebook's code binds twice, or that are builtins' and bound at all."""
        counts = Counter(name for text in self.texts for name in bound_names(text))
        return frozenset(name for name, count in counts.items() if count > 1 or hasattr(builtins, name))

    def begin(self, record: StatementFacts) -> None:
        """Come to the next statement of a cell."""
        self.record = record
        if self.worn is not None:  # the statements that follow would wear out in the same functions
            self.patience = max(self.patience / 2, _LEAST_PATIENCE)
        self.work = 0
        self.worn = None
        self.heap.now = record.index
        self.heap.steps = 0
        self.heap.take_grown()
        self._whole.clear()
        for name in sorted(self.awaited):
            if self.module.state.get(name) is not None:
                self.read_global(name)

    # -- names -------------------------------------------------------------------------------------------------

    def read(self, leaf: Node) -> Value:
        """Return what a name denotes where it stands, and note the use."""
        name: str = leaf.value
        scope: Scope | None = self.scope
        first = True
        in_comprehension = False
        while scope is not None:
            if scope.kind == "module":
                return self.read_global(name, leaf)
            if scope.kind == "inline":
                binding = scope.state.names.get(name)
                if binding is not None:
                    return binding.value
                scope = scope.parent
                in_comprehension = True
                continue
            if scope.kind == "class":
                binding = scope.state.get(name) if first and not in_comprehension else None
                if binding is not None:
                    return binding.value
            elif scope.code is not None:
                if name in scope.code.globals:
                    return self.read_global(name, leaf)
                if name in scope.code.locals:
                    if first:
                        binding = scope.state.get(name)
                        return binding.value if binding is not None else scope.ever.get(name, EMPTY)
                    return scope.ever.get(name, EMPTY)
            first = False
            scope = scope.parent
        return self.read_global(name, leaf)

    def read_global(self, name: str, leaf: Node | None = None) -> Value:
        """Return what a notebook variable denotes now, and note the use; builtins are found behind the variables."""
        binding = self.module.state.get(name)
        self.record.reads.add(name)
        if self.tracing:
            memo = self.tracing[-1]
            memo.reads.add(name)
            memo.seen.setdefault(name, binding.value if binding is not None else EMPTY)
        if binding is not None:
            self.record.read_bindings.setdefault(name, binding)
        if binding is None or binding.certain != self.section:
            self.uses.setdefault(name, self.record.index)
        if binding is None or UNBOUND in binding.value:
            known = self._builtin(name)
            if known is not None and _RESULTS.fullmatch(known.path):
                return self._results(known.path) | (binding.value - {UNBOUND} if binding is not None else EMPTY)
            if known is not None:
                return frozenset({known}) if binding is None else (binding.value - {UNBOUND}) | {known}
            if binding is None or len(binding.value) == 1:
                if not self.uncertain and leaf is not None and name not in self.doubtful:
                    self.record.unbound.setdefault(name, leaf.start_pos[0])
                return frozenset({self.heap.make(("unbound", name), UNKNOWN)})
        return binding.value

    def _results(self, path: str) -> Value:
        """Return what ``_``, ``Out`` and the like stand for: what cells have displayed, which may be variables."""
        made = self.heap.make(("results", path), UNKNOWN)
        self.heap.hold(made, "*", frozenset(o for o in self.displayed if not o.immutable))
        return self.displayed | {made}

    def _builtin(self, name: str) -> Obj | None:
        if name == "display":
            return self.heap.lib("IPython.display.display")
        if name == "__annotations__" and self.annotated - {self.section}:
            self.opaque("`__annotations__` holds what other statements of the notebook say")
        if hasattr(builtins, name) or name in ("__file__", "__name__", "__doc__", "__builtins__"):
            return self.heap.lib(f"builtins.{name}")
        if is_notebook_name(name):
            return self.heap.lib(f"IPython.{name}")
        return None

    def bind(self, name: str, value: Value, *, scope: Scope | None = None) -> None:
        """Give ``name`` a value in the scope that its binding belongs to."""
        scope = scope or self.scope
        while scope.kind == "inline" and scope.parent is not None:
            scope = scope.parent  # a walrus in a comprehension binds outside of it
        if scope.kind == "module":
            self.bind_global(name, value)
        elif scope.kind == "class":
            scope.state.names[name] = Binding(value, NO_DEFS, -1)
        elif scope.code is not None and name in scope.code.globals:
            self.bind_global(name, value, certain=False)
        elif scope.code is not None and name in scope.code.nonlocals:
            outer = scope.parent
            while outer is not None and not (outer.kind == "function" and name in outer.code.locals):
                outer = outer.parent
            if outer is not None:
                self.note_closure_change(outer)
                outer.ever[name] = outer.ever.get(name, EMPTY) | value
                old = outer.state.get(name)
                outer.state.names[name] = Binding((old.value if old else EMPTY) | value, NO_DEFS, -1)
                self.heap.version += 1
        else:
            binding = scope.state.names[name] = Binding(value, NO_DEFS, -1)
            for trail in self.trails:
                trail.append((scope, name, binding))
            ever = scope.ever.get(name, EMPTY)
            if not value <= ever:
                scope.ever[name] = ever | value
                self.heap.version += 1

    def note_closure_change(self, scope: Scope) -> None:
        """A nested function changed a variable of ``scope``: every function made there changes with it."""
        self.change_one(self._cell(scope))
        for obj in scope.ever.get("@made", EMPTY):
            self.change_one(obj)

    def _cell(self, scope: Scope) -> Obj:
        """Return the object for the variables of ``scope`` that functions made in it share."""
        cell = self.heap.make(("cell", scope), "builtins.cell")
        cell.code = scope
        return cell

    def bind_global(self, name: str, value: Value, *, certain: bool = True) -> None:
        if not value:
            value = frozenset({self.heap.make(("nothing known", name, self.record.index), UNKNOWN)})
        state = self.module.state
        here = frozenset({self.record.index})
        self.touched.add(name)
        if certain:
            state.names[name] = Binding(value, here, self.section)
        else:
            old = state.get(name)
            joined = merge((old, Binding(value, here, -1)))
            state.names[name] = joined
            if self.tracing:
                writes = self.tracing[-1].writes
                writes[name] = writes.get(name, EMPTY) | value
        for trail in self.trails:
            trail.append((self.module, name, state.names[name]))
        is_certain = certain and not self.uncertain
        self.record.binds[name] = self.record.binds.get(name, False) or is_certain

    def is_attribute(self, name: str) -> bool:
        """Whether ``df.name = value`` may be no column: no text names such a one, no code has read it, but will."""
        named = re.compile(rf"(?<![\w.])(?:['\"]){name}['\"]")
        texts = [re.sub(r"\b[gs]etattr\([^()]*\)", "", text) for text in self.texts]
        if name in self.columns or any(named.search(text) for text in texts):
            return False
        return any(re.search(rf"\.{name}\b(?!\s*=[^=])", text) for text in self.texts)

    def facts_of(self, type_: str) -> TypeFacts | None:
        """Return what the tables know about the objects of a type."""
        try:
            return self._facts[type_]
        except KeyError:
            facts = self._facts[type_] = self.knowledge.type(type_)
            return facts

    def operator(self, type_: str, sign: str, other: str) -> str | None:
        """Return the type that an operator gives."""
        key = (type_, sign, other)
        if key not in self._operators:
            self._operators[key] = self.knowledge.operator(type_, sign, other)
        return self._operators[key]

    def anything_advances(self) -> bool:
        """Whether there is any object that using changes (an iterator, a file, a random generator)."""
        if len(self.heap.types) != self._types_seen:
            self._types_seen = len(self.heap.types)
            self._advances = any(evaluate.advances(self, type_) for type_ in self.heap.types)
        return self._advances

    def anything_runs(self) -> bool:
        """Whether there is any object that holds code of the notebook."""
        return not self.heap.types.isdisjoint((FUNCTION, METHOD, INSTANCE))

    def first_time(self, *what: object) -> bool:
        """Whether this is done for the first time in this statement with all objects holding what they hold now."""
        if self._done_at != (self.record.index, self.heap.version):
            self._done_at = (self.record.index, self.heap.version)
            self._done.clear()
        key = (id(self.tracing[-1]) if self.tracing else 0, *what)  # what a call does is noted for each call
        if key in self._done:
            return False
        self._done.add(key)
        return True

    # -- effects -----------------------------------------------------------------------------------------------

    def change(self, value: Iterable[Obj]) -> None:
        """Note that these objects may be changed in place, with their parts.

        A plain container's parts stay what they are. A library object's parts change with it (the axes of a figure, the
        steps of a pipeline), but not the data that it was given. Of an object that nobody knows, anything may change.
        """
        for obj in value:
            if obj.immutable:
                continue
            self.change_one(obj)
            depth = self._depth(obj)
            if depth == "all" or obj in self._whole:
                self._change_all(obj)
            elif depth == "parts":
                self._change_parts(obj)
            elif obj.type.startswith("pandas.") and obj.type.endswith("Index"):
                for labelled in obj.fields.get("*", EMPTY):
                    self.change_one(labelled)  # df.index.name = "day" changes df

    def may_be_own_part(self, obj: Obj) -> bool:
        """Whether an element of ``obj`` may be the same object to us: we do not know what it holds."""
        return not obj.immutable and self._depth(obj) != "none"

    def _depth(self, obj: Obj) -> str:
        if obj.type in (FUNCTION, CLASS):
            return "none"
        if "." not in obj.type or obj.type == "builtins.object":
            return "all"
        facts = self.facts_of(obj.type)
        if facts is None:
            return "all"
        return "none" if facts.container else "parts"

    def _change_all(self, obj: Obj) -> None:
        """Change everything in ``obj``; functions and classes of the notebook are not part of what they serve.

        What was changed as a whole once in a statement is not looked through again, only what it came to hold since.
        """
        if self.tracing:
            self.tracing[-1].wholes.add(obj)
        whole = self._whole
        stack = [part for part in self.heap.take_grown() if part in whole]
        if obj not in whole:
            whole.add(obj)
            stack.append(obj)
        while stack:
            part = stack.pop()
            if part.immutable or part.type in (FUNCTION, CLASS):
                continue
            self.heap.steps += 1
            self._record_change(part)
            stack.extend(look_for_more(part, whole))

    def _change_parts(self, obj: Obj) -> None:
        seen = {obj}
        stack = list(holds(obj)) if self.first_time("parts", obj) else []
        while stack:
            part = stack.pop()
            if part.immutable or part in seen or part.type in (FUNCTION, CLASS):
                continue
            seen.add(part)
            depth = self._depth(part)
            if depth == "all":
                self.change([part])
            elif depth == "parts":
                self.change_one(part)
                stack.extend(holds(part))
            elif part.type in evaluate.CONTAINERS:
                stack.extend(holds(part))
            elif not part.type.startswith(_DATA):
                self.change_one(part)
        self.heap.steps += len(seen)

    def change_whole(self, obj: Obj) -> None:
        """Note that this object and all that is in it may be changed in place."""
        if not obj.immutable:
            self._change_all(obj)

    def change_one(self, obj: Obj) -> None:
        """Note that this object may be changed in place, and with it those that share its memory."""
        if obj.immutable:
            return
        if obj.memory is not None:
            if self.first_time("memory", id(obj.memory)):
                for each in obj.memory:
                    self._note_change(each)
        else:
            self._note_change(obj)

    def _note_change(self, obj: Obj) -> None:
        self._record_change(obj)
        if self.tracing:
            self.tracing[-1].changes.add(obj)

    def _record_change(self, obj: Obj) -> None:
        if obj.made != self.record.index:
            obj.changed.add(self.record.index)
            self.record.changes.add(obj)

    def draw(self, resource: str) -> None:
        """A random generator is used: it advances, if anything has seeded it."""
        name = AMBIENT + resource
        self.record.draws.add(resource)
        if self.tracing:
            self.tracing[-1].draws.add(resource)
        if self.module.state.get(name) is not None:
            self.read_global(name)
            self.bind_global(name, frozenset({self.heap.make(name, name)}), certain=not self.uncertain)

    def seed(self, resource: str) -> None:
        name = AMBIENT + resource
        self.record.seeds.add(resource)
        self.seeded.add(resource)
        if self.tracing:
            self.tracing[-1].seeds.add(resource)
        self.bind_global(name, frozenset({self.heap.make(name, name)}), certain=not self.uncertain)

    def note(self, field: str, item: str) -> None:
        """Add to one of the record's sets: sets, files_read, files_written, unknown_calls."""
        getattr(self.record, field).add(item)
        if self.tracing:
            self.tracing[-1].notes.add((field, item))

    def opaque(self, reason: str) -> None:
        self.record.opaque = self.record.opaque or reason

    def show(self, value: Iterable[Obj]) -> None:
        """Note that the text of these objects may be printed or displayed."""
        has_sets = self.heap.has_sets()
        if not has_sets and self.heap.types.isdisjoint((INSTANCE, CLASS)):
            return
        reached = self.heap.reach(frozenset(value))
        for obj in reached:
            obj.shown = True
        if has_sets:
            self.heap.note_order(reached)

    # -- branches ----------------------------------------------------------------------------------------------

    def fork(self, run: Callable[[], object]) -> list[State]:
        """Run in a fork of the current state; return the forks (of the module's state, of the scope's)."""
        self.uncertain += 1
        scope, module = self.scope, self.module
        outer_module, outer_local = module.state, scope.state
        module.state = outer_module.fork()
        local = module.state if scope is module else outer_local.fork()
        scope.state = local
        try:
            run()
            return [module.state, scope.state]
        finally:
            module.state, scope.state = outer_module, outer_local
            if scope is module:
                scope.state = outer_module
            self.uncertain -= 1

    def join(self, branches: Iterable[list[State]]) -> bool:
        """Go on with what may hold after any of ``branches``; return whether that is news."""
        branches = list(branches)
        changed = self.module.state.join(b[0] for b in branches)
        if self.scope is not self.module:
            changed = self.scope.state.join(b[1] for b in branches) or changed
        return changed

    def unchanged(self) -> list[State]:
        """The branch in which nothing happens."""
        return [self.module.state.fork(), self.scope.state.fork()]

    def fork_with_trail(self, run: Callable[[], object]) -> tuple[list[State], list[State]]:
        """Run in a fork; return it, and the state in which any of the bindings made on the way may hold."""
        trail: Trail = []
        self.trails.append(trail)
        try:
            done = self.fork(run)
        finally:
            self.trails.pop()
        between = self.unchanged()
        for index, owner in enumerate((self.module, self.scope)):
            found: dict[str, list[Binding]] = {}
            for scope, name, binding in trail:
                if scope is owner:
                    found.setdefault(name, []).append(binding)
            between[index].names.update({name: merge(bindings) for name, bindings in found.items()})
        return done, between

    def perhaps(self, run: Callable[[], object]) -> None:
        """Go on with what may hold if ``run`` happens or not."""
        self.join([self.fork(run), self.unchanged()])

    def loop(self, body: Callable[[], None]) -> None:
        """Run ``body`` any number of times, also not at all, until a pass shows nothing new."""
        for _ in range(MAX_LOOP_PASSES):
            version = self.heap.version
            if not self.join([self.unchanged(), self.fork(body)]) and self.heap.version == version:
                break

    # -- statements --------------------------------------------------------------------------------------------

    def statement(self, node: Node) -> None:
        """Walk one statement, simple or compound."""
        handler = _STATEMENTS.get(node.type)
        if handler is not None:
            handler(self, node)
        else:
            self.expression(node)

    def expression(self, node: Node) -> Value:
        return evaluate.expression(self, node)

    def suite(self, node: Node) -> None:
        if node.type == "suite":
            for child in node.children:
                if self.active and undescribed.is_worn(self):
                    return  # what functions may do was taken for granted
                if child.type != "newline":
                    self.statement(child)
        else:
            self.statement(node)

    def _simple(self, node: Node) -> None:
        for child in node.children:
            if child.type not in ("newline", "operator"):
                self.statement(child)

    def _keyword(self, node: Node) -> None:
        if node.value == "raise":
            self._die()

    def _die(self) -> None:
        if self.uncertain:
            self.module.state.dead = True
            self.scope.state.dead = True

    def _assign(self, node: Node) -> None:
        children = node.children
        second = children[1]
        if second.type == "annassign":
            self._annotated(children[0], second.children)
        elif second.type == "operator" and second.value == "=":
            value = self.expression(children[-1])
            for target in children[:-1:2]:
                self.assign(target, value)
        else:
            self._augmented(children[0], second, children[-1])

    def _annotated(self, target: Node, annotation: list[Node]) -> None:
        if self.scope is self.module:
            self.annotated.add(self.section)
        if self.scope.kind != "function" and not self.lazy_annotations:
            self.expression(annotation[1])
        owner = self.scope.self_class
        if owner is not None and target.type == "name":
            owner.fields.setdefault(f"*field:{target.value}", EMPTY)
        if len(annotation) == 4:
            value = self.expression(annotation[3])
            self.assign(target, value)
            if self.scope.kind == "class" and target.type == "name":
                evaluate.note_dataclass_field(self, target.value, annotation[3])
        elif target.type != "name":
            self.expression(target)

    def _augmented(self, target: Node, operator: Node, right: Node) -> None:
        sign = operator.value[:-1]
        old = self.expression(target)
        value = self.expression(right)
        result = evaluate.operation(self, target, old, sign, value)
        mutable = frozenset(obj for obj in old if not obj.immutable)
        if mutable:
            evaluate.implicit(self, mutable)
            in_place = frozenset(o for o in mutable if o.type not in (FUNCTION, CLASS))
            self.change(in_place)
            self.heap.derive_order(in_place, value)
            for obj in in_place:
                self.heap.hold(obj, "*", evaluate.elements(self, value, target) | value)
            result = result | in_place
        self.assign(target, result, augmented=True)

    def assign(self, target: Node, value: Value, *, augmented: bool = False) -> None:
        """Bind or store ``value`` where ``target`` says."""
        kind = target.type
        if kind == "name":
            self.bind(target.value, value)
        elif kind in ("atom_expr", "power"):
            evaluate.store(self, target, value)
        elif kind == "star_expr":
            made = self.heap.make(self.site(target), "builtins.list")
            self.heap.hold(made, "*", value)
            self.assign(target.children[1], frozenset({made}))
        elif kind == "atom":
            if len(target.children) == 3:
                inner = target.children[1]
                if target.children[0].value == "(" and inner.type not in ("testlist_comp",):
                    self.assign(inner, value)
                else:
                    self._unpack(inner.children if inner.type == "testlist_comp" else [inner], value, target)
        elif kind in ("testlist_star_expr", "testlist", "exprlist", "testlist_comp"):
            self._unpack(target.children, value, target)
        else:
            for leaf in target_names(target):
                self.bind(leaf.value, value)

    def _unpack(self, children: list[Node], value: Value, node: Node) -> None:
        targets = [child for child in children if not (child.type == "operator" and child.value == ",")]
        starred = any(t.type == "star_expr" for t in targets)
        for index, target in enumerate(targets):
            key = None if starred else index
            self.assign(target, evaluate.element_at(self, value, key, node))

    def _delete(self, node: Node) -> None:
        self._delete_target(node.children[1])

    def _delete_target(self, target: Node) -> None:
        kind = target.type
        if kind == "name":
            self.read(target)
            self.bind(target.value, frozenset({UNBOUND}))
        elif kind in ("exprlist", "testlist_comp", "atom", "testlist", "testlist_star_expr"):
            for child in target.children:
                if child.type != "operator":
                    self._delete_target(child)
        else:
            evaluate.delete(self, target)

    def _import(self, node: Node) -> None:
        for name, path, whole in imported(node):
            top = path.lstrip(".").split(".")[0]
            if path.startswith("__future__"):
                self.note("sets", "future")
                self.lazy_annotations = self.lazy_annotations or name == "annotations"
                continue
            if path.startswith("."):
                path = top or "."
            if name == "*":
                self._star_import(path)
                continue
            if top not in sys.stdlib_module_names and not self.knowledge.describes(top):
                self.note("files_read", f"{top}.py")  # it may be a module that the notebook writes
            if "python_random" in self.seeded and top not in sys.stdlib_module_names:
                self._draw_while_importing()
            self.bind(name, frozenset({self.heap.lib(path if whole else top)}))

    def _draw_while_importing(self) -> None:
        """Some libraries draw from Python's generator while they are imported, scikit-learn among them."""
        draws = set(self.record.draws)
        self.draw("python_random")
        self.record.draws = draws  # repeating the import is no draw: it comes before the state is put back
        self.record.draws_on_import = True

    def _star_import(self, path: str) -> None:
        for name in star_names(path):
            self.bind(name, frozenset({self.heap.lib(f"{path}.{name}")}))
        if not star_names(path):
            self.opaque(f"`from {path} import *` binds names that cannot be known without importing {path}")

    def _global(self, node: Node) -> None:
        return

    def _assert(self, node: Node) -> None:
        for child in node.children[1::2]:
            self._test(child)

    def _raise(self, node: Node) -> None:
        for child in node.children[1::2]:
            for obj in self.expression(child):
                if obj.type == CLASS:
                    self.raised |= calls.call_one(self, obj, calls.NO_ARGUMENTS, child)
                elif obj.type != LIB:
                    self.raised |= {obj}
        self._die()

    def _return(self, node: Node) -> None:
        value = self.expression(node.children[1]) if len(node.children) > 1 else EMPTY
        scope: Scope | None = self.scope
        while scope is not None and scope.kind == "inline":
            scope = scope.parent
        if scope is not None:
            scope.result |= value

    def _if(self, node: Node) -> None:
        children = node.children
        runs: list[Callable[[], object]] = []
        has_else = False
        index = 0
        # tests are evaluated in order; the first certainly
        tests: list[Node] = []
        while index < len(children):
            word = children[index].value
            if word in ("if", "elif"):
                tests.append(children[index + 1])
                runs.append(partial(self.suite, children[index + 3]))
                index += 4
            else:
                has_else = True
                runs.append(partial(self.suite, children[index + 2]))
                index += 3
        self._test(tests[0])
        for test in tests[1:]:
            self.perhaps(partial(self._test, test))
        forks = [self.fork(run) for run in runs]
        if not has_else:
            forks.append(self.unchanged())
        self.join(forks)

    def _test(self, node: Node) -> None:
        """Evaluate a condition: an object is asked whether it is true (``__bool__``, ``__len__``)."""
        evaluate.implicit(self, self.expression(node))

    def _while(self, node: Node) -> None:
        test, body = node.children[1], node.children[3]
        self._test(test)

        def once() -> None:
            self.suite(body)
            self._test(test)

        self.loop(once)
        self._loop_else(node)

    def _for(self, node: Node) -> None:
        children = node.children
        target, iterable, body = children[1], children[3], children[5]
        value = self.expression(iterable)
        evaluate.iterate(self, value)

        def once() -> None:
            self.assign(target, evaluate.elements(self, value, iterable))
            self.suite(body)

        self.loop(once)
        self._loop_else(node)

    def _loop_else(self, node: Node) -> None:
        for index, child in enumerate(node.children):
            if child.type == "keyword" and child.value == "else":
                suite = node.children[index + 2]
                self.perhaps(partial(self.suite, suite))

    def _try(self, node: Node) -> None:
        children = node.children
        body = children[2]
        handlers: list[tuple[Node, Node]] = []
        orelse: Node | None = None
        final: Node | None = None
        for index in range(3, len(children), 3):
            head, suite = children[index], children[index + 2]
            if head.type == "except_clause" or (head.type == "keyword" and head.value == "except"):
                handlers.append((head, suite))
            elif head.value == "else":
                orelse = suite
            else:
                final = suite

        def whole() -> None:
            self.suite(body)
            if orelse is not None:
                self.suite(orelse)

        if handlers:
            done, between = self.fork_with_trail(whole)
            # an exception may come at any point: handlers see what holds before and after any binding
            forks = [done]
            self.uncertain += 1
            start = [self.unchanged(), between]
            for head, suite in handlers:
                forks.append(self.fork(partial(self._handler, head, suite, start)))
            self.uncertain -= 1
            self.join(forks)
        else:
            whole()
        if final is not None:
            self.suite(final)

    def _handler(self, head: Node, suite: Node, start: list[list[State]]) -> None:
        self.module.state.names.update(_joined(start, 0))
        if self.scope is not self.module:
            self.scope.state.names.update(_joined(start, 1))
        name = None
        if head.type == "except_clause":
            self.expression(head.children[1])
            if len(head.children) == 4:
                name = head.children[3].value
                caught = self.heap.make(self.site(head), "builtins.Exception")
                self.heap.hold(caught, "*", evaluate.contents(self.raised))
                self.bind(name, self.raised | {caught})
        self.suite(suite)
        if name is not None:
            self.bind(name, frozenset({UNBOUND}))

    def _with(self, node: Node) -> None:
        suppresses = False
        managers = EMPTY
        for item in node.children[1:-2]:
            if item.type == "operator":
                continue
            manager = item.children[0] if item.type == "with_item" else item
            value = self.expression(manager)
            evaluate.implicit(self, value)
            entered = evaluate.enter(self, value, manager)
            managers |= value
            suppresses = suppresses or any(not o.type.startswith(_NEVER_SUPPRESSING) for o in value)
            if item.type == "with_item":
                self.assign(item.children[2], entered)
        if suppresses:
            done, between = self.fork_with_trail(lambda: self.suite(node.children[-1]))
            self.join([done, between, self.unchanged()])
        else:
            self.suite(node.children[-1])
        evaluate.leave(self, managers)

    def _funcdef(self, node: Node) -> None:
        self.bind(node.children[1].value, frozenset({self.make_function(node)}))

    def make_function(self, node: Node) -> Obj:
        """Return the object of a ``funcdef`` or ``lambdef``; defaults, and annotations of a def, are evaluated."""
        code = self.code(node)
        obj = self.heap.make(self.site(node), FUNCTION)
        obj.code = code
        obj.path = code.name
        scope: Scope | None = self.scope
        while scope is not None and scope.kind == "inline":
            scope = scope.parent
        obj.scope = scope if scope is not None and scope.kind != "module" else None
        if obj.scope is not None:
            code.is_nested = scope is not None and scope.kind == "function"
            obj.scope.ever["@made"] = obj.scope.ever.get("@made", EMPTY) | {obj}
            if obj.scope.kind == "function":
                self.heap.hold(obj, "cell", frozenset({self._cell(obj.scope)}))
            obj.scope.ever.setdefault("@", EMPTY)
            # a comprehension's variables are seen by lambdas in it
            inline: Scope | None = self.scope
            while inline is not None and inline.kind == "inline":
                for name, binding in inline.state.names.items():
                    self.heap.hold(obj, f"free:{name}", binding.value)
                inline = inline.parent
        for parameter in code.parameters:
            if parameter.default is not None:
                self.heap.hold(obj, f"default:{parameter.name}", self.expression(parameter.default))
            if parameter.annotation is not None and not code.is_lambda and not self.lazy_annotations:
                self.expression(parameter.annotation)
        if not code.is_lambda and node.annotation is not None and not self.lazy_annotations:
            self.expression(node.annotation)
        return obj

    def code(self, node: Node) -> Code:
        found = self.codes.get(id(node))
        if found is None:
            found = self.codes[id(node)] = code_of(node)
        return found

    def _classdef(self, node: Node) -> None:
        self.bind(node.children[1].value, frozenset({self.make_class(node)}))

    def make_class(self, node: Node) -> Obj:
        obj = self.heap.make(self.site(node), CLASS)
        obj.path = node.children[1].value
        obj.is_local = self.scope.kind == "function"
        arguments = node.get_super_arglist()
        if arguments is not None:
            items = arguments.children if arguments.type == "arglist" else [arguments]
            for item in items:
                if item.type == "argument":
                    self.heap.hold(obj, "*keywords", self.expression(item.children[-1]))
                elif item.type != "operator":
                    add_base(self.heap, obj, self.expression(item))
        scope = Scope("class", self.scope, State())
        scope.self_class = obj
        outer, outer_owner = self.scope, self.owner
        self.scope, self.owner = scope, obj
        try:
            self.suite(node.children[-1])
        finally:
            self.scope, self.owner = outer, outer_owner
        for name, binding in scope.state.names.items():
            self.heap.hold(obj, name, binding.value - {UNBOUND})
            for method in binding.value:
                if method.type == FUNCTION and method.code.owner is None and method.scope is scope:
                    method.code.owner = obj  # defined in the class, not only given to it
                elif method.type == INSTANCE:
                    words = frozenset({self.heap.atom("builtins.str", name)})
                    instances.run_descriptor(self, method, "__set_name__", (frozenset({obj}), words), node)
        instances.subclass_hooks(self, obj, node)
        return obj

    def _decorated(self, node: Node) -> None:
        head, definition = node.children[0], node.children[1]
        decorators = head.children if head.type == "decorators" else [head]
        values = [(self._decorator(d.children[1]), d) for d in decorators]
        if definition.type in ("async_funcdef", "async_stmt"):
            definition = definition.children[1]
        if definition.type == "funcdef":
            obj = self.make_function(definition)
            obj.code.decorators = frozenset(_decorator_name(d) for d in decorators)
        else:
            obj = self.make_class(definition)
        value: Value = frozenset({obj})
        for decorator, decorator_node in reversed(values):
            value = instances.decorate(self, decorator, value, decorator_node)
        self.bind(definition.children[1].value, value)

    def _decorator(self, node: Node) -> Value:
        children: list[Node] = getattr(node, "children", [])
        dotted = len(children) == 2 and children[-1].type == "trailer" and children[0].type == "name"
        if dotted and children[1].children[-1].value in instances.PROPERTY_PARTS:
            return self.read(children[0])
        return self.expression(node)

    def _async(self, node: Node) -> None:
        self.statement(node.children[1])

    # -- code that other code runs -------------------------------------------------------------------------------

    def run_text(self, text: str) -> None:
        """Walk code that a statement runs in the notebook's namespace; what is not Python defeats the analysis."""
        try:
            tops = statements(text)
        except (SyntaxError, ValueError, RecursionError):
            self.opaque("it runs code that cannot be read")
            return
        self.kept.append(tops)
        for top in tops:
            self.statement(top.node)

    def run_script(self, line: str) -> None:
        """Walk the script of ``%run script.py``."""
        words = [word for word in line.split() if not word.startswith("-")]
        text = self.script(words[0]) if words else None
        if text is None:
            self.opaque(f"%run {line.strip()} runs a script that cannot be read")
        else:
            self.note("unknown_calls", "%run")
            self.note("files_read", "*")
            self.note("files_written", "*")
            self.run_text(text)

    def script(self, name: str) -> str | None:
        """Return the text of a script: what the notebook wrote above, else what stands in its file."""
        path = posixpath.normpath(name)
        path = path if path.endswith((".py", ".ipy")) else f"{path}.py"
        if path in self.scripts:
            return self.scripts[path]
        return self.read_file(name)

    # -- contexts ----------------------------------------------------------------------------------------------

    def site(self, node: Node) -> tuple[int, tuple[int, ...]]:
        return (id(node), self.context)


def _decorator_name(node: Node) -> str:
    return "".join(node.children[1].get_code(include_prefix=False).split()).partition("(")[0]


def _joined(branches: list[list[State]], which: int) -> dict[str, Binding]:
    names = {name for branch in branches for name in branch[which].names}
    return {name: merge(branch[which].get(name) for branch in branches) for name in names}


def star_names(path: str) -> tuple[str, ...]:
    """Return the names that a star import of an installed or standard module binds, read from its source."""
    from soorgeon_clone.analysis.star import exported_names

    return exported_names(path)


_STATEMENTS: dict[str, Callable[[Walker, Node], Any]] = {
    "simple_stmt": Walker._simple,
    "expr_stmt": Walker._assign,
    "keyword": Walker._keyword,
    "del_stmt": Walker._delete,
    "import_name": Walker._import,
    "import_from": Walker._import,
    "global_stmt": Walker._global,
    "nonlocal_stmt": Walker._global,
    "assert_stmt": Walker._assert,
    "raise_stmt": Walker._raise,
    "return_stmt": Walker._return,
    "if_stmt": Walker._if,
    "while_stmt": Walker._while,
    "for_stmt": Walker._for,
    "try_stmt": Walker._try,
    "with_stmt": Walker._with,
    "funcdef": Walker._funcdef,
    "classdef": Walker._classdef,
    "decorated": Walker._decorated,
    "async_stmt": Walker._async,
    "async_funcdef": Walker._async,
    "suite": Walker.suite,
}
