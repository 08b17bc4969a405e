"""DAG and choices -> Workflow: the tasks to export as steps, with the command, container and name of each; where they
run, what freezes their placeholders. All that engines have in common is said here, once."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import image, names
from soorgeon_clone.export.image import ENV_FILE, ENV_VARIABLE, IN_IMAGE
from soorgeon_clone.export.model import Choices, Container, Settings, Step, Workflow
from soorgeon_clone.export.settings import Told, containers, settings
from soorgeon_clone.pipeline.declared.model import DAG, TaskSpec
from soorgeon_clone.pipeline.products.remote import check_url


def workflow(told: Told, dag: DAG, choices: Choices) -> Workflow:
    """The steps of an export, each after its upstream."""
    whole = settings(told, dag.spec, choices)
    check_url(whole.store or "")
    folder = _folder(whole, choices) if told.kind.in_folder(whole, choices) else None
    only = None if choices.only is None else _with_splits(dag, choices.only)
    chosen = [task for name, task in dag.tasks.items() if only is None or name in only]
    called = names.engine_names((task.name for task in chosen), told.kind.TASK_NAMES)
    container_of = containers(told, dag.spec, choices, whole)
    where = _where(dag, whole, local=folder is not None)
    options = (*where, *_mode(choices, local=folder is not None))
    steps = []
    for task in chosen:
        _check_name(task.spec)
        container = container_of(task.spec)
        steps.append(
            Step(
                task=task.name,
                name=called[task.name],
                upstream=tuple(called[name] for name in task.upstream if name in called),
                options=(*options, *_retries(container, task.spec, tries_again=told.kind.TRIES_AGAIN)),
                container=container,
                entry=f"{task.spec.file}:{task.spec.line}:{task.spec.source.text}",
                products=tuple(product.path for product in task.products),
                splits=task.spec.over is not None,
                each=called[task.spec.each.split] if task.spec.each is not None else None,
            )
        )
    if folder is None:
        first = {step.container: step.task for step in reversed(steps)}
        _check_store(dag, whole, first)
        _check_variables(dag, choices, first)
        return Workflow(whole, choices, tuple(steps), where, build=image.build_command(whole, choices))
    return Workflow(whole, choices, tuple(_frozen(steps, choices)), where, folder=folder)


def _with_splits(dag: DAG, names: frozenset[str]) -> frozenset[str]:
    """The tasks, and the splits without which those of a ``foreach`` are not known."""
    each = (dag.tasks[name].spec.each for name in names if name in dag.tasks)
    return names | {one.split for one in each if one is not None}


def _folder(whole: Settings, choices: Choices) -> str:
    """Where tasks of a shared folder run. A frozen env file is found in the working directory; the program goes to the
    project's folder in any case."""
    return whole.project if choices.env_text is None else posixpath.join(whole.project, choices.folder)


def _frozen(steps: list[Step], choices: Choices) -> list[Step]:
    """The steps, told which env file they read."""
    if choices.env_text is None:
        return steps
    told: dict[Container, Container] = {}
    for step in steps:
        if step.container not in told:
            env = (*step.container.env, (ENV_VARIABLE, ENV_FILE))
            told[step.container] = replace(step.container, env=env)
    return [replace(step, container=told[step.container]) for step in steps]


def _retries(container: Container, task: TaskSpec, *, tries_again: bool) -> tuple[str, ...]:
    """Where the engine tries again, the program does not: n retries are n, not n times n."""
    if tries_again:
        return ("--retries", "0") if container.retries and task.retries else ()
    return ("--retries", str(container.retries)) if container.retries != task.retries else ()


def _where(dag: DAG, whole: Settings, *, local: bool) -> tuple[str, ...]:
    """The options that say which pipeline, and which store."""
    entry = posixpath.join(whole.project, dag.spec.path.name) if local else dag.spec.path.name
    return ("--entry-point", entry, *(("--store", whole.store) if whole.store else ()))


def _mode(choices: Choices, *, local: bool) -> tuple[str, ...]:
    if choices.mode == "force":
        return ("--force",)
    # what is up to date stays in the store
    return ("--no-fetch",) if choices.mode == "incremental" and not local else ()


def _check_name(task: TaskSpec) -> None:
    """The name travels as an argument and through the templates of the engines."""
    wrong = "a leading '-'" if task.name.startswith("-") else ""
    wrong = wrong or next((f"'{sign}'" for sign in ("{{", "{%", "{#") if sign in task.name), "")
    wrong = wrong or ("a line break" if not task.name.isprintable() else "")
    if wrong:
        raise UserError(
            f"{task.file}, line {task.line}: the name of task '{task.name}' has {wrong}, which engines misread",
            hint="Give the task another 'name'.",
            exit_code=2,
        )


def _check_store(dag: DAG, whole: Settings, first: dict[Container, str]) -> None:
    """Containers share nothing but the store."""
    place = dag.spec.path.name
    if whole.store is None:
        raise UserError(
            f"{place}: no store. Tasks run in containers of their own and get each other's products from the store",
            hint="Add 'store: s3://bucket/prefix' (gs://, az://, or a shared folder) to it, or pass --store.",
            exit_code=2,
        )
    if "://" in whole.store and not whole.store.startswith("file://"):
        return
    folder = posixpath.normpath(posixpath.join(IN_IMAGE, whole.store.removeprefix("file://")))
    for container, task in first.items():
        mounted = [posixpath.normpath(path) for path, _ in container.volumes]
        if not any(folder == path or folder.startswith(path.rstrip("/") + "/") for path in mounted):
            raise UserError(
                f"{place}: the store {whole.store} is a folder, and the container of task '{task}' has no volume there",
                hint=f"Add it to pipeline.yaml, 'export: {{volumes: {{{folder}: NAME}}}}', or use an s3://, gs:// or "
                "az:// store.",
                exit_code=2,
            )


def _check_variables(dag: DAG, choices: Choices, first: dict[Container, str]) -> None:
    """pipeline.yaml is read in every container, so each needs what ``{{env.NAME}}`` asks for."""
    for container, task in first.items():
        told = {name for name, _ in (*container.env, *container.secrets)}
        for name in choices.variables:
            if name not in told:
                raise UserError(
                    f"{dag.spec.path.name} uses {{{{env.{name}}}}}, and the container of task '{task}' has no such "
                    "variable",
                    hint=f"Add it to pipeline.yaml: 'export: {{env: {{{name}: VALUE}}}}', or to 'secrets'.",
                    exit_code=2,
                )
