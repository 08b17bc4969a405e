"""env.yaml and ``--env--key`` -> the values of ``{{placeholders}}``; the built-in ones are computed when asked for."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import is_regular
from soorgeon_clone.pipeline.declared import repository, yaml_tree
from soorgeon_clone.pipeline.declared.outside import is_package
from soorgeon_clone.pipeline.declared.values import Lookup, holds, resolved, typed
from soorgeon_clone.pipeline.declared.yaml_tree import Item, shortened
from soorgeon_clone.pipeline.sources import templates

_NAME = re.compile(r"\s*[^\W\d][\w-]*(\.[\w-]+)*\s*|\s*")
_LONGEST_TEMPLATE = 1_000
_STATEMENT = re.compile(r"\{%.*%\}|\{#.*#\}", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
# Placeholders may stand for texts with placeholders, and so multiply.
_LONGEST = 1_000_000
_SWITCH = "PLOOMBER_ENV_FILENAME"


def find(spec: Path) -> Path | None:
    """The env file of a spec: the one that PLOOMBER_ENV_FILENAME names, else ``env.NAME.yaml`` for
    ``pipeline.NAME.yaml``, else ``env.yaml``; each in the working directory, then beside the spec."""
    named = os.environ.get(_SWITCH)
    if named:
        if Path(named).name != named:
            raise UserError(f"{_SWITCH}={named}: expected a file name without folders", exit_code=2)
        names = [named]
    else:
        parts = spec.name.split(".")
        names = [f"env.{'.'.join(parts[1:-1])}.yaml"] if len(parts) > 2 else []
        names.append("env.yaml")
    for name in names:
        for folder in (Path.cwd(), spec.parent):
            if is_regular(folder / name):
                return folder / name
    if named:
        raise UserError(f"{_SWITCH} names {named}, and there is no such file", exit_code=2)
    for name in names:
        wrong = (spec.parent / name).with_suffix(".yml")
        if wrong.is_file():
            raise UserError(f"{wrong.name} is not read", hint=f"Rename it to {name}.", exit_code=2)
    return None


def may_hold_placeholders(text: str) -> bool:
    """Whether a text may have placeholders, or statements or comments of Jinja."""
    return any(sign in text for sign in ("{{", "{%", "{#"))


class Given(dict[str, Any]):
    """Values by dotted names that a program gives. Unlike those of options, they need not stand in env.yaml."""


class Environment:
    """The values of placeholders. ``used`` collects the names that were asked for, ``files`` tells in which file each
    value stands, unless a program gives it. ``now`` is the moment that ``{{now}}`` stands for, None for this one: it is
    the same all through a pipeline."""

    def __init__(
        self,
        values: Mapping[str, Any],
        *,
        here: Path,
        now: datetime.datetime | None = None,
        file: str = "env.yaml",
        files: Mapping[str, str] | None = None,
        used: Iterable[str] = (),
    ) -> None:
        self.values = dict(values)
        self.here = here
        self.now = now or datetime.datetime.now()
        self.file = file
        self.files = dict(files or {})
        self.used = set(used)

    def unused(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the names that nobody asked for, sorted, with the file in which they stand: '' for a program."""
        left = sorted(self.values.keys() - self.used)
        for file in dict.fromkeys(self.files.get(name, "") for name in left):
            yield file, [name for name in left if self.files.get(name, "") == file]

    def render(self, item: Item) -> Any:
        """The scalar with its placeholders replaced. Numbers, booleans and None written in env.yaml stay such."""
        return resolved(self.keep(item))

    def keep(self, item: Item) -> Any:
        """What `render` gives, but with a Lookup where it depends on the environment: what may be a secret."""
        text = item.value
        if not isinstance(text, str) or not may_hold_placeholders(text):
            return text
        if _STATEMENT.search(text) is not None:
            return typed(self._rendered(text, item))
        if "{{" not in text:
            return text
        # Texts and names of placeholders in turn; a Lookup's parts are such as well.
        texts, *rest = _PLACEHOLDER.split(text)
        parts, size = [texts], len(text)
        for name, following in zip(rest[::2], rest[1::2], strict=True):
            value = self._lookup(name.strip(), item)
            if holds(value, Lookup) and not isinstance(value, Lookup):
                if text.strip() == f"{{{{{name}}}}}":
                    return value
                raise item.error(f"{{{{{name}}}}} holds values of the environment, and stands within a text")
            first, *more = value.parts if isinstance(value, Lookup) else (str(value),)
            size += len(first) + sum(map(len, more))
            if size > _LONGEST:
                raise item.error(f"with its placeholders, the text has more than {_LONGEST} characters")
            parts[-1] += first
            parts += more
            parts[-1] += following
        return Lookup(tuple(parts)) if len(parts) > 1 else typed(parts[0])

    def _lookup(self, name: str, item: Item) -> Any:
        if _NAME.fullmatch(name) is None or ("-" in name and name.partition(".")[0] not in self.values):
            return self._evaluated(name, item)
        parts = name.split(".")
        self.used.add(parts[0])
        if parts[0] == "env" and "env" not in self.values:
            if len(parts) == 1:
                raise item.error("{{env}} stands for all variables", hint="Name the one you need: {{env.NAME}}.")
            variable = name[len("env.") :]
            if _is_variable(variable) and variable in os.environ:
                return Lookup(("", variable, ""))
        if parts[0] in self.values:
            value: Any = self.values
        elif parts[0] == "now":
            value = {"now": self.now.isoformat()}
        elif parts[0] in _BUILT_IN:
            value = {parts[0]: _BUILT_IN[parts[0]](self.here, item)}
        else:
            value = {}
        for part in parts:
            if not isinstance(value, Mapping) or part not in value:
                raise item.error(
                    f"no value for the placeholder {{{{{shortened(name)}}}}}",
                    hint=f"Set the environment variable {'.'.join(parts[1:])}."
                    if parts[0] == "env" and "env" not in self.values
                    else f"Add it to {self.file}; --env--{'--'.join(parts)} VALUE replaces what stands there.",
                )
            value = value[part]
        return value

    def _rendered(self, text: str, item: Item) -> str:
        """The text as Jinja has it, where it holds statements or comments of Jinja."""
        where = f"{item.where}: {shortened(text)}"
        return templates.render(text, self._given(text, item, where), where)

    def _evaluated(self, expression: str, item: Item) -> Any:
        """The value of an expression of Jinja."""
        where = f"{item.where}: {{{{{shortened(expression)}}}}}"
        return templates.evaluate(expression, self._given("{{" + expression + "}}", item, where), where)

    def _given(self, text: str, item: Item, where: str) -> dict[str, Any]:
        """The values of the names that a template of Jinja reads, as far as they have one."""
        if len(text) > _LONGEST_TEMPLATE:
            raise item.error("a text with expressions or statements of Jinja of this length is not read")
        given = {}
        for name in sorted(templates.names(text, where)):
            if name == "env" and "env" not in self.values:
                raise item.error(
                    "nothing can be computed with values of the environment: they are looked up when the task runs",
                    hint="Write {{env.NAME}} alone, or compute in the task.",
                )
            if name in self.values or name in _BUILT_IN or name == "now":
                given[name] = self._lookup(name, item)
            if holds(given.get(name), Lookup):
                raise item.error(f"nothing can be computed with {{{{{name}}}}}, which holds values of the environment")
        return given


def load(spec: Path, overrides: Mapping[str, Any], *, now: datetime.datetime | None = None) -> Environment:
    """The environment of a spec. ``overrides`` maps dotted names to values that replace those of env.yaml."""
    bare = Environment({}, here=spec.parent, now=now)
    path = find(spec)
    file = path.name if path is not None else bare.file
    values: dict[str, Any] = {}
    files: dict[str, str] = {}
    used: set[str] = set()
    if path is not None:
        item = yaml_tree.read(path, file)
        if item.value is not None and not isinstance(item.value, dict):
            raise item.error("expected a mapping of placeholders to values")
        if item.value:
            item = _with_imported(item, path)
            values, used = _resolved(item, bare)
            files = {str(key): entry.file for key, entry in item.value.items()}
    for name, value in overrides.items():
        target = values
        *parents, last = name.split(".")
        for part in parents:
            target = target.setdefault(part, {}) if isinstance(target, dict) else {}
        known = path is not None and isinstance(target, dict) and last in target
        if not isinstance(target, dict) or not (known or isinstance(overrides, Given)):
            options = ", ".join(f"--env--{option.replace('.', '--')}" for option in _names(values)) or "none"
            options = shortened(options, 1_000)
            raise UserError(
                f"--env--{name.replace('.', '--')}: "
                + (f"{file} has no '{name}'" if path is not None else f"there is no {file} that has '{name}'"),
                hint=f"Options of this pipeline: {options}.",
                exit_code=2,
            )
        target[last] = _option(name, value, bare)
    return Environment(values, here=bare.here, now=bare.now, file=file, files=files, used=used)


def _with_imported(item: Item, path: Path) -> Item:
    """The values with those of the file that ``meta.import_from`` names, for keys that are not here."""
    entries: dict[Any, Item] = dict(item.value)
    meta = entries.pop("meta", None)
    if meta is None:
        return item
    named = meta.get("import_from") if isinstance(meta.value, dict) else None
    if named is None or set(meta.value) != {"import_from"} or not isinstance(named.value, str):
        raise meta.error("expected a mapping with the key 'import_from', the path of another env.yaml")
    try:
        imported = yaml_tree.read(path.parent / named.value, named.value)
    except FileNotFoundError:
        raise named.error(f"there is no {path.parent / named.value}") from None
    if not isinstance(imported.value, dict) or "meta" in imported.value:
        raise imported.error("expected a mapping of placeholders to values, without 'meta'")
    return Item({**imported.value, **entries}, item.file, item.line)


def _option(name: str, value: Any, bare: Environment) -> Any:
    """The value of an option. It may use built-in placeholders: ``--env--password '{{env.PASSWORD}}'``."""
    if not isinstance(value, str):
        return value
    return bare.keep(Item(value, f"--env--{name}", 1)) if "{{" in value else typed(value)


def _resolved(item: Item, bare: Environment) -> tuple[dict[str, Any], set[str]]:
    """Values of env.yaml, and the names that others of them use: built-in placeholders and the keys above them."""
    values: dict[str, Any] = {}
    used: set[str] = set()
    for key, entry in item.value.items():
        known = Environment(values, here=bare.here, now=bare.now)
        values[str(key)] = entry.map_scalars(known.keep).plain()
        used |= known.used
    return values, used


def _names(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key, value in values.items():
        found += _names(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [f"{prefix}{key}"]
    return found


def _user(here: Path, item: Item) -> str:
    import getpass

    return getpass.getuser()


def _root(here: Path, item: Item) -> str:
    """The folder of the package that the pipeline is part of, as in Ploomber, else that of pipeline.yaml."""
    if (package := is_package(here)) is not None:
        return str(package)
    for folder in (here, *here.parents):
        if (folder / "setup.py").is_file() or (folder / "pipeline.yaml").is_file():
            return str(folder)
    return str(here)


def _git(what: Callable[[Path], str | None]) -> Callable[[Path, Item], str]:
    def describe(here: Path, item: Item) -> str:
        found = what(here)
        if found is None:
            raise item.error(f"{{{{git}}}} needs a git repository with a commit, and {here} is in none")
        return found

    return describe


def _is_variable(name: str) -> bool:
    return bool(name) and "\0" not in name and "=" not in name


_BUILT_IN: dict[str, Any] = {
    "user": _user,
    "cwd": lambda here, item: str(Path.cwd()),
    "here": lambda here, item: str(here),
    "root": _root,
    "git": _git(repository.branch_or_commit),
    "git_hash": _git(repository.describe),
}
