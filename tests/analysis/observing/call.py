"""A line of code -> its call taken apart: receiver and arguments as values, and the effect that the table gives."""

from __future__ import annotations

import ast
import functools
import types
from dataclasses import replace
from typing import Any

from soorgeon_clone.analysis.knowledge.effect_rules import Effect
from soorgeon_clone.analysis.knowledge.effect_tables import Table
from soorgeon_clone.analysis.knowledge.effects import Knowledge, knowledge


class Call:
    """An example taken apart: the call's pieces as values, and what the table says of it."""

    def __init__(self, table: Table, call: str, code: str, setup: str, space: dict[str, Any]) -> None:
        self.space = space
        tree = ast.parse(code.strip())
        for statement in tree.body[:-1]:
            exec(compile(ast.Module([statement], []), "<example>", "exec"), space)
        setup += "\n" + "\n".join(ast.unparse(s) for s in tree.body[:-1])
        self.node = tree.body[-1].value if isinstance(tree.body[-1], ast.Expr) else tree.body[-1]
        self.receiver: Any = None
        self.has_receiver = False
        self.arguments: dict[str, Any] = {}
        self.given: dict[str, str | None] = {}
        self.made: dict[str, str | None] | None = None
        self.called: set[str] = set()
        self.setup = setup
        self.table, self.call = table, call
        self.effect = self._find()

    def _find(self) -> Effect | None:
        k, library = knowledge(), self.table.library
        path = f"{library}.{self.call.replace('*', 'any')}"
        node = self.node
        if isinstance(node, ast.Subscript):
            self._receive(node.value)
            self.space["__receiver__"] = self.receiver
            index = ast.Subscript(ast.Name("__receiver__"), node.slice, node.ctx)
            self.run = lambda: self._eval(index)
            owner, _, kind = self.call.rstrip("]").partition("[")
            return k.subscript(f"{library}.{owner}", kind)
        owner, _, name = path.rpartition(".")
        known = self.table.functions.exact.keys() | self.table.types.keys()
        known |= {entry.name for entry in self.table.functions.globs}
        is_function = self.call in known or self.call.rpartition(".")[0] not in self.table.types
        if isinstance(node, ast.Attribute):
            if is_function:
                self.run = lambda: self._eval(node)
                found = k.module_attribute(path)
                return replace(found, sets=()) if found else None  # they hold for assigning to it
            self._receive(node.value)
            self.run = lambda: getattr(self.receiver, node.attr)
            return k.attribute(owner, name)
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.Delete, ast.With, ast.For)):
            return self._statement(k, owner, name)
        if not isinstance(node, ast.Call):
            raise TypeError(f"an example ends with a call, an attribute or a subscript, not {ast.unparse(node)}")
        return self._called(k, path, owner, name, is_function)

    def _called(self, k: Knowledge, path: str, owner: str, name: str, is_function: bool) -> Effect | None:
        node = self.node
        function = self._eval(node.func)
        if not is_function:
            target = node.func.value if isinstance(node.func, ast.Attribute) and name != "__call__" else node.func
            self._receive(target)
            if name != "__call__":
                function = getattr(self.receiver, node.func.attr)
        names = k.parameters(path) or ()
        positional: list[Any] = []
        for index, arg in enumerate(node.args):
            if isinstance(arg, ast.Starred):
                values = list(self._eval(arg.value))
                self.given["*"] = None
            else:
                values = [self._eval(arg)]
            label = names[index] if index < len(names) else f"#{index}"
            self.given.setdefault(label, ast.unparse(arg) if isinstance(arg, ast.Constant) else None)
            for offset, value in enumerate(values):
                self.arguments[label if not offset else f"#{index + offset}"] = value
                positional.append(value)
        keywords = {}
        for keyword in node.keywords:
            value = self._eval(keyword.value)
            values = value if keyword.arg is None else {keyword.arg: value}
            for word, item in values.items():
                keywords[word] = self.arguments[word] = item
                constant = isinstance(keyword.value, ast.Constant) and keyword.arg
                self.given[word] = ast.unparse(keyword.value) if constant else None
        positional = [self._watch(f"#{i}", v, positional=True) for i, v in enumerate(positional)]
        keywords = {w: self._watch(w, v) for w, v in keywords.items()}
        self.run = lambda: function(*positional, **keywords)
        return k.function(path, self.given) if is_function else k.method(owner, name, self.given, self.made)

    def _statement(self, k: Knowledge, owner: str, name: str) -> Effect | None:
        node = self.node
        if isinstance(node, ast.AugAssign):
            target, value = node.target, node.value
            self._receive(target)
            label = (k.parameters(f"{owner}.{name}") or ("other",))[0]
            self.arguments[label] = self._eval(value)
            self.run = lambda: getattr(self.receiver, name)(self.arguments[label])
        elif isinstance(node, ast.Assign):
            target = node.targets[0]
            self._receive(target.value)
            names = k.parameters(f"{owner}.{name}") or ("key", "value")
            self.arguments[names[-1]] = self._eval(node.value)
            self.run = lambda: self._store(target, self.arguments[names[-1]])
        elif isinstance(node, ast.Delete):
            self._receive(node.targets[0].value)
            self.run = lambda: self.receiver.__delitem__(self._eval(node.targets[0].slice))
        else:
            raise TypeError(ast.unparse(node))
        return k.method(owner, name, dict.fromkeys(self.arguments), self.made)

    def _store(self, target: Any, value: Any) -> None:
        if isinstance(target, ast.Attribute):
            setattr(self.receiver, target.attr, value)
        else:
            self.space |= {"__receiver__": self.receiver, "__value__": value}
            place = ast.Subscript(ast.Name("__receiver__"), target.slice, ast.Load())
            exec(f"{ast.unparse(place)} = __value__", self.space)

    def _receive(self, node: Any) -> None:
        self.receiver, self.has_receiver = self._eval(node), True
        self.made = self._made(node)

    def _made(self, node: Any) -> dict[str, str | None] | None:
        """What the constructor in the setup (or in the example itself) was given."""
        if isinstance(node, ast.Name):
            name = node.id
            for statement in ast.parse(self.setup).body:
                if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
                    node = statement.value
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("fit"):
            node = node.func.value
            return self._made(node)
        if not isinstance(node, ast.Call):
            return None
        names = knowledge().parameters(_path_of(self._eval(node.func))) or ()
        made = {
            n: ast.unparse(a) if isinstance(a, ast.Constant) else None for n, a in zip(names, node.args, strict=False)
        }
        made |= {
            k.arg or "**": ast.unparse(k.value) if isinstance(k.value, ast.Constant) else None for k in node.keywords
        }
        return made

    def _watch(self, label: str, value: Any, *, positional: bool = False) -> Any:
        if not isinstance(value, (types.FunctionType,)):
            return value
        label = list(self.arguments)[int(label[1:])] if positional else label

        @functools.wraps(value)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.called.add(label)
            return value(*args, **kwargs)

        self.arguments[label] = watched
        return watched

    def _eval(self, node: Any) -> Any:
        return eval(ast.unparse(node), self.space)

    def value(self, label: str) -> Any:
        return self.receiver if label == "self" else self.arguments[label]

    def resolve(self, targets: tuple[str, ...]) -> set[str]:
        """Return the labels of the objects that targets name."""
        found: set[str] = set()
        for target in targets:
            target = target.rpartition(":")[2]
            found |= set(self.arguments) if target == "args" else {target}
        return found


def _path_of(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    if isinstance(owner, type):
        return f"{_path_of(owner)}.{function.__name__}"
    return public_path(getattr(function, "__module__", ""), getattr(function, "__qualname__", str(function)))


def public_path(module: str, name: str) -> str:
    """Return ``sklearn.svm.SVC`` for ``sklearn.svm._classes.SVC``."""
    shown = ".".join(part for part in module.split(".") if not part.startswith("_"))
    return knowledge().canonical(f"{shown}.{name}")
