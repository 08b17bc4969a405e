"""The nouns of an export: what is asked for, the steps that an engine will run, the container that each runs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from soorgeon_clone.errors import UserError
from soorgeon_clone.export.dependencies import NO_DEPENDENCIES, Dependencies
from soorgeon_clone.export.readers import Raw

Mode = Literal["incremental", "regular", "force"]
MODES: tuple[Mode, ...] = get_args(Mode)
Operator = Literal["kubernetes", "docker", "bash"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)
PullPolicy = Literal["Always", "IfNotPresent", "Never"]
PULL_POLICIES: tuple[PullPolicy, ...] = get_args(PullPolicy)

PROGRAM = "soorgeon-clone"


@dataclass(frozen=True)
class Choices:
    """What the command line says; where it says nothing (None), pipeline.yaml does.

    ``environment`` is one of those that pipeline.yaml declares. ``only`` are the tasks to export, None for all.
    ``folder`` is where the export goes: relative to the project with forward slashes, or absolute. ``env_text`` is the
    frozen env file that goes with the export (see `freeze`), None if there is nothing to freeze; ``variables`` are the
    environment variables that pipeline.yaml asks for. ``install`` is what pip installs to get this program. ``code``
    are the files that tasks consist of, ``data`` those that they name: they are in the image although git ignores them.
    ``dependencies`` is what installs the libraries, ``ignores`` are the lines of the project's own .dockerignore,
    ``large`` are files that the image would hold, with their sizes in bytes.
    """

    name: str | None = None
    store: str | None = None
    image: str | None = None
    schedule: str | None = None
    operator: Operator | None = None
    environment: str | None = None
    mode: Mode = "regular"
    only: frozenset[str] | None = None
    folder: str = "export"
    env_text: str | None = None
    variables: tuple[str, ...] = ()
    dependencies: Dependencies = NO_DEPENDENCIES
    python: str = "3.11"
    install: str = PROGRAM
    code: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    large: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Container:
    """Where a step runs. Steps that agree share one object.

    ``memory`` is in bytes, ``timeout`` in seconds and for one attempt. ``env``, ``secrets`` (environment variable ->
    where the engine finds its value), ``volumes`` (path in the container -> what is mounted there) and
    ``node_selector`` are pairs; ``requirements`` is the file that says what its image holds, None for that of the
    project; so is ``own``, what is said for this target alone.
    """

    image: str
    pull_policy: PullPolicy = "IfNotPresent"
    cpus: float | None = None
    memory: int | None = None
    gpus: int | None = None
    retries: int = 0
    timeout: int | None = None
    env: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    volumes: tuple[tuple[str, str | Raw], ...] = ()
    node_selector: tuple[tuple[str, str], ...] = ()
    requirements: str | None = None
    service_account: str | None = None
    own: tuple[tuple[str, Any], ...] = ()


def named_volumes(container: Container, engine: str) -> tuple[tuple[str, str], ...]:
    """The volumes of a container for an engine that takes names alone. Raises UserError for another one."""
    found = []
    for path, told in container.volumes:
        if isinstance(told, Raw):
            raise UserError(
                f"pipeline.yaml, export, volumes: {path} is a volume of Kubernetes, which {engine} does not know",
                hint="Give the name of what is mounted; what other targets need goes to their own part.",
                exit_code=2,
            )
        found.append((path, told))
    return tuple(found)


@dataclass(frozen=True)
class Step:
    """One task in the engine. ``task`` is its name in pipeline.yaml, ``name`` the one that the engine takes.

    ``upstream`` are names in the engine. ``options`` follow ``soorgeon-clone task NAME``. ``entry`` says which entry
    of pipeline.yaml declares it: the steps of one grid have the same. ``products`` are paths in the project.

    ``splits``: it finds the elements of a ``foreach``. ``each``: it stands for one step for each element, and this is
    the name in the engine of the step that finds them; as a single step it does all elements.
    """

    task: str
    name: str
    upstream: tuple[str, ...]
    options: tuple[str, ...]
    container: Container
    entry: str
    products: tuple[str, ...]
    splits: bool = False
    each: str | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """What the container runs."""
        return (PROGRAM, "task", self.task, *self.options)


@dataclass(frozen=True)
class Settings:
    """What holds for the export as a whole. ``project`` and ``program`` are the folder of the project and the program
    on the machines that run tasks without containers. ``exclude`` and ``include`` are patterns as in .dockerignore.
    ``own`` is what is said for this target alone."""

    name: str
    title: str
    target: str
    store: str | None
    image: str
    schedule: str | None = None
    namespace: str | None = None
    project: str = ""
    program: str = PROGRAM
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Workflow:
    """All that a target needs: the settings, and the steps, each after its upstream.

    ``folder`` is where tasks run that share the project's folder, None for containers. ``build`` is the command that
    builds the image of these. ``where`` are the options that say which pipeline and store.
    """

    settings: Settings
    choices: Choices
    steps: tuple[Step, ...]
    where: tuple[str, ...]
    folder: str | None = None
    build: str = ""


def elements_in_one(why: str, flow: Workflow) -> list[str]:
    """What to say where an engine cannot make a step for each element of a ``foreach`` when it runs."""
    found = [step.task for step in flow.steps if step.each is not None]
    return [f"Warning: one job does all elements of {', '.join(found)}, one after the other: {why}."] if found else []
