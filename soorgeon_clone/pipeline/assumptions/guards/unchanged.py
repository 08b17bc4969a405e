"""A loaded value is as it was: it is dumped into a comparison with its product; if bytes differ, compared by value."""

from __future__ import annotations

import ast
import inspect
import pickle
import sys
from collections.abc import Callable, Mapping
from typing import Any

from soorgeon_clone.pipeline.assumptions.differences.caches import MISSING, is_cache
from soorgeon_clone.pipeline.assumptions.differences.objects import held_by
from soorgeon_clone.pipeline.assumptions.differences.words import GONE, words
from soorgeon_clone.pipeline.assumptions.dumping import digest_of, dumped, is_in
from soorgeon_clone.pipeline.assumptions.guards import definitions
from soorgeon_clone.pipeline.assumptions.guards.guard import Found, Guard, Subject
from soorgeon_clone.pipeline.assumptions.loading import Loading, loading_of

_NOT_THERE = "the comment names `{name}`, and no cell that loads does: let it name what the variable is called now"


class Unchanged:
    """The guard of one variable. The object that was loaded counts, whatever the name means in the end."""

    def __init__(self, subject: Subject) -> None:
        (self._name,) = subject.names
        self._loads = subject.loads
        self._value: Any = MISSING
        self._loading: Loading | None = None
        self._bytes: bytes | None = None
        self._attributes: frozenset[str] = frozenset()
        self._gradients: list[object] = []
        self._is_known = True
        self._other: Guard | None = None

    def begin(self, namespace: Mapping[str, Any]) -> None:
        """Keep the object; how it can be had once more."""
        self._value = namespace.get(self._name, MISSING)
        self._is_known = self._value is not MISSING or any(self._name in _names_in(source) for source in self._loads)
        if self._value is MISSING:
            return
        if inspect.isfunction(self._value) or inspect.isclass(self._value):
            self._other = definitions.Definition(self._name)
            self._other.begin(namespace)
            return
        self._attributes = frozenset(held_by(self._value))
        self._gradients = _gradients_of(self._value)
        self._loading = loading_of(self._name, self._loads, namespace)
        if self._loading is None:  # it comes with an import, or is made anew
            self._bytes = dumped(self._value)

    def end(self, namespace: Mapping[str, Any]) -> Found | None:
        """Compare the object with its product."""
        if self._other is not None:
            return self._other.end(namespace)
        if self._value is MISSING:
            return None if self._is_known else Found((self._name,), _NOT_THERE.format(name=self._name))
        text = self._new_attribute() or self._differs()
        self._value = MISSING
        return Found((self._name,), text) if text else None

    def _new_attribute(self) -> str | None:
        """Return a public attribute that was added; what pickle leaves out is not in any product."""
        for name, value in held_by(self._value).items():
            if name not in self._attributes and not is_cache(type(self._value), name, MISSING, value):
                return f"{self._name}.{name}: {GONE} -> {words(value)}"
        if _gradients_of(self._value) != self._gradients:
            return f"{self._name}: its gradients were computed, or put back"
        return None

    def _differs(self) -> str | None:
        loading = self._loading
        if loading is not None and loading.alone is not None and is_in(loading.alone, self._value):
            return None
        again: Callable[[], Any]
        if loading is not None:
            again = loading.again
        elif self._bytes is not None:
            data = self._bytes
            again = lambda: pickle.loads(data)  # noqa: E731
        else:
            return f"{self._name} cannot be saved, so that nobody can say whether it was changed"
        try:
            fresh = again()
        except Exception as error:
            return f"{self._name} cannot be loaded again to be compared: {type(error).__name__}: {error}"
        digest = digest_of(self._value)
        if digest is not None and digest == digest_of(fresh):
            return None
        from soorgeon_clone.pipeline.assumptions.differences.first import first_difference  # bytes mostly tell

        found = first_difference(fresh, self._value, again)
        return found.text(self._name) if found is not None else None


def _names_in(source: str) -> set[str]:
    """Return the variables that code mentions: one may be loaded only where it was bound."""
    try:
        return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    except (SyntaxError, ValueError):
        return set()


def _gradients_of(value: Any) -> list[object]:
    """Return what stands for the gradients of a tensor of torch, or a module: no file holds them."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "nn"):
        return []
    tensors = list(value.parameters()) if isinstance(value, torch.nn.Module) else [value]
    leaves = [one for one in tensors if isinstance(one, torch.Tensor) and one.is_leaf]
    return [None if one.grad is None else one.grad._version for one in leaves]


def guard(subject: Subject) -> Guard:
    """Return the guard of one variable that was loaded."""
    return Unchanged(subject)
