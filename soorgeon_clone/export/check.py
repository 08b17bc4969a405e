"""An export -> whether its image would work: the files that Docker would send, an environment with what the Dockerfile
installs, the pipeline loaded in it, the store reached. Without Docker, and before anything is pushed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import image
from soorgeon_clone.export.context import held_files
from soorgeon_clone.export.dependencies import EXPORTED
from soorgeon_clone.export.model import PROGRAM, Choices
from soorgeon_clone.pipeline.execution.process import kill_tree

_MODULES = """
import importlib.util, json, sys
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except Exception:
        return False
sys.path.insert(0, "")
print(json.dumps([name for name in json.loads(sys.argv[1]) if not there(name)]))
"""

_ITS_WHEEL = (
    f". Where no index has {PROGRAM}, put its wheel into the project's folder (`pip wheel --no-deps THE-CLONE`) "
    "and build with `--build-arg SOORGEON_CLONE=./NAME.whl`."
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``problem`` says what is wrong, None if nothing is."""

    about: str
    problem: str | None = None


def check_image(
    root: Path,
    files: Mapping[str, str],
    choices: Choices,
    modules: Mapping[str, Iterable[str]],
    where: Iterable[str],
    say: Callable[[str], None],
) -> list[Finding]:
    """Look at the image of an export.

    ``modules`` are those that tasks import, with the tasks; ``where`` are the options that say which pipeline and
    store. ``say`` is told what takes long.
    """
    with tempfile.TemporaryDirectory(prefix="soorgeon-clone-check-") as name:
        context, environment = Path(name) / "project", Path(name) / "environment"
        count = _copy(root, files, context)
        findings = [Finding(f"{count} file{'s' * (count != 1)} in the image"), *_missing_code(context, choices)]
        say("Installing what the image would hold...")
        problem = _install(context, environment, choices)
        findings.append(Finding(f"installed: {choices.dependencies.source or PROGRAM}", problem))
        if problem is None:
            python = environment / "bin" / "python"
            findings += check_environment(python, context, modules, where, choices, alone=True)
        return findings


def check_environment(
    python: Path,
    folder: Path,
    modules: Mapping[str, Iterable[str]],
    where: Iterable[str],
    choices: Choices,
    *,
    alone: bool = False,
) -> list[Finding]:
    """Look at a project's folder with the Python of an environment: what tasks import, the pipeline, the store.

    ``alone``: without the modules that variables of this process name.
    """
    env = {**(_alone() if alone else os.environ), "SOORGEON_CLONE_CACHE": "off"}
    if alone and choices.dependencies.paths:
        env["PYTHONPATH"] = os.pathsep.join(str(folder / path) for path in choices.dependencies.paths)
    if choices.env_text is not None:
        env[image.ENV_VARIABLE] = image.ENV_FILE
    ran = _run([str(python), "-c", _MODULES, json.dumps(sorted(modules))], folder, env)
    absent = json.loads(ran.stdout) if ran.returncode == 0 else []
    findings = [
        Finding(f"module {name}", f"is not there, and is imported by {', '.join(sorted(modules[name])[:3])}")
        for name in absent
    ]
    if not absent:
        findings.append(Finding(f"{len(modules)} module{'s' * (len(modules) != 1)} that tasks import"))
    ran = _run([str(python), "-m", "soorgeon_clone", "status", "--json", *where], folder, env)
    problem = None if ran.returncode == 0 else _last_line(ran.stderr)
    return [*findings, Finding("the pipeline loads, and the store answers", problem)]


def _copy(root: Path, files: Mapping[str, str], context: Path) -> int:
    """What COPY does."""
    count = 0
    for path in held_files(root, files["Dockerfile.dockerignore"]):
        if (root / path).is_file():
            (context / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, context / path)
            count += 1
    for name in (image.ENV_FILE,):
        if name in files:
            (context / name).write_text(files[name], encoding="utf-8")
    return count


def _missing_code(context: Path, choices: Choices) -> list[Finding]:
    return [
        Finding(path, "is code or data of a task, and not in the image")
        for path in (*choices.code, *choices.data)
        if not (context / path).exists()
    ]


def _install(context: Path, environment: Path, choices: Choices) -> str | None:
    """What RUN does, in an environment of its own; what went wrong."""
    told = choices.dependencies
    if told.image is not None and shutil.which("conda") is None:
        return f"conda is needed to install {told.source}, and is not there"
    scratch = environment.with_name("scratch")  # goes with the rest, also when what uses it is killed
    scratch.mkdir()
    env = {**_alone(), "TMPDIR": str(scratch)}
    made = _run([sys.executable, "-m", "venv", str(environment)], context, env)
    if made.returncode:
        return f"python -m venv: {_last_line(made.stderr or made.stdout)}"
    env["PATH"] = os.pathsep.join((str(environment / "bin"), os.environ["PATH"]))
    exported = environment / "requirements.txt"
    wheels = [str(path) for path in sorted(context.glob("*.whl"))]
    program = os.environ.get("SOORGEON_CLONE") or (wheels[-1] if wheels else choices.install)
    commands = [shlex.split(command) for command in told.prepare]
    commands.append(["pip", "install", *shlex.split(told.wanted), program])
    if told.package:
        commands.append(["pip", "install", "--no-deps", "--editable", "."])
    for command in commands:
        command = [str(exported) if word == EXPORTED else word for word in command]
        ran = _run([str(environment / "bin" / command[0]), *command[1:]], context, env)
        if ran.returncode:
            problem = _last_line(ran.stderr)
            hint = _ITS_WHEEL if PROGRAM in problem and program == choices.install else ""
            return f"{shlex.join(command[:2])}: {problem}{hint}"
    return None


def _alone() -> dict[str, str]:
    apart = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in apart}


def _run(command: list[str], folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; what it started ends with this process, however that is stopped."""
    try:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    except OSError as error:
        raise UserError(f"{command[0]} cannot be run: {error.strerror}", exit_code=2) from None
    with process:
        try:
            told, problem = process.communicate()
        except BaseException:
            kill_tree(process.pid)
            raise
    return subprocess.CompletedProcess(command, process.returncode, told, problem)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    told = [line for line in lines if line.lower().startswith(("error", "fatal"))]
    return (told or lines or ["no message"])[0 if told else -1].strip()
