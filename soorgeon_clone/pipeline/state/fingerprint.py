"""Task -> Fingerprint: what its products depend on, part by part, so that a change can be named.

Contents count, never times: code without comments and formatting, functions of local modules, params, resource files,
what pipeline.yaml says about the task, Python and libraries, and the content of upstream products.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soorgeon_clone.pipeline.assumptions.comments import assumptions_in
from soorgeon_clone.pipeline.declared import foreach
from soorgeon_clone.pipeline.declared.model import Product, Task, TaskSpec
from soorgeon_clone.pipeline.declared.values import Computed, Lookup
from soorgeon_clone.pipeline.sources.closure import Closure, follow, follow_function
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.sources.local_modules import LocalModules
from soorgeon_clone.pipeline.sources.model import CodeFacts
from soorgeon_clone.pipeline.state.libraries import Libraries, python_version
from soorgeon_clone.pipeline.state.model import Cause, Fingerprint, Reason

_ASSUMES, _JOINT = "assumes", "; "
# The digest of a param that a function computes, where it is not known.
UNKNOWN = "only a build knows"

_REASONS = {
    "code": Reason.CODE,
    "assumes": Reason.ASSUMED,
    "function": Reason.FUNCTION,
    "module": Reason.FUNCTION,
    "param": Reason.PARAMS,
    "resource": Reason.RESOURCE,
    "setting": Reason.SETTINGS,
    "product": Reason.SETTINGS,
    "python": Reason.ENVIRONMENT,
    "library": Reason.ENVIRONMENT,
    "upstream": Reason.UPSTREAM,
}


@dataclass(frozen=True, slots=True)
class Needed:
    """One upstream product that a task may read; with a ``file``, that one of a product that is a folder."""

    task: str
    product: Product
    file: str | None = None

    @property
    def path(self) -> str:
        """Where it is."""
        return self.product.path if self.file is None else f"{self.product.path}/{self.file}"


class Fingerprints:
    """Makes fingerprints for the tasks of one project."""

    def __init__(
        self,
        root: Path,
        *,
        facts_of: Callable[[str], CodeFacts | None],
        libraries: Libraries,
        resource_digest: Callable[[str], str | None],
        computed_digest: Callable[[Computed], str] = lambda _: UNKNOWN,
    ) -> None:
        """``computed_digest`` says what is known of a param that a function computes."""
        self.root = root
        self.local = LocalModules(root)
        self._locals: dict[tuple[str, ...], LocalModules] = {(): self.local}
        self.facts_of = facts_of
        self.libraries = libraries
        self.resource_digest = resource_digest
        self.computed_digest = computed_digest
        self._own: dict[str, dict[str, str]] = {}
        self._closures: dict[str, Closure] = {}

    def own(self, task: Task) -> Mapping[str, str]:
        """All parts but those of upstream."""
        if task.name not in self._own:
            self._own[task.name] = self._own_parts(task)
        return self._own[task.name]

    def forget(self, task: Task) -> None:
        """Make the fingerprint anew: the task's source changed."""
        self._own.pop(task.name, None)
        self._closures.pop(task.name, None)

    def closure(self, task: Task) -> Closure:
        """The local code and the libraries that a task uses."""
        if task.name not in self._closures:
            self._closures[task.name] = self._closure(task)
        return self._closures[task.name]

    def of(self, task: Task, upstream: Mapping[str, str]) -> Fingerprint:
        """The fingerprint with these upstream parts, as `upstream_part` names them."""
        parts = {**self.own(task), **upstream}
        return Fingerprint(parts, fingerprint_digest(parts))

    def _closure(self, task: Task) -> Closure:
        spec = task.spec
        if spec.source.kind == "function":
            closure = follow_function(spec.source.text, self.local, self.facts_of)
        else:
            code = task.facts.code or CodeFacts()
            closure = follow(code, self._local_to(code, spec.folder), self.facts_of)
        extra = [hook.dotted_path for hook in (spec.on_render, spec.on_finish, spec.on_failure) if hook]
        if spec.database is not None and spec.database.client is not None:
            function = spec.database.client.value
            extra += [function] if isinstance(function, str) and "://" not in function else []
        extra += [function.dotted_path for function in (spec.serializer, spec.unserializer) if function]
        for dotted in extra:
            more = follow_function(dotted, self.local, self.facts_of)
            closure.parts.update(more.parts)
            closure.libraries.update(more.libraries)
            closure.modules.update(more.modules)
            closure.constants.update(more.constants)
            closure.files.update(more.files)
        return closure

    def _local_to(self, code: CodeFacts, folder: str | None) -> LocalModules:
        """Where a script finds modules: in the ``folder`` that it runs in, and in the folders that it names, if it has
        to do with ``sys.path``."""
        start = self.root / (folder or "")
        extra: tuple[str, ...] = () if folder is None else (str(start),)
        if any(target.module == "sys" for targets in code.imports.values() for target in targets):
            extra += tuple(os.path.normpath(start / name) for name in code.constants if (start / name).is_dir())
        if extra not in self._locals:
            self._locals[extra] = LocalModules(self.root, extra)
        return self._locals[extra]

    def _own_parts(self, task: Task) -> dict[str, str]:
        spec = task.spec
        closure = self.closure(task)
        parts = dict(closure.parts)
        if spec.source.kind != "function" and task.facts.code is not None:
            parts["code"] = task.facts.code.effects.digest
        for name, value in spec.params.items():
            if name != "resources_":
                known = self.computed_digest(value) if isinstance(value, Computed) else digest(canonical(value))
                parts[f"param:{name}"] = known
        for name, path in spec.resources.items():
            parts[f"resource:{name}"] = self.resource_digest(path) or "missing"
        for product in task.products:
            parts[f"product:{product.key or ''}"] = product.path
            if product.relation is not None:
                parts[f"setting:relation {product.key or ''}"] = digest(canonical(product.relation.listed()))
        for key, value in _settings(spec).items():
            parts[f"setting:{key}"] = value
        if assumed := assumed_by(task):
            parts[_ASSUMES] = assumed
        parts["python"] = python_version()
        for module, version in self.libraries.versions(closure.libraries).items():
            parts[f"library:{module}"] = version
        return parts


def assumed_by(task: Task) -> str:
    """What a task takes for granted, without the statements that are the reason; "" for nothing.

    Products of a run that did not check it are not those that the task would make.
    """
    if not task.facts.remarks:
        return ""
    found = assumptions_in("\n".join(task.facts.remarks))
    return _JOINT.join(sorted({" ".join((one.kind, ", ".join((*one.where, *one.names)))).strip() for one in found}))


def _listed(assumed: str | None) -> list[str]:
    return assumed.split(_JOINT) if assumed else []


def fingerprint_digest(parts: Mapping[str, str]) -> str:
    """One digest of all parts."""
    return digest("\n".join(f"{name}={parts[name]}" for name in sorted(parts)))


def upstream_part(needed: Needed) -> str:
    """The name of the part that an upstream product is."""
    inner = "" if needed.file is None else f"/{needed.file}"
    return f"upstream:{needed.task}:{needed.product.key or ''}{inner}"


def needs(task: Task, upstream: Mapping[str, Task]) -> list[Needed]:
    """The upstream products that the task may read: those its code takes by name, or all where that is not certain.

    An upstream that the code never names is there for what it leaves behind elsewhere: all its products count.
    """
    if task.spec.over is not None:
        return [Needed(task.spec.over.task, foreach.product_of(task, upstream))]
    uses = task.facts.code.upstream if task.facts.code else None
    found: list[Needed] = []
    in_groups = {name for names in task.groups.values() for name in names}
    for name in task.upstream:
        if name in task.after:
            continue
        keys = {key for other, key in uses or () if other == name} if name not in in_groups else set()
        for product in upstream[name].products:
            if not keys or None in keys or product.key in keys:
                found.append(Needed(name, product))
    held = foreach.held_by(task, upstream)
    return found if held is None else [*found, Needed(*held)]


def counted(task: Task, upstream: Mapping[str, Task]) -> list[Needed]:
    """The needed products whose content makes the task stale: not the notebook of an upstream that its code never
    takes.

    A notebook shows text that changes nothing, and nobody can read it without naming it.
    """
    code = task.facts.code
    if code is None or code.upstream is None:
        return needs(task, upstream)
    named = {name for name, _ in code.upstream} | {name for names in task.groups.values() for name in names}
    named.update(task.after)
    return [
        one
        for one in needs(task, upstream)
        if one.task in named or one.product not in upstream[one.task].notebooks or one.product.path in code.constants
    ]


def left_by(task: Task, upstream: Mapping[str, Task]) -> list[str]:
    """The upstream tasks whose files other than products the task may read: those that are known to leave some, and
    those that its code never takes a product of, which are there for something else."""
    uses = task.facts.code.upstream if task.facts.code else None
    named = {name for name, _ in uses or ()} | {name for names in task.groups.values() for name in names}
    return [
        name
        for name in task.upstream
        if upstream[name].facts.writes_files or (uses is not None and name not in named and name not in task.after)
    ]


def order_part(pattern: str) -> str:
    """The name of the part that stands for the order in which a task gets what a wildcard means."""
    return f"upstream:{pattern}:order"


def left_part(name: str) -> str:
    """The name of the part that stands for what an upstream task left besides its products."""
    return f"upstream:{name}::"


def causes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Cause, ...]:
    """What differs between two sets of parts, one cause for each, in a fixed order."""
    found: list[Cause] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before == after or (name == _ASSUMES and set(_listed(after)) <= set(_listed(before))):
            continue  # what was checked when it ran need not be checked again because less is taken for granted now
        kind, _, about = name.partition(":")
        reason = _REASONS.get(kind, Reason.SETTINGS)
        if reason is Reason.ASSUMED:
            about = _JOINT.join(one for one in _listed(after) if one not in _listed(before))
        elif reason is Reason.ENVIRONMENT:
            about = f"{before or 'nothing'} -> {after or 'nothing'}"
        elif kind == "upstream":
            about = about.rstrip(":").replace(":", "'s ")
        elif kind == "product":
            about = "product"
        elif after == UNKNOWN:
            about = f"{about}: only a build knows its value"
        cause = Cause(reason, about)
        if cause not in found:
            found.append(cause)
    order = list(Reason)
    return tuple(sorted(found, key=lambda cause: order.index(cause.reason)))


def canonical(value: Any) -> str:
    """A text that is equal for equal values: also where JSON would confuse them (``{1: 2}``, tuples, 1 and 1.0)."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in value) + "}"
    if isinstance(value, (list, tuple)):
        return type(value).__name__ + "(" + ",".join(map(canonical, value)) + ")"
    if isinstance(value, (set, frozenset)):
        return type(value).__name__ + "(" + ",".join(sorted(map(canonical, value))) + ")"
    if isinstance(value, Lookup):
        return f"env {value.digest}"
    if value is None or isinstance(value, (str, int, float, complex, bytes)):
        return f"{type(value).__name__} {value!r}"
    return f"{type(value).__module__}.{type(value).__qualname__} {value!r}"


def _settings(spec: TaskSpec) -> dict[str, str]:
    """What else pipeline.yaml says that changes the outcome."""
    found: dict[str, Any] = {
        "exporter": spec.exporter,
        "exporter_options": dict(spec.exporter_options) or None,
        "source": spec.source.text if spec.source.kind == "function" else None,
        "record_timing": spec.record_timing or None,
        "kernel": spec.kernel,
        "plain": spec.plain or None,
        "folder": spec.folder,
        "foreach": (spec.over.task, spec.over.key) if spec.over is not None else None,
    }
    for name in ("on_render", "on_finish", "on_failure", "serializer", "unserializer"):
        hook = getattr(spec, name)
        found[name] = (hook.dotted_path, dict(hook.args)) if hook else None
    if (database := spec.database) is not None:
        found["client"] = database.client and (database.client.value, dict(database.client.args))
        found["chunksize"], found["options"] = database.chunksize, dict(database.options) or None
    return {name: digest(canonical(value)) for name, value in found.items() if value is not None}
