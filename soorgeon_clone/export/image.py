"""Choices -> Dockerfile and .dockerignore: an image with the project and what requirements.txt asks for, no root.

Docker takes ``Dockerfile.dockerignore`` beside the Dockerfile, wherever that is; other builders look for
``.dockerignore`` in the project. Both are written, the second for who copies it there.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterable

from soorgeon_clone.export.model import Choices, Settings
from soorgeon_clone.pipeline.model import DAG, HIDDEN

IN_IMAGE = "/project"
USER = 1000
ENV_FILE = "env.frozen.yaml"

# A store's scheme -> the extra of soorgeon-clone that it needs; others need "store".
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az"}

# Signs of .dockerignore's patterns.
_SIGNS = re.compile(r"[*?\[\]\\]|^[!#]")

_IGNORED = (
    "# What stays out of the image: records and products of this machine, environments, secrets.\n"
    "**/.git\n**/.venv\n**/venv\n**/__pycache__\n**/*.pyc\n**/.ipynb_checkpoints\n**/.mypy_cache\n**/.pytest_cache\n"
    "**/.ruff_cache\n**/node_modules\n**/.DS_Store\n**/.env\n**/.env.*\n**/*.pem\n**/.aws\n**/.ssh\n"
)


def files(dag: DAG, settings: Settings, choices: Choices, *, also: Iterable[str] = ()) -> dict[str, str]:
    """The files that build the image. ``also`` are files of the export that the image holds, in its project folder."""
    copied = (*((ENV_FILE,) if choices.env_text is not None else ()), *also)
    ignored = _dockerignore(dag, choices, copied)
    found = {"Dockerfile": _dockerfile(dag, settings, choices, copied), "Dockerfile.dockerignore": ignored}
    if choices.env_text is not None:
        found[ENV_FILE] = choices.env_text
    return {**found, ".dockerignore": ignored}


def build_command(settings: Settings, choices: Choices) -> str:
    """What builds the image, in the project's folder."""
    file = shlex.quote(posixpath.join(choices.folder, "Dockerfile"))
    context = "" if _inside(choices.folder) else f" --build-context export={shlex.quote(choices.folder)}"
    return f"docker build -f {file}{context} -t {shlex.quote(settings.image)} ."


def _dockerfile(dag: DAG, settings: Settings, choices: Choices, copied: tuple[str, ...]) -> str:
    scheme, separator, _ = (settings.store or "").partition("://")
    extra = _EXTRAS.get(scheme, "store") if separator and scheme != "file" else None
    brackets = f"[{extra}]" if extra else ""
    name, equals, version = choices.install.partition("==")
    # One of the sources must be there, and wheels need not.
    first = "requirements.txt" if choices.requirements else dag.spec.path.name
    wanted = "-r requirements.txt " if choices.requirements else ""
    lines = [
        "# Made by soorgeon-clone export. In the project's folder:",
        f"#   {build_command(settings, choices)}",
        f"FROM python:{choices.python}-slim",
        "",
        "# What pip installs to get soorgeon-clone; a wheel in the project's folder will do:",
        f"#   --build-arg SOORGEON_CLONE=./soorgeon_clone-{version or '1.0'}-py3-none-any.whl{brackets}",
        f'ARG SOORGEON_CLONE="{name}{brackets}{equals}{version}"',
        "",
        f"RUN useradd --create-home --uid {USER} pipeline && install -d -o {USER} -g {USER} {IN_IMAGE}",
        f"WORKDIR {IN_IMAGE}",
        "# Before the project, so that an edited task does not install everything again.",
        f"COPY {json.dumps([first, '*.whl', './'], ensure_ascii=False)}",
        f'RUN pip install --no-cache-dir {wanted}"$SOORGEON_CLONE"',
        f"COPY --chown={USER}:{USER} . .",
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
    if choices.env_text is not None:
        lines += ["# Placeholders as they were at the export.", f"ENV PLOOMBER_ENV_FILENAME={ENV_FILE}"]
    return lines


def _dockerignore(dag: DAG, choices: Choices, copied: Iterable[str]) -> str:
    """Products stay out, each by its path (other files may lie beside them): tasks get them from the store."""
    products = sorted(product.path for task in dag.tasks.values() for product in task.products)
    ignored = [f"**/{HIDDEN}", *(_SIGNS.sub(r"\\\g<0>", path) for path in products)]
    if _inside(choices.folder) and choices.folder not in (".", ""):
        ignored += [f"{choices.folder}/*", *(f"!{choices.folder}/{name}" for name in copied)]
    return _IGNORED + "\n".join(ignored) + "\n"


def _inside(folder: str) -> bool:
    return not folder.startswith(("/", "../")) and ":" not in folder[:2]
