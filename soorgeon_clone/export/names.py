"""Names of tasks -> names that an engine takes: valid, short enough, unique, and the same in every export.

A name that the engine takes as it is stays. Any other has its foreign characters replaced and gets a few digits of its
own hash, so it depends on nothing but itself. The original goes into the export beside it.
"""

from __future__ import annotations

import hashlib
import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass

from soorgeon_clone.errors import UserError

_HASH = 8


@dataclass(frozen=True)
class Rule:
    """What an engine takes: ``valid`` matches a whole name, ``foreign`` one character that has to go, for ``sign``."""

    valid: re.Pattern[str]
    foreign: re.Pattern[str]
    limit: int
    lower: bool = False
    sign: str = "-"


# Airflow's KEY_REGEX without letters beyond ASCII; up to 250 characters, 220 where the name is also a pod's
AIRFLOW = Rule(re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*"), re.compile(r"[^A-Za-z0-9_.-]"), 220)
# Argo's workflowFieldNameFmt, up to 128 characters; its DAGs refuse dependencies of a task that begins with a digit
ARGO = Rule(re.compile(r"[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?"), re.compile(r"[^A-Za-z0-9-]"), 128)
# SubmitJob: letters, digits, hyphens, underscores, the first no sign, up to 128
BATCH = Rule(re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*"), re.compile(r"[^A-Za-z0-9_-]"), 128)
# an identifier of Python that means nothing to Python or Snakemake
_TAKEN = "|".join((*keyword.kwlist, "all", "config", "workflow", "rules", "rule", "checkpoint", "input", "output"))
SNAKEMAKE = Rule(re.compile(rf"(?!(?:{_TAKEN})$)[A-Za-z_][A-Za-z0-9_]*"), re.compile(r"[^A-Za-z0-9_]"), 128, sign="_")
# names of files, of jobs and of folders
SLURM = Rule(re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*"), re.compile(r"[^A-Za-z0-9_.-]"), 128)
# RFC 1123: names of pods and other objects of Kubernetes; room for the suffixes that the engines add
KUBERNETES = Rule(re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"), re.compile(r"[^a-z0-9-]"), 50, lower=True)
# Docker's reference grammar: the parts of a repository's name
IMAGE = Rule(re.compile(r"[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*"), re.compile(r"[^a-z0-9._-]"), 128, lower=True)


def engine_names(originals: Iterable[str], rule: Rule) -> dict[str, str]:
    """The name in the engine of each original."""
    originals = list(originals)
    names = {name: name for name in originals if _is_valid(name, rule)}
    taken = set(names)
    for original in originals:
        if original not in names:
            name = engine_name(original, rule)
            if name in taken:
                raise UserError(f"task '{original}' would be called '{name}', as another task is", hint="Rename it.")
            taken.add(name)
            names[original] = name
    return names


def engine_name(original: str, rule: Rule) -> str:
    """The name in the engine of one original."""
    if _is_valid(original, rule):
        return original
    text = original.lower() if rule.lower else original
    digits = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    sign, room = rule.sign, rule.limit - _HASH - len("task--")
    stem = re.sub(f"{sign}{{2,}}", sign, rule.foreign.sub(sign, text))[:room].strip("-_.")
    name = f"{stem}{sign}{digits}" if stem else f"task{sign}{digits}"
    return name if _is_valid(name, rule) else f"task{sign}{name}"


def _is_valid(name: str, rule: Rule) -> bool:
    return len(name) <= rule.limit and rule.valid.fullmatch(name) is not None


def suffix(requirements: str) -> str:
    """A word for a file of requirements: fit for requirements.fit.txt."""
    name = requirements.rpartition("/")[2].removesuffix(".txt").removesuffix(".lock")
    return engine_name(name.removeprefix("requirements").strip(".-_") or name, IMAGE)


def variant(image: str, requirements: str) -> str:
    """The image that holds other requirements: registry/housing-fit:1 for registry/housing:1."""
    name, colon, tag = image.rpartition(":")
    if not colon or "/" in tag:  # that is a port
        name, colon, tag = image, "", ""
    return f"{name}-{suffix(requirements)}{colon}{tag}"
