"""What stands in output widgets is compared where the widgets are shown."""

from __future__ import annotations

from typing import Any

import pytest

from soorgeon_clone.verify.widgets import cells_of

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def view(name: str) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {VIEW: {"model_id": name}}}


STATES = {
    "box": {"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_slider", "IPY_MODEL_one", "IPY_MODEL_inner"]}},
    "inner": {"model_name": "HBoxModel", "state": {"children": ["IPY_MODEL_two", "IPY_MODEL_box", "IPY_MODEL_gone"]}},
    "slider": {"model_name": "IntSliderModel", "state": {"value": 3}},
    "one": {"model_name": "OutputModel", "state": {"outputs": [stream("1"), view("two")]}},
    "two": {"model_name": "OutputModel", "state": {"outputs": [stream("2")]}},
    "unseen": {"model_name": "OutputModel", "state": {"outputs": [stream("3")]}},
}


@pytest.mark.parametrize(
    ("shown", "texts"),
    [
        ([stream("a"), view("two"), stream("b")], ["a", "2", "b"]),
        ([view("box")], ["1", "2"]),
        ([view("slider"), view("gone"), stream("c")], ["c"]),
        ([], []),
    ],
)
def test_what_is_in_a_widget_stands_behind_it(shown: list[dict[str, Any]], texts: list[str]) -> None:
    notebook = {
        "cells": [{"cell_type": "markdown", "source": ""}, {"cell_type": "code", "outputs": shown}],
        "metadata": {"widgets": {STATE: {"state": STATES}}},
    }
    found = cells_of(notebook)
    assert [one["text"] for one in found[1]["outputs"] if "text" in one] == texts
    assert found[0] == notebook["cells"][0]


@pytest.mark.parametrize("metadata", [{}, {"widgets": []}, {"widgets": {STATE: {"state": {}}}}])
def test_without_widgets_cells_are_as_they_were(metadata: dict[str, Any]) -> None:
    cells = [{"cell_type": "code", "outputs": [view("two"), stream("a")]}]
    assert cells_of({"cells": cells, "metadata": metadata}) == cells
