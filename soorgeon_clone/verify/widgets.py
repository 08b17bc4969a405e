"""An executed notebook -> its cells, with what stands in their output widgets behind the outputs that show these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_STATE = "application/vnd.jupyter.widget-state+json"
_VIEW = "application/vnd.jupyter.widget-view+json"
_REFERENCE = "IPY_MODEL_"  # how the state of a widget names another one


def cells_of(notebook: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the cells of a notebook with all that they show."""
    widgets = notebook.get("metadata", {}).get("widgets")  # a notebook may have anything there
    states = widgets[_STATE]["state"] if isinstance(widgets, dict) and _STATE in widgets else {}
    cells: Sequence[Mapping[str, Any]] = notebook["cells"]
    if not any(_outputs(model) for model in states.values()):
        return cells
    return [
        {**cell, "outputs": list(_unfolded(cell["outputs"], states))} if cell.get("outputs") else cell for cell in cells
    ]


def _outputs(model: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = model["state"].get("outputs") or ()
    return found if model.get("model_name") == "OutputModel" else ()


def _unfolded(outputs: Sequence[Mapping[str, Any]], states: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for output in outputs:
        yield output
        view = (output.get("data") or {}).get(_VIEW)
        seen: set[str] = set()
        waiting = [view["model_id"]] if view else []
        while waiting:
            name = waiting.pop(0)
            if name in seen or name not in states:
                continue
            seen.add(name)
            yield from _outputs(states[name])
            waiting = [*_children(states[name]["state"].get("children")), *waiting]


def _children(value: Any) -> list[str]:
    """Return the widgets that one shows inside, in their order."""
    named = value if isinstance(value, list) else []
    return [one.removeprefix(_REFERENCE) for one in named if isinstance(one, str) and one.startswith(_REFERENCE)]
