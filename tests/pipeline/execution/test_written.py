"""The executed notebook's file: nbformat's bytes, at once or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from soorgeon_clone.pipeline.execution.written import read_executed, write_aside, write_notebook

NOTEBOOK: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Ünï"}},
    "cells": [
        {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "# a\n\nb\n"},
        {
            "cell_type": "code",
            "id": "c",
            "metadata": {"tags": ["x"]},
            "execution_count": 1,
            "source": "print(1)\n2",
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": "1\n\u2028x\x0by\r2"},
                {
                    "output_type": "execute_result",
                    "execution_count": 1,
                    "metadata": {},
                    "data": {
                        "text/plain": "2\n3",
                        "text/html": "<b>\n☃",
                        "image/png": "iVBO\nRw==",
                        "image/svg+xml": "<svg>\n</svg>",
                        "application/json": {"a": ["b\nc"]},
                        "application/javascript": "a\nb",
                    },
                },
                {"output_type": "error", "ename": "E", "evalue": "v\nw", "traceback": ["a\nb", "c"]},
            ],
        },
    ],
}


def test_the_bytes_are_those_that_nbformat_writes(tmp_path: Path) -> None:
    write_notebook(NOTEBOOK, tmp_path / "a.ipynb")
    nbformat.write(nbformat.from_dict(NOTEBOOK), tmp_path / "b.ipynb")
    assert (tmp_path / "a.ipynb").read_bytes() == (tmp_path / "b.ipynb").read_bytes()
    assert read_executed(tmp_path / "a.ipynb") == NOTEBOOK


def test_a_lone_surrogate_survives(tmp_path: Path) -> None:
    notebook = {**NOTEBOOK, "cells": [{"cell_type": "markdown", "id": "m", "metadata": {}, "source": "\ud83d"}]}
    write_notebook(notebook, tmp_path / "a.ipynb")
    assert read_executed(tmp_path / "a.ipynb") == notebook


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:

    path = tmp_path / "x.ipynb"
    write_aside(path, b"old")
    with pytest.raises(TypeError):
        write_aside(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
