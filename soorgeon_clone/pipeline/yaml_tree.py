"""YAML text -> values that remember their line, so that a message about pipeline.yaml can say where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import yaml

from soorgeon_clone.errors import UserError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = yaml.SafeDumper
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Item:
    """A scalar, a ``dict[Any, Item]`` or a ``list[Item]``, with its file, its 1-based line and its key path."""

    value: Any
    file: str
    line: int
    key: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}, line {self.line}"

    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def get(self, key: str) -> Item | None:
        """The entry under ``key`` of a mapping; None where it is missing or null."""
        item: Item | None = self.value.get(key)
        return None if item is None or item.value is None else item

    def error(self, message: str, *, hint: str | None = None) -> UserError:
        """An error about this entry."""
        about = f", {self.key}" if self.key else ""
        return UserError(f"{self.place}{about}: {message}", hint=hint, exit_code=2)

    def map_scalars(self, change: Callable[[Item], Any]) -> Item:
        """This tree with every scalar replaced by ``change(scalar)``."""
        if isinstance(self.value, dict):
            return replace(self, value={key: item.map_scalars(change) for key, item in self.value.items()})
        if isinstance(self.value, list):
            return replace(self, value=[item.map_scalars(change) for item in self.value])
        return self.holding(change(self))

    def holding(self, value: Any) -> Item:
        """This place in the file with plain data as its value: a placeholder may stand for a list or a mapping."""
        if isinstance(value, dict):
            return replace(self, value={key: self.holding(part) for key, part in value.items()})
        if isinstance(value, list):
            return replace(self, value=[self.holding(part) for part in value])
        return replace(self, value=value)


def parse(text: str, file: str) -> Item:
    """The document in ``text``; an empty document is an Item with value None."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            reader = _Reader(loader, file, frugal="&" not in text)
            return Item(None, file, 1) if node is None else reader.item(node, "", 0)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}, line {mark.line + 1}" if mark else file
        hint = 'Placeholders need quotes: key: "{{placeholder}}".' if "{{" in text else None
        begun = (
            f" ({error.context}, line {error.context_mark.line + 1})" if error.context and error.context_mark else ""
        )
        what = f"{error.problem or error.context}{begun if error.problem else ''}"
        raise UserError(f"{where}: not valid YAML: {what}", hint=hint, exit_code=2) from None
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{file}: not valid YAML: {error}", exit_code=2) from None
    except RecursionError:
        raise UserError(f"{file}: nested too deeply", exit_code=2) from None


class _Reader:
    """Turns nodes into Items. Kept apart from the loader's own constructor, which drops the lines."""

    def __init__(self, loader: Any, file: str, *, frugal: bool = False) -> None:
        """``frugal``: no node stands in two places, so each entry of a list can go as soon as it was read."""
        self.loader = loader
        self.file = file
        self.frugal = frugal

    def item(self, node: Any, key: str, depth: int) -> Item:
        line = node.start_mark.line + 1
        if depth > _DEEPEST:
            raise UserError(f"{self.file}, line {line}: nested too deeply", exit_code=2)
        if isinstance(node, yaml.MappingNode):
            return Item(self._mapping(node, key, depth), self.file, line, key)
        if isinstance(node, yaml.SequenceNode):
            return Item(self._sequence(node, key, depth), self.file, line, key)
        return Item(self.loader.construct_object(node), self.file, line, key)

    def _sequence(self, node: Any, path: str, depth: int) -> list[Item]:
        found = []
        for index, child in enumerate(node.value):
            found.append(self.item(child, f"{path}[{index}]", depth + 1))
            if self.frugal:
                node.value[index] = None
        return found

    def _mapping(self, node: Any, path: str, depth: int) -> dict[Any, Item]:
        written: dict[Any, int] = {}
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.tag != "tag:yaml.org,2002:merge":
                key, line = self.loader.construct_object(key_node), key_node.start_mark.line + 1
                if key in written:
                    raise UserError(
                        f"{self.file}, line {line}: key {key!r} stands twice, first in line {written[key]}", exit_code=2
                    )
                written[key] = line
        self.loader.flatten_mapping(node)  # resolves "<<: *anchor"; merged keys come first, so own keys win below
        found: dict[Any, Item] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise UserError(
                    f"{self.file}, line {line}: a key must be a single value",
                    hint='Placeholders need quotes: key: "{{placeholder}}".',
                    exit_code=2,
                )
            key = self.loader.construct_object(key_node)
            name = f"{path}.{key}" if path else str(key)
            item = self.item(value_node, name, depth + 1)
            # The line of the key is the one to show: a block value starts on the next line.
            found[key] = replace(item, line=line)
        return found


def check_keys(item: Item, known: Iterable[str], what: str) -> None:
    """Raise for the first key of a mapping that is not known, with the nearest that is."""
    known = list(known)
    for key, entry in item.value.items():
        if key not in known:
            import difflib

            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Known keys: {', '.join(sorted(known))}."
            raise UserError(f"{entry.place}: unknown key '{key}' in {what}", hint=hint, exit_code=2)


class _BlockDumper(_Dumper):  # type: ignore[misc]
    """Indents list entries below their key, as people write pipeline.yaml."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


def _quoted_where_needed(dumper: Any, text: str) -> Any:
    # As line ends, these would be folded: PyYAML does not read back what it writes in single quotes.
    style = '"' if set(text) & set("\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_BlockDumper.add_representer(str, _quoted_where_needed)


def dump(value: Any) -> str:
    """YAML text of plain data, in the order given."""
    text: str = yaml.dump(value, Dumper=_BlockDumper, sort_keys=False, allow_unicode=True, width=110)
    return text
