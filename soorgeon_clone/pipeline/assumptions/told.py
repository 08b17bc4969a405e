"""A broken assumption -> the text that a person gets: what it was, where, what to do."""

from __future__ import annotations

from collections.abc import Iterable

from soorgeon_clone.pipeline.assumptions.model import Broken

_WHAT = {
    "unchanged": "{names} changed by this task, and other tasks were written as if it were not",
    "apart": "{names} share what can change, and other tasks were written as if they did not",
    "draws nothing": "random numbers were drawn by this task, and other tasks were written as if it drew none",
    "sets nothing": "a setting was changed by this task, and other tasks were written as if it were not",
    "binds nothing else": "a star import gives more names than other tasks were written for",
}
_FOUND = {"unchanged": "changed", "apart": "shared", "draws nothing": "drawn", "sets nothing": "set"}


def text_of(broken: Iterable[Broken]) -> str:
    """Return the text for what was broken in one task."""
    blocks: dict[tuple[str, tuple[str, ...], str], list[Broken]] = {}
    for one in broken:
        blocks.setdefault((one.kind, one.names, one.found), []).append(one)
    lines: list[str] = []
    for (kind, names, found), same in blocks.items():
        listed = " and ".join(f"`{name}`" for name in names)
        were = listed + (" was" if len(names) == 1 else " were")
        lines.append(f"{same[0].task}: {_WHAT[kind].format(names=were if kind == 'unchanged' else listed)}")
        places = [one for one in same if one.statement]
        if len(places) > 1:
            lines.append("  by one of these statements:")
        for one in places:
            place = ", ".join(_place(one))
            lines.append(f"  {place}: {one.statement}" if place else f"  {one.statement}")
        lines.append(f"    {_FOUND.get(kind, 'found')}: {found}")
    remedies = dict.fromkeys(line for one in broken for line in one.remedy)
    return "\n".join([*lines, *(f"  {line}" for line in remedies)])


def _place(one: Broken) -> list[str]:
    return [f"cell {one.cell}"] * bool(one.cell) + [f"line {one.row}"] * bool(one.row)
