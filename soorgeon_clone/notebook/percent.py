"""Cells <-> a script in the percent format, byte for byte as jupytext writes it, without the wait for jupytext.

A code cell with a known ``%%language`` magic, a Markdown and a raw cell are written as comments, and so is every line
that is IPython's and not Python's::

    # %% [markdown]
    # ## Load

    # %% tags=["parameters"]
    # %matplotlib inline
    upstream = None

Where jupytext would read back something else than was written, this does better: a line of a cell that looks like a
cell marker (``# %% ...``) gets one more ``# `` in front (or Markdown is written between triple quotes), and is read
back without it. Only this is lost: a single blank line at the end of a code cell, to which IPython adds one anyway.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from soorgeon_clone.notebook.model import Cell

# The magics that jupytext takes for languages (jupytext.languages), but for python itself, which it forgets.
LANGUAGES = frozenset(
    [
        "R",
        "bash",
        "sh",
        "python2",
        "python3",
        "coconut",
        "javascript",
        "js",
        "perl",
        "html",
        "latex",
        "markdown",
        "pypy",
        "ruby",
        "script",
        "svg",
        "matlab",
        "octave",
        "idl",
        "robotframework",
        "sas",
        "spark",
        "sql",
        "cython",
        "haskell",
        "tcl",
        "gnuplot",
        "julia",
        "c++",
        "scheme",
        "clojure",
        "powershell",
        "q",
        "typescript",
        "scala",
        "rust",
        "csharp",
        "fsharp",
        "sos",
        "java",
        "groovy",
        "sage",
        "ocaml",
        "maxima",
        "stata",
        "xonsh",
        "logtalk",
        "lua",
        "go",
        "c#",
        "f#",
        "cs",
        "fs",
        "jenner",
    ]
)

_MARKER = re.compile(r"\s*#\s*%%(%*)(?:\s(.*))?$", re.DOTALL)
_OLD_MARKER = re.compile(r"\s*#\s*(?:<codecell>|In\[[0-9 ]*\]:?)\s*$")
_LIKE_MARKER = re.compile(r"(\s*)((?:# )*)#\s*(?:%%%*(?:\s|$)|<codecell>\s*$|In\[[0-9 ]*\]:?\s*$)")

# jupytext.magics: what is IPython's and gets commented out. It may be commented out already, once or more.
_MAGIC = re.compile(r"\s*(?:# |#)*%{1,3}[a-zA-Z]")
_KEPT_MAGIC = re.compile(r"\s*(?:# |#)*%{1,3}[a-zA-Z].*#\s*noescape")
_OTHER_MAGIC = re.compile(
    r"\s*(?:(?:# |#)+\s*)?[?!]\s*[A-Za-z.~$\\/{}]"
    r"|(?:# |#)*\s*[a-zA-Z_][a-zA-Z_$0-9]*\s*=\s*(?:%{1,3}|!)[a-zA-Z]"
    r"|\s*(?:# )*[^\s]*\?\s*$"
    r"|(?:# |#)*(?:cat|cd|cp|mv|rm|rmdir|mkdir|copy|ddir|echo|ls|ldir|ren)(?:$|\s$|\s[^=,])"
)
_CONTINUED = re.compile(r".*\\\s*$")

_OPTION = re.compile(r"\s*([A-Za-z0-9_.@/-]+)\s*=\s*")
_CELL_TYPE = re.compile(r"\[(markdown|md|raw)\]")
_HEADER_LINE = re.compile(r"( *)([A-Za-z_][\w-]*):(?: (.*))?$")
_PLAIN = re.compile(r"[A-Za-z][\w .()+-]*(?<! )$", re.ASCII)
_YAML_WORDS = frozenset(["true", "false", "yes", "no", "on", "off", "null", "y", "n"])
_HEADER_KEYS = frozenset({"text_representation", "formats", "notebook_metadata_filter", "cell_metadata_filter"})


def write_script(cells: Sequence[Cell], metadata: Mapping[str, Any]) -> str:
    """Return the script. Its header holds what there is of ``kernelspec`` and ``jupytext`` in ``metadata``.

    Of the cells' metadata, tags and titles are written: the rest belongs to the notebook's editor.
    """
    header = _header(metadata)
    pieces: list[list[str]] = []
    starts_definition = has_code = False
    below = False
    for cell in reversed(cells):
        lines = _cell_lines(cell)
        blanks = _blank_lines(lines, starts_definition, has_code) if below else 1
        starts_definition = _starts_definition(lines, blanks, starts_definition)
        has_code = _has_code(lines, blanks, has_code)
        below = True
        pieces.append(lines + [""] * blanks)
    if header:
        pieces.append([*header, ""])
    return "\n".join(line for piece in reversed(pieces) for line in piece)


def read_script(text: str) -> dict[str, Any] | None:
    """Return the script as nbformat 4 data, or None if it is not plain percent format and jupytext must look at it."""
    lines = text.split("\n")
    header = _read_header(lines)
    if header is None:
        return None
    metadata, start = header
    named = "text_representation" in metadata.get("jupytext", {})
    if start >= len(lines) or _MARKER.match(lines[start]) is None:
        return None
    cells = []
    for marker, body in _split(lines[start:]):
        cell = _read_cell(marker, body, magics_may_stand=named)
        if cell is None:
            return None
        cells.append(cell)
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


def ordered_tags(cell: Cell) -> list[str]:
    """Return the cell's tags: first those it was read with, in their order, then the new ones by name."""
    read = cell.metadata.get("tags")
    kept = [tag for tag in dict.fromkeys(read if isinstance(read, list) else ()) if tag in cell.tags]
    return kept + sorted(cell.tags.difference(kept))


# Writing


def _cell_lines(cell: Cell) -> list[str]:
    """Return the cell's marker and text."""
    lines = cell.source.split("\n")
    options: dict[str, Any] = {"tags": tags} if (tags := ordered_tags(cell)) else {}
    if cell.kind != "code":
        marker = _marker(cell, f"[{cell.kind}]", options)
        if '"""' not in cell.source and (_has_open_fence(lines) or any(map(_LIKE_MARKER.match, _commented(lines)))):
            raw = "r" if "\\" in cell.source else ""
            return [marker, raw + '"""', *lines, '"""']
        return [marker, *_escaped(_commented(lines))]
    language, _, arguments = lines[0][2:].partition(" ") if lines[0].startswith("%%") else ("", "", "")
    if language in LANGUAGES:
        if arguments:
            options["magic_args"] = arguments
        options["language"] = language
        return [_marker(cell, "", options), *_escaped(_commented(lines[1:]))]
    if not _is_active(cell.tags):
        return [_marker(cell, "", options), *_escaped(_commented(lines))]
    if len(lines) > 1 and not lines[-1] and lines[-2].strip():
        lines.pop()
    indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())] if lines[0].strip() else ""
    marker = indent + _marker(cell, "", options)
    return [marker] if lines == [""] else [marker, *_comment_magics(lines)]


def _marker(cell: Cell, cell_type: str, options: Mapping[str, Any]) -> str:
    title = cell.metadata.get("title")
    plain = isinstance(title, str) and not set(title) & set("{=[\n") and not title.startswith("%")
    words = ["# %%", str(title).strip() if plain else "", cell_type]
    words += [f"{key}={json.dumps(value)}" for key, value in options.items()]
    return " ".join(word for word in words if word)


def _commented(lines: Sequence[str]) -> list[str]:
    return ["# " + line if line else "#" for line in lines]


def _escaped(lines: Sequence[str]) -> list[str]:
    return [_escape(line) for line in lines]


def _escape(line: str) -> str:
    like = _LIKE_MARKER.match(line)
    return f"{like.group(1)}# {line[like.end(1) :]}" if like else line


def _comment_magics(lines: Sequence[str]) -> Iterator[str]:
    quote: str | None = None
    continued = False
    for line in lines:
        if quote is None and (continued or _is_magic(line)):
            body = line if continued else line.lstrip()
            continued = _CONTINUED.match(line) is not None
            yield line[: len(line) - len(body)] + "# " + body
            continue
        continued = False
        yield line if quote is not None else _escape(line)
        quote = _quote_after(line, quote)


def _is_active(tags: frozenset[str]) -> bool:
    """Tell whether jupytext leaves a code cell with these tags uncommented in a .py file."""
    active = [tag for tag in sorted(tags) if tag.startswith("active-")]
    return not active or "py" in active[0].split("-")


def _is_magic(line: str) -> bool:
    if _MAGIC.match(line):
        return _KEPT_MAGIC.match(line) is None
    return _OTHER_MAGIC.match(line) is not None


def _quote_after(line: str, quote: str | None) -> str | None:
    """Return which triple quote is open after the line, if any, as jupytext.stringparser counts."""
    if (quote is None and '"""' not in line and "'''" not in line) or (quote is not None and quote * 3 not in line):
        return quote
    if quote is None and line.lstrip().startswith("#"):
        return None
    single: str | None = None
    start = -1
    for index, char in enumerate(line):
        if char == "#" and single is None and quote is None:
            break
        if char not in "\"'" or line[index - 1 : index] == "\\":
            continue
        if single is not None:
            single = None if single == char else single
        elif line[index - 2 : index + 1] == 3 * char and index >= start + 3:
            if quote in (None, char):
                quote = None if quote == char else char
                start = index
        elif quote is None:
            single = char
    return quote


# Blank lines between cells (jupytext.pep8): two around a top-level function or class, else one.


def _blank_lines(lines: Sequence[str], next_starts_definition: bool, next_has_code: bool) -> int:
    if _ends_with_definition(lines):
        return 2 if next_has_code else 1
    ends_with_code = bool(lines[-1].strip()) and not lines[-1].startswith("#")
    return 2 if ends_with_code and next_starts_definition else 1


def _ends_with_definition(lines: Sequence[str]) -> bool:
    quote: str | None = None
    unquoted = []
    for line in lines:
        if quote is None:
            unquoted.append(line)
        quote = _quote_after(line, quote)
    for index in range(len(unquoted) - 1, -1, -1):
        line = unquoted[index]
        if not line.strip():
            if index + 1 < len(unquoted) and not unquoted[index + 1].strip():
                return False
        elif not line.startswith(("#", " ", ")")):
            return line.startswith(("def ", "async ", "class "))
    return False


def _starts_definition(lines: Sequence[str], blanks: int, below: bool) -> bool:
    """Tell whether the first statement from here on is a function or a class, with no two blank lines before it."""
    quote: str | None = None
    for index, line in enumerate(lines):
        quoted, quote = quote is not None, _quote_after(line, quote)
        if quoted:
            continue
        if not line.strip():
            if index and not lines[index - 1].strip():
                return False
        elif line.startswith(("def ", "async ", "class ")):
            return True
        elif not line.startswith(("#", "@", " ", ")")):
            return False
    return below and blanks == 1 and bool(lines[-1].strip())


def _has_code(lines: Sequence[str], blanks: int, below: bool) -> bool:
    for index, line in enumerate(lines):
        if not line.strip():
            if index and not lines[index - 1].strip():
                return False
        elif not line.lstrip().startswith("#"):
            return True
    return below and blanks == 1 and bool(lines[-1].strip())


# The header: the part of YAML that PyYAML writes for names and versions


def _header(metadata: Mapping[str, Any]) -> list[str]:
    kept = {key: metadata[key] for key in ("jupytext", "kernelspec") if isinstance(metadata.get(key), Mapping)}
    body = list(_yaml(kept, "  ")) if kept else []
    return ["# ---", "# jupyter:", *("# " + line for line in body), "# ---"] if body else []


def _yaml(mapping: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in sorted(mapping.items()):
        if isinstance(value, Mapping):
            if body := list(_yaml(value, indent + "  ")):
                yield f"{indent}{key}:"
                yield from body
        elif isinstance(value, str):
            yield f"{indent}{key}: {_scalar(value)}"


def _scalar(value: str) -> str:
    if (_PLAIN.match(value) and value.lower() not in _YAML_WORDS) or re.fullmatch(
        r"\d+\.\d+\.[\d.]*\d|\.[a-z]+", value
    ):
        return value
    if value.isprintable() and value.isascii():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value)


def _read_header(lines: Sequence[str]) -> tuple[dict[str, Any], int] | None:
    """Return the metadata and where the cells begin; None if the header holds more than names and versions."""
    if lines[0].rstrip() != "# ---":
        return {}, 0
    root: dict[str, Any] = {}
    open_mappings: list[tuple[int, dict[str, Any]]] = [(-1, root)]
    start = 0
    for index, line in enumerate(lines[1:], 1):
        if line.rstrip() == "# ---":
            start = index + 1
            break
        parsed = _HEADER_LINE.match(line[2:]) if line.startswith("# ") else None
        if parsed is None:
            return None
        indent, key, value = len(parsed.group(1)), parsed.group(2), (parsed.group(3) or "").strip()
        while indent <= open_mappings[-1][0]:
            open_mappings.pop()
        if not value:
            inner: dict[str, Any] = {}
            open_mappings[-1][1][key] = inner
            open_mappings.append((indent, inner))
        elif (text := _read_scalar(value)) is None:
            return None
        else:
            open_mappings[-1][1][key] = text
    else:
        return None
    metadata = root.get("jupyter")
    if set(root) != {"jupyter"} or not isinstance(metadata, dict):
        return None
    options = metadata.get("jupytext", {})
    if not isinstance(options, dict) or not _HEADER_KEYS.issuperset(options):
        return None
    representation = options.get("text_representation", {})
    if not isinstance(representation, dict) or representation.get("format_name", "percent") != "percent":
        return None
    return metadata, start + 1 if start < len(lines) and not lines[start].strip() else start


def _read_scalar(value: str) -> str | None:
    if value.startswith("'"):
        return value[1:-1].replace("''", "'") if len(value) > 1 and value.endswith("'") else None
    if value.startswith('"'):
        try:
            text = json.loads(value)
        except ValueError:
            return None
        return text if isinstance(text, str) else None
    return None if re.match(r"[\[{&*!|>%@`?-]", value) or " #" in value or ": " in value else value


# Reading


def _split(lines: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each cell's marker and the lines below it, without the blank lines that only part it from the next."""
    first = 0
    quote: str | None = None
    for index, line in enumerate(lines):
        if quote is None and index and (_MARKER.match(line) or _OLD_MARKER.match(line)):
            yield lines[first], _without_gap(lines[first:index])
            first = index
        else:
            quote = _quote_after(line, quote)
    yield lines[first], _without_gap(lines[first:])


def _without_gap(lines: Sequence[str]) -> Sequence[str]:
    if len(lines) >= 3 and lines[-3].strip() and not lines[-2].strip() and not lines[-1].strip():
        return lines[1:-2]
    return lines[1:-1] if len(lines) > 1 and not lines[-1] else lines[1:]


def _read_cell(marker: str, lines: Sequence[str], *, magics_may_stand: bool) -> dict[str, Any] | None:
    """Return the cell, or None if it holds something that only jupytext knows how to read."""
    options = _read_marker(marker)
    if options is None:
        return None
    kind, metadata = options
    language, arguments = metadata.pop("language", None), metadata.pop("magic_args", "")
    if kind != "code":
        quoted = _quoted_text(lines)
        if quoted is None and _has_open_fence(list(_uncommented(lines))):
            return None  # For jupytext, a marker inside a fence of a Markdown cell is none.
        source = "\n".join(_uncommented(lines)) if quoted is None else quoted
    elif language is not None:
        head = f"%%{language} {arguments}" if arguments else f"%%{language}"
        source = "\n".join([head, *_uncommented(lines)])
    else:
        if not magics_may_stand and _has_bare_magic(lines):
            return None  # Without a header, jupytext takes a script with uncommented magics for Hydrogen's.
        source = "\n".join(_uncomment_magics(lines))
    cell: dict[str, Any] = {"cell_type": kind, "source": source, "metadata": metadata}
    return cell | {"outputs": [], "execution_count": None} if kind == "code" else cell


def _read_marker(marker: str) -> tuple[str, dict[str, Any]] | None:
    """Return the cell's type and metadata, of a marker such as ``# %% Title [markdown] tags=["a"]``."""
    parts = _MARKER.match(marker)
    if parts is None or parts.group(1):
        return None
    text = (parts.group(2) or "").strip()
    typed = _CELL_TYPE.search(text)
    first_option = _OPTION.search(text)
    if typed and (first_option is None or typed.end() <= first_option.start() + 1):
        title, rest = text[: typed.start()].strip(), text[typed.end() :]
        kind = {"md": "markdown"}.get(typed.group(1), typed.group(1))
    else:
        cut = first_option.start() if first_option else len(text)
        title, rest, kind = text[:cut].strip(), text[cut:], "code"
    metadata = _read_options(rest)
    if metadata is None or "{" in title or not {"active", "run_control"}.isdisjoint(metadata):
        return None
    tags = metadata.get("tags", [])
    if not isinstance(tags, list) or any(not isinstance(tag, str) or tag.startswith("active-") for tag in tags):
        return None
    if any(not isinstance(metadata.get(key, ""), str) for key in ("language", "magic_args")):
        return None
    return kind, {"title": title, **metadata} if title else metadata


def _read_options(text: str) -> dict[str, Any] | None:
    options: dict[str, Any] = {}
    decoder = json.JSONDecoder()
    position = 0
    while text[position:].strip():
        key = _OPTION.match(text, position)
        if key is None:
            return None
        try:
            options[key.group(1)], position = decoder.raw_decode(text, key.end())
        except (ValueError, RecursionError):
            return None
    return options


def _uncommented(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        line = _unescape(line)
        yield line[2:] if line.startswith("# ") else line[1:] if line.startswith("#") else line


def _unescape(line: str) -> str:
    like = _LIKE_MARKER.match(line)
    return like.group(1) + line[like.end(1) + 2 :] if like and like.group(2) else line


def _uncomment_magics(lines: Sequence[str]) -> Iterator[str]:
    quote: str | None = None
    continued = False
    for line in lines:
        if quote is None and (continued or _is_magic(line)):
            body = line.lstrip()
            indent = line[: len(line) - len(body)]
            continued = _CONTINUED.match(line) is not None
            yield indent + body[2 if body.startswith("# ") else 1 if body.startswith("#") else 0 :]
            continue
        continued = False
        yield line if quote is not None else _unescape(line)
        quote = _quote_after(line, quote)


def _has_bare_magic(lines: Sequence[str]) -> bool:
    quote: str | None = None
    for line in lines:
        if quote is None and not line.lstrip().startswith("#") and _is_magic(line):
            return True
        quote = _quote_after(line, quote)
    return False


def _has_open_fence(lines: Sequence[str]) -> bool:
    """Tell whether a code fence of a Markdown cell is still open at its end."""
    fence = ""
    for text in lines:
        found = re.match(r" {0,3}(`{3,}|~{3,})", text)
        if found is None:
            continue
        if not fence:
            fence = found.group(1)
        elif found.group(1).startswith(fence) and not text[found.end() :].strip():
            fence = ""
    return bool(fence)


def _quoted_text(lines: Sequence[str]) -> str | None:
    """Return the text of a Markdown cell that is written between triple quotes, else None."""
    content = "\n".join(lines).strip()
    for quote in ('"""', "'''"):
        for left in (quote, "r" + quote, "R" + quote):
            if content.startswith(left) and content.endswith(quote) and len(content) >= len(left) + 3:
                content = content[len(left) : -3]
                content = content[1:] if content.startswith("\n") else content
                return content[:-1] if content.endswith("\n") else content
    return None
