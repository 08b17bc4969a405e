"""Choices -> Dockerfile and .dockerignore: an image with the project and what requirements.txt asks for, no root.

Docker takes ``Dockerfile.dockerignore`` beside the Dockerfile, wherever that is; other builders look for
``.dockerignore`` in the project. Both are written, the second for who copies it there.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from soorgeon_clone.export import names
from soorgeon_clone.export.dependencies import Dependencies
from soorgeon_clone.export.model import Choices, Settings, Workflow
from soorgeon_clone.files import private
from soorgeon_clone.files.ignored import Ignores, Rule, ignores_of, kept_files
from soorgeon_clone.pipeline.declared.model import DAG, HIDDEN

IN_IMAGE = "/project"
USER = 1000
ENV_FILE = "env.frozen.yaml"
ENV_VARIABLE = "PLOOMBER_ENV_FILENAME"

# A store's scheme -> the extra of soorgeon-clone that it needs; others need "store".
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az"}

# Signs of .dockerignore's patterns.
_SIGNS = re.compile(r"[*?\[\]\\]|^[!#]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_STARS = re.compile(r"(?<!\\)\*{2,}")
_UNCLOSED = re.compile(r"(?<!\\)\[")

_IGNORED = (
    *("**/.git", "**/.venv", "**/venv", "**/__pycache__", "**/*.pyc", "**/.ipynb_checkpoints", "**/.mypy_cache"),
    *("**/.pytest_cache", "**/.ruff_cache", "**/node_modules", "**/.DS_Store"),
)


def files(dag: DAG, flow: Workflow, *, also: Iterable[str] = ()) -> dict[str, str]:
    """The files that build the images. ``also`` are files of the export that an image holds, in its project folder."""
    choices = flow.choices
    copied = (*((ENV_FILE,) if choices.env_text is not None else ()), *also)
    ignored = _dockerignore(dag, flow.settings, choices, copied)
    found = {}
    for name, image, wanted in _images(flow):
        told = choices if wanted is None else replace(choices, dependencies=_other(choices, wanted))
        settings = replace(flow.settings, image=image)
        found[name] = _dockerfile(dag, settings, told, copied, name)
        found[f"{name}.dockerignore"] = ignored if wanted is None else _dockerignore(dag, settings, told, copied)
    return {**found, **frozen(choices), ".dockerignore": ignored}


def _images(flow: Workflow) -> list[tuple[str, str, str | None]]:
    """Each image to build: its Dockerfile, its name, and its requirements where these are not the project's."""
    found: dict[str, tuple[str, str, str | None]] = {}
    for container in dict.fromkeys(step.container for step in flow.steps):
        if (wanted := container.requirements) is not None:
            found.setdefault(container.image, (f"Dockerfile.{names.suffix(wanted)}", container.image, wanted))
    return [("Dockerfile", flow.settings.image, None), *found.values()]


def _other(choices: Choices, requirements: str) -> Dependencies:
    """What installs them: they lie in the project's folder itself when pip reads them."""
    wanted = f"-r {shlex.quote(posixpath.basename(requirements))}"
    told = choices.dependencies
    return Dependencies(requirements, (requirements,), wanted=wanted, package=told.package, paths=told.paths)


def frozen(choices: Choices) -> dict[str, str]:
    """The frozen env file, where there is anything to freeze."""
    return {} if choices.env_text is None else {ENV_FILE: choices.env_text}


def build_commands(flow: Workflow) -> list[str]:
    """What builds the images, in the project's folder."""
    settings = flow.settings
    return [build_command(replace(settings, image=image), flow.choices, name) for name, image, _ in _images(flow)]


def build_command(settings: Settings, choices: Choices, name: str = "Dockerfile") -> str:
    """What builds an image, in the project's folder."""
    file = shlex.quote(posixpath.join(choices.folder, name))
    context = "" if _inside(choices.folder) else f" --build-context export={shlex.quote(choices.folder)}"
    return f"docker build -f {file}{context} -t {shlex.quote(settings.image)} ."


def _dockerfile(dag: DAG, settings: Settings, choices: Choices, copied: tuple[str, ...], called: str) -> str:
    scheme, separator, _ = (settings.store or "").partition("://")
    extra = _EXTRAS.get(scheme, "store") if separator and scheme != "file" else None
    brackets = f"[{extra}]" if extra else ""
    name, equals, version = choices.install.partition("==")
    told = choices.dependencies
    # One of the sources must be there, and wheels need not.
    first = told.files or (dag.spec.path.name,)
    wanted = f"{told.wanted} " if told.wanted else ""
    user = f"useradd {'--non-unique ' if told.image else ''}--create-home --uid {USER} pipeline"
    lines = [
        "# Made by soorgeon-clone export. In the project's folder:",
        f"#   {build_command(settings, choices, called)}",
        f"FROM {told.image or f'python:{choices.python}-slim'}",
        "",
        "# What pip installs to get soorgeon-clone; a wheel in the project's folder will do:",
        f"#   --build-arg SOORGEON_CLONE=./soorgeon_clone-{version or '1.0'}-py3-none-any.whl{brackets}",
        f'ARG SOORGEON_CLONE="{name}{brackets}{equals}{version}"',
        "",
        f"RUN {user} && install -d -o {USER} -g {USER} {IN_IMAGE}",
        f"WORKDIR {IN_IMAGE}",
        "# Before the project, so that an edited task does not install everything again.",
        f"COPY {json.dumps([*first, '*.whl', './'], ensure_ascii=False)}",
        *(f"RUN {command}" for command in told.prepare),
        f'RUN pip install --no-cache-dir {wanted}"$SOORGEON_CLONE"',
        f"COPY --chown={USER}:{USER} . .",
        # Where it lies, since tasks are stale by the contents of the project's own modules.
        *("RUN pip install --no-cache-dir --no-deps --editable ." for _ in [0] if told.package),
        *(_copy(name, choices.folder) for name in copied),
        *_environment(choices),
        f"USER {USER}:{USER}",
        "",
    ]
    return "\n".join(lines)


def _copy(name: str, folder: str) -> str:
    stage, source = ("", posixpath.join(folder, name)) if _inside(folder) else (" --from=export", name)
    return f"COPY --chown={USER}:{USER}{stage} {json.dumps([source, name], ensure_ascii=False)}"


def _environment(choices: Choices) -> list[str]:
    # Containers end after their task: a cache in them would be of no use to anybody.
    lines = ["ENV SOORGEON_CLONE_CACHE=off PYTHONUNBUFFERED=1"]
    if choices.dependencies.paths:
        paths = ":".join(f"{IN_IMAGE}/{path}" for path in choices.dependencies.paths)
        lines.append(f"ENV PYTHONPATH={json.dumps(paths.replace('$', chr(92) + '$'), ensure_ascii=False)}")
    if choices.env_text is not None:
        lines += ["# Placeholders as they were at the export.", f"ENV {ENV_VARIABLE}={ENV_FILE}"]
    return lines


def _dockerignore(dag: DAG, settings: Settings, choices: Choices, copied: Iterable[str]) -> str:
    """The last line that means a file decides. Products stay out, each by its path (other files may lie beside them):
    tasks get them from the store."""
    products = sorted(product.path for task in dag.tasks.values() for product in task.products)
    left_out, kept = _gitignore(dag.root, {*choices.code, *choices.data})
    lines = [
        "# What stays out of the image: keys and passwords by the names that people give them,",
        *private.docker_patterns(),
        "# what git ignores (but what tasks name and what was there at the export and is not ignored),",
        *left_out,
        *_back(path for path in kept if not private.is_private(path)),
        *_back(path for path in choices.code if private.is_private(path)),
        *_own(settings, choices),
        "# records and products of this machine, environments.",
        *_IGNORED,
        f"**/{HIDDEN}",
        *map(_literal, products),
    ]
    if _inside(choices.folder) and choices.folder not in (".", ""):
        lines += [f"{_literal(choices.folder)}/*", *_back(f"{choices.folder}/{name}" for name in copied)]
    return "\n".join(lines) + "\n"


def _own(settings: Settings, choices: Choices) -> list[str]:
    """What the project says itself; what tasks consist of and what is secret stays as it is."""
    said = [*choices.ignores, *settings.exclude, *(f"!{pattern}" for pattern in settings.include)]
    if not said:
        return []
    lines = ["# what .dockerignore says in the project, and 'exclude' and 'include' in pipeline.yaml,", *said]
    if any(line.startswith("!") for line in said):
        lines += private.docker_patterns()
    return [*lines, *_back((*choices.dependencies.files, *choices.code))]


def _gitignore(root: Path, needed: Collection[str]) -> tuple[list[str], list[str]]:
    """The patterns of .gitignore files as Docker's, and files that these would wrongly leave out.

    Docker knows no classes of signs as git does, nor patterns for folders alone, and takes back what is in a folder
    that is left out. So the patterns become a little wider, those that take something back are not handed on, and what
    is there and git does not ignore comes back by its name.
    """
    ignores = ignores_of(root)
    there = {*needed, *kept_files(root, ignores)}
    loose = Ignores(root, [rule.loosened() for rule in ignores.rules if not rule.negated])
    kept = [path for path in there if loose.leaves_out_below(tuple(path.split("/")))]
    patterns = dict.fromkeys(_docker_pattern(rule) for rule in loose.rules)
    return [*patterns], sorted(kept)


def _docker_pattern(rule: Rule) -> str:
    parts = rule.text if rule.anchored else ("**", *rule.text)
    return "/".join((*map(_literal, rule.folder), *map(_valid, parts)))


def _valid(part: str) -> str:
    """What Docker takes: no class that does not end, no sign that keeps nothing, no stars across folders."""
    part = _UNCLOSED.sub(r"\\[", part) if part == "**" else _STARS.sub("*", _UNCLOSED.sub(r"\\[", part))
    return f"{part[:-1]}?" if len(part) - len(part.rstrip("\\")) & 1 else part


def _literal(path: str) -> str:
    """A path as a pattern that means it (where a sign would end the line, any sign)."""
    return _CONTROL.sub("?", _SIGNS.sub(r"\\\g<0>", path))


def _back(paths: Iterable[str]) -> list[str]:
    """Lines that take files back. A name with a line's end in it would say more than that file."""
    return [f"!{_literal(path)}" for path in paths if not _CONTROL.search(path)]


def _inside(folder: str) -> bool:
    return not folder.startswith(("/", "../")) and ":" not in folder[:2]
