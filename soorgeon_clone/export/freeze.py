"""pipeline.yaml and env.yaml -> an env file in which what changes by itself has the value that it has now.

``{{now}}`` in a container is another moment than in the next one, ``{{user}}`` is nobody, and there is no git. So the
export brings an env file of its own: that of the project, with these placeholders replaced, and with entries for those
that pipeline.yaml uses directly (a key of an env file goes before a built-in of the same name). ``{{here}}`` and
``{{root}}`` stay: they are where the project is. ``{{env.VARIABLE}}`` stays: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soorgeon_clone.pipeline.declared import env as environments
from soorgeon_clone.pipeline.declared.env import Environment
from soorgeon_clone.pipeline.declared.model import Spec
from soorgeon_clone.pipeline.declared.values import Lookup
from soorgeon_clone.pipeline.declared.yaml_tree import Item, dump, parse, scalars, text_of

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_FROZEN = ("now", "user", "git", "git_hash", "cwd")
_HEAD = (
    "# Made by soorgeon-clone export: env.yaml, with the placeholders that change by themselves as they were then.\n"
)


@dataclass(frozen=True)
class Frozen:
    """``text`` is that of the env file, None if the pipeline has no placeholders. ``variables`` are the environment
    variables that the pipeline asks for with ``{{env.NAME}}``."""

    text: str | None
    variables: tuple[str, ...]


def freeze(spec: Spec, overrides: Mapping[str, Any] | None = None) -> Frozen:
    """The frozen env file. ``overrides`` are values of ``--env--key``."""
    path = environments.find(spec.path)
    values = environments.load(spec.path, overrides or {}).values
    here = spec.root
    found: dict[str, Any] = {}
    in_env: set[str] = set()
    if path is not None:
        env = parse(text_of(path, path.name), path.name)
        for key, entry in (env.value or {}).items():
            keys_above = set(found)
            found[str(key)] = entry.map_scalars(lambda item: _without(item, keys_above, here, in_env)).plain()  # noqa: B023
        for name in overrides or {}:
            in_env |= _put(found, name.split("."), values)
    used = {name.strip() for text in _texts(spec) for name in _PLACEHOLDER.findall(text)}
    for name in _FROZEN:
        if name in used and name not in found:
            found[name] = _now(name, here)
    named = {name.split(".")[1] for name in used | in_env if name.startswith("env.")}
    variables = sorted(named if "env" not in found else ())
    return Frozen(_HEAD + dump(found) if found else None, tuple(variables))


def _put(target: dict[str, Any], path: list[str], values: Mapping[str, Any]) -> set[str]:
    """Set the value of an option, and nothing beside it; the placeholders in it."""
    *parents, last = path
    for part in parents:
        target, values = target[part], values[part]
    value = values[last]
    target[last] = value.template if isinstance(value, Lookup) else value
    return {f"env.{name}" for name in value.parts[1::2]} if isinstance(value, Lookup) else set()


def _without(item: Item, keys_above: set[str], here: Path, used: set[str]) -> Any:
    """A scalar of env.yaml with what changes by itself replaced."""
    if not isinstance(item.value, str):
        return item.value

    def value(match: re.Match[str]) -> str:
        name = match[1].strip()
        used.add(name)
        return _now(name, here) if name in _FROZEN and name not in keys_above else match[0]

    return _PLACEHOLDER.sub(value, item.value)


def _now(name: str, here: Path) -> str:
    """What a built-in placeholder stands for."""
    if name == "cwd" and Path.cwd() == here:
        return "{{here}}"
    # The letter keeps the value a text: a commit such as 12345678 is not a number.
    return str(Environment({}, here=here).render(Item(f"v{{{{{name}}}}}", "pipeline.yaml", 1)))[1:]


def _texts(spec: Spec) -> Iterator[str]:
    """pipeline.yaml without comments, and the file of meta.import_tasks_from."""
    text = text_of(spec.path, spec.path.name)
    yield from scalars(text)
    if "import_tasks_from" not in text:
        return
    top = parse(text, spec.path.name)
    meta = top.get("meta") if isinstance(top.value, dict) else None
    imported = meta.get("import_tasks_from") if meta and isinstance(meta.value, dict) else None
    if imported:
        name = str(environments.load(spec.path, {}).render(imported))
        yield from scalars(text_of(spec.root / name, name))
