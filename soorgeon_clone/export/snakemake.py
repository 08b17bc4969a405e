"""Workflow -> a Snakefile: a rule a task, with products as outputs, those of its upstream as inputs.

Snakemake compares times of files, the runner contents. So that both say the same, the Snakefile asks the runner when it
is read: each rule has a stamp among its inputs, which is made new where the task is stale and is older than any product
where it is not; there, all other inputs are `ancient`, that is, they give the order alone.
"""

from __future__ import annotations

import json
import math
import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import image, names, readers, snakemake_elements
from soorgeon_clone.export.model import Choices, Container, Settings, Step, Workflow
from soorgeon_clone.export.readers import Readers
from soorgeon_clone.pipeline.declared.yaml_tree import Item
from soorgeon_clone.visible import one_line

_MEBIBYTE = 2**20
_HIDDEN = ".soorgeon-clone/snakemake"
_RESOURCE = re.compile(r"[A-Za-z_]\w*")
# Said by `resources`, `timeout` and so on.
_OURS = {"mem_mb": "resources", "mem": "resources", "runtime": "timeout", "gpu": "resources", "_cores": "resources"}


def _resources(item: Item) -> dict[str, str | int]:
    """Further resources of Snakemake, such as slurm_partition: numbers and texts."""
    found: dict[str, str | int] = {}
    for name, entry in readers.mapping(item).value.items():
        if not _RESOURCE.fullmatch(str(name)):
            raise entry.error(f"{name!r} is no name of a resource of Snakemake")
        if name in _OURS:
            raise entry.error(f"'{name}' is set by '{_OURS[name]}'")
        number = isinstance(entry.value, int) and not isinstance(entry.value, bool)
        found[str(name)] = entry.value if number else readers.line(entry)
    return found


ABOUT = "a Snakefile, whose executors bring many clusters and clouds"
TASK_NAMES = names.SNAKEMAKE
TITLES = names.AIRFLOW
KEYS: Readers = {}
TASK_KEYS: Readers = {"more_resources": _resources, "setup": readers.lines}
TRIES_AGAIN = True
IN_IMAGE: tuple[str, ...] = ()


def in_folder(settings: Settings, choices: Choices) -> bool:
    """Snakemake's jobs run in the project's folder."""
    return True


def files(flow: Workflow) -> dict[str, str]:
    """The Snakefile."""
    if flow.choices.schedule:
        raise UserError(
            "Snakemake has no schedules", hint="Leave out --schedule, and let cron call snakemake.", exit_code=2
        )
    return {"Snakefile": "".join(_text(flow))}


def use(flow: Workflow, files: Mapping[str, str]) -> list[str]:
    """What comes next."""
    return [f"snakemake -s {shlex.quote(posixpath.join(flow.choices.folder, 'Snakefile'))} --cores all"]


def _text(flow: Workflow) -> Iterable[str]:
    settings = flow.settings
    kind = f"the pipeline {one_line(settings.title)}".replace('"', "'").replace("\\", "/")
    yield f'"""{len(flow.steps)} tasks of {kind}. Made by soorgeon-clone export, mode {flow.choices.mode}."""\n'
    yield "\nimport json" if any(step.splits for step in flow.steps) else ""
    yield "\nimport os\nimport subprocess\nimport time\nfrom pathlib import Path\n\n"
    yield f"workdir: {_literal(settings.project)}\n\n"
    yield f"STAMPS = Path({_literal(_HIDDEN)})\n"
    yield "# Rule -> the task in pipeline.yaml.\nTASKS = {\n"
    yield from (f"    {_literal(step.name)}: {_literal(step.task)},\n" for step in flow.steps)
    yield f"}}\n{_stale(flow)}\n"
    yield snakemake_elements.functions(flow)
    products = [_literal(_escaped(path)) for step in flow.steps for path in snakemake_elements.outputs(step)]
    marks = [mark for step in flow.steps for mark in snakemake_elements.marks(step)]
    yield _block("rule all", {"input": products + marks}, default=True)
    steps = {step.name: step for step in flow.steps}
    for step in flow.steps:
        yield "\n" + _rule(step, steps, flow)


def _stale(flow: Workflow) -> str:
    """Python that makes the stamps, in the process that a person started: its jobs read the Snakefile as well."""
    if flow.choices.mode == "force":
        stale = "    return set(TASKS.values())\n"
    else:
        command = _shell([], flow, flow.settings.program, "status", "--stale", *flow.where)
        stale = (
            f"    command = {_literal(command)}\n"
            "    told = subprocess.run(command, shell=True, check=True, stdout=subprocess.PIPE, text=True).stdout\n"
            "    return set(told.splitlines())\n"
        )
    return f'''

def stale_tasks():
    """The names of the tasks that the runner would run."""
{stale}

def make_stamps(stale):
    """Stamps that are new make their rules run; those that are older than any product do not. Returns which are new."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    for rule_name, task in TASKS.items():
        stamp = STAMPS / rule_name
        if task in stale:
            stamp.write_text(f"stale at {{time.time_ns()}}\\n")
        else:
            stamp.touch()
            os.utime(stamp, (1, 1))
    return {{rule_name for rule_name, task in TASKS.items() if task in stale}}


STALE = make_stamps(stale_tasks()) if workflow.is_main_process else set(TASKS)


def after(rule_name, *products):
    """Inputs that are newer than the products of a task that is up to date have the contents that they had."""
    return [product if rule_name in STALE else ancient(product) for product in products]


'''


def _rule(step: Step, steps: Mapping[str, Step], flow: Workflow) -> str:
    container = step.container
    inputs = [f"STAMPS / {_literal(step.name)}"]
    products = [path for name in step.upstream for path in snakemake_elements.outputs(steps[name])]
    if step.each is not None:
        return _rule_of_elements(step, products, flow)
    if products:
        inputs.append(f"after({', '.join(_literal(_escaped(path)) for path in (step.name, *products))})")
    inputs += [mark for name in step.upstream for mark in snakemake_elements.marks(steps[name])]
    log = f"{_HIDDEN}/{step.name}.log"
    setup = _setup(container)
    command = _shell(setup, flow, flow.settings.program, "task", step.task, *step.options)
    parts: dict[str, list[str]] = {
        "input": inputs,
        # The runner keeps the products of a task that fails, and those that are up to date.
        "output": [f"update({_literal(_escaped(path))})" for path in snakemake_elements.outputs(step)],
        "log": [_literal(log)],
        **_needs(container),
    }
    parts["shell"] = [_literal(f"({_escaped(command)}) >{{log}} 2>&1")]
    return _block(f"{'checkpoint' if step.splits else 'rule'} {step.name}", parts)


def _rule_of_elements(step: Step, products: list[str], flow: Workflow) -> str:
    """A rule whose wildcard is an element's label."""
    stem = f"{_HIDDEN}/{step.name}.{{label}}"
    command = _shell(_setup(step.container), flow, flow.settings.program, "task", step.task, *step.options)
    parts = {
        "input": [_literal(stem), f"ancient([{', '.join(_literal(_escaped(path)) for path in products)}])"],
        "output": [_literal(f"{stem}.done")],
        "log": [_literal(f"{stem}.log")],
        "wildcard_constraints": [r'label=r"[\w-][\w.-]*"'],
        **_needs(step.container),
        "shell": [_literal(f"({snakemake_elements.of_element(_escaped(command))} && touch {{output}}) >{{log}} 2>&1")],
    }
    return _block(f"rule {step.name}", parts)


def _needs(container: Container) -> dict[str, list[str]]:
    """What a job asks for."""
    parts: dict[str, list[str]] = {}
    if container.cpus is not None:
        parts["threads"] = [str(math.ceil(container.cpus))]
    if resources := _asked(container):
        parts["resources"] = [f"{name}={value!r}" for name, value in resources]
    if container.retries:
        parts["retries"] = [str(container.retries)]
    return parts


def _block(head: str, parts: Mapping[str, list[str]], *, default: bool = False) -> str:
    lines = [f"{head}:\n"]
    if default:
        lines.append("    default_target: True\n")
    for name, values in parts.items():
        if len(values) == 1:
            lines.append(f"    {name}: {values[0]}\n")
        else:
            lines += [f"    {name}:\n", *(f"        {value},\n" for value in values)]
    return "".join(lines)


def _asked(container: Container) -> list[tuple[str, str | int]]:
    found: list[tuple[str, str | int]] = []
    if container.memory is not None:
        found.append(("mem_mb", math.ceil(container.memory / _MEBIBYTE)))
    if container.timeout:
        found.append(("runtime", math.ceil(container.timeout / 60)))
    if container.gpus:
        found.append(("gpu", container.gpus))
    return [*found, *dict(container.own).get("more_resources", ())]


def _setup(container: Container) -> list[str]:
    """Shell commands before the task."""
    return [
        *dict(container.own).get("setup", ()),
        *(f"export {name}={shlex.quote(value)}" for name, value in container.env),
        *(f'export {name}="$(cat -- {readers.secret_file(reference)})"' for name, reference in container.secrets),
    ]


def _shell(setup: list[str], flow: Workflow, *command: str) -> str:
    """One line for a shell."""
    place = [] if flow.choices.env_text is None else [f"cd -- {shlex.quote(flow.folder or '')}"]
    if place and not setup:
        place.append(f"export {image.ENV_VARIABLE}={image.ENV_FILE}")
    return " && ".join([*setup, *place, shlex.join(command)])


def _escaped(text: str) -> str:
    """Without Snakemake's wildcards."""
    return text.replace("{", "{{").replace("}", "}}")


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)
