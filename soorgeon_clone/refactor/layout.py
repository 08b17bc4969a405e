"""Plan + choices of the user -> where every file of the project stands and how each product is called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import Literal, get_args

from soorgeon_clone.refactor.clashes import PRODUCTS, TASKS, free_folder, lists_folder
from soorgeon_clone.refactor.model import Bundle, Load, Plan, Serializer

_LONGEST_KEY = 40  # characters
FileFormat = Literal["py", "ipynb"]
FrameFormat = Literal["parquet", "csv"]


@dataclass(frozen=True)
class Choices:
    """What the user chose. ``product_prefix`` is the folder for products, None for one that the notebook does not use.

    ``df_above``: frames of fewer bytes are pickled. ``notebook_folder`` is the way from the project to the notebook's,
    "" if they are one.

    ``taken_modules`` are those beside pipeline.yaml that refactor did not write, ``exported_module`` is what the
    module for definitions is called where no other is. ``local_modules`` are the modules of the notebook's own that
    stand beside it; ``serializer`` is what is used where a value does not need another.
    """

    product_prefix: str | None = None
    file_format: FileFormat = "py"
    df_format: FrameFormat | None = None
    df_above: int = 0
    serializer: Serializer = "pickle"
    notebook_folder: str = ""
    local_modules: tuple[str, ...] = ()
    taken_modules: tuple[str, ...] = ()
    exported_module: str = "exported"


@dataclass(frozen=True)
class ProductFile:
    """A bundle's key in pipeline.yaml and its file, relative to the project; of a table, what is saved beside it."""

    key: str
    path: str
    exact: ProductFile | None = None

    @property
    def all(self) -> tuple[ProductFile, ...]:
        """It, and what is saved beside it."""
        return (self,) if self.exact is None else (self, self.exact)


@dataclass(frozen=True)
class Layout:
    """Where things are.

    ``files`` maps (task, key of its bundle) to the product, ``notebooks`` a task to its executed notebook.
    ``frames_module`` is the module that saves and loads frames in a format of their own, ``nested_module`` the one that
    saves what is nested deeply, ``exported_module`` holds the notebook's functions and classes, ``own_modules`` are all
    modules that are written beside pipeline.yaml.
    ``unlisted_module`` is the module that keeps them out of what the notebook lists, "" where it lists nothing.
    ``picklers`` maps a library to the module that saves its objects, where pickle does not keep what they are.
    """

    choices: Choices
    files: Mapping[tuple[str, str], ProductFile] = field(default_factory=dict)
    notebooks: Mapping[str, str] = field(default_factory=dict)
    frames_module: str = "frames"
    nested_module: str = "nested"
    exported_module: str = "exported"
    own_modules: tuple[str, ...] = ()
    tasks_folder: str = TASKS[0]
    picklers: Mapping[str, str] = field(default_factory=dict)
    unlisted_module: str = ""

    @property
    def products(self) -> str:
        """The folder for products."""
        return self.choices.product_prefix if self.choices.product_prefix is not None else PRODUCTS[0]

    def source(self, task: str) -> str:
        return f"{self.tasks_folder}/{task}.{self.choices.file_format}"

    def product(self, task: str, bundle: Bundle) -> ProductFile:
        return self.files[task, bundle.key]

    def pickler(self, bundle: Bundle) -> str:
        """Return the module that saves and loads a bundle."""
        return self.picklers.get(bundle.serializer, bundle.serializer)

    def upstream(self, load: Load) -> ProductFile:
        return self.files[load.task, load.bundle.key]


def lay_out(plan: Plan, choices: Choices) -> Layout:
    """Return a layout in which no two files are one file, on no operating system."""
    cells = [cell for task in plan.tasks for cell in task.cells]
    if choices.product_prefix is None:
        choices = replace(choices, product_prefix=free_folder(PRODUCTS, cells))
    taken: set[str] = set()
    files: dict[tuple[str, str], ProductFile] = {}
    notebooks = {task.name: _free_path(choices, task.name, ".ipynb", taken) for task in plan.tasks}
    for task in plan.tasks:
        keys = {"nb"}
        for bundle in task.saves:
            wanted = _short(bundle)
            key = _free(wanted, keys)
            keys.add(key)
            stem = f"{task.name}-{_file_name(wanted)}"
            path = _free_path(choices, stem, suffix(bundle, choices), taken)
            exact = None
            if may_hold_frame(bundle, choices):
                beside = _free(f"{key}_exact", keys)
                keys.add(beside)
                exact = ProductFile(beside, _free_path(choices, f"{stem}-exact", ".pkl", taken))
            files[task.name, bundle.key] = ProductFile(key, path, exact)
    others = {*(module.split(".")[0] for module in plan.modules), *choices.local_modules, *choices.taken_modules}
    frames_module = _free("frames", {*others, *notebooks})
    nested_module = _free("nested", {*others, *notebooks})
    exported_module = _free(choices.exported_module, {*others, *notebooks})
    bundles = [bundle for task in plan.tasks for bundle in task.saves]
    own_modules = (exported_module,) if plan.exported else ()
    if any(may_hold_frame(bundle, choices) for bundle in bundles):
        own_modules = (*own_modules, frames_module)
    if any(bundle.deep for bundle in bundles):
        own_modules = (*own_modules, nested_module)
    libraries = {bundle.serializer for bundle in bundles} - set(get_args(Serializer))
    picklers = {library: _free(f"{library}_pickle", {*others, *notebooks}) for library in sorted(libraries)}
    own_modules = (*own_modules, *picklers.values())
    folder = free_folder(TASKS, cells)
    lists = lists_folder([plan.exported, *(cell.source for cell in cells if cell.kind == "code")])
    return Layout(
        choices,
        files,
        notebooks,
        frames_module,
        nested_module,
        exported_module,
        own_modules,
        folder,
        picklers,
        _free("unlisted", {*others, *notebooks}) if lists and not choices.notebook_folder else "",
    )


def may_hold_frame(bundle: Bundle, choices: Choices) -> bool:
    """Tell whether the bundle is saved in the format for frames if the run finds one."""
    if choices.df_format is None or bundle.is_dict or bundle.serializer != choices.serializer:
        return False
    part = bundle.parts[0]
    return bool(part.frame) or (part.frame is None and part.save == part.name)


def suffix(bundle: Bundle, choices: Choices) -> str:
    """Return the product's suffix: what the file holds, whatever the run turns out to save."""
    return f".{choices.df_format}" if may_hold_frame(bundle, choices) else ".pkl"


def _free_path(choices: Choices, stem: str, ending: str, taken: set[str]) -> str:
    """Return a path that no other product has; ``taken`` grows. ``X`` and ``x`` are one file on Windows and macOS."""
    chosen = choices.product_prefix or ""
    prefix = chosen.replace("\\", "/").rstrip("/")
    folder = f"{prefix}/" if prefix not in ("", ".") else "/" if chosen.startswith("/") else ""
    number = 1
    while True:
        path = f"{folder}{stem}{f'-{number}' if number > 1 else ''}{ending}"
        if (folded := unicodedata.normalize("NFKC", path).casefold()) not in taken:
            taken.add(folded)
            return path
        number += 1


def _free(wanted: str, taken: set[str]) -> str:
    names = chain([wanted], (f"{wanted}_{number}" for number in count(2)))
    return next(name for name in names if name not in taken)


def _short(bundle: Bundle) -> str:
    """Return the bundle's key; if that lists more names than a reader takes in, what they have in common."""
    if len(bundle.key) <= _LONGEST_KEY or len(bundle.parts) < 2:
        return bundle.key
    words = [re.split(r"_+", part.name.strip("_")) for part in bundle.parts]
    common = [
        word for word in words[0] if len(word) > 1 and not word.isdigit() and all(word in other for other in words)
    ]
    return "_".join([*common, "variables"])


def _file_name(key: str) -> str:
    """Return ``key`` as part of a file name: short enough, and without what file systems refuse."""
    name = re.sub(r"[^\w.-]+", "-", key).strip("-.") or "value"
    return name if len(name.encode()) <= 100 else name.encode()[:100].decode(errors="ignore")
