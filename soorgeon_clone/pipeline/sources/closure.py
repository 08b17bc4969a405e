"""Names that code uses -> the parts of local modules and the libraries behind them, followed through imports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from soorgeon_clone.files.regular import read_bytes
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.sources.local_modules import STDLIB, LocalModules
from soorgeon_clone.pipeline.sources.model import CodeFacts, CodePiece, ImportTarget


@dataclass(slots=True)
class Closure:
    """What was reached: part name -> digest (``function:exported.clean``), and the top names of libraries.

    ``modules`` are the dotted names that imports of libraries mention: modules, or what may be something in one.
    ``constants`` are the texts in what was reached that may be paths.
    """

    parts: dict[str, str] = field(default_factory=dict)
    libraries: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)


def follow(code: CodeFacts, local: LocalModules, facts_of: Callable[[str], CodeFacts | None]) -> Closure:
    """Everything of local modules that a script with these facts may use. ``facts_of`` gives facts of a file."""
    walk = _Walk(local, facts_of)
    walk.uses(code, "", code.effects.uses)
    walk.executed(code, "")
    for star in code.stars:
        walk.whole(walk.absolute(star, ""))
    return walk.closure


def follow_function(dotted: str, local: LocalModules, facts_of: Callable[[str], CodeFacts | None]) -> Closure:
    """Everything that ``module.function`` may use, itself included."""
    walk = _Walk(local, facts_of)
    walk.dotted(dotted.split("."))
    return walk.closure


class _Walk:
    def __init__(self, local: LocalModules, facts_of: Callable[[str], CodeFacts | None]) -> None:
        self.local = local
        self.facts_of = facts_of
        self.closure = Closure()
        self.seen: set[tuple[str, str]] = set()
        self.visited: set[str] = set()
        self.facts: dict[str, CodeFacts | None] = {}

    def uses(self, facts: CodeFacts, module: str, names: Iterable[str]) -> None:
        """Follow dotted names that code of ``module`` mentions."""
        for name in names:
            root, *rest = name.split(".")
            if module and root in facts.definitions:
                self.symbol(module, root)
            for target in facts.imports.get(root, ()):
                self.target(target, module, rest)

    def executed(self, facts: CodeFacts, module: str) -> None:
        """Importing a module runs what it imports."""
        for target in facts.executed:
            name = self.absolute(target, module)
            if self.local.find(name):
                self.visit(name)
            elif name:
                self.mention(name)
                if not module:
                    self.library(name)

    def target(self, target: ImportTarget, module: str, rest: list[str]) -> None:
        name = self.absolute(target, module)
        if self.local.find(name.partition(".")[0]) is None:
            self.mention(name)
            if target.attribute:
                self.mention(f"{name}.{target.attribute}")
        chain = [*name.split("."), *([target.attribute] if target.attribute else []), *rest]
        self.dotted([part for part in chain if part])

    def dotted(self, chain: list[str]) -> None:
        """Follow ``package.module.name``: the longest part that is a local module, then a name in it."""
        if not chain or self.local.find(chain[0]) is None:
            if chain:
                self.library(chain[0])
            return
        length = 1
        while length < len(chain) and self.local.find(".".join(chain[: length + 1])):
            length += 1
        module = ".".join(chain[:length])
        self.visit(module)
        if length == len(chain):
            self.whole(module)
        else:
            self.symbol(module, chain[length])

    def visit(self, module: str) -> None:
        """What runs when a module is imported: its effects, those of its packages and of what it imports."""
        if module in self.visited:
            return
        self.visited.add(module)
        if "." in module:
            self.visit(module.rpartition(".")[0])
        facts = self.facts_of_module(module)
        if facts is None:
            return
        if facts.effects.digest:
            self.closure.parts[f"module:{module}"] = facts.effects.digest
            self.closure.constants.update(facts.effects.constants)
            self.uses(facts, module, facts.effects.uses)
        self.executed(facts, module)

    def symbol(self, module: str, name: str) -> None:
        """Follow one name of a local module."""
        if (module, name) in self.seen:
            return
        self.seen.add((module, name))
        facts = self.facts_of_module(module)
        if facts is None:
            return
        piece: CodePiece | None = facts.definitions.get(name)
        if piece is not None:
            self.closure.parts[f"function:{module}.{name}"] = piece.digest
            self.closure.constants.update(piece.constants)
            self.uses(facts, module, piece.uses)
            if facts.reflective and {"globals", "eval", "exec", "vars"} & set(piece.uses):
                self.whole(module)
        if name in facts.imports:
            for target in facts.imports[name]:
                self.target(target, module, [])
        elif piece is None:
            # Not seen here: through a star import, or made by __getattr__ or setattr.
            stars = [self.absolute(star, module) for star in facts.stars]
            if any(self.local.find(star) for star in stars):
                for star in stars:
                    if self.local.find(star):
                        self.visit(star)
                        self.symbol(star, name)
            else:
                self.whole(module)

    def whole(self, module: str) -> None:
        """Follow everything in a module."""
        if self.local.find(module) is None:
            if module:
                self.library(module)
            return
        self.visit(module)
        facts = self.facts_of_module(module)
        if facts is None or (module, "*") in self.seen:
            return
        self.seen.add((module, "*"))
        for name in facts.definitions:
            self.symbol(module, name)
        for star in facts.stars:
            self.whole(self.absolute(star, module))

    def mention(self, name: str) -> None:
        if name.partition(".")[0] not in STDLIB:
            self.closure.modules.add(name)

    def library(self, name: str) -> None:
        top = name.partition(".")[0]
        if top and top not in STDLIB:
            self.closure.libraries.add(top)

    def absolute(self, target: ImportTarget, module: str) -> str:
        """The full name of the module that an import in ``module`` names."""
        if not target.level:
            return target.module
        path = self.local.find(module) or ""
        package = module.split(".")
        if not path.endswith("__init__.py"):
            package.pop()
        package = package[: len(package) - (target.level - 1)]
        return ".".join([*package, *([target.module] if target.module else [])])

    def facts_of_module(self, module: str) -> CodeFacts | None:
        if module not in self.facts:
            path = self.local.find(module)
            facts = None
            if path is not None and path.endswith(".py"):
                self.closure.files.add(path)
                facts = self.facts_of(path)
                if facts is None:
                    # It cannot be parsed: all that can be said is which bytes it has.
                    self.closure.parts[f"module:{module}"] = _bytes_digest(path)
            self.facts[module] = facts
        return self.facts[module]


def _bytes_digest(path: str) -> str:
    try:
        return digest(read_bytes(path))
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
