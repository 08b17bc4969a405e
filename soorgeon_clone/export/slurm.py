"""Workflow -> scripts for Slurm: one a task (an array for a grid), and submit.sh, which submits what is stale.

Jobs run in the project's folder, which all nodes see at the same place; Slurm's database is not asked, since many
clusters have none. A job leaves its exit code beside its log.
"""

from __future__ import annotations

import math
import posixpath
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import image, job_graph, names, readers
from soorgeon_clone.export.job_graph import Job
from soorgeon_clone.export.model import Choices, Container, Settings, Workflow
from soorgeon_clone.export.readers import Readers, secret_file
from soorgeon_clone.pipeline.declared.yaml_tree import Item
from soorgeon_clone.visible import one_line

# MaxArraySize is 1001 where nobody set it: indices up to 1000.
_LARGEST_ARRAY = 1000
_MEBIBYTE = 2**20
# What sbatch takes and is said here by other keys, or by submit.sh.
_OURS = frozenset(
    "array chdir cpus-per-task dependency export gres job-name kill-on-invalid-dep mem output parsable time".split()
)
# The long options of sbatch: https://slurm.schedmd.com/sbatch.html
_OPTIONS = frozenset(
    """
    account acctg-freq batch bb bbf begin bell clusters cluster-constraint comment constraint container contiguous
    core-spec cores-per-socket cpu-freq cpus-per-gpu deadline delay-boot distribution error exclude exclusive
    export-file extra extra-node-info get-user-env gid gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket
    gpus-per-task gres-flags hint hold input licenses mail-type mail-user mcs-label mem-bind mem-per-cpu mem-per-gpu
    mincpus network nice no-kill no-requeue nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu
    ntasks-per-node ntasks-per-socket open-mode overcommit oversubscribe partition power prefer priority profile
    propagate qos reboot requeue reservation segment signal sockets-per-node spread-job switches thread-spec
    threads-per-core time-min tmp tres-bind tres-per-task uid use-min-nodes verbose wait-all-nodes wckey
    """.split()
)


def _options(item: Item) -> dict[str, str]:
    """Further options of sbatch: what its manual knows, and no key here says."""
    found = readers.texts(item)
    for name, value in found.items():
        entry = item.value[name]
        if name in _OURS:
            raise entry.error(
                f"'{name}' is set by the export", hint="See docs/export-slurm.md for the key that says it."
            )
        if name not in _OPTIONS:
            raise entry.error(f"sbatch has no option --{name}")
        if not value.isprintable():
            raise entry.error("expected a text of one line")
    return found


ABOUT = "one script a task for Slurm, and one that submits what is stale"
TASK_NAMES = TITLES = names.SLURM
KEYS: Readers = {"throttle": readers.count}
TASK_KEYS: Readers = {
    "partition": readers.line,
    "account": readers.line,
    "qos": readers.line,
    "constraint": readers.line,
    "modules": readers.lines,
    "setup": readers.lines,
    "options": _options,
}
TRIES_AGAIN = False
IN_IMAGE: tuple[str, ...] = ()


def in_folder(settings: Settings, choices: Choices) -> bool:
    """All nodes see the project's folder."""
    return True


def files(flow: Workflow) -> dict[str, str]:
    """submit.sh, jobs.txt (each job and what it needs), and for each job its script and its tasks."""
    if flow.choices.schedule:
        raise UserError(
            "Slurm has no schedules that last",
            hint="Leave out --schedule, and let cron or scrontab call submit.sh.",
            exit_code=2,
        )
    jobs = job_graph.jobs(flow.steps, largest=_LARGEST_ARRAY)
    found = {
        "submit.sh": _submit(flow),
        "jobs.txt": "".join(f"{job.name}\t{' '.join(job.needs)}{_split_of(job)}\n" for job in jobs),
    }
    if any(job.split for job in jobs):
        found["continue.sh"] = _continue(flow)
    for job in jobs:
        found[f"tasks/{job.name}.sh"] = _script(job, flow)
        found[f"tasks/{job.name}.txt"] = "".join(f"{step.task}\n" for step in job.steps)
    return found


def _split_of(job: Job) -> str:
    """The third column of jobs.txt."""
    return f"\t{job.split}" if job.split else ""


def use(flow: Workflow, files: Mapping[str, str]) -> list[str]:
    """What comes next."""
    return [f"bash {shlex.quote(posixpath.join(flow.choices.folder, 'submit.sh'))}"]


def _submit(flow: Workflow) -> str:
    settings = flow.settings
    body = Path(__file__).with_name("slurm.sh").read_text(encoding="utf-8")
    lines = [
        "#!/bin/bash",
        f"# Made by soorgeon-clone export: {len(flow.steps)} tasks of the pipeline {one_line(settings.title)}.",
        f"project={shlex.quote(settings.project)}",
        f"pipeline={shlex.quote(settings.name)}",
        f"throttle={settings.own.get('throttle') or ''}",
        f"largest={_LARGEST_ARRAY}",
        "stale_tasks() (",
        *_setup(settings.own),
        *_working_folder(flow),
        _call(settings.program, "status", "--stale", *flow.where)
        if flow.choices.mode != "force"
        else """find "$here/tasks" -name '*.txt' -exec cat {} +""",
        ")",
        "names_of() ( # split, file",
        *_setup(settings.own),
        *_working_folder(flow),
        f'{shlex.quote(settings.program)} task "$1" --names-to "$2" {_call(*flow.where)}',
        ")",
    ]
    return "\n".join(lines) + "\n" + body


def _continue(flow: Workflow) -> str:
    """The job that submits what could not be submitted before elements were known."""
    folder = posixpath.join(flow.settings.project, flow.choices.folder)
    own = flow.settings.own
    asked = [(key, str(own[key])) for key in ("partition", "account", "qos", "constraint") if key in own]
    lines = [
        "#!/bin/bash",
        "# Goes on with submit.sh where the elements of a foreach are known. submit.sh submits this.",
        *(f"#SBATCH --{name}={_directive(value)}" for name, value in [("job-name", "continue"), *asked]),
        f"exec bash {shlex.quote(posixpath.join(folder, 'submit.sh'))}",
    ]
    return "\n".join(lines) + "\n"


def _script(job: Job, flow: Workflow) -> str:
    """One job. It gets the folder where it leaves its exit code."""
    container = job.steps[0].container
    own = dict(container.own)
    lines = [
        "#!/bin/bash",
        f"# {f'{len(job.steps)} tasks' if job.is_array else f'Task {one_line(job.steps[0].task)}'} of the pipeline "
        f"{one_line(flow.settings.title)}. submit.sh submits this.",
        *(f"#SBATCH --{name}={_directive(value)}" for name, value in _directives(job.name, container, own)),
        "set -e",
        *_setup(own),
        *(f"export {name}={shlex.quote(value)}" for name, value in container.env),
        *(f'export {name}="$(cat -- {secret_file(reference)})"' for name, reference in container.secrets),
    ]
    if job.split is not None:
        lines.append(
            f'task=$(sed -n "$((SLURM_ARRAY_TASK_ID + ${{2:-0}} + 1))p" "$1"/{shlex.quote(f"{job.name}.txt")})'
        )
    elif job.is_array:
        members = posixpath.join(flow.settings.project, flow.choices.folder, "tasks", f"{job.name}.txt")
        lines.append(f'task=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" {shlex.quote(members)})')
    else:
        lines.append(f"task={shlex.quote(job.steps[0].task)}")
    lines += [
        *(f"cd -- {shlex.quote(flow.folder)}" for _ in [0] if flow.folder),
        "code=0",
        f'{shlex.quote(flow.settings.program)} task "$task" {_call(*job.steps[0].options)} || code=$?',
        "id=${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}",
        '[ -z "${1:-}" ] || echo "$code" >"$1/$id.exit"',
        'exit "$code"',
    ]
    return "\n".join(lines) + "\n"


def _directives(name: str, container: Container, own: Mapping[str, object]) -> list[tuple[str, str]]:
    found = [("job-name", name)]
    if container.cpus is not None:
        found.append(("cpus-per-task", str(math.ceil(container.cpus))))
    if container.memory is not None:
        found.append(("mem", f"{math.ceil(container.memory / _MEBIBYTE)}M"))
    if container.gpus:
        found.append(("gres", f"gpu:{container.gpus}"))
    if container.timeout:
        found.append(("time", str(math.ceil(container.timeout / 60))))
    found += [(key, str(own[key])) for key in ("partition", "account", "qos", "constraint") if key in own]
    further = own.get("options", ())
    assert isinstance(further, tuple)
    return [*found, *further]


def _directive(value: str) -> str:
    """The value of an #SBATCH line, which Slurm splits as a shell would."""
    return value if re.fullmatch(r"[\w@%+=:,./-]*", value, re.ASCII) else '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _setup(own: Mapping[str, object]) -> list[str]:
    """The lines that make the program and its libraries available."""
    modules, lines = own.get("modules", ()), own.get("setup", ())
    assert isinstance(modules, tuple) and isinstance(lines, tuple)
    return [*(f"module load {shlex.quote(name)}" for name in modules), *lines]


def _working_folder(flow: Workflow) -> list[str]:
    """Where placeholders are frozen, the place and the name of the file that says so."""
    lines = [f"cd -- {shlex.quote(flow.folder)}"] if flow.folder else []
    if flow.choices.env_text is not None:
        lines.append(f"export {image.ENV_VARIABLE}={image.ENV_FILE}")
    return lines


def _call(*arguments: str) -> str:
    return " ".join(map(shlex.quote, arguments))
