"""What an object gives when it is asked for a part, and what becomes of it when a part is stored or deleted.

Attributes, subscripts, elements of containers and loops over them, context managers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from soorgeon_clone.analysis import calls, deferred, evaluate, filed, instances, labels, library, lineage, undescribed
from soorgeon_clone.analysis.heap import (
    AMENDED,
    ATTRIBUTES,
    CLASS,
    EMPTY,
    FRAMES,
    FUNCTION,
    INSTANCE,
    LABELS,
    LIB,
    LOST,
    METHOD,
    NAMED,
    UNKNOWN,
    Obj,
    Value,
    is_module,
)
from soorgeon_clone.analysis.lower.instructions import Attribute, Call, Instruction, Item, Keys
from soorgeon_clone.analysis.state import NO_DEFS, Binding

if TYPE_CHECKING:
    from soorgeon_clone.analysis.walk import Walker

CONTAINERS = {
    "builtins.list",
    "builtins.tuple",
    "builtins.set",
    "builtins.dict",
    "builtins.frozenset",
    "builtins.iterator",
    "builtins.generator",
    "builtins.dict_items",
    "builtins.dict_values",
    "builtins.dict_keys",
    "collections.deque",
    "collections.OrderedDict",
    "collections.defaultdict",
}


def hold_item(w: Walker, obj: Obj, key: Value, value: Value) -> None:
    """Let a mapping hold ``value`` under ``key``."""
    const = evaluate.constant(key)
    w.heap.hold(obj, f"[{const!r}]" if const is not None else "*", value)
    hold_keys(w, obj, key)


def hold_keys(w: Walker, obj: Obj, key: Value) -> None:
    w.heap.hold(obj, "*keys", frozenset(o for o in key if not o.immutable or o.type == "builtins._id"))


def attribute(w: Walker, value: Value, name: str, node: Instruction) -> Value:
    """Return what reading ``.name`` of ``value`` gives."""
    result: set[Obj] = set()
    for obj in value:
        given = attribute_of(w, obj, name, node)
        w.effort.width += len(given)
        result.update(given)
    if w.worn is not None and len(result) > 1:
        return undescribed.worn(w, frozenset(result))
    return frozenset(result)


def attributes(w: Walker, obj: Obj) -> Value:
    """Return the dictionary of an instance (``vars(x)``): what changes one changes the other."""
    made = w.heap.make((ATTRIBUTES, obj), "builtins.dict")
    made.path = ATTRIBUTES
    w.heap.hold(made, "*", contents(frozenset({obj})))
    w.heap.view(made, obj)
    return frozenset({made})


_TEXTS_OF_CLASSES = frozenset({"__name__", "__qualname__", "__module__", "__doc__"})


def attribute_of(w: Walker, obj: Obj, name: str, node: Instruction) -> Value:
    kind = obj.type
    if kind == LIB:
        return library.lib_attribute(w, obj, name, node)
    if kind == INSTANCE:
        if obj.immutable and name in ("name", "value"):
            return contents(frozenset({obj})) if name == "value" else frozenset({w.heap.atom("builtins.str")})
        if name == "__dict__":
            return attributes(w, obj)
        if name == "__class__":
            return obj.fields["*class"]
        found = obj.fields.get(name, EMPTY) | obj.fields.get("*", EMPTY)
        found |= contents(frozenset(view for view in obj.views if view.path == ATTRIBUTES))
        members = instances.class_member(w, obj.fields["*class"], name)
        for method in members:
            found |= instances.bind_method(w, obj, method, node)
        if not found or (not members and instances.has_library_base(w, obj)):
            found |= instances.missing_attribute(w, obj, name, node)
        return found
    if kind == CLASS and name == "__dict__":
        made = w.heap.make((ATTRIBUTES, obj), "builtins.dict")
        made.path = ATTRIBUTES
        w.heap.hold(made, "*", contents(frozenset({obj})))
        return frozenset({made})
    if kind == CLASS:
        found = _enum_member(w, obj, name)
        if found:
            return found
        for member in instances.class_member(w, frozenset({obj}), name):
            known = member.type in (FUNCTION, INSTANCE)
            found |= instances.bind_method(w, obj, member, node) if known else frozenset({member})
        if not found and name in _TEXTS_OF_CLASSES:
            return frozenset({w.heap.atom("builtins.str")})
        return found | obj.fields.get("*", EMPTY) or frozenset({obj})
    if kind == FUNCTION:
        if name == "__globals__":
            w.opaque("it reads and writes variables by name")
        if name == "__closure__":
            return _closure(w, obj)
        if name.startswith("__") and name not in ("__dict__", "__defaults__", "__kwdefaults__", "__wrapped__"):
            return frozenset({w.heap.atom("builtins.str")})
        stored = obj.fields.get(name, EMPTY) | obj.fields.get("*", EMPTY)
        if stored or name.startswith("__"):
            return stored or frozenset({obj})
        attached = w.heap.make(("attached", obj, name), METHOD)  # what a decorator put there: show.register
        attached.path = name
        w.heap.hold(attached, "self", frozenset({obj}))
        return frozenset({attached})
    if kind == calls.SUPER:
        return instances.super_member(w, obj, name, node)
    if kind == METHOD:
        return obj.fields.get("self", EMPTY)
    if obj.immutable:
        return frozenset({w.heap.atom("builtins.scalar")})
    if kind == UNKNOWN or "." not in kind:
        look_into_unknown(w, frozenset({obj}))
        found = frozenset({obj})
        for held in obj.fields.values():
            for part in held:
                if part.type in (INSTANCE, CLASS):
                    found |= attribute_of(w, part, name, node)
        return found | obj.fields.get(name, EMPTY)
    if kind in ("types.SimpleNamespace", "argparse.Namespace"):
        return contents(frozenset({obj})) | {w.heap.atom("builtins.scalar")}
    if kind == "pandas.DataFrame":
        w.columns.add(name)
    if kind.startswith("pandas.") and name in w.accessors:  # an object of the notebook's class that the frame may keep
        w.refill(obj)
        w.heap.hold(obj, LOST, frozenset({w.heap.atom("builtins.str", f"{w.record.index} {name}")}))
    effect = w.knowledge.attribute(kind, name)
    stored = obj.fields.get(name, EMPTY)
    if effect is None and w.knowledge.parameters(f"{kind}.{name}") is None:
        return stored | {obj}
    if effect is None:
        bound = w.heap.make((*w.site(node), name, obj), METHOD)
        bound.path = name
        w.heap.hold(bound, "self", frozenset({obj}))
        return stored | {obj, bound}
    given = library.apply(w, effect, frozenset({obj}), calls.NO_ARGUMENTS, node, path=f"{kind}.{name}")
    if "self" in effect.shares:  # a part that is known by nothing but its name (df.attrs): what is put there is in obj
        w.heap.hold(obj, "*", frozenset(part for part in given - {obj} if part.type == "builtins.object"))
    return stored | given


def _closure(w: Walker, function: Obj) -> Value:
    """Return the cells of a function, through which the variables that it shares with others may be changed."""
    made = w.heap.make(("closure", function), UNKNOWN)
    if function.scope is not None:
        w.note_closure_change(function.scope)
        w.heap.hold(made, "*", frozenset(o for o in function.scope.captured(function) if not o.immutable))
    return frozenset({made})


def _enum_member(w: Walker, cls: Obj, name: str) -> Value:
    """Return the member of an enumeration: one object for good, which pickle finds by its class."""
    value = cls.fields.get(name, EMPTY)
    if not value or name.startswith("_") or any(o.type == FUNCTION for o in value):
        return EMPTY
    if not any(base.path.startswith("enum.") for base in instances.library_bases(w, frozenset({cls}))):
        return EMPTY
    member = w.heap.make(("member", cls, name), INSTANCE, immutable=True)
    member.fields = {"*class": frozenset({cls}), "value": value}
    return frozenset({member})


def enum_members(w: Walker, cls: Obj) -> Value:
    """Return all members of an enumeration; nothing for other classes."""
    found = EMPTY
    for name in list(cls.fields):
        found |= _enum_member(w, cls, name)
    return found


def subscript(w: Walker, value: Value, node: Item) -> Value:
    """Return what ``value[...]`` gives."""
    parts = _subscript_parts(w, node.key)
    key = EMPTY.union(*parts)
    if isinstance(node.key, Keys):
        key |= {w.heap.atom(evaluate.key_type(node.key))}
    _look_up(w, value, key)
    kind = _subscript_kind(node.key, key, parts)
    own = implicit(w, value)
    result: set[Obj] = set(own)
    for obj in value:
        result.update(_subscript_of(w, obj, kind, key, node))
    return frozenset(result)


def _subscript_parts(w: Walker, node: Instruction) -> list[Value]:
    """Return what stands between the commas of an index."""
    if not isinstance(node, Keys) or node.kind == "slice":
        return [evaluate.keys(w, node)]
    return [evaluate.keys(w, part) for part in node.parts]


def _look_up(w: Walker, value: Value, key: Value) -> None:
    """Note that an object is looked for among the keys of a dictionary."""
    if any(obj.type in _BY_IDENTITY and not obj.immutable for obj in key):
        keys = (obj.fields.get("*keys", EMPTY) for obj in value if obj.type in CONTAINERS)
        note_identity(w, key.union(*keys))


_MANY = frozenset({"builtins.list", "pandas.Series", "pandas.Index", "pandas.DataFrame"})
_TAKING = _MANY | {"numpy.ndarray"}


def _subscript_kind(node: Instruction, key: Value, parts: Sequence[Value] = ()) -> str:
    """Return the kind of an index. ``lists``: several, of which one is certainly a list (or an array)."""
    if isinstance(node, Keys):
        if node.kind == "slice":
            return "slice"
        has_list = any(part and {o.type for o in part} <= _TAKING for part in parts)
        return "lists" if has_list else "tuple"
    const = evaluate.constant(key)
    if isinstance(const, str):
        return "constant str"
    if isinstance(const, int):
        return "constant int"
    types = {o.type for o in key}
    if types == {"builtins.list"} and (inside := contents(key)) and all(o.type == "builtins.str" for o in inside):
        return "list of texts"
    if types and types <= _MANY:
        return "list"  # of labels, or of truth values
    if types == {library.NDARRAY}:
        return "array"
    if types == {"builtins.tuple"}:
        return "tuple"
    if types == {"builtins.slice"}:
        return "slice"
    return "other"


def _subscript_of(w: Walker, obj: Obj, kind: str, key: Value, node: Instruction) -> Value:
    type_ = obj.type
    if type_ == LIB:
        return library.lib_subscript(w, obj, kind, key, node)
    if type_ in ("builtins.dict", "collections.OrderedDict", "collections.defaultdict"):
        if type_ == "collections.defaultdict":
            reason = w.blame(node, "a missing key of a collections.defaultdict")
            w.change_one(obj)
            w.heap.reason = reason
            w.heap.hold(obj, "*", calls.call(w, obj.fields.get("*factory", EMPTY), calls.NO_ARGUMENTS, node))
        const = evaluate.constant(key)
        if const is not None:
            return obj.fields.get(f"[{const!r}]", EMPTY) | obj.fields.get("*", EMPTY)
        return contents(frozenset({obj}))
    if type_ == "collections.ChainMap":
        found = (_subscript_of(w, part, kind, key, node) for part in contents(frozenset({obj})))
        return frozenset(item for value in found for item in value)
    if type_ in ("builtins.list", "builtins.tuple"):
        if kind == "slice":
            if obj.immutable:
                return frozenset({obj})
            made = w.heap.make(w.site(node), type_)
            w.heap.hold(made, "*", contents(frozenset({obj})))
            return frozenset({made})
        return element_at(w, frozenset({obj}), evaluate.constant(key) if kind == "constant int" else None, node)
    if obj.immutable:
        return frozenset({w.heap.atom(type_ if type_ in ("builtins.str", "builtins.bytes") else "builtins.scalar")})
    if type_ == CLASS:
        items = enum_members(w, obj)
        for function in instances.class_member(w, frozenset({obj}), "__class_getitem__"):
            passed = calls.Arguments(((frozenset({obj}), False), (key, False)))
            items |= calls.call_one(w, function, passed, node)
        return items or frozenset({obj})
    if type_ == INSTANCE:
        has_own = instances.class_member(w, obj.fields["*class"], "__getitem__")
        return EMPTY if has_own and not instances.has_library_base(w, obj) else contents(frozenset({obj}))
    if type_ in _ITEMS_ARE_ATTRIBUTES and isinstance(name := evaluate.constant(key), str):
        return attribute_of(w, obj, name, node) | obj.fields.get(f"[{name!r}]", EMPTY)
    if "." in type_:
        effect = w.knowledge.subscript(type_, kind)
        if effect is not None:
            arguments = calls.Arguments(positional=((key, False),))
            return library.apply(w, effect, frozenset({obj}), arguments, node, path=f"{type_}[]")
    return frozenset({obj}) | contents(frozenset({obj}))


_ITEMS_ARE_ATTRIBUTES = frozenset({"sklearn.utils.Bunch", "statsmodels._Dataset"})

# what an object holds although iterating over it does not give it; a lazy iterator holds what it takes from
_NO_ELEMENTS = frozenset({"*keys", "*class", "*source", "*factory", "*returned", LOST, NAMED, AMENDED, LABELS})


def contents(value: Value) -> Value:
    """Return everything that the objects hold directly, keys of mappings left out."""
    result: set[Obj] = set()
    for obj in value:
        if obj.immutable and not obj.fields:
            continue
        for name, held in obj.fields.items():
            if name not in _NO_ELEMENTS:
                result.update(held)
    return frozenset(result)


def inmost(value: Value) -> Value:
    """Return the objects, and in place of containers what is in them, however deep."""
    found, stack = set(value), [obj for obj in value if obj.type in CONTAINERS]
    while stack:
        for held in contents(frozenset({stack.pop()})) - found:
            found.add(held)
            if held.type in CONTAINERS:
                stack.append(held)
    return frozenset(obj for obj in found if obj.type not in CONTAINERS)


def with_elements(value: Value) -> Value:
    """Return objects, and of containers all that they hold, in containers in them as well."""
    seen = set(value)
    stack = [obj for obj in value if obj.type in CONTAINERS]
    while stack:
        more = {held for part in stack.pop().fields.values() for held in part} - seen
        seen |= more
        stack += [obj for obj in more if obj.type in CONTAINERS]
    return frozenset(seen)


_TABLES = ("pandas.DataFrame", "pandas.Series")


def cells(value: Value) -> Value:
    """Return what is inside of objects; what shows tables (``df.loc``, groups, rows) gives what their cells hold."""
    found = contents(value)
    if not any(obj.type.startswith("pandas.") for obj in found):
        return found
    result: set[Obj] = set()
    stack, seen = list(value), set(value)
    while stack:
        obj = stack.pop()
        shows = obj.type.startswith("pandas.") and obj.type not in _TABLES
        for held in contents(frozenset({obj})):
            if not (shows and held.type.startswith("pandas.")) or held.type == "pandas._Cell":
                result.add(held)
            elif held not in seen:
                seen.add(held)
                stack.append(held)
    return frozenset(result)


def elements(w: Walker, value: Value, node: Instruction) -> Value:
    """Return what iterating over ``value`` gives."""
    result: set[Obj] = set()
    for obj in value:
        kind = obj.type
        if kind in ("builtins.dict", "collections.OrderedDict", "collections.defaultdict", "collections.Counter"):
            result.update(obj.fields.get("*keys", EMPTY))
            result.add(w.heap.atom("builtins.scalar"))
            if kind == "collections.Counter":  # its keys are what it was given to count
                result.update(contents(frozenset({obj})))
        elif kind in CONTAINERS:
            result.update(contents(frozenset({obj})))
        elif kind == INSTANCE:
            result.update(instances.iterated(w, obj, node))
        elif kind == CLASS and (members := enum_members(w, obj)):
            result.update(members)
        elif kind in (LIB, FUNCTION):
            result.add(w.heap.make((*w.site(node), obj.path), UNKNOWN))
        elif obj.immutable:
            result.add(w.heap.atom("builtins.str" if kind == "builtins.str" else "builtins.scalar"))
        elif kind == library.NDARRAY:
            row = w.heap.make_view((*w.site(node), "row"), kind, obj)
            w.heap.view(row, obj)
            inside = contents(frozenset({obj}))
            w.heap.hold(row, "*", frozenset(o for o in inside if not o.immutable))
            result.update({row} | inside)
        elif "." in kind and (facts := w.facts_of(kind)) is not None and facts.element == "element:self":
            # a progress bar: it passes on what is in what it holds
            result.update(elements(w, frozenset(o for o in contents(frozenset({obj})) if o.type != kind), node))
        elif "." in kind and (facts := w.facts_of(kind)) is not None and facts.element == "cell:self":
            result.update(cells(frozenset({obj})) | {w.heap.atom("builtins.scalar")})
        elif "." in kind and (facts := w.facts_of(kind)) is not None and facts.element is not None:
            made = library.result(w, facts.element, frozenset({obj}), calls.NO_ARGUMENTS, node, {})
            labels.share(w, made, frozenset({obj}))
            # a row of texts that a reader gives is nothing of the reader
            rows = {
                o for o in made if o.type in CONTAINERS and all(part.immutable for part in contents(frozenset({o})))
            }
            for part in made - {obj} - rows if not kind.startswith("pandas.") else ():
                # an element of an array of axes is one of the figure's
                w.heap.hold(part, "*", frozenset(o for o in contents(frozenset({obj})) if not o.immutable) | {obj})
                w.heap.hold(obj, "*", frozenset() if part.immutable else frozenset({part}))
            result.update(made)
        else:
            result.update({obj} | contents(frozenset({obj})))
    return frozenset(result)


def element_at(w: Walker, value: Value, index: Any, node: Instruction) -> Value:
    """Return what unpacking or a constant index gives at a position (None: any)."""
    result: set[Obj] = set()
    for obj in value:
        if obj.type == "builtins.tuple" and isinstance(index, int) and str(index) in obj.fields:
            result.update(obj.fields[str(index)] | obj.fields.get("*", EMPTY))
        else:
            result.update(elements(w, frozenset({obj}), node))
    iterate(w, value)
    return frozenset(result)


def iterate(w: Walker, value: Value) -> None:
    """Note what iterating over ``value`` does: iterators advance; the notebook's own ``__iter__`` runs."""
    w.heap.note_order(value)
    advance_all(w, value)
    take_from_unknown(w, value)


def look_into_unknown(w: Walker, value: Value) -> None:
    """What nobody has described may change when it is looked at (a property, an operator): nobody expects that."""
    unknown = [obj for obj in value if obj in w.strangers and obj.made < w.record.index]
    if unknown and w.policy is not None:
        reason = w.blame(w.heap.reason.node, "looking at what nobody has described", feared=True)
        if w.believes("changes"):
            w.change(unknown)
        else:
            w.assume_unchanged(unknown)
        w.heap.reason = reason


def take_from_unknown(w: Walker, value: Value) -> None:
    """What nobody has described may be an iterator, which files can hold: who takes all of it leaves nothing."""
    unknown = [obj for obj in value if obj.type in _ANYTHING and obj.made < w.record.index]
    if unknown:
        reason = w.blame(w.heap.reason.node, "iterating over what nobody has described", feared=True)
        for obj in unknown:
            if obj in w.strangers and not w.believes("changes"):
                w.assume_unchanged((obj,))
            else:
                w.change_one(obj)
        w.heap.reason = reason


_ANYTHING = (UNKNOWN, "builtins.object")


def advance_all(w: Walker, value: Value) -> None:
    implicit(w, value)
    for obj in value:
        if is_advancing(w, obj):
            advance(w, obj)


def advance(w: Walker, obj: Obj) -> None:
    """Note that an object that using changes was used."""
    w.change_one(obj)
    deferred.resume(w, obj)


def is_advancing(w: Walker, obj: Obj) -> bool:
    """Tell whether using the object changes it: iterators, open files, random generators."""
    return not obj.immutable and advances(w, obj.type)


def advances(w: Walker, type_: str) -> bool:
    """Tell whether using an object of this type changes it."""
    if "." not in type_:
        return False
    if type_ in deferred.TYPES:
        return True
    facts = w.facts_of(type_)
    return facts is not None and facts.advancing


def store(w: Walker, node: Instruction, value: Value) -> None:
    """Do ``a.b = value`` or ``a[i] = value``."""
    is_attribute = isinstance(node, Attribute)
    reason = w.blame(node, f"assignment to an {'attribute' if is_attribute else 'item'}")
    if isinstance(node, Attribute):
        objects = evaluate.expression(w, node.of)
        if any(obj.type == INSTANCE for obj in objects):  # grid[0, 1].v = 7: it is no array that has attributes
            objects = frozenset(obj for obj in objects if obj.type != library.NDARRAY)
        for obj in objects:
            store_attribute(w, obj, node.name, value, node)
    elif isinstance(node, Item):
        name = library.dynamic_name(w, node)
        if name is not None:
            w.bind_global(name, value)
            return
        objects = evaluate.expression(w, node.of)
        key = evaluate.keys(w, node.key)
        implicit(w, objects)
        _look_up(w, objects, key)
        for obj in objects:
            if obj.type == LIB:
                undescribed.run_registered(w, value, node)
                library.set_library(w, obj.path, value)
            elif not obj.immutable and not _sets_ambient(w, obj, "__setitem__", value):
                change_by_store(w, obj, _stored_kind(node.key, key))
                _change_shown(w, obj)
                if obj.type in ("pandas.DataFrame", "pandas.Series", "numpy.ndarray", "pandas._Indexer"):
                    _store_cells(w, obj, value)
                elif any(o.type == "builtins.slice" for o in key):
                    iterate(w, value)
                    w.heap.hold(obj, "*", elements(w, value, node))
                else:
                    hold_item(w, obj, key, value)
    w.heap.reason = reason


def _sets_ambient(w: Walker, obj: Obj, method: str, value: Value) -> bool:
    """Whether storing into the object changes a setting that it stands for (a logger, the decimal context)."""
    effect = w.knowledge.method(obj.type, method, {}) if "." in obj.type else None
    if effect is not None and effect.writes:
        w.note("files_written", "*")
        filed.note_written(w, effect, method, value)
    if effect is None or not effect.sets:
        return False
    for setting in effect.sets:
        w.note("sets", setting)
    return True


def _change_shown(w: Walker, obj: Obj) -> None:
    """Storing through an indexer (``df.loc[...] = ``) changes what the indexer shows."""
    if obj.type.rpartition(".")[2].startswith("_"):
        for part in contents(frozenset({obj})):
            w.change_one(part)


def _store_cells(w: Walker, obj: Obj, value: Value) -> None:
    """Let a table hold what is stored in its cells, also through an indexer; a list may become one cell."""
    held = held_by_table(value)
    for other in value if w.copies_on_write and obj.type in FRAMES else ():
        if other.type in FRAMES:
            w.heap.lend(obj, other)
    if obj.type != "pandas.DataFrame" and _may_hold_lists(obj):
        held |= frozenset(o for o in value if not o.immutable and o.type in CONTAINERS)
    w.heap.hold(obj, "*", held)
    for shown in contents(frozenset({obj})) if held and obj.type == "pandas._Indexer" else ():
        if shown.type.startswith("pandas."):
            w.heap.hold(shown, "*", held)


def _may_hold_lists(obj: Obj) -> bool:
    """Whether an array may be one of objects: one that was made without saying of what is one of numbers."""
    given = obj.given or {}
    return obj.type != library.NDARRAY or bool(obj.fields) or not given.keys().isdisjoint(("dtype", "fill_value", "1"))


def held_by_table(value: Value) -> Value:
    """Frames and arrays copy frames and arrays that are stored in them; of lists they take the elements."""
    held: set[Obj] = set()
    for obj in value:
        is_copied = obj.type in CONTAINERS or obj.type.startswith(("pandas.", "numpy."))
        held.update(cells(frozenset({obj})) if is_copied else {obj})
    return frozenset(o for o in held if not o.immutable or is_module(o))


def store_attribute(w: Walker, obj: Obj, name: str, value: Value, node: Instruction) -> None:
    if obj.type == LIB:
        undescribed.run_registered(w, value, node)
        library.set_library(w, f"{obj.path}.{name}", value)
        return
    if obj.immutable:
        for cls in obj.fields.get("*class", EMPTY):  # pickle finds the member of an enumeration by its class
            w.change_one(cls)
        return
    if obj.type == INSTANCE:
        instances.set_property(w, obj, name, value, node)
        if name == "__class__":
            w.heap.hold(obj, "*class", value)
        elif name == "__dict__":
            _take_attributes(w, obj, value)
    if _sets_ambient(w, obj, "__setattr__", value):
        return
    if obj.type in (CLASS, FUNCTION) and name != "*":
        amendments = w.heap.amendments(obj)
        amendments.fields.setdefault(name, EMPTY)
        w.change_one(amendments)
    else:
        change_by_store(w, obj, "attribute")
    if _is_left_out(w, obj, name):
        w.heap.hold(obj, LOST, frozenset({w.heap.atom("builtins.str", f"{w.record.index} {name}")}))
    if obj.type == "pandas.Series" and not w.copies_on_write:
        _note_kept_column(w, obj, name)
    if obj.given is not None:  # what it was made with is often an attribute: model.random_state = 0
        obj.given = {**obj.given, name: None}
    if name in ("index", "columns"):
        labels.share(w, (obj,), value)
    w.heap.hold(obj, name, value)


def _note_kept_column(w: Walker, column: Obj, name: str) -> None:
    """Before pandas 3 a frame keeps the columns that it gave: one that gets another name is not in a file."""
    frame = column.origin
    if frame is not None and frame.type == "pandas.DataFrame" and not column.is_same:
        w.heap.hold(frame, LOST, frozenset({w.heap.atom("builtins.str", f"{w.record.index} {name}")}))


def _take_attributes(w: Walker, obj: Obj, value: Value) -> None:
    """``self.__dict__ = shared``: the attributes of an object are those of another, which pickle does not know."""
    w.heap.hold(obj, LOST, frozenset({w.heap.atom("builtins.str", f"{w.record.index} __dict__")}))
    for other in value:
        if not other.immutable:
            w.heap.hold(obj, "*", contents(frozenset({other})))
            w.heap.view(obj, other)


_SAVED = {
    "pandas.DataFrame": frozenset({"columns", "index", "attrs", "flags", "allows_duplicate_labels"}),
    "pandas.": frozenset({"columns", "index", "name", "names", "attrs", "flags", "allows_duplicate_labels"}),
    # a plain array takes no others; what is given an index or columns is a frame after all
    "numpy.ndarray": frozenset(
        {"shape", "dtype", "strides", "real", "imag", "flat", "data", "T", "index", "columns", "name"}
    ),
}


def _is_left_out(w: Walker, obj: Obj, name: str) -> bool:
    """Whether pickle may leave out an attribute that is given to a library's object."""
    for kind, saved in _SAVED.items():
        if obj.type.startswith(kind):
            return name not in saved and w.is_attribute(name)
    return False


def _stored_kind(node: Instruction, key: Value) -> str:
    """Return the kind of an index as for reading; ``labels`` for what is certainly a label, or texts that are some."""
    parts = contents(key) if {o.type for o in key} == {"builtins.list"} else key
    are_texts = bool(parts) and all(o.type == "builtins.str" for o in parts)
    is_label = not isinstance(node, Keys) and bool(key) and all(o.type in _LABELS and o.immutable for o in key)
    return "labels" if are_texts or is_label else _subscript_kind(node, key)


_LABELS = frozenset(f"builtins.{name}" for name in ("str", "int", "float", "scalar"))


def change_by_store(w: Walker, obj: Obj, kind: str) -> None:
    """Storing into an object of a library may change what it is a part of (a node of a tree)."""
    if obj.type in (INSTANCE, METHOD):
        w.change_one(obj)
    elif obj.memory is not None and (effect := w.knowledge.store(obj.type, kind)) is not None and effect.replaces:
        w.refill(obj)
    else:
        w.change((obj,))


def delete(w: Walker, node: Instruction) -> None:
    """Do ``del a.b`` or ``del a[i]``."""
    if isinstance(node, Item):
        name = library.dynamic_name(w, node)
        if name is not None:
            w.read_global(name)
            return
    if not isinstance(node, (Attribute, Item)):
        return
    objects = evaluate.expression(w, node.of)
    if isinstance(node, Item):
        evaluate.keys(w, node.key)
    implicit(w, objects)
    for obj in objects:
        if obj.type == LIB:
            library.set_library(w, obj.path, EMPTY)
        else:
            if obj.type == INSTANCE and isinstance(node, Attribute):
                instances.delete_property(w, obj, node.name, node)
            change_by_store(w, obj, "labels" if isinstance(node, Item) else "attribute")


def enter(w: Walker, value: Value, node: Instruction) -> Value:
    """Return what ``with value as x`` binds."""
    result: set[Obj] = set()
    for obj in value:
        if obj.type == INSTANCE:
            method = instances.class_member(w, obj.fields["*class"], "__enter__")
            for function in method:
                result.update(calls.call(w, instances.bind_method(w, obj, function, node), calls.NO_ARGUMENTS, node))
            for function in instances.class_member(w, obj.fields["*class"], "__aenter__"):
                made = calls.call(w, instances.bind_method(w, obj, function, node), calls.NO_ARGUMENTS, node)
                result.update(contents(frozenset(o for o in made if o.type == "builtins.coroutine")))
        elif obj.type in ("builtins.generator", "builtins.iterator"):
            advance(w, obj)
            result.update(contents(frozenset({obj})))
        elif "." in obj.type and not obj.immutable:
            effect = w.knowledge.method(obj.type, "__enter__", {})
            known = effect is not None and effect.returns != ("fresh",) and not effect.returns[0].endswith(".*")
            result.update(
                library.apply(w, effect, frozenset({obj}), calls.NO_ARGUMENTS, node, path=obj.type)
                if effect is not None and known
                else {obj}
            )
        else:
            result.add(obj)
    return frozenset(result)


def leave(w: Walker, managers: Value) -> None:
    """Do what the end of a ``with`` does: what stands after the ``yield`` of a generator runs."""
    for obj in managers:
        if obj.type == "builtins.generator":
            advance(w, obj)


def implicit(w: Walker, value: Value) -> Value:
    """Run what an operation may call in the notebook's classes (``__add__``, ``__repr__``); return what it gives."""
    look_into_unknown(w, value)
    result: set[Obj] = set()
    for obj in value:
        if obj.type == INSTANCE:
            result.update(instances.run_special_methods(w, obj))
    return frozenset(result)


def implicit_inside(w: Walker, value: Value) -> None:
    """Run what an operation on containers may call in the notebook's classes for what they hold, however deep.

    ``[a] == [b]`` compares a with b, ``print([a])`` asks for its text, ``set([a])`` for its hash.
    """
    if INSTANCE not in w.heap.types:
        return
    seen = set(value)
    stack = [obj for obj in value if obj.type in _SEEN_THROUGH]
    while stack:
        for held in stack.pop().fields.values():
            more = [obj for obj in held if obj.type in _SEEN_THROUGH and obj not in seen]
            seen.update(more)
            stack += more
    for obj in seen - value:
        if obj.type == INSTANCE:
            instances.run_special_methods(w, obj, held=True)


# methods that look for what equals, or has the hash of, what they are given
_LOOKING = frozenset("index count remove discard add get pop setdefault __contains__ __getitem__ union".split())


def note_identity(w: Walker, value: Value) -> None:
    """Note that objects of which each equals only itself are compared, also those that containers hold."""
    if not w.compares_identity():
        return
    if w.effort.is_exhausted:
        for obj in (one for type_ in _BY_IDENTITY for one in w.heap.of_type(type_)):
            obj.identity.add(w.record.index)
        return
    seen = set(value)
    stack = [obj for obj in value if not obj.immutable]
    while stack:
        obj = stack.pop()
        if _equals_only_itself(obj):
            w.heap.note_identity(obj)
        elif obj.type == METHOD or ("." in obj.type and not obj.immutable):
            for part in obj.fields.values():
                w.effort.held += len(part)
                more = part - seen
                seen |= more
                stack += more


def may_look_for(w: Walker, path: str, receiver: Value, value: Value) -> bool:
    """Whether a call may look for something that equals what it is given: ``list.index``, ``graph.degree(node)``."""
    if not w.compares_identity():
        return False
    if path == "builtins.iter":  # up to a sentinel
        return True
    if any(obj.type in CONTAINERS for obj in receiver):
        return path.rpartition(".")[2] in _LOOKING
    return bool(receiver and value) and any(_equals_only_itself(obj) for obj in value | contents(value))


def _equals_only_itself(obj: Obj) -> bool:
    if obj.type == INSTANCE:
        return not _has_own_equality(obj)
    return obj.type == "builtins.object" and obj.given == {}  # object()


_BY_IDENTITY = (INSTANCE, "builtins.object")


def _has_own_equality(obj: Obj) -> bool:
    """Whether the class of an instance says when two are equal, as that of a dataclass or a library's may."""
    classes = obj.fields["*class"]
    has_base = any(base.type != CLASS for cls in lineage.lineage(classes) for base in cls.fields.get("*bases", EMPTY))
    return has_base or any("*equal" in cls.fields for cls in classes) or bool(lineage.member(classes, "__eq__"))


_SEEN_THROUGH = {*CONTAINERS, INSTANCE, "collections.Counter", "types.SimpleNamespace"}


def note_dataclass_field(w: Walker, name: str, node: Instruction) -> None:
    """``x: list = field(default_factory=list)`` in a class body: each instance gets its own object."""
    owner = w.scope.self_class
    if owner is None or not isinstance(node, (Call, Attribute, Item)):
        return
    value = w.scope.state.names[name].value
    fields = [obj for obj in value if obj.type == "dataclasses.Field"]
    for obj in fields:
        w.heap.hold(owner, f"*factory:{name}", obj.fields.get("default_factory", EMPTY) | obj.fields.get("*", EMPTY))
        w.scope.state.names[name] = Binding(obj.fields.get("default", EMPTY), NO_DEFS, -1)
