"""YAML text -> values that remember their line, so that a message about pipeline.yaml can say where."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import read_text
from soorgeon_clone.pipeline.declared.values import LONGEST_INTEGER

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 100
# A pipeline of 100,000 tasks has fewer. Each takes half a kilobyte while it is read.
_MOST = 1_000_000
_MOST_BY_ALIASES = 200_000
_LARGEST = 50_000_000  # bytes
_LONGEST_MESSAGE = 1_000  # characters
_LONGEST_NUMBER = 5_000  # characters
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_COLLECTIONS = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "set", "omap", "pairs"))
_MERGE = "tag:yaml.org,2002:merge"


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

    @property
    def where(self) -> str:
        """The place, and the way to it."""
        return f"{self.place}, {self.key}" if self.key else self.place

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
        return UserError(
            f"{self.where}: {shortened(message, _LONGEST_MESSAGE)}", hint=hint and shortened(hint), exit_code=2
        )

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


def read(path: Path, file: str) -> Item:
    """The document in a file, which messages call ``file``. Raises UserError; FileNotFoundError where there is none."""
    return parse(text_of(path, file), file)


def text_of(path: Path, file: str) -> str:
    """The text of a YAML file. Raises UserError; FileNotFoundError where there is none."""
    try:
        return read_text(path, encoding="utf-8-sig", limit=_LARGEST)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}", exit_code=2) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{file} cannot be read: {error}", exit_code=2) from None


def parse(text: str, file: str) -> Item:
    """The document in ``text``; an empty document is an Item with value None."""
    if sum(map(text.count, (",", "\n", "- ", "? ", "[", "{"))) > _MOST:
        raise UserError(f"{file} has more than {_MOST} lines and entries", exit_code=2)
    try:
        loader = _Loader(text)
        # Looking for cycles among many new objects again and again is half of the work.
        collecting = gc.isenabled()
        gc.disable()
        try:
            node = loader.get_single_node()
            reader = _Reader(loader, file, len(text), frugal="&" not in text)
            return Item(None, file, 1) if node is None else reader.item(node, "", 0)
        finally:
            loader.dispose()
            if collecting:
                gc.enable()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}, line {mark.line + 1}" if mark else file
        hint = 'Placeholders need quotes: key: "{{placeholder}}".' if "{{" in text else None
        if "{%" in text:
            hint = (
                'Jinja stands within one value, in quotes: key: "{% if big %}all{% else %}some{% endif %}". '
                "For a task of each value, use a grid."
            )
        if mark is not None and "\t" in "".join(text.splitlines()[mark.line : mark.line + 1]):
            hint = "YAML takes no tabs: indent with spaces."
        if not file.endswith((".yaml", ".yml")):
            hint = "A pipeline is a pipeline.yaml, its folder, or a pattern of scripts ('tasks/*.py')."
        begun = (
            f" ({error.context}, line {error.context_mark.line + 1})" if error.context and error.context_mark else ""
        )
        what = f"{error.problem or error.context}{begun if error.problem else ''}"
        raise UserError(f"{where}: not valid YAML: {shortened(what)}", hint=hint, exit_code=2) from None
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{file}: not valid YAML: {shortened(str(error))}", exit_code=2) from None
    except RecursionError:
        raise UserError(f"{file}: nested too deeply", exit_code=2) from None


def scalars(text: str) -> Iterator[str]:
    """The scalars of a document that was read before, keys as well, without holding all of it again."""
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.ScalarEvent):
            yield event.value


class _Reader:
    """Turns nodes into Items. Kept apart from the loader's own constructor, which drops the lines.

    Aliases and merges (``<<: *anchor``) make many values of little text: all values are counted.
    """

    def __init__(self, loader: Any, file: str, size: int, *, frugal: bool = False) -> None:
        """``size``: the characters of the text. ``frugal``: no node stands in two places, so each entry of a list can
        go as soon as it was read."""
        self.most = size + _MOST_BY_ALIASES
        self.loader = loader
        self.file = file
        self.frugal = frugal
        self.count = 0
        self.merged: dict[int, dict[Any, tuple[Any, Any]]] = {}
        self.merging: set[int] = set()

    def item(self, node: Any, key: str, depth: int) -> Item:
        line = node.start_mark.line + 1
        if depth > _DEEPEST:
            raise self._error(node, "nested too deeply")
        self._add(1, node)
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _COLLECTIONS:
            raise self._error(
                node, f"not valid YAML: could not determine a constructor for the tag {shortened(node.tag)}"
            )
        if isinstance(node, yaml.MappingNode):
            return Item(self._mapping(node, key, depth), self.file, line, key)
        if isinstance(node, yaml.SequenceNode):
            return Item(self._sequence(node, key, depth), self.file, line, key)
        return Item(self._scalar(node), self.file, line, key)

    def _sequence(self, node: Any, path: str, depth: int) -> list[Item]:
        found = []
        for index, child in enumerate(node.value):
            found.append(self.item(child, f"{path}[{index}]", depth + 1))
            if self.frugal:
                node.value[index] = None
        return found

    def _mapping(self, node: Any, path: str, depth: int) -> dict[Any, Item]:
        found: dict[Any, Item] = {}
        for key, (key_node, value_node) in self._entries(node).items():
            name = shortened(f"{path}.{key}" if path else str(key))
            item = self.item(value_node, name, depth + 1)
            # The line of the key is the one to show: a block value starts on the next line.
            found[key] = replace(item, line=key_node.start_mark.line + 1)
        return found

    def _entries(self, node: Any) -> dict[Any, tuple[Any, Any]]:
        """The nodes of a mapping's keys and values by key: those that ``<<`` merges, then its own, which win."""
        known = self.merged.get(id(node))
        if known is not None:
            return known
        if id(node) in self.merging:
            raise self._error(node, "it merges itself")
        self.merging.add(id(node))
        found: dict[Any, tuple[Any, Any]] = {}
        own: dict[Any, tuple[Any, Any]] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                hint = 'Placeholders need quotes: key: "{{placeholder}}".'
                raise self._error(key_node, "a key must be a single value", hint=hint)
            if key_node.tag == _MERGE:
                for source in self._sources(value_node):
                    found.update(self._entries(source))
                    self._add(len(found), node)
                continue
            key = self._scalar(key_node)
            if key in own:
                first = own[key][0].start_mark.line + 1
                raise self._error(key_node, f"key {shortened(repr(key))} stands twice, first in line {first}")
            own[key] = key_node, value_node
        found.update(own)
        if not self.frugal:
            self.merged[id(node)] = found
        self.merging.discard(id(node))
        return found

    def _sources(self, node: Any) -> list[Any]:
        """The mappings that ``<<`` names, the one that wins last."""
        sources = list(reversed(node.value)) if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                raise self._error(node, "<< merges mappings only")
        return sources

    def _scalar(self, node: Any) -> Any:
        if node.tag in _NUMBERS and len(node.value) > _LONGEST_NUMBER:
            raise self._error(node, "a number of too many digits")
        try:
            value = self.loader.construct_object(node)
            hash(value)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
            kind = node.tag.rpartition(":")[2]
            raise self._error(node, f"not valid YAML: {shortened(repr(node.value))} is no {shortened(kind)}") from None
        if isinstance(value, int) and value.bit_length() > LONGEST_INTEGER:
            raise self._error(node, "a number of too many digits")
        return value

    def _add(self, count: int, node: Any) -> None:
        self.count += count
        if self.count > self.most:
            raise self._error(node, f"with its aliases, the file has more than {self.most} values")

    def _error(self, node: Any, message: str, *, hint: str | None = None) -> UserError:
        return UserError(f"{self.file}, line {node.start_mark.line + 1}: {message}", hint=hint, exit_code=2)


def shortened(text: str, most: int = 200) -> str:
    """The text for a message: not longer than a few lines."""
    return text if len(text) <= most else f"{text[: most - 20]}... ({len(text)} characters)"


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The most similar of some names, None where none is similar or where there is too much to compare."""
    import difflib

    names = [one for one in names if len(one) <= _NAME]
    near = difflib.get_close_matches(name, names, n=1) if len(name) <= _NAME and len(names) <= _NAMES else []
    return near[0] if near else None


_NAME, _NAMES = 200, 5_000


def number(entry: Item, *, most: float, whole: bool = False) -> float:
    """A number from 0 to ``most``; without a fraction if it has to be ``whole``."""
    value = entry.value
    what = "a whole number" if whole else "a number"
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or (isinstance(value, float) and not math.isfinite(value)) or value < 0:
        raise entry.error(f"expected {what} that is not negative")
    if whole and value != int(value):
        raise entry.error("expected a whole number")
    if value > most:
        raise entry.error(f"expected {what} up to {most:,.0f}")
    return float(value)


def check_keys(item: Item, known: Iterable[str], what: str) -> None:
    """Raise for the first key of a mapping that is not known, with the nearest that is."""
    known = list(known)
    for key, entry in item.value.items():
        if key not in known:
            near = nearest(str(key), known)
            hint = f"Did you mean '{near}'?" if near else f"Known keys: {', '.join(sorted(known))}."
            raise UserError(f"{entry.place}: unknown key '{shortened(str(key))}' in {what}", hint=hint, exit_code=2)


class _BlockDumper(yaml.SafeDumper):
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
