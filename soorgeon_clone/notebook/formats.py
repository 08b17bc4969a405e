"""The door to nbformat and jupytext: old notebook versions and text notebooks -> nbformat 4 as plain dicts, and nodes.

Both libraries take a while to import, so everything else in the package works on plain dicts and dataclasses, and
what can be read without them is (see `read` and `percent`).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.files.atomic import write_text as write_whole
from soorgeon_clone.notebook.schemas import prepare_jsonschema

_MYST = re.compile(r"(?m)^(?:`{3,}|:{3,})\s*\{code-cell\}")  # a cell of MyST Markdown


def upgrade(data: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook of format 1 to 3 as one of format 4, as nbformat converts it. Raises ValueError."""
    prepare_jsonschema()
    import nbformat

    _fill_gaps(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            node = nbformat.versions[data["nbformat"]].to_notebook_json(data, minor=data["nbformat_minor"])
            upgraded: dict[str, Any] = nbformat.convert(node, 4)
        except Exception as error:  # nbformat raises KeyError, AttributeError, ValidationError, ... for odd input
            raise ValueError(f"{type(error).__name__}: {error}") from error
    return upgraded


def _fill_gaps(data: dict[str, Any]) -> None:
    """Give an old notebook the keys that nbformat insists on, where they are missing or null."""
    data["nbformat_minor"] = data.get("nbformat_minor") or 0
    data["metadata"] = data.get("metadata") or {}
    data["worksheets"] = data.get("worksheets") or []
    for sheet in data["worksheets"]:
        sheet["metadata"] = sheet.get("metadata") or {}
        for cell in sheet.get("cells") or []:
            text = "input" if cell.get("cell_type") == "code" else "source"
            cell[text] = cell.get(text) or ""
            cell["metadata"] = cell.get("metadata") or {}
            if text == "input":
                cell["outputs"] = cell.get("outputs") or []
                cell.setdefault("language", "python")
                cell.setdefault("collapsed", False)


def read_text(text: str, extension: str) -> dict[str, Any]:
    """Return a text notebook (.py, .md, .Rmd, .qmd) as nbformat 4, as jupytext reads it. Raises ValueError."""
    prepare_jsonschema()
    import jupytext

    if extension == ".py" and text.lstrip("\n").startswith(("# -*- coding: utf-8 -*-\n# <nbformat>", "# <nbformat>")):
        return _read_old_script(text)
    # Quarto writes its Python chunks as R Markdown does, and jupytext reads .qmd only where quarto is installed.
    extension = ".Rmd" if extension == ".qmd" else extension
    fmt = {"extension": extension}
    if extension == ".md" and _MYST.search(text):
        fmt["format_name"] = "myst"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            node: dict[str, Any] = jupytext.reads(text, fmt=fmt)
        except Exception as error:  # jupytext raises yaml errors, ValueError, KeyError, a missing pandoc, ...
            raise ValueError(f"{type(error).__name__}: {error}") from error
    return node


def _read_old_script(text: str) -> dict[str, Any]:
    """Return a script of IPython's own old format (``# <codecell>``) as nbformat 4."""
    prepare_jsonschema()
    from nbformat.v3 import nbpy

    return upgrade(dict(nbpy.reads(text)))


def write_text(data: Mapping[str, Any], format_name: str) -> str:
    """Return nbformat 4 data as a text notebook in one of jupytext's formats (``py:percent``)."""
    prepare_jsonschema()
    import jupytext

    text: str = jupytext.writes(make_node(data), fmt=format_name)
    return text


def with_twin(text: str, extension: str, folder: str) -> str:
    """Return a script whose header names a notebook in ``folder`` (from where the script is) as its twin."""
    node = _node(text, extension)
    name = node.metadata["jupytext"]["text_representation"]["format_name"]
    node.metadata["jupytext"]["formats"] = f"{folder}//ipynb,{extension[1:]}:{name}"
    if node.metadata["jupytext"].get("notebook_metadata_filter") == "-all":  # it has no header so far
        del node.metadata["jupytext"]["notebook_metadata_filter"]
    return _text(node, text, extension)


def twin_path(text: str, path: Path) -> Path | None:
    """Return where the notebook is that the header of a script names; None if it names none. Raises ValueError."""
    from jupytext.paired_paths import InconsistentPath, paired_paths

    paired = _node(text, path.suffix).metadata["jupytext"]
    try:
        found = paired_paths(str(path), _format(paired, path.suffix), paired.get("formats", ""))
    except InconsistentPath as error:
        raise ValueError(str(error)) from None
    return next((Path(one) for one, _ in found if one.endswith(".ipynb")), None)


def twin_text(text: str, extension: str, old: str | None) -> str:
    """Return a script as an .ipynb file, with the outputs that ``old`` has of the same cells. Raises ValueError."""
    import jupytext
    from jupytext.combine import combine_inputs_with_outputs

    node = _node(text, extension)
    if old is not None:
        node = combine_inputs_with_outputs(node, _node(old, ".ipynb"), {"extension": extension})
    written: str = jupytext.writes(node, fmt="ipynb")
    return written if written.endswith("\n") else written + "\n"


def text_of_twin(text: str, extension: str, of_twin: str) -> str:
    """Return a script with the cells of an .ipynb file; ``text`` itself if they are the same. Raises ValueError."""
    script, node = _node(text, extension), _node(of_twin, ".ipynb")
    cells = [
        [(cell.cell_type, cell.source.rstrip(), cell.metadata.get("tags")) for cell in one.cells]
        for one in (script, node)
    ]
    if cells[0] == cells[1]:
        return text
    node.metadata.setdefault("jupytext", {}).update(script.metadata["jupytext"])
    return _text(node, text, extension)


def _node(text: str, extension: str) -> Any:
    prepare_jsonschema()
    import jupytext

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return jupytext.reads(text, fmt={"extension": extension})
        except Exception as error:  # as in `read_text`
            raise ValueError(f"{type(error).__name__}: {error}") from error


def _format(paired: Mapping[str, Any], extension: str) -> dict[str, str]:
    return {"extension": extension, "format_name": paired["text_representation"]["format_name"]}


def _text(node: Any, like: str, extension: str) -> str:
    """Return a notebook in the format of the script ``like``."""
    import jupytext

    written: str = jupytext.writes(node, fmt=_format(_node(like, extension).metadata["jupytext"], extension))
    return written


def make_node(data: Mapping[str, Any]) -> Any:
    """Return nbformat 4 data as a NotebookNode, which nbclient and nbconvert work on."""
    prepare_jsonschema()
    import nbformat

    return nbformat.from_dict(data)


def write_node(node: Any, path: Path) -> None:
    """Write a NotebookNode to a file as Jupyter does (UTF-8, one space of indentation, sources as lists of lines)."""
    prepare_jsonschema()
    import nbformat

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text: str = nbformat.writes(node)
    write_whole(path.parent, path.name, text if text.endswith("\n") else text + "\n")
