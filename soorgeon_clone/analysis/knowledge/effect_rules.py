"""An entry of a table + the arguments of a call -> its effect: the nouns, and how conditions are decided."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

Given = Mapping[str, "str | None"]
"""Parameter names that a call passes -> the source text of a constant argument (None: not a constant).

``*`` or ``**`` as a name: the call unpacks arguments, so every parameter may be given. What the constructor that made
self was given stands there as ``made.<parameter>`` (``made.**``: not known).
"""


@dataclass(frozen=True)
class Effect:
    """What one call (or attribute read) does. Targets are ``self``, a parameter's name, or ``args`` (all arguments).

    ``returns`` lists the possible results: a type path (``pandas.DataFrame``; ``pandas.*``: some new object of pandas;
    ``builtins.object``: some new object; ``builtins.scalar``: some number, text or date), ``self``, ``arg:<param>``
    (that very object), ``element:self`` or ``element:<param>`` (something inside it), ``cell:self`` (what a cell of a
    table holds), ``none``, ``like:self`` or ``like:<param>`` (new, of the same type), ``call:<param>`` (what that
    callback returns), ``as:<target>(T1, T2)`` (those of the types that the target has, all if others are among them),
    ``library:numpy.random`` (what stands in a library by this path), and of these
    ``tuple(T1, T2)``, ``list(T)``, ``set(T)``, ``dict(T)`` (T: its values),
    ``iterator(T)``, ``pandas.Series(T)`` (T: its cells).

    ``shares``: the result holds references to these (to what is inside them for ``element:<param>``; ``parts``: the
    parts of a tuple result hold each other). ``views``: it shares memory with these, which pickling does not keep
    (builtin containers share no memory, so being a view of one means nothing). ``changes``: changed in place.
    ``parts: self``: the result is what self holds under that name, the same object each time.
    ``lends``: the result may show their memory until something is written into one of them (frames of pandas 3).
    ``replaces``: changed in place, but not what shares memory with it: a frame gets another column, other labels.
    ``keeps``: what is changed holds references to these afterwards (``element:<param>`` too). ``calls``: called back
    (``like:<param>``: copies of these are used).
    ``draws``: ambient state (of a random generator; pyplot's figures) read and advanced, unless ``draws_unless`` (a
    parameter of the call or of the constructor that made self) is given and not None. ``seeds``: such state set
    completely.
    ``sets``: settings changed. ``reads`` and ``writes``:
    parameters that name a file (``*``: unknown files; ``.``: all of the working folder;
    ``*log``: those that the notebook logs to, if it logs to any;
    ``opened``: those with which self, or what it holds, was opened).
    ``single:<param>`` is what is in a list that may hold one thing only, ``taken:<param>`` what it holds after all
    iterators in it were used up: what those gave, and what they took it from. ``with:<name>`` are all objects that
    there are whose constructor was given this parameter, or that got it as an attribute. ``own:<param>`` are those of
    a kind that a library (not Python's own) has, which may keep arrays: neither arrays, tables nor containers.
    ``names``: parameters whose text names variables of the notebook (``df.query("a > @limit")``, formulas): every
    identifier in it may be one. ``loses``: attributes of the result that pickle leaves out. ``ties``: these are tied to
    something by a register of the library, which pickle leaves out. ``opaque``: why static
    analysis ends here. ``tells``: what it tells that is otherwise of a value that comes out of a file.
    ``prints``: writes to standard output or displays. ``raises``: never returns.
    ``each: 2``: it does all this with every positional argument alone, twice, and lists what came of it in that order.

    For an attribute of a module, ``sets`` holds for assigning to it, all else for reading.

    ``held`` are the conditions that held (``inplace=True``), ``source`` who said so if it was no table.
    """

    returns: tuple[str, ...] = ("fresh",)
    shares: tuple[str, ...] = ()
    lends: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    draws: tuple[str, ...] = ()
    draws_unless: str | None = None
    seeds: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()
    opaque: str | None = None
    tells: str | None = None
    prints: bool = False
    raises: bool = False
    each: int = 0
    held: tuple[str, ...] = field(default=(), compare=False)
    source: str = field(default="", compare=False)

    @cached_property
    def gives_what_it_calls(self) -> bool:
        """Whether a call is another way to call a function: it hands on what it is given as it is (``df.pipe``)."""
        return len(self.calls) == 1 and self.returns == (f"call:{self.calls[0]}",)

    @cached_property
    def acts(self) -> bool:
        """Whether the call does more than to give something and to call back."""
        return any(getattr(self, name) for name in _ACTS)


_ACTS = (
    *("changes", "replaces", "keeps", "draws", "names", "seeds", "sets", "ties", "reads", "writes"),
    *("opaque", "tells", "prints"),
)


@dataclass(frozen=True)
class TypeFacts:
    """What is known about the objects of a type.

    ``immutable``: nothing in place can change it and it holds no mutable part. ``container``: changing it in place
    does not change the objects that it holds. ``picklable``: by ``serializer`` (pickle, cloudpickle, or the library
    whose table has a ``pickler``); if not, ``reason`` says why ("an open file"). ``advancing``: using it changes it
    (iterators, open files, random generators). ``element``: the type of its elements when known. ``rank``: of two
    operands, the one with the higher rank decides the type of the result.
    ``bound_to``: the ambient random state that its objects draw from: saved, they would take a copy of it along.
    ``drawn_on``: the ambient state that a call uses which gives such an object, unless it is a method of one
    (``df.plot()`` gives axes: it drew on the current figure; ``ax.plot()`` did not).
    """

    path: str
    bases: tuple[str, ...] = ()
    immutable: bool = False
    container: bool = False
    picklable: bool = True
    serializer: str = "pickle"
    advancing: bool = False
    element: str | None = None
    reason: str | None = None
    rank: int = 0
    bound_to: str | None = None
    drawn_on: str | None = None


@dataclass(frozen=True)
class Rule:
    """An effect and when it holds: all of ``when`` (parameter, globs of its value), ``given`` (passed and not None),

    ``passed`` (None counts), ``unless_given``.
    """

    effect: Effect
    when: tuple[tuple[str, str], ...] = ()
    given: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    unless_given: tuple[str, ...] = ()
    draws_unless: tuple[str, ...] = ()
    named: frozenset[str] = field(default_factory=frozenset)
    """The fields that the entry itself names (an effect that is joined to another replaces only what it names)."""

    @property
    def conditional(self) -> bool:
        return bool(self.when or self.given or self.passed or self.unless_given)


OPEN_FIGURES = "figures"  # which figures of pyplot are open, which of them and of their axes are current
DISPLAYS = "displays"  # what cells show that later ones may change, by the names that `display_id=` gave
NEW_FIGURE = "figure"  # a new figure is the current one; those that were open still are
FIGURES = (OPEN_FIGURES, NEW_FIGURE)
"""States that effects may name as they do random generators."""

REPLACED_STREAMS = "other:replaced_streams"  # what is printed goes elsewhere, or what is asked for comes from elsewhere

CONDITIONS = ("when", "given", "passed", "unless_given")
LISTS = (
    *("shares", "lends", "parts", "views", "changes", "replaces", "keeps", "calls", "draws", "seeds", "sets"),
    *("reads", "writes", "names", "loses", "ties"),
)
FIELDS = tuple(f.name for f in fields(Effect) if f.compare)
NO, MAYBE, YES = 0, 1, 2

Resolve = Callable[[str], str]
Major = Callable[[], "int | None"]


def as_tuple(value: Any) -> tuple[str, ...]:
    return (str(value),) if isinstance(value, str) else tuple(str(v) for v in value or ())


def as_bool(value: Any) -> bool:
    return value is True or value == "true"


def compile_rules(raw: Any, resolve: Resolve, major: Major = lambda: None) -> tuple[Rule, ...]:
    """Return the rules of an entry as it stands in YAML or TOML.

    An entry is one effect or a list of them, the first that holds wins; a text or a list of texts is short for
    ``{returns: ...}``.
    ``resolve`` completes type names. ``major`` tells the library's installed major version, for ``views_before_3``.
    Raise ValueError for keys that no effect has.
    """
    entries = raw if isinstance(raw, list) and not (raw and isinstance(raw[0], str)) else [raw]
    return tuple(_compile_rule(entry, resolve, major) for entry in entries)


def _compile_rule(raw: Any, resolve: Resolve, major: Major) -> Rule:
    if isinstance(raw, (str, list)):
        raw = {"returns": raw}
    if not isinstance(raw, Mapping):
        raise ValueError(f"an effect is a table of {', '.join(FIELDS)}, not {raw!r}")
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key in LISTS:
            values[key] = (*values.get(key, ()), *as_tuple(value))
        elif key == "returns":
            values[key] = tuple(resolve(text) for text in as_tuple(value))
        elif key in ("prints", "raises"):
            values[key] = as_bool(value)
        elif key == "each":
            values[key] = int(value)
        elif key in ("opaque", "tells"):
            values[key] = str(value)
        elif key == "draws_unless":
            values[key] = as_tuple(value)[0]
        elif match := re.fullmatch(r"views_before_(\d+)", key):
            name = "views" if (major() or 0) < int(match[1]) else "lends"
            values[name] = (*values.get(name, ()), *as_tuple(value))
        elif key not in CONDITIONS:
            raise ValueError(f"{key!r} is not a part of an effect; the parts are {', '.join(FIELDS)}")
    named = frozenset(values)
    values.setdefault("returns", (resolve("fresh"),))
    when = raw.get("when") or {}
    if not isinstance(when, Mapping):
        raise ValueError(f"'when' maps parameters to values, it cannot be {when!r}")
    return Rule(
        Effect(**values),
        tuple((str(name), str(value)) for name, value in when.items()),
        as_tuple(raw.get("given")),
        as_tuple(raw.get("passed")),
        as_tuple(raw.get("unless_given")),
        as_tuple(raw.get("draws_unless")),
        named,
    )


def choose(rules: Iterable[Rule], given: Given) -> Effect | None:
    """Return the effect of the first rule that holds, joined with the earlier ones that may hold."""
    chosen: Effect | None = None
    for rule in rules:
        verdict = YES if not rule.conditional else _verdict(rule, given)
        if verdict == NO:
            continue
        effect = _settle_draws(rule, given) if rule.draws_unless else rule.effect
        effect = replace(effect, held=held) if (held := tuple(_held(rule, given))) else effect
        chosen = effect if chosen is None else join(chosen, effect)
        if verdict == YES:
            break
    return chosen


def add(effect: Effect, rules: Iterable[Rule], given: Given) -> Effect:
    """Return the effect together with every rule that holds or may hold; a certain rule's ``returns`` replaces.

    What the effect itself calls replaced is not changed by a rule for all calls.
    """
    own = effect
    for rule in rules:
        verdict = _verdict(rule, given)
        if verdict == NO:
            continue
        extra = replace(rule.effect, held=tuple(_held(rule, given)))
        extra = extra if "returns" in rule.named else replace(extra, returns=effect.returns)
        effect = replace(join(effect, extra), returns=extra.returns) if verdict == YES else join(effect, extra)
    if own.replaces:
        changes = tuple(target for target in effect.changes if target in own.changes or target not in own.replaces)
        effect = replace(effect, changes=changes)
    return effect


def join(one: Effect, other: Effect) -> Effect:
    """Return the effect of a call that does the one or the other."""
    if one == other:
        return one
    merged: dict[str, Any] = {
        name: tuple(dict.fromkeys((*getattr(one, name), *getattr(other, name)))) for name in ("returns", *LISTS)
    }
    return Effect(
        **merged,
        draws_unless=_joined_unless(one, other),
        opaque=one.opaque or other.opaque,
        tells=one.tells or other.tells,
        prints=one.prints or other.prints,
        raises=one.raises and other.raises,
        each=one.each if one.each == other.each else 0,
        held=tuple(dict.fromkeys((*one.held, *other.held))),
        source=one.source or other.source,
    )


def _joined_unless(one: Effect, other: Effect) -> str | None:
    if one.draws and other.draws:
        return one.draws_unless if one.draws_unless == other.draws_unless else None
    return one.draws_unless if one.draws else other.draws_unless


def _settle_draws(rule: Rule, given: Given) -> Effect:
    """A constant seed draws nothing; one that is not constant may be None, or a generator that the call advances."""
    effect = rule.effect
    named = next((n for n in rule.draws_unless if n in given or f"made.{n}" in given), None)
    if named is None:
        unknown = any(star in given for star in ("*", "**", "made.*", "made.**"))
        return effect if unknown else replace(effect, draws_unless=None)
    text = given[named] if named in given else given[f"made.{named}"]
    if text is None:
        changes = (*effect.changes, named) if named in given else effect.changes
        return replace(effect, draws_unless=named, changes=changes)
    return replace(effect, draws_unless=None) if text == "None" else replace(effect, draws=(), draws_unless=None)


def _held(rule: Rule, given: Given) -> Iterator[str]:
    """Yield the conditions of a rule as a reader of the call knows them: ``inplace=True``, ``without random_state``."""
    for name in (*(name for name, _ in rule.when), *rule.given, *rule.passed):
        if name in given:
            shown = given[name]
            yield f"{name.removeprefix('made.')}={'...' if shown is None else shown}"
    for name in (*rule.unless_given, *rule.draws_unless[:1]):
        if name not in given and f"made.{name}" not in given:
            yield f"without {name.removeprefix('made.')}"


def _verdict(rule: Rule, given: Given) -> int:
    verdicts = [_matches(name, pattern, given) for name, pattern in rule.when]
    verdicts += [_is_given(name, given) for name in rule.given]
    verdicts += [YES if name in given else _is_given(name, given) for name in rule.passed]
    verdicts += [YES - _is_given(name, given) for name in rule.unless_given]
    return min(verdicts, default=YES)


def _is_given(name: str, given: Given) -> int:
    if name in given:
        return MAYBE if given[name] is None else NO if given[name] == "None" else YES
    return _when_not_named(name, given)


def _when_not_named(name: str, given: Given) -> int:
    unpacks = ("made.*", "made.**") if name.startswith("made.") else ("*", "**")
    return MAYBE if any(star in given for star in unpacks) else NO


def _matches(name: str, pattern: str, given: Given) -> int:
    if name not in given:
        return _when_not_named(name, given)
    text = given[name]
    if text is None:
        return MAYBE
    value = _constant(text)
    return YES if any(fnmatchcase(value, alternative) for alternative in pattern.split("|")) else NO


def _constant(text: str) -> str:
    """The value of a constant as text: ``'w'`` -> ``w``, ``True`` -> ``True``."""
    try:
        return str(literal_eval(text))
    except (ValueError, SyntaxError):
        return text
