"""The state of an abstract run of the notebook over sets of possible objects: what names denote, what was changed.

`statements` and `evaluate` say what code does, in order of execution; here is what that does to names, objects and
facts, and how branches meet. Nothing of the notebook is imported or run. Calls of the notebook's own functions are
followed into their bodies with the objects that are passed; calls of libraries do what the effect tables say; calls
that nobody has described may change whatever they are given. Branches are joined, loops repeated until nothing new
appears.
"""

from __future__ import annotations

import builtins
import posixpath
import re
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property
from typing import Any

from soorgeon_clone.analysis.evidence import INSIDE, Places, Reason, Rule, keep
from soorgeon_clone.analysis.knowledge.effect_comments import Said
from soorgeon_clone.analysis.knowledge.effect_rules import DISPLAYS, FIGURES, NEW_FIGURE, OPEN_FIGURES
from soorgeon_clone.analysis.knowledge.effects import UNDESCRIBED, Knowledge
from soorgeon_clone.analysis.knowledge.feared import Reading, builtin
from soorgeon_clone.analysis.limits import LIMITS, Effort, Limits
from soorgeon_clone.analysis.lower.cells import Statement
from soorgeon_clone.analysis.lower.cells import statements as read_statements
from soorgeon_clone.analysis.lower.instructions import Attribute, Code, Instruction, Name, Read
from soorgeon_clone.analysis.lower.parts import inside, targets_of
from soorgeon_clone.analysis.machine.branches import Branches, Trail
from soorgeon_clone.analysis.machine.memo import Activation, Memo, Together
from soorgeon_clone.analysis.model import AMBIENT, AT_RANDOM, StatementFacts
from soorgeon_clone.analysis.modules import Modules
from soorgeon_clone.analysis.objects import labels
from soorgeon_clone.analysis.objects.comparing import EQUAL_ONLY_THEMSELVES
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Heap, Obj, Value, holds, look_for_more
from soorgeon_clone.analysis.objects.hints import Hints
from soorgeon_clone.analysis.objects.keys import ANY
from soorgeon_clone.analysis.objects.kinds.importable import given_to_module
from soorgeon_clone.analysis.objects.policy import Assumed, Kind, Policy
from soorgeon_clone.analysis.objects.state import NO_DEFS, Binding, Context, Scope, Site, State, merge
from soorgeon_clone.analysis.objects.table import kind_of
from soorgeon_clone.analysis.objects.types import CLASS, CONTAINERS, FUNCTION, INSTANCE, LIB, METHOD, NAMELESS, UNKNOWN
from soorgeon_clone.analysis.objects.using import advances
from soorgeon_clone.notebook.ipython import is_notebook_name

Surroundings = tuple[int, tuple[int, ...], frozenset[Obj], frozenset[tuple[Obj, Obj]]]

_RESULTS = re.compile(r"IPython\.(Out|In|_+|_[ioihd]*h?\d*|_i+)")


class Run(Branches):
    """One abstract run. ``section`` and ``record`` are where it stands."""

    def __init__(self, knowledge: Knowledge, limits: Limits = LIMITS, policy: Policy | None = None) -> None:
        self.limits = limits
        self.policy = policy
        self.strangers: set[Obj] = set()  # what calls gave that nobody has described
        self.dropped: set[Instruction] = set()  # calls that stand for themselves: nothing takes what they give
        self.looked_into: set[Instruction] = set()  # what stands where nobody keeps it, or changes it: ``"a" in x``
        self.opening: set[Instruction] = set()  # calls whose with statement is left before anything else runs
        self.effort = Effort(limits)
        self.heap = Heap(self.effort)
        self.places = Places()
        self.knowledge = knowledge
        self.reading = Reading(knowledge)
        self.module = Scope("module", None, State())
        self.scope = self.module
        self.section = 0
        self.record: StatementFacts  # `begin` sets it
        self.uses: dict[str, int] = {}
        self.touched: set[str] = set()
        self.context: Context = ()
        self.active: dict[Obj, Activation] = {}
        self.scopes: dict[Any, Scope] = {}
        self.memo: dict[Any, tuple[int, Surroundings | None, Memo]] = {}
        self.together: dict[Obj, Together] = {}  # functions that are followed once for all calls in this statement
        self.memos: list[Memo] = []  # of this statement, all of them: what was done in one is told by its id
        self.last_round = 0
        self.may_give_up = False  # whether what is walked will be walked again in rounds if it takes too much
        self.gave_up = False
        self.tracing: list[Memo] = []
        self.called_back: dict[Any, Value] = {}  # what a library got from functions that it called
        self.uncertain = 0  # how many branches, loops and function bodies we are in
        self.hints = Hints()  # of all cells
        self.statements: tuple[Statement, ...] = ()  # of all cells
        self.comments: dict[Instruction, Said] = {}  # what those beside instructions say
        self.depth = 0
        self.seeded: set[str] = set()
        self.columns: set[str] = set()  # names of attributes that were read of frames
        self.copied: dict[Obj, Obj] = {}  # functions and instances that were copied, by their copies
        self.drawn: set[Obj] = set()  # functions that figures were given, to call when they are drawn
        self.awaited: set[str] = set()  # unbound names that code which libraries may call reads
        self.given_to_modules: dict[str, Value] = {}  # attributes of modules that the notebook assigns to
        self.in_modules: set[Obj] = set()  # what those hold
        self.finalizers: dict[Obj, Value] = {}  # code that runs when an object goes
        self.filed: set[Obj] = set()  # definitions that what was written to files refers to
        self.anything: Obj | None = None  # what calls give since too many were followed in this statement
        self._types_seen = -1
        self._advances = False
        self._compared_types = -1
        self._compares = False
        self._done: set[object] = set()
        self._whole: set[Obj] = set()  # changed as a whole in this statement
        self._done_at = (-1, -1, -1)
        self.displayed: Value = EMPTY  # by the cells above
        self.doubtful: frozenset[str] = frozenset()
        self.lazy_annotations = sys.version_info >= (3, 14)
        self.trails: list[Trail] = []  # of the code around, that exceptions may leave at any point
        self.raised: Value = EMPTY  # exceptions that the notebook's own code raises, wherever they are caught
        self.running: set[tuple[Obj, Obj]] = set()
        self.passing: set[Obj] = set()  # what a library that was given it is calling
        self.annotated: set[int] = set()  # sections that annotate variables
        self.plotted: set[int] = set()  # sections that use pyplot's figures
        self.modules = Modules(self._module_text, knowledge, self._may_write, limits.modules)
        self.namespaces: dict[str, Scope] = {}  # of modules beside the notebook that were imported
        self.importing: list[str] = []  # those that are being imported, the innermost last
        self.fresh: set[str] = set()  # those, and all that they have imported for the first time
        self.kept: list[tuple[Value, Instruction]] = []  # what the module that is being imported gave to libraries
        self.noisy: set[str] = set()  # those that do more when they are imported than to make what they hold
        self.is_unsteady = False  # whether the statement that is run gives something else when it runs again
        self.unsteady: set[str] = set()  # variables of modules that such statements bound when they were imported
        self.entangled: set[str] = set()  # those in which others changed something when they were imported
        self.depends: dict[str, frozenset[str]] = {}  # what a module reads of other ones when it is imported
        self.first_imports: dict[str, int] = {}  # the statement that imports a module first
        self.written: set[str] = set()  # files that statements so far may write
        self.scripts: dict[str, str | None] = {}  # files that cells wrote with %%writefile; None: with more than that
        self._code_in_texts: dict[str, tuple[Statement, ...]] = {}
        self._attributes: dict[Code, tuple[frozenset[str], frozenset[str]]] = {}
        self.read_file: Callable[[str], str | None] = lambda path: None

    @cached_property
    def rebound(self) -> frozenset[str]:
        """The names that the notebook's code binds twice, or that are builtins' and bound at all."""
        counts = Counter(name for statement in self.statements for name in statement.bindings)
        return frozenset(name for name, count in counts.items() if count > 1 or hasattr(builtins, name))

    @cached_property
    def missing(self) -> frozenset[str]:
        """The names that the notebook's code reads and nothing in sight binds."""
        read = {name for statement in self.statements for name in statement.mentions}
        bound = {name for statement in self.statements for name in statement.bound}
        return frozenset(n for n in read - bound if not hasattr(builtins, n) and not is_notebook_name(n))

    def attributes_in(self, code: Code) -> tuple[frozenset[str], frozenset[str]]:
        """Return the names of attributes that a function asks for, and of those that it stores into."""
        if code not in self._attributes:
            items = list(inside(code.place))
            targets = [target for item in items for target in targets_of(item)]
            self._attributes[code] = (_attributes(items), _attributes(targets))
        return self._attributes[code]

    def read_text(self, text: str) -> tuple[Statement, ...]:
        """Return the statements of code that a statement runs, the same ones each time. Raises SyntaxError."""
        if text not in self._code_in_texts:
            self._code_in_texts[text] = read_statements(text)
        return self._code_in_texts[text]

    def _module_text(self, name: str) -> str | None:
        """Return the text of a file beside the notebook, or that a cell above wrote with %%writefile."""
        path = posixpath.normpath(f"{name}.py")
        return self.scripts[path] if path in self.scripts else self.read_file(path)

    def _may_write(self, path: str) -> bool:
        return path in self.written or self.scripts.get(path, "") is None

    def begin(self, record: StatementFacts) -> None:
        """Come to the next statement of a cell."""
        self.record = record
        if self.anything is not None:  # the statements that follow would wear out in the same functions
            self.effort.spare()
        self.effort.begin()
        self.anything = None
        self.together.clear()
        self.memos.clear()
        self.heap.now = record.index
        self.heap.why = record.why
        self.heap.reason = Reason(record.index, record.lowered.place, None, False, None)
        self.heap.take_grown()
        self._whole.clear()
        for name in sorted(self.awaited):
            if self.module.state.get(name) is not None:
                self.read_global(name)

    # -- reasons -----------------------------------------------------------------------------------------------

    def blame(self, node: Instruction | None, rule: Rule = None, *, feared: bool = False) -> Reason:
        """Let what is done from now on be done for ``node``; return the reason before, which is to be put back.

        ``feared``: nobody knows whether it is done. All that is done then is feared, and for the same reason.
        """
        heap = self.heap
        old = heap.reason
        if old.feared:
            if old.inside is not None:
                heap.reason = Reason(heap.now, node, old.rule, True, old.inside)
        else:
            heap.reason = Reason(heap.now, node, rule, feared, old.inside)
        return old

    # -- names -------------------------------------------------------------------------------------------------

    def read(self, leaf: Read | Name) -> Value:
        """Return what a name denotes where it stands, and note the use."""
        name = leaf.name
        scope: Scope | None = self.scope
        first = True
        in_comprehension = False
        while scope is not None:
            if scope.kind == "module":
                return self.read_global(self.qualified(name), leaf)
            if scope.kind == "inline":
                binding = scope.state.names.get(name)
                if binding is not None:
                    if not first:
                        self.depend_on_all()
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
                    return self.read_global(self.qualified(name), leaf)
                if name in scope.code.locals:
                    if first:
                        binding = scope.state.get(name)
                        return binding.value if binding is not None else scope.all_values.get(name, EMPTY)
                    return scope.all_values.get(name, EMPTY)
                if name in scope.around:  # a variable of a comprehension in which a lambda stands
                    return scope.around[name]
            first = False
            scope = scope.parent
        return self.read_global(self.qualified(name), leaf)

    def qualified(self, name: str) -> str:
        """Return the name by which a global variable is known, as the code calls it that is walked."""
        return f"{self.scope.space}.{name}" if self.scope.space else name

    def is_own(self, obj: Obj) -> bool:
        """Whether what is imported made an object: changing it is a part of that."""
        return bool(obj.imported) and obj.made == -1 and obj.imported in self.fresh

    def read_global(self, name: str, leaf: Read | Name | None = None) -> Value:
        """Return what a notebook variable denotes now, and note the use; builtins are found behind the variables."""
        binding = self.module.state.get(name)
        space, _, last = name.rpartition(".")
        if name in self.unsteady and self.importing:
            self.is_unsteady = True
        if space and (binding is None or space in self.fresh):
            if self.tracing:
                self.tracing[-1].seen.setdefault(name, binding.value if binding is not None else EMPTY)
            return self._of_module(last, binding)
        self.record.reads.add(name)
        if (key := ("reads", name)) not in self.record.why or self.record.why[key].feared:
            keep(self.record.why, key, self._read_for(leaf))
        if self.tracing:
            memo = self.tracing[-1]
            if name not in (reads := memo.did["reads"]) or reads[name].feared:
                keep(reads, name, self._read_for(leaf))
            memo.seen.setdefault(name, binding.value if binding is not None else EMPTY)
        if binding is not None:
            self.record.read_bindings.setdefault(name, binding)
        if binding is None or binding.certain != self.section:
            self.uses.setdefault(name, self.record.index)
        if binding is None or UNBOUND in binding.value:
            known = self._builtin(name)
            if known is not None and _RESULTS.fullmatch(known.path):
                return self._results(known.path) | (binding.value - {UNBOUND} if binding is not None else EMPTY)
            if known is not None and (held := self.given_to_modules and given_to_module(self, known.path)):
                return held | {known} | (binding.value - {UNBOUND} if binding is not None else EMPTY)
            if known is not None:
                return frozenset({known}) if binding is None else (binding.value - {UNBOUND}) | {known}
            if binding is None or len(binding.value) == 1:
                if not self.uncertain and leaf is not None and name not in self.doubtful and not self.gave_up:
                    self.record.unbound.setdefault(name, leaf.row)
                return frozenset({self.heap.make(("unbound", name), UNKNOWN)})
        return binding.value

    def _of_module(self, name: str, binding: Binding | None) -> Value:
        """Return what a name denotes in a module beside the notebook that is imported, or does not bind it."""
        value = binding.value - {UNBOUND} if binding is not None else EMPTY
        if binding is None or UNBOUND in binding.value:
            value |= self.given_in_module(name)
        return value

    def _read_for(self, leaf: Instruction | None) -> Reason:
        reason = self.heap.reason
        if leaf is None:
            return reason
        return Reason(reason.statement, leaf, reason.rule, reason.feared, reason.inside)

    def _results(self, path: str) -> Value:
        """Return what ``_``, ``Out`` and the like stand for: what cells have displayed, which may be variables."""
        self.depend_on_all()
        made = self.heap.make(("results", path), UNKNOWN)
        self.heap.hold(made, ANY, frozenset(o for o in self.displayed if not o.immutable))
        return self.displayed | {made}

    def _builtin(self, name: str) -> Obj | None:
        if name == "display":
            return self.heap.lib("IPython.display.display")
        if name == "__annotations__" and self.annotated - {self.section}:
            self.opaque("`__annotations__` holds what other statements of the notebook say")
        name = name.rpartition(".")[2]
        if hasattr(builtins, name) or name in ("__file__", "__name__", "__doc__", "__builtins__"):
            return self.heap.lib(f"builtins.{name}")
        if given_to_module(self, f"builtins.{name}"):
            return self.heap.lib(f"builtins.{name}")
        if is_notebook_name(name):
            return self.heap.lib(f"IPython.{name}")
        return None

    def bind(self, name: str, value: Value, *, scope: Scope | None = None) -> None:
        """Give ``name`` a value in the scope that its binding belongs to."""
        scope = (scope or self.scope).body  # a walrus in a comprehension binds outside of it
        if scope.kind == "module":
            self.bind_global(self.qualified(name), value)
        elif scope.kind == "class":
            scope.state.names[name] = Binding(value, NO_DEFS, -1)
        elif scope.code is not None and name in scope.code.globals:
            self.bind_global(self.qualified(name), value, certain=False)
        elif scope.code is not None and name in scope.code.nonlocals:
            outer = _owner(scope.parent, name)
            if outer is not None:
                self._bind_outer(outer, name, value)
        else:
            binding = scope.state.names[name] = Binding(value, NO_DEFS, -1)
            for trail in self.trails:
                trail.append((scope, name, binding))
            if scope.take(name, value, self.heap):
                self.heap.version += 1

    def bind_nonlocal(self, scope: Scope, name: str, value: Value) -> None:
        """Let a variable of ``scope``, or of one around it, be ``value`` as well."""
        outer = _owner(scope, name)
        if outer is not None:
            self._bind_outer(outer, name, value)

    def _bind_outer(self, outer: Scope, name: str, value: Value) -> None:
        self.note_closure_change(outer)
        old = outer.state.get(name)
        outer.state.names[name] = Binding((old.value if old else EMPTY) | value, NO_DEFS, -1)
        if outer.take(name, value, self.heap):
            self.heap.version += 1

    def library_path(self, name: str, space: str = "") -> str | None:
        """Return the path of the library, or part of one, that a variable of the notebook or a builtin stands for."""
        binding = self.module.state.get(f"{space}.{name}" if space else name)
        if binding is None:
            return builtin(name)
        return next((obj.path for obj in binding.value if obj.type == LIB), None)

    def note_closure_change(self, scope: Scope) -> None:
        """A nested function changed a variable of ``scope``: every function made there changes with it."""
        self.change_one(self.cell(scope))
        for obj in scope.all_values.get("@made", EMPTY):
            self.change_one(obj)

    def cell(self, scope: Scope) -> Obj:
        """Return the object for the variables of ``scope`` that functions made in it share."""
        cell = self.heap.make(("cell", scope), "builtins.cell")
        cell.shares = scope
        return cell

    def bind_global(self, name: str, value: Value, *, certain: bool = True) -> None:
        if not value:
            value = frozenset({self.heap.make(("nothing known", name, self.record.index), UNKNOWN)})
        if "." in name and self.bind_in_module(name, value):
            return
        state = self.module.state
        if self.finalizers:
            self.let_go(name)
        if any(obj.type == "tempfile.TemporaryDirectory" for obj in value):
            self.note("sets", "temporary folder")  # which is gone when the task ends, although its path may go on
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
        keep(self.record.why, ("binds", name), self.heap.reason)

    def is_attribute(self, name: str) -> bool:
        """Whether ``df.name = value`` may be no column: no text names such a one, no code has read it, but will."""
        return name not in self.columns and self.hints.asks_for_attribute(name)

    def has(self, obj: Obj, trait: str) -> bool:
        """Whether the tables say that the type of an object, or what a path stands for, has a trait."""
        return self.knowledge.has(obj.type if obj.type != LIB else obj.path, trait)

    def anything_advances(self) -> bool:
        """Whether there is any object that using changes (an iterator, a file, a random generator)."""
        if len(self.heap.types) != self._types_seen:
            self._types_seen = len(self.heap.types)
            self._advances = any(advances(self, type_) for type_ in self.heap.types)
        return self._advances

    def anything_runs(self) -> bool:
        """Whether there is any object that holds code of the notebook."""
        return not self.heap.types.isdisjoint((FUNCTION, METHOD, INSTANCE))

    def compares_identity(self) -> bool:
        """Whether there is any object that equals nothing but itself."""
        if not self._compares and len(self.heap.types) != self._compared_types:
            self._compared_types = len(self.heap.types)
            self._compares = not self.heap.types.isdisjoint((INSTANCE, NAMELESS, "builtins.object")) or any(
                self.knowledge.has(type_, EQUAL_ONLY_THEMSELVES) for type_ in self.heap.types
            )
        return self._compares

    def first_time(self, *what: object) -> bool:
        """Whether this is done for the first time in this statement with all objects holding what they hold now."""
        if self._done_at != (self.record.index, *self.heap.asof()):
            self._done_at = (self.record.index, *self.heap.asof())
            self._done.clear()
        key = (id(self.tracing[-1]) if self.tracing else 0, *what)  # what a call does is noted for each call
        if key in self._done:
            return False
        self._done.add(key)
        return True

    def unless_running(self, obj: Obj, code: Obj, run: Callable[[], Value]) -> Value:
        """Return what ``run`` gives, which follows code of an object; nothing where that is followed already."""
        if (obj, code) in self.running:
            return EMPTY
        self.running.add((obj, code))
        value = run()
        self.running.discard((obj, code))
        return value

    def gives_up(self) -> bool:
        """Whether to leave this statement, since it takes too much and will be walked again in rounds."""
        if self.may_give_up and self.effort.is_strained:
            self.gave_up = True
        return self.may_give_up and self.gave_up

    # -- effects -----------------------------------------------------------------------------------------------

    def change(self, value: Iterable[Obj]) -> None:
        """Note that these objects may be changed in place, with their parts.

        A plain container's parts stay what they are. A library object's parts change with it (the axes of a figure, the
        steps of a pipeline), but not the data that it was given. Of an object that nobody knows, anything may change.
        """
        for obj in value:
            if obj.immutable:
                if obj.module and obj.type == LIB:
                    self.forget_given((obj,))
                continue
            self.change_one(obj)
            depth = kind_of(obj.type).depth(self, obj)
            if depth == "all" or obj in self._whole:
                self._change_held(obj)
            elif depth == "parts":
                if self.first_time("parts", obj):
                    self._change_parts(obj, self.change_one)
            elif labels.is_index(obj):
                labels.rename(self, obj)  # df.index.name = "day" changes df

    def may_be_own_part(self, obj: Obj) -> bool:
        """Whether an element of ``obj`` may be the same object to us: we do not know what it holds."""
        return not obj.immutable and kind_of(obj.type).depth(self, obj) != "none"

    def _change_held(self, obj: Obj) -> None:
        """Change everything in ``obj``: what an object holds that nobody knows is not known to change with it."""
        reason = self.heap.reason
        if obj.type != INSTANCE:
            self.blame(reason.node, _inside(obj), feared=True)
            if obj in self.strangers and not self.believes("changes"):
                self.assume_unchanged(part for part in holds(obj) if part is not obj)
                self.heap.reason = reason
                return
        self._change_all(obj)
        self.heap.reason = reason

    def _change_all(self, obj: Obj) -> None:
        """Change everything in ``obj``; functions and classes of the notebook are not part of what they serve.

        What was changed as a whole once in a statement is not looked through again, only what it came to hold since.
        """
        self._did("wholes", obj)
        whole = self._whole
        stack = [part for part in self.heap.take_grown() if part in whole]
        if obj not in whole:
            whole.add(obj)
            stack.append(obj)
        while stack:
            part = stack.pop()
            if part.immutable or part.type in (FUNCTION, CLASS):
                continue
            self.effort.steps += 1
            self._record_change(part)
            stack.extend(look_for_more(part, whole))

    def _change_parts(self, obj: Obj, change_one: Callable[[Obj], None]) -> None:
        for part, depth in self._parts(obj):
            if depth == "all":
                self.change([part])
            else:
                change_one(part)

    def _parts(self, obj: Obj) -> Iterator[tuple[Obj, str]]:
        """Yield what changes with a library object, with its depth: of containers what they hold, of data nothing."""
        seen = {obj}
        stack = list(holds(obj))
        while stack:
            part = stack.pop()
            if part.immutable or part in seen or part.type in (FUNCTION, CLASS):
                continue
            seen.add(part)
            depth = kind_of(part.type).depth(self, part)
            if depth == "parts" or (depth == "none" and part.type in CONTAINERS):
                stack.extend(holds(part))
            if depth != "none" or (part.type not in CONTAINERS and not self.has(part, "data")):
                yield part, depth
        self.effort.steps += len(seen)

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

    def refill(self, obj: Obj) -> None:
        """Note that this object may come to hold other things; what only shares memory with it stays as it is."""
        if obj.immutable:
            return
        depth = kind_of(obj.type).depth(self, obj)
        if depth == "all" or any(other.is_same for other in obj.memory or ()):
            self.change((obj,))
            return
        self._record_change(obj)
        self._did("replaces", obj)
        if depth == "parts" and self.first_time("refilled", obj):
            self._change_parts(obj, self._record_change)

    def _note_change(self, obj: Obj) -> None:
        self._record_change(obj)
        self._did("changes", obj)

    def _record_change(self, obj: Obj) -> None:
        if obj.keys is not None:
            self.heap.lose_keys(obj)
        if obj in self.in_modules:
            self.note("sets", "modules")  # np.limits.append(3): other tasks have a module of their own
        if obj.made != self.record.index and not self.is_own(obj):
            obj.changed.add(self.record.index)
            self.record.changes.add(obj)
            keep(self.record.why, ("changes", obj), self.heap.reason)

    def draw(self, resource: str) -> None:
        """A random generator is used: it advances, if anything has seeded it. Or the figures of pyplot are."""
        if resource == OPEN_FIGURES:
            self.plotted.add(self.section)
            if not self.hints.keeps_figures:
                return
        name = AMBIENT + resource
        self.record.draws.add(resource)
        self._tell("draws", resource)
        if resource in (OPEN_FIGURES, DISPLAYS) or self.module.state.get(name) is not None:
            self.read_global(name)
            self.bind_global(name, frozenset({self.heap.make(name, name)}), certain=not self.uncertain)

    def seed(self, resource: str) -> None:
        """A random generator is seeded, or pyplot gets a new figure to draw on, or has none."""
        if resource in FIGURES:
            self.plotted.add(self.section)
            if not self.hints.keeps_figures:
                return
            if resource == NEW_FIGURE and self.hints.asks_for_figures:
                return self.draw(OPEN_FIGURES)
            resource = OPEN_FIGURES
        name = AMBIENT + resource
        self.record.seeds.add(resource)
        self.seeded.add(resource)
        self._tell("seeds", resource)
        self.bind_global(name, frozenset({self.heap.make(name, name)}), certain=not self.uncertain)

    def _tell(self, kind: str, item: Hashable) -> None:
        """Note why the statement that is walked does something, and that the code which is followed does it."""
        keep(self.record.why, (kind, item), self.heap.reason)
        self._did(kind, item)

    def _did(self, kind: str, item: Hashable) -> None:
        """Note that the code which is followed does something, if any is."""
        if self.tracing:
            keep(self.tracing[-1].did[kind], item, self.heap.reason)

    def note(self, field: str, item: str) -> None:
        """Add to one of the record's sets: sets, varies, files_read, files_written, unknown_calls,
        named."""
        getattr(self.record, field).add(item)
        self._tell(field, item)
        if field == "files_written":
            self.written.add(item)
            self.record.writes_again = True
        if field == "varies" and item == AT_RANDOM:
            self.is_unsteady = True

    def note_fetched(self) -> None:
        """Note that files are written, as they would be again if they were not there."""
        before = self.record.writes_again
        self.note("files_written", "*")
        self.record.writes_again = before

    def assume(self, assumed: Assumed) -> None:
        """Take for granted that this statement does not do something, although nobody knows."""
        keep(self.record.assumed, assumed, self.heap.reason)
        self._did("assumed", assumed)

    def assume_unchanged(self, objects: Iterable[Obj]) -> None:
        """Take for granted that none of these objects changes, nor what they hold."""
        mutable = frozenset(o for o in objects if not o.immutable)
        if mutable:
            self.assume(Assumed("changes", mutable))
            # what only this section sees is not checked; to look for those that can be reached would take too long
            for obj in list(self.heap.keyed):
                self.heap.lose_keys(obj)

    def believes(self, kind: Kind) -> bool:
        """Whether what nobody has described is taken to do what it may do."""
        return self.policy is None or self.policy.knows(self.record.index, kind)

    def opaque(self, reason: str) -> None:
        self.record.opaque = self.record.opaque or reason
        keep(self.record.why, ("opaque", None), self.heap.reason)
        self._did("opaque", reason)

    def list_variables(self, why: str) -> Value:
        """Return all variables of the notebook that there are, which are listed: its task must have these only."""
        if self.scope.kind != "module" or self.tracing:
            self.opaque(why)
            return EMPTY
        value = EMPTY
        for name in sorted({name for name in self.module.state.all_names() if not name.startswith(AMBIENT)}):
            binding = self.module.state.get(name)
            if binding is not None and binding.value != {UNBOUND}:
                value |= self.read_global(name) - {UNBOUND}
        self.record.lists_names = True
        return value

    def print(self) -> None:
        """Note that something is written to standard output, or displayed."""
        self.record.prints = True
        self._tell("prints", None)

    def show(self, value: Iterable[Obj]) -> None:
        """Note that the text of these objects may be printed or displayed."""
        value = frozenset(value)
        for obj in value:
            if self.has(obj, "shows_copies"):
                self.note("tells_copies", "its text tells whether it came out of a file")
        has_sets = self.heap.has_sets()
        if not has_sets and self.heap.types.isdisjoint((INSTANCE, CLASS)):
            return
        reached = self.heap.reach(value)
        for obj in reached:
            obj.shown = True
        if has_sets:
            self.heap.note_order(reached)

    def still_holds(self, memo: Memo) -> bool:
        """Whether the notebook's variables that were read denote what they did."""
        for name, value in memo.seen.items():
            binding = self.module.state.get(name)
            if (binding.value if binding is not None else EMPTY) != value:
                return False
        return True

    def depend_on_all(self) -> None:
        """Note that what is followed depends on more than what it is given and reads: on all that there is."""
        for memo in self.tracing:
            memo.depends_on_all = True

    def surroundings(self) -> Surroundings | None:
        """Return what code of the statement that is walked depends on besides what it can reach; None: on all."""
        libraries_keep = self.policy is not None and self.believes("shares")
        if self.anything is not None or self.importing or libraries_keep:
            return None
        given = self.given_to_modules.values()
        grow = (self.raised, self.seeded, self.columns, self.drawn, self.finalizers, self.filed, self.in_modules)
        sizes = *map(len, grow), *map(len, given), len(self.namespaces)
        return (self.record.index, sizes, frozenset(self.passing), frozenset(self.running))

    def site(self, node: Instruction) -> Site:
        return (node, self.context)


def _attributes(instructions: Iterable[Instruction]) -> frozenset[str]:
    return frozenset(item.name for item in instructions if isinstance(item, Attribute))


def _inside(obj: Obj) -> str:
    """Say why something changes that an object holds of which nobody knows what it holds."""
    kind = obj.type if "." in obj.type else obj.path or obj.name or "an object"
    return f"{UNDESCRIBED}: {INSIDE} {kind}"


def _owner(scope: Scope | None, name: str) -> Scope | None:
    """Return the function's scope, from ``scope`` outward, to which a variable belongs."""
    while scope is not None and not (scope.kind == "function" and name in scope.code.locals):
        scope = scope.parent
    return scope
