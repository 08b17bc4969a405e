"""Bundle -> the lines of code that save it to its product, and those that load it in another task."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from soorgeon_clone.refactor.imports import WIDTH
from soorgeon_clone.refactor.layout import Layout
from soorgeon_clone.refactor.model import Bundle, Load, Part
from soorgeon_clone.refactor.naming import Import, Names, place_import, rename

# between the folder and the product in `Words.path`
_LONG_PATH = re.compile(r"^(\w+) / (?=\w+\[)")


@dataclass
class Words:
    """What the code that we add to one task calls things; ``imports`` grows with what that code uses.

    ``begins``: what a fresh process has, an expression -> the name that it gets before anything else is done.
    ``project`` is what the project's folder is called where paths of products have to begin there, or "".
    """

    names: Names
    product: str
    upstream: str
    imports: dict[str, Import] = field(default_factory=dict)
    begins: dict[str, str] = field(default_factory=dict)
    project: str = ""

    def path(self, product: str) -> str:
        """Return an expression for the path of a product, which begins in the project's folder."""
        return f"{self.project} / {product}" if self.project else product

    def use(self, statement: str) -> str:
        """Return the name of what ``statement`` imports, and see to it that the task imports it."""
        if statement not in self.imports:
            self.imports[statement] = place_import(statement, self.names)
        return self.imports[statement].name

    def builtin(self, name: str) -> str:
        return f"{self.use('import builtins')}.{name}" if self.names.is_rebound(name) else name

    def adapt(self, part: Part, text: str) -> str:
        """Return an expression or statement of ``part`` with the names that its imports have in this task."""
        for statement in part.imports:
            self.use(statement)
        used = [self.imports[statement] for statement in part.imports]
        if "{begin}" in text:
            begin = self.adapt(part, part.begin)
            if begin not in self.begins:
                self.begins[begin] = self.names.pick(f"{part.name.removesuffix('_state')}_before")
            text = text.replace("{begin}", self.begins[begin])
        return rename(text, {item.usual: item.name for item in used if item.usual != item.name})


def load_lines(load: Load, layout: Layout, words: Words) -> list[str]:
    """Return the lines that give the names of ``load`` their values."""
    bundle = load.bundle
    parts = [part for part in bundle.parts if part.name in load.names]
    files = layout.upstream(load).all
    path, *exact = (words.path(f"{words.upstream}{_key(load.task)}{_key(file.key)}") for file in files)
    if exact:
        loader = words.use(f"from {layout.frames_module} import load_frame")
        lines = _put_back(parts[0], f"{loader}({path}, {exact[0]})", words)
        if len(lines[0]) <= WIDTH:
            return lines
        return _put_back(parts[0], "\n".join([f"{loader}(", *_indent(_each([path, *exact])), ")"]), words)
    file = words.names.pick("file")
    value = f"{words.use(f'import {layout.pickler(bundle)}')}.load({file})"
    opening = _open(path, "rb", file, words)
    if len(parts) == 1 and not parts[0].maybe_unbound:
        part = parts[0]
        one = f"{value}{_key(part.name)}" if bundle.is_dict else value
        return [*opening, *_indent(_put_back(part, one, words))]
    values = words.names.pick("values")
    lines = [*opening, *_indent([f"{values} = {value}"])]
    for part in parts:
        statements = _put_back(part, f"{values}{_key(part.name)}", words)
        lines += [f"if {quoted(part.name)} in {values}:", *_indent(statements)] if part.maybe_unbound else statements
    # The dict would keep objects alive that the notebook lets go of.
    return [*lines, f"del {values}"]


def save_lines(task: str, bundle: Bundle, layout: Layout, words: Words) -> list[str]:
    """Return the lines that write ``bundle`` to its product."""
    path, *exact = (words.path(f"{words.product}{_key(file.key)}") for file in layout.product(task, bundle).all)
    if exact:
        saver = words.use(f"from {layout.frames_module} import save_frame")
        return _call(saver, [words.adapt(bundle.parts[0], bundle.parts[0].save), path, *exact], indent=0)
    certain = {part.name: words.adapt(part, part.save) for part in bundle.parts if not part.maybe_unbound}
    maybe = [part for part in bundle.parts if part.maybe_unbound]
    dump = _Dump(bundle, path, layout, words)
    if not bundle.is_dict:
        (value,) = certain.values()
        return dump.lines(value)
    if not maybe and dump.fits(mapping := _mapping(certain)):
        return dump.lines(mapping)
    return _save_values(certain, maybe, dump, words)


class _Dump:
    """The lines that write a value to the product of a bundle."""

    def __init__(self, bundle: Bundle, path: str, layout: Layout, words: Words) -> None:
        self.words, self.path = words, path
        self.file = None if bundle.deep else words.names.pick("file")
        if self.file is None:
            self.function = words.use(f"from {layout.nested_module} import save_nested")
            self.options: tuple[str, ...] = (path,)
        else:
            self.function = f"{words.use(f'import {layout.pickler(bundle)}')}.dump"
            # Without recurse, dill leaves out the globals that a function uses.
            self.options = (self.file, "protocol=5, recurse=True" if bundle.serializer == "dill" else "protocol=5")

    @property
    def indent(self) -> int:
        return 0 if self.file is None else 4

    def fits(self, value: str) -> bool:
        return len(f"{self.function}({', '.join([value, *self.options])})") <= WIDTH - self.indent

    def lines(self, value: str) -> list[str]:
        call = _call(self.function, [value, *self.options], indent=self.indent)
        return call if self.file is None else [*_open(self.path, "wb", self.file, self.words), *_indent(call)]


def _save_values(certain: dict[str, str], maybe: list[Part], dump: _Dump, words: Words) -> list[str]:
    values = words.names.pick("values")
    lines = [f"{values} = {_mapping(certain)}"]
    if len(lines[0]) > WIDTH:
        lines = [f"{values} = {{", *_indent([f"{quoted(name)}: {value}," for name, value in certain.items()]), "}"]
    for part in maybe:
        lines.append(f"if {quoted(part.name)} in {words.builtin('globals')}():")
        lines.append(f"    {values}{_key(part.name)} = {words.adapt(part, part.save)}")
    return [*lines, *dump.lines(values), f"del {values}"]


def _put_back(part: Part, value: str, words: Words) -> list[str]:
    statement = words.adapt(part, part.load)
    if statement.count("{value}") > 1:
        name = words.names.pick("value")
        return [f"{name} = {value}", *statement.replace("{value}", name).split("\n"), f"del {name}"]
    return statement.replace("{value}", value).split("\n")


def _open(path: str, mode: str, file: str, words: Words) -> list[str]:
    # A notebook that gives `open` another meaning must not get it called by us.
    call = f"{words.use('from pathlib import Path')}({path}).open" if words.names.is_rebound("open") else "open"
    arguments = [f'"{mode}"'] if call != "open" else [path, f'"{mode}"']
    first, *rest = _call(f"with {call}", arguments, indent=len(f" as {file}:"))
    return [*([first, *rest[:-1]] if rest else []), f"{(rest or [first])[-1]} as {file}:"]


def _call(function: str, arguments: Sequence[str], *, indent: int) -> list[str]:
    """Return the call, over several lines if it is too long for one that is indented by so many spaces."""
    inner = ", ".join(arguments)
    if indent + len(f"{function}({inner})") <= WIDTH:
        return [f"{function}({inner})"]
    if 4 + len(inner) <= WIDTH:
        return [f"{function}(", f"    {inner}", ")"]
    return [f"{function}(", *_indent(_each(arguments)), ")"]


def _each(arguments: Sequence[str]) -> list[str]:
    """Return arguments with a line for each; a path that is too long takes two."""
    broken = [_LONG_PATH.sub(r"\1\n/ ", one) if 5 + len(one) > WIDTH else one for one in arguments]
    return [line for argument in broken for line in f"{argument},".split("\n")]


def _mapping(items: dict[str, str]) -> str:
    return "{" + ", ".join(f"{quoted(name)}: {value}" for name, value in items.items()) + "}"


def _key(name: str) -> str:
    return f"[{quoted(name)}]"


def quoted(text: str) -> str:
    """Return a string literal, between double quotes where that takes no escapes."""
    return f'"{text}"' if text.isprintable() and not set(text) & set('"\\') else repr(text)


def _indent(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" if line else line for line in lines]
