"""A notebook file -> `Notebook`: .ipynb of any version, percent and light .py, .md, .Rmd, .qmd, or standard input.

A notebook of format 4 is plain JSON and read as such, a script in the percent format by `percent`; nbformat and
jupytext are imported only for the rest, because they take longer to import than most notebooks take to refactor.
"""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import OtherLanguage, UserError
from soorgeon_clone.files import regular
from soorgeon_clone.notebook import dialects, percent
from soorgeon_clone.notebook.model import Cell, CellKind, Notebook, Place
from soorgeon_clone.notebook.platforms import DATABRICKS
from soorgeon_clone.notebook.tags import MAY_FAIL, SKIPPED

TEXT_FORMATS = (".py", ".md", ".markdown", ".Rmd", ".qmd")
OTHER_FORMATS = (".R", ".jl")  # scripts in other languages
_KNOWN = "a notebook is a file that ends in .ipynb, .py, .md, .Rmd or .qmd"

# Of a file that jupytext reads, which takes a fifth of a millisecond for each line.
_MOST_LINES = 20_000
_LONGEST_LINE = 50_000

# Cell metadata with which jupytext keeps the layout of a text file; it says nothing about the notebook.
_LAYOUT_KEYS = frozenset({"lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker", "skipline", "noskipline"})

# The line that declares a Python file's encoding, without its value (PEP 263).
_CODING = r"(\A(?:.*\n)?[ \t\f]*#.*?coding[:=][ \t]*)[-\w.]+"

# Made for names of hosts; reading a long text takes quadratic time.
_SLOW_ENCODINGS = frozenset({"punycode", "idna"})

_JSON = re.compile(r"application/(?:.*\+)?json")

# Of the chunks of R Markdown and Quarto: those that say whether a cell runs, and whether it may fail.
_CHUNK_OPTION = re.compile(r"(?m)^#\|\s*(eval|error)\s*:\s*(\w+)\s*$")

_SURROGATE = re.compile("[\ud800-\udfff]")

# Kernels of other languages, for notebooks whose metadata name a kernel but no language.
_OTHER_KERNELS = (
    r"(?i)(ir|ir[\d_.-].*|conda-env-.*-r|r\d.*|julia.*|bash|zsh|calysto_.*|javascript|typescript|tslab|jslab|deno|node.*|"
    r"scala.*|almond|spylon.*|apache_toree.*|xcpp.*|xc\d*|cling.*|rust|evcxr|gophernotes|gonb|go|ruby|iruby|perl.*|"
    r"iperl|php.*|matlab.*|octave|maxima|sagemath.*|.net-.*|csharp|fsharp|java|kotlin|haskell|ihaskell|clojure.*|"
    r"sql|postgres.*|xsql.*|sas|stata|lua|ocaml.*|coq|lean.*|prolog|wolfram.*)"
)


def read(source: Path | str) -> Notebook:
    """Return the notebook at a path; ``-`` is standard input.

    Sources have ``\\n`` line ends. Raises UserError with exit code 2 if it cannot be read as a Python notebook.
    """
    if str(source) == "-":
        return parse(sys.stdin.buffer.read(), path=None)
    path = Path(source)
    return parse(_bytes(path), path)


def read_any(path: Path) -> tuple[Notebook, str | None]:
    """Return the notebook at a path, and its language unless that is Python. Raises UserError."""
    notebook, _ = _parse(_bytes(path), path, None, (*TEXT_FORMATS, *OTHER_FORMATS))
    return notebook, kernel_language(notebook.metadata)


def _bytes(path: Path) -> bytes:
    try:
        return regular.read_bytes(path)
    except FileNotFoundError:
        hint = regular.did_you_mean(path) or "Check the path of the notebook."
        raise UserError(f"{path}: no such file", hint=hint, exit_code=2) from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder, not a notebook", hint=_capital(_KNOWN), exit_code=2) from None
    except PermissionError:
        if path.is_dir():  # Windows
            raise UserError(f"{path} is a folder, not a notebook", hint=_capital(_KNOWN), exit_code=2) from None
        raise UserError(f"{path}: no permission to read it", hint="Check who may read it.", exit_code=2) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path} cannot be read: {reason}", hint=_capital(_KNOWN), exit_code=2) from None


def parse(data: bytes, path: Path | None, extension: str | None = None) -> Notebook:
    """Return the notebook in ``data``. ``path`` gives its name and, unless ``extension`` does, its format."""
    return parse_with_json(data, path, extension)[0]


def parse_with_json(
    data: bytes, path: Path | None, extension: str | None = None
) -> tuple[Notebook, Mapping[str, Any] | None]:
    """Return the notebook in ``data``, and the JSON of its file as it stands there; None if it is a text."""
    notebook, json_data = _parse(data, path, extension, TEXT_FORMATS)
    _check_kernel(notebook.metadata, "standard input" if path is None else str(path))
    return notebook, json_data


def _parse(
    data: bytes, path: Path | None, extension: str | None, formats: Sequence[str]
) -> tuple[Notebook, Mapping[str, Any] | None]:
    file = "standard input" if path is None else str(path)
    text = _decode(data, file, path)
    if not text.strip():
        raise UserError(f"{file} is empty", hint="Is this the right file? Was it saved?", exit_code=2)
    json_data, raw = _load(text, file, extension or (path.suffix if path is not None else ""), formats)
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    cells = _cells(raw.get("cells"), file, path)
    if DATABRICKS in metadata:
        cells = tuple(map(_as_jupyter_has_it, cells))
    return Notebook(path.stem if path is not None else "notebook", path, cells, metadata), json_data


def _as_jupyter_has_it(cell: Cell) -> Cell:
    """Return a cell of Databricks, whose first line may say its language by one percent sign."""
    kind, source = dialects.platform_cell(cell.source) if cell.kind == "code" else (cell.kind, cell.source)
    return (
        cell if source == cell.source else replace(cell, kind="code" if kind == "code" else "markdown", source=source)
    )


def place(notebook: Notebook, cell: Cell | None = None, line: int | None = None) -> Place:
    """Return where something stands, for messages; ``line`` is 1-based in the cell."""
    file = "standard input" if notebook.path is None else str(notebook.path)
    if cell is None:
        return Place(file, line=line)
    return Place(file, cell.index, cell.id, line)


def _decode(data: bytes, file: str, path: Path | None) -> str:
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        encoding = "utf-32"
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif path is not None and path.suffix == ".py" and b"coding" in data[:300]:
        encoding = _declared_encoding(data)
    try:
        if encoding in _SLOW_ENCODINGS:
            raise LookupError
        text = data.decode(encoding)
        return text if encoding.startswith("utf") else re.sub(_CODING, r"\1utf-8", text, count=1)
    except (LookupError, UnicodeError) as error:
        if not isinstance(error, UnicodeDecodeError):  # rot13 and the like; idna, punycode
            raise UserError(
                f"{file}: {encoding} is no encoding that a script can have",
                hint="Save it again as UTF-8, and take the line with `coding` out.",
                exit_code=2,
            ) from None
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{file}, line {line}: byte {data[error.start]:#04x} is not valid {error.encoding}",
            hint="This is not a notebook, or it was saved in another encoding: save it again as UTF-8.",
            exit_code=2,
        ) from None


def _declared_encoding(data: bytes) -> str:
    import io
    import tokenize

    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError:
        return "utf-8-sig"


def _load(
    text: str, file: str, extension: str, formats: Sequence[str]
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any]]:
    """Return the file's JSON, if it is any, and nbformat 4 data. What is not a known text format must be JSON."""
    known = {known.lower(): known for known in formats}.get(extension.lower())
    looks_like_json = text.lstrip()[:1] == "{"
    if known is not None and not looks_like_json:
        return None, _load_text(text, file, known)
    if extension.lower() == ".ipynb" or looks_like_json:
        data = _load_json(text, file)
        return data, _as_format_4(data, file)
    if not extension:
        return None, _load_text(text, file, ".py" if re.search(r"(?m)^```", text) is None else ".md")
    raise UserError(f"{file} is not a notebook", hint=_capital(_KNOWN), exit_code=2)


def _load_text(text: str, file: str, extension: str) -> Mapping[str, Any]:
    text = _newlines(text)
    if extension == ".py":
        script = dialects.read_dialect(text) or percent.read_script(text)
        if script is not None:
            return script if _has_header(text) else dialects.with_headings(script)
        if re.search(r"(?m)^\w+ = marimo\.App\(", text):
            raise UserError(
                f"{file} is a marimo app, not a notebook of cells that run from top to bottom",
                hint="Export it first: marimo export ipynb FILE -o notebook.ipynb",
                exit_code=2,
            )
    if text.count("\n") > _MOST_LINES or max(map(len, text.split("\n"))) > _LONGEST_LINE:
        raise UserError(
            f"{file} is too large to be read as a notebook in this format",
            hint=f"It may have {_MOST_LINES:,} lines of {_LONGEST_LINE:,} characters. "
            "Save it as .ipynb or in the percent format (# %%), which may be larger.",
            exit_code=2,
        )
    from soorgeon_clone.notebook import formats

    try:
        data = formats.read_text(text, extension)
    except ValueError as error:
        raise UserError(
            f"{file} cannot be read as a notebook: {error}",
            hint="If it opens in Jupyter through jupytext, save it as .ipynb and try again.",
            exit_code=2,
        ) from None
    # jupytext makes up new random ids at each reading: a text notebook has none.
    cells = [{**cell, "id": None} for cell in data["cells"]]
    if extension != ".py" and not any(cell["cell_type"] == "code" for cell in cells):
        fence = "python" if extension == ".md" else "{python}"
        raise UserError(
            f"{file} is text without any code that could run",
            hint=f"In such a file, code stands between lines of ```{fence} and ```.",
            exit_code=2,
        )
    if extension in (".Rmd", ".qmd"):
        cells = [_with_chunk_options(cell) for cell in cells]
    read = {**data, "cells": cells}
    return dialects.with_headings(read) if extension == ".py" and not _has_header(text) else read


def _has_header(text: str) -> bool:
    """Whether a script says itself, in its header, how it is to be read."""
    return text.startswith("# ---")


def _with_chunk_options(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell with the tags that mean what its chunk's options do: in the head, as in R Markdown, or in comments
    (``#| eval: false``), as in Quarto."""
    metadata = dict(cell["metadata"])
    said = {name: value.lower() for name, value in _CHUNK_OPTION.findall(cell["source"])}
    said |= {name: str(metadata.pop(name)).lower() for name in ("eval", "error") if name in metadata}
    tags = [SKIPPED] if said.get("eval") in ("false", "f") else []
    tags += [MAY_FAIL] if said.get("error") in ("true", "t") else []
    if tags:
        metadata["tags"] = [*_strings(metadata.get("tags")), *tags]
    return {**cell, "metadata": metadata}


def _load_json(text: str, file: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except RecursionError:
        raise UserError(f"{file} is not a notebook: its JSON is nested too deeply", exit_code=2) from None
    except ValueError as error:
        raise _json_error(text, file, error) from None
    if not isinstance(data, dict) or not ("cells" in data or "worksheets" in data):
        raise UserError(
            f"{file} is not a notebook: it is JSON, but without cells",
            hint="Is this the right file? A notebook that Jupyter saved has a list of cells.",
            exit_code=2,
        )
    return data


def _as_format_4(data: dict[str, Any], file: str) -> dict[str, Any]:
    major = data.get("nbformat", 4 if "cells" in data else 3)
    if "cells" in data and major == 4:
        return data
    if "worksheets" in data and major == 4:
        major = 3
    if not isinstance(major, int) or major > 4:
        raise UserError(
            f"{file}: notebook format {major!r} is not known",
            hint="Formats 1 to 4 can be read: open it in Jupyter and save it as format 4.",
            exit_code=2,
        )
    from soorgeon_clone.notebook import formats

    try:
        upgraded = formats.upgrade({**data, "nbformat": major})
    except (ValueError, AttributeError, TypeError) as error:
        raise UserError(
            f"{file}: the notebook (format {major}) cannot be upgraded to format 4: {error}",
            hint="Open it in Jupyter and save it again.",
            exit_code=2,
        ) from None
    # nbformat makes up new random ids at each reading: an old notebook has none.
    return {**upgraded, "cells": [{**cell, "id": None} for cell in upgraded["cells"]]}


def _json_error(text: str, file: str, error: ValueError) -> UserError:
    if re.search(r"(?m)^(<<<<<<< |>>>>>>> )", text):
        return UserError(
            f"{file} is not a notebook: it holds an unresolved merge (<<<<<<<, >>>>>>>)",
            hint="Resolve the merge first, for example with nbdime.",
            exit_code=2,
        )
    if text.startswith("version https://git-lfs.github.com/"):
        return UserError(
            f"{file} is no notebook but a Git LFS pointer to one",
            hint="Fetch the file itself: git lfs install && git lfs pull",
            exit_code=2,
        )
    if re.match(r"(?i)\s*<(!doctype html|html|\?xml)", text):
        return UserError(
            f"{file} is a web page, not a notebook",
            hint="It may be the page that shows the notebook: download the file itself (on GitHub, by the button Raw).",
            exit_code=2,
        )
    if not isinstance(error, json.JSONDecodeError):
        return UserError(f"{file} is not a notebook: {error}", exit_code=2)
    where = f"{file}, line {error.lineno}, column {error.colno}"
    # A file that was cut off ends inside a string, or where a value or a comma should come.
    rest = text[error.pos :].strip()
    ends = not rest or "\\" in text[-6:] or any(word.startswith(rest) for word in ("true", "false", "null", "NaN"))
    if text.lstrip()[:1] == "{" and (ends or error.msg.startswith("Unterminated string")):
        return UserError(
            f"{where}: the notebook is cut off, its JSON ends in the middle",
            hint="Take an earlier copy (.ipynb_checkpoints, version control), or copy the file again.",
            exit_code=2,
        )
    return UserError(
        f"{where}: this is not a notebook, nor any other JSON ({error.msg})", hint=_capital(_KNOWN), exit_code=2
    )


def _check_kernel(metadata: Mapping[str, Any], file: str) -> None:
    language = kernel_language(metadata)
    if language is not None:
        raise OtherLanguage(
            f"{file} is a notebook in {language}, not in Python",
            hint="Only Python notebooks can be read; if it is one, choose a Python kernel in Jupyter and save it.",
            exit_code=2,
        )


def kernel_language(metadata: Mapping[str, Any]) -> str | None:
    """Return the kernel's language if it is not Python. What is missing or odd counts as Python."""
    spec, info, jupytext = (
        value if isinstance(value := metadata.get(key), Mapping) else {}
        for key in ("kernelspec", "language_info", "jupytext")
    )
    for language in (spec.get("language"), info.get("name"), jupytext.get("main_language")):
        if isinstance(language, str) and language:
            return None if re.match(r"(?i)i?python|xeus-python|pyspark", language) else language
    name = spec.get("name")
    if isinstance(name, str) and re.fullmatch(_OTHER_KERNELS, name):
        display_name = spec.get("display_name")
        return display_name if isinstance(display_name, str) and display_name else name
    return None


def _cells(raw_cells: object, file: str, path: Path | None) -> tuple[Cell, ...]:
    if not isinstance(raw_cells, list):
        raise UserError(f"{file} is not a notebook: its cells are not a list", exit_code=2)
    if not raw_cells:
        raise UserError(f"{file} has no cells", hint="Is this the right file? Was it saved?", exit_code=2)
    return tuple(_cell(index, raw, file) for index, raw in enumerate(raw_cells))


def _cell(index: int, raw: object, file: str) -> Cell:
    where = Place(file, index)
    if not isinstance(raw, Mapping):
        raise UserError(f"{where}: not a cell but {type(raw).__name__}", exit_code=2)
    kind = _kind(raw.get("cell_type"), where)
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    if not _LAYOUT_KEYS.isdisjoint(metadata):
        metadata = {key: value for key, value in metadata.items() if key not in _LAYOUT_KEYS}
    identity, count = raw.get("id"), raw.get("execution_count")
    return Cell(
        index=index,
        kind=kind,
        source=_source(raw.get("source"), kind, where),
        id=identity if isinstance(identity, str) and identity else None,
        tags=frozenset(_strings(metadata.get("tags"))),
        execution_count=count if isinstance(count, int) else None,
        outputs=tuple(_output(output) for output in _items(raw.get("outputs")) if isinstance(output, Mapping)),
        metadata=metadata,
        attachments=_attachments(raw.get("attachments")),
    )


def _kind(cell_type: object, where: Place) -> CellKind:
    if cell_type == "code":
        return "code"
    if cell_type in ("markdown", "heading", "html"):
        return "markdown"
    if cell_type == "raw":
        return "raw"
    raise UserError(f"{where}: cell type {cell_type!r} is not known", hint="Known: code, markdown, raw.", exit_code=2)


def _source(value: object, kind: CellKind, where: Place) -> str:
    if value is None:  # Some exporters write null for an empty cell; Jupyter opens it as one.
        return ""
    if isinstance(value, list) and all(isinstance(line, str) or line is None for line in value):
        value = "".join(line for line in value if line)
    if not isinstance(value, str):
        raise UserError(f"{where}: its source is {type(value).__name__}, not text", exit_code=2)
    source = _newlines(value)
    if (surrogate := _SURROGATE.search(source)) is None:
        return source
    if kind != "code":
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", source)
    line = source.count("\n", 0, surrogate.start()) + 1
    raise UserError(
        f"{Place(where.file, where.cell, line=line)}: half of a character (the lone surrogate "
        f"{ascii(surrogate.group())[1:-1]}), which Python cannot run",
        hint="Type that character again in Jupyter.",
        exit_code=2,
    )


def _output(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an output with its texts in one piece; a file has them as lists of lines."""
    if isinstance(data := raw.get("data"), Mapping):
        return {**raw, "data": _bundle(data)}
    return {**raw, "text": _joined(raw["text"])} if "text" in raw else raw


def _bundle(bundle: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: value if _JSON.fullmatch(kind) else _joined(value) for kind, value in bundle.items()}


def _attachments(raw: object) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        return {}
    return {name: _bundle(bundle) if isinstance(bundle, Mapping) else bundle for name, bundle in raw.items()}


def _joined(value: Any) -> Any:
    return "".join(value) if isinstance(value, list) and all(isinstance(line, str) for line in value) else value


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _strings(value: object) -> Iterable[str]:
    return (item for item in _items(value) if isinstance(item, str))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
