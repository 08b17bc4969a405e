"""pipeline.yaml -> Spec. Everything in the file is checked here, with line and key, before anything else happens."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import did_you_mean
from soorgeon_clone.pipeline.declared import elements, entry_point, yaml_tree
from soorgeon_clone.pipeline.declared import env as environments
from soorgeon_clone.pipeline.declared.computed_entries import Functions
from soorgeon_clone.pipeline.declared.database_entry import RELATIONS, Clients, read_clients
from soorgeon_clone.pipeline.declared.entries import checked_path, mapping_item, read_hook, word
from soorgeon_clone.pipeline.declared.env import Environment
from soorgeon_clone.pipeline.declared.foreach import Known
from soorgeon_clone.pipeline.declared.grid import MOST_TASKS
from soorgeon_clone.pipeline.declared.model import Spec, TaskSpec
from soorgeon_clone.pipeline.declared.source_entry import SUFFIXES
from soorgeon_clone.pipeline.declared.task_entry import Defaults, read_task
from soorgeon_clone.pipeline.declared.values import Computed, Unknown, Values, typed
from soorgeon_clone.pipeline.declared.yaml_tree import Item, check_keys, dump, number, shortened

DEFAULT = entry_point.DEFAULT
_TOP = (
    "tasks", "meta", "clients", "config", "executor", "serializer", "unserializer", "on_render", "on_finish",
    "on_failure", "store", "store_compression", "export", "allow_outside",
)  # fmt: skip
_BESIDE_LOCATION = ("store", "store_compression", "export", "allow_outside")
_META = ("extract_upstream", "extract_product", "product_relative_to_source", "import_tasks_from", "source_loader")
_META_IGNORED = ("jupyter_hot_reload", "jupyter_functions_as_notebooks", "product_default_class")


def load(
    path: Path | str = DEFAULT,
    env: Mapping[str, Any] | None = None,
    *,
    values: Values | None = None,
    now: datetime.datetime | None = None,
    expand: bool = True,
) -> Spec:
    """The spec in ``path``. ``env`` maps dotted placeholder names to values that replace those of env.yaml.

    ``values`` says what functions return that the file names for params and grids. Without it `Computed` objects stand
    in params for what they would return, and one task for those of such a grid: nothing is called or imported here.
    ``now`` is the moment that ``{{now}}`` stands for. Without ``expand``, one task stands for all of a ``foreach``;
    else there are those of the elements that the last build found.
    """
    files = entry_point.scripts(Path(path))
    if files:
        return loads(_text_of(files), path=Path.cwd() / DEFAULT, env=env, values=values, now=now, expand=expand)
    path = entry_point.find(Path(path))
    function = entry_point.factory(path)
    if function is not None:
        text = dump({"location": function})
        return loads(text, path=Path.cwd() / DEFAULT, env=env, values=values, now=now, expand=expand)
    try:
        text = yaml_tree.text_of(path, str(path))
    except FileNotFoundError:
        raise UserError(
            f"there is no {path}",
            hint=_other_ending(path) or (path.name != DEFAULT and did_you_mean(path)) or _NO_PIPELINE,
            exit_code=2,
        ) from None
    return loads(text, path=path, env=env, values=values, now=now, expand=expand)


_NO_PIPELINE = (
    "Run the command in the project's folder, or name the file with --entry-point. It is looked for here and above, up "
    "to the folder of the git repository, and where setup.cfg or pyproject.toml say. "
    "'soorgeon-clone refactor NOTEBOOK' writes one, 'soorgeon-clone scaffold NAME' a new project."
)


def _other_ending(path: Path) -> str | None:
    other = path.with_suffix(".yml")
    return f"Rename {other} to {path.name}, or name it with --entry-point." if other.is_file() else None


def _text_of(files: Sequence[Path]) -> str:
    """What pipeline.yaml would say of scripts that tell their products themselves."""
    tasks = [{"source": str(path)} for path in files]
    return dump({"meta": {"extract_product": True}, "tasks": tasks})


def loads(
    text: str,
    *,
    path: Path,
    env: Mapping[str, Any] | None = None,
    values: Values | None = None,
    now: datetime.datetime | None = None,
    expand: bool = True,
    rendered: bool = False,
) -> Spec:
    """The spec in ``text``, which stands in ``path``. ``rendered``: it has no placeholders."""
    # The project is where the file is; a symbolic link to the file does not move the project.
    path = path.parent.resolve() / path.name
    top = yaml_tree.parse(text, path.name)
    if isinstance(top.value, list):
        top = Item({"tasks": top}, top.file, top.line)
    if not isinstance(top.value, dict):
        raise top.error("expected a mapping with the key 'tasks', or a list of tasks")
    if "location" in top.value:
        return _located(top, path, env or {}, values, now, expand=expand)
    environment = environments.load(path, env or {}, now=now) if not rendered else Environment({}, here=path.parent)
    check_keys(top, _TOP, "pipeline.yaml")
    if environments.may_hold_placeholders(text) and not rendered:
        top = _rendered(top, environment)
    warnings: list[str] = []
    meta = _meta(top, warnings)
    tasks = top.get("tasks")
    if tasks is None or not isinstance(tasks.value, list) or not tasks.value:
        raise (tasks or top).error("'tasks' must be a list with at least one task")
    clients, unused_clients = read_clients(top.get("clients"), _templates(meta, path.parent, warnings))
    warnings += unused_clients
    defaults = _defaults(top, meta, clients)
    entries = [*tasks.value, *_imported(meta, environment, path.parent)]
    tasks.value.clear()  # a large file need not be kept twice
    entries.reverse()
    functions = Functions(path.parent, values)
    told: Known = functools.partial(elements.read, path.parent) if expand else lambda folder: None
    specs: list[TaskSpec] = []
    while entries:
        room = MOST_TASKS - len(specs)
        specs += read_task(entries.pop(), defaults, path.parent, warnings, functions, room=room, known=told)
    _check_names(specs)
    if not functions.values.calls:
        for name, (function, known) in functions.grids.items():
            what = "those of the last build are shown" if known else "until the next one, one task stands for all of it"
            warnings.append(f"{path.name}: the grid of task '{name}' is computed by {function} in builds: {what}")
    for file, unused in environment.unused():
        where, verb = f"{file}: " if file else "env: ", "is" if len(unused) == 1 else "are"
        warnings.append(f"{where}{shortened(', '.join(unused))} {verb} not used in {path.name}")
    if top.get("config"):
        warnings.append(f"{top.value['config'].place}: 'config' has no effect")
    return Spec(
        path=path,
        root=path.parent,
        tasks=tuple(specs),
        env=environment.values,
        on_render=read_hook(top.get("on_render")),
        on_finish=read_hook(top.get("on_finish")),
        on_failure=read_hook(top.get("on_failure")),
        jobs=_jobs(top.get("executor"), warnings),
        store=word(top.get("store")),
        store_compression=word(top.get("store_compression")),
        export=mapping_item(top.get("export")),
        product_relative_to_source=defaults.product_relative_to_source,
        allow_outside=_is_true(top.get("allow_outside")),
        warnings=tuple(warnings),
        functions=tuple(functions.names),
        unknown_grids={name: function for name, (function, known) in functions.grids.items() if not known},
    )


def _located(
    top: Item, path: Path, env: Mapping[str, Any], values: Values | None, now: datetime.datetime | None, *, expand: bool
) -> Spec:
    """The spec that a function returns. Until a build has called it, there is nothing to show."""
    check_keys(top, ("location", *_BESIDE_LOCATION), "pipeline.yaml with 'location'")
    entry = top.value["location"]
    dotted = str(word(entry)).replace("::", ".")
    module, _, name = dotted.rpartition(".")
    if not module or not dotted.replace(".", "").isidentifier():
        raise entry.error("expected module.function", hint="The function returns a DAG of Ploomber's, or a mapping.")
    values = values or Unknown()
    function = f"{module}::{name}"
    # as functions that ``ploomber.with_env`` decorates take what replaces values of env.yaml
    given = {f"env__{one.replace('.', '__')}": typed(value) for one, value in env.items()}
    found = values.pipeline(Computed(function, given, entry.place))
    if found is None:
        told = (
            f"{entry.place}: the tasks are what {dotted} returns, and only a build calls it: there are none to show yet"
        )
        return Spec(path, path.parent, (), warnings=(told,), functions=(function,), unknown_grids={"location": dotted})
    beside = {key: top.value[key].plain() for key in _BESIDE_LOCATION if key in top.value}
    text = dump({**found, **beside})
    # what it says is final: env.yaml is the function's own affair
    spec = loads(text, path=path, values=values, now=now, expand=expand, rendered=True)
    shown = () if values.calls else (f"{path.name}: the tasks are those that {dotted} returned in the last build",)
    return replace(spec, warnings=(*spec.warnings, *shown), functions=(*spec.functions, function))


def _rendered(top: Item, environment: Environment) -> Item:
    """The file with its placeholders replaced. What tasks and hooks are given keeps look-ups in the environment."""
    tasks = top.value.get("tasks")
    parts = {key: _rendered_entry(key, entry, environment) for key, entry in top.value.items() if key != "tasks"}
    if tasks is not None and isinstance(tasks.value, list):
        parts["tasks"] = replace(tasks, value=[_rendered_task(entry, environment) for entry in tasks.value])
    elif tasks is not None:
        parts["tasks"] = tasks.map_scalars(environment.render)
    return replace(top, value={key: parts[key] for key in top.value})


def _rendered_task(task: Item, environment: Environment) -> Item:
    if not isinstance(task.value, dict):
        return task.map_scalars(environment.render)
    return replace(task, value={key: _rendered_entry(key, entry, environment) for key, entry in task.value.items()})


_GIVEN = frozenset(
    (
        "params",
        "grid",
        "on_render",
        "on_finish",
        "on_failure",
        "nbconvert_export_kwargs",
        "client",
        "product_client",
        "clients",
    )
)


def _rendered_entry(key: Any, entry: Item, environment: Environment) -> Item:
    return entry.map_scalars(environment.keep if key in _GIVEN else environment.render)


def dump_tasks(tasks: Sequence[Mapping[str, Any]]) -> str:
    """The text of a pipeline.yaml with these tasks, which `load` reads back. Each is a mapping as `declare` makes."""
    blocks = [dump([dict(task)]) for task in tasks]
    return "tasks:\n" + "\n".join(
        "".join(f"  {line}\n" for line in block.removesuffix("\n").split("\n")) for block in blocks
    )


def declare(
    *, source: str, product: str | Mapping[str, str], name: str | None = None, params: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One entry of ``tasks`` with its keys in the customary order."""
    entry: dict[str, Any] = {"source": source}
    if name is not None:
        entry["name"] = name
    entry["product"] = product if isinstance(product, str) else dict(product)
    if params:
        entry["params"] = dict(params)
    return entry


def _meta(top: Item, warnings: list[str]) -> Item:
    meta = top.get("meta") or Item({}, top.file, top.line, "meta")
    if not isinstance(meta.value, dict):
        raise meta.error("expected a mapping")
    check_keys(meta, (*_META, *_META_IGNORED), "meta")
    for key in _META_IGNORED:
        if key in meta.value and not (key == "product_default_class" and _names_relations(meta.value[key])):
            warnings.append(f"{meta.value[key].place}: 'meta.{key}' has no effect")
    for key in _META[:3]:
        flag = meta.get(key)
        if flag is not None and not isinstance(flag.value, bool):
            raise flag.error("expected true or false")
    return meta


def _is_true(entry: Item | None) -> bool:
    if entry is not None and not isinstance(entry.value, bool):
        raise entry.error("expected true or false")
    return entry is not None and bool(entry.value)


def _names_relations(entry: Item) -> bool:
    """Whether classes of relations are named, of which one is as good as another here."""
    classes = entry.plain()
    return isinstance(classes, dict) and all(name in (*RELATIONS, "File") for name in classes.values())


def _defaults(top: Item, meta: Item, clients: Clients) -> Defaults:
    def flag(key: str, otherwise: bool) -> bool:
        item = meta.get(key)
        return otherwise if item is None else bool(item.value)

    return Defaults(
        extract_upstream=flag("extract_upstream", True),
        extract_product=flag("extract_product", False),
        product_relative_to_source=flag("product_relative_to_source", False),
        serializer=read_hook(top.get("serializer")),
        unserializer=read_hook(top.get("unserializer")),
        clients=clients,
    )


def _templates(meta: Item, root: Path, warnings: list[str]) -> tuple[str, ...]:
    """The folder of ``meta.source_loader``, where sources, and templates of SQL, are looked for as well."""
    loader = mapping_item(meta.get("source_loader"))
    if loader is None:
        return ()
    check_keys(loader, ("path", "module"), "meta.source_loader")
    module, folder = word(loader.get("module")), word(loader.get("path"))
    if module is None and folder is None:
        raise loader.error("expected 'path', a folder, or 'module', a package of the project")
    inside = checked_path(folder, loader).rstrip("/") if folder is not None else ""
    if module is None:
        return (inside,)
    package = PurePosixPath(module.replace(".", "/"))
    # the package may be the folder of pipeline.yaml itself
    places = [str(package), f"src/{package}", *("." if root.parts[-len(package.parts) :] == package.parts else ())]
    found = next((place for place in places if (root / place).is_dir()), None)
    if found is None:
        warnings.append(
            f"{loader.place}: 'meta.source_loader' has no effect: there is no package {module} in the project"
        )
        return ()
    return (str(PurePosixPath(found, inside)),)


def _imported(meta: Item, environment: Environment, root: Path) -> list[Item]:
    """The tasks of ``meta.import_tasks_from``, with their sources relative to the root."""
    named = meta.get("import_tasks_from")
    if named is None:
        return []
    if not isinstance(named.value, str):
        raise named.error("expected the path of a YAML file")
    checked_path(named.value, named)
    try:
        tasks = yaml_tree.read(root / named.value, named.value)
    except FileNotFoundError:
        raise named.error(f"there is no {root / named.value}") from None
    if not isinstance(tasks.value, list) or not tasks.value:
        raise tasks.error("expected a list of tasks")
    folder = Path(named.value).parent
    return [_moved(_rendered_task(entry, environment), folder) for entry in tasks.value]


def _moved(task: Item, folder: Path) -> Item:
    source = task.get("source") if isinstance(task.value, dict) else None
    if source is None or not isinstance(source.value, str) or Path(source.value).suffix.lower() not in SUFFIXES:
        return task
    return replace(task, value={**task.value, "source": replace(source, value=(folder / source.value).as_posix())})


def _check_names(specs: Sequence[TaskSpec]) -> None:
    seen: dict[str, TaskSpec] = {}
    for spec in specs:
        first = seen.setdefault(spec.name, spec)
        if first is not spec:
            raise UserError(
                f"{spec.file}, line {spec.line}: a second task is called '{spec.name}'; "
                f"the first is in line {first.line}",
                hint="Give one of them another 'name'.",
                exit_code=2,
            )


def _jobs(item: Item | None, warnings: list[str]) -> int | None:
    """Tasks side by side that ``executor`` asks for: 1 for serial, None (all cores) for parallel."""
    if item is None:
        return None
    if item.value == "serial":
        return 1
    if item.value == "parallel":
        return None
    dotted = item.get("dotted_path") if isinstance(item.value, dict) else None
    kind = str(dotted.value).rsplit(".", 1)[-1] if dotted else ""
    parallel = kind in ("Parallel", "ParallelDill")
    acts = ("dotted_path", "processes") if parallel else ("dotted_path",)
    for key in item.value if dotted else ():
        if key not in acts:
            warnings.append(f"{item.value[key].place}: 'executor.{shortened(str(key))}' has no effect")
    if kind == "Serial":
        return 1
    if parallel:
        processes = item.get("processes")
        if processes is None:
            return None
        return max(int(number(processes, most=10_000, whole=True)), 1)
    raise item.error("expected 'serial', 'parallel', or a mapping with 'dotted_path: ploomber.executors.Parallel'")
