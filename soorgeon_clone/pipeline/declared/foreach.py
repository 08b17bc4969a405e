"""``foreach`` of a task -> the task that splits what it goes through, and one task for each element that is known."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.declared.elements import ITEM, KEY, Element
from soorgeon_clone.pipeline.declared.entries import word
from soorgeon_clone.pipeline.declared.model import Each, Over, Product, Source, Task, TaskSpec
from soorgeon_clone.pipeline.declared.yaml_tree import Item, check_keys

PLACE = f"[[{KEY}]]"
_FOLDER = "output"
# The elements that are known of a split, by the path of its product; None where nothing is.
Known = Callable[[str], tuple[Element, ...] | None]


@dataclass(frozen=True)
class Fan:
    """What an entry with ``foreach`` declares: how its tasks are called, and the ``folder`` and name of the split."""

    name: str
    split: str
    folder: str
    over: Over


def read(item: Item, source: Source) -> Fan:
    """The entry's ``foreach``: a task's name, or ``{task: NAME, product: KEY}``. Raises UserError."""
    entry = item.value["foreach"]
    if "grid" in item.value:
        raise entry.error("a task has 'grid' or 'foreach', not both", hint="The split can make the combinations.")
    if source.kind == "upload":
        raise entry.error("an upload goes through nothing")
    name, product = item.get("name"), item.get("product")
    if name is None or not isinstance(name.value, str):
        raise item.error("a task with 'foreach' needs a 'name'", hint=f"For example: name: fit-{PLACE}.")
    if product is None:
        raise item.error("a task with 'foreach' needs a 'product' here", hint="'meta.extract_product' has none.")
    first = next(iter(product.value.values())) if isinstance(product.value, dict) and product.value else product
    if not isinstance(first.value, str):
        raise first.error("expected the path of a file: tasks of 'foreach' make no relations")
    called = name.value if PLACE in name.value else f"{name.value}-{PLACE}"
    stem = called.partition("[[")[0].rstrip("-_. ") or called.rpartition("]]")[2].lstrip("-_. ") or "each"
    split = f"{stem}-elements"
    folder = posixpath.dirname(first.value.partition("[[")[0] if "[[" in first.value else first.value)
    if folder.startswith(("/", "..")):  # the split is nobody's product: it stays in the project
        folder = _FOLDER
    return Fan(called, split, posixpath.join(folder, split), _over(entry, called))


def _over(entry: Item, called: str) -> Over:
    if isinstance(entry.value, dict):
        check_keys(entry, ("task", "product"), "foreach")
        task = word(entry.get("task"))
        if task:
            return Over(task, word(entry.get("product")), called)
    elif isinstance(entry.value, str) and entry.value.strip():
        return Over(entry.value, None, called)
    raise entry.error("expected the name of a task, or {task: NAME, product: KEY}")


def split_spec(fan: Fan, task: TaskSpec) -> TaskSpec:
    """The task that says which elements there are; ``task`` is one that goes through them."""
    return TaskSpec(
        name=fan.split,
        source=Source("split", f"foreach {fan.over.task}"),
        products=(Product(None, fan.folder),),
        upstream=(fan.over.task,),
        requests=task.requests,
        export=task.export,
        over=fan.over,
        file=task.file,
        line=task.line,
    )


def elements_of(fan: Fan, known: Known) -> Iterator[tuple[Each, str, dict[str, Any]]]:
    """What each task is about, the text for ``[[key]]`` and its params; where nothing is known, one stands for all."""
    elements = known(fan.folder)
    if elements is None:
        yield Each(fan.split), PLACE, {}
        return
    for one in elements:
        params = {KEY: one.key} if one.file is not None else {KEY: one.key, ITEM: one.item}
        yield Each(fan.split, one), one.label, params


def members(tasks: Mapping[str, Task], split: str) -> list[str]:
    """The tasks of the elements that a split knows."""
    return [name for name, task in tasks.items() if task.spec.each is not None and task.spec.each.split == split]


def split_called(tasks: Mapping[str, Task], name: str) -> str | None:
    """The split whose elements' tasks are called so, with ``[[key]]`` in the name; None where it is another name."""
    return next((one.name for one in tasks.values() if one.spec.over is not None and one.spec.over.each == name), None)


def check(tasks: Mapping[str, Task]) -> None:
    """Raise UserError for a split of what no task makes, or of which of several products is not said."""
    for task in tasks.values():
        if task.spec.over is not None:
            product_of(task, tasks)


def product_of(split: Task, tasks: Mapping[str, Task]) -> Product:
    """The product that a split goes through. Raises UserError."""
    over = split.spec.over
    assert over is not None
    maker = tasks[over.task]
    notebooks = {one.key for one in maker.notebooks if len(maker.products) > 1}
    found = [one for one in maker.products if (one.key == over.key if over.key else one.key not in notebooks)]
    if len(found) == 1 and found[0].relation is None:
        return found[0]
    keys = ", ".join(str(one.key) for one in maker.products if one.key is not None) or "none with a key"
    raise UserError(
        f"{split.spec.file}, line {split.spec.line}: 'foreach' goes through one product of task '{over.task}', a file "
        f"or a folder; its products: {keys}",
        hint=f"Say which: foreach: {{task: {over.task}, product: KEY}}.",
        exit_code=2,
    )


def held_by(task: Task, tasks: Mapping[str, Task]) -> tuple[str, Product, str] | None:
    """The file that holds a task's element: the task that makes it, its product, which is a folder, and the name in
    it; None where a param says all."""
    each = task.spec.each
    if each is None or each.element is None or each.element.file is None:
        return None
    split = tasks[each.split]
    if each.element.own:
        return split.name, split.products[0], each.element.file
    assert split.spec.over is not None
    return split.spec.over.task, product_of(split, tasks), each.element.file


def waits_for(task: TaskSpec, specs: Mapping[str, TaskSpec]) -> list[str]:
    """The tasks that one of a ``foreach`` comes after, whatever its code says."""
    if task.each is None:
        return []
    over, element = specs[task.each.split].over, task.each.element
    beside = [over.task] if over and element is not None and element.file is not None and not element.own else []
    return [task.each.split, *beside]


def given(task: Task) -> dict[str, Any]:
    """A task's params: of those that tell the element, a function gets the ones that it takes."""
    params, signature = dict(task.spec.params), task.facts.signature
    if task.spec.each is None or signature is None or signature.anything:
        return params
    return {name: value for name, value in params.items() if name not in (KEY, ITEM) or name in signature.names}
