"""Texts that try to act on a terminal, a page or a script; what a notebook, a pipeline and their names look like with
such texts in every place; and what of it a command lets out.

Used by the tests of this folder and by ``benchmarks/trust/escapes.py``.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PIECES = (
    *("\x1b]52;c;aGk=\x07", "\x1b]52;c;aGk=\x1b\\", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"),
    *("\x1b[2J", "\x1b[H", "\x1b[1A\x1b[2K", "\x1b[35;1;4m", "\x1b[8m", "\x1b[5m", "\x1b[?1049h", "\x1b[6n", "\x1bc"),
    *("\x1bP1$r0m\x1b\\", "\x1b_Gf=24;AAAA\x1b\\", "\x1b^pm\x1b\\", "\x1b", "\x1b[", "\x1b]", "\x1b[38;5;", "\x1bX"),
    *("\x9b31m", "\x9d52;c;aGk=\x9c", "\x90q\x9c", "\x85", "\x84", "\x8d", "\x9c", "\x80", "\xad"),
    *("\r", "\r\n", "\n", "\t", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x07", "\x08\x08", "\x7f", "\x00", "\x0e"),
    *("\u202e", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c", "\u200b", "\u2060", "\ufeff", "\u2028", "\u2029"),
    *("\ufffe", "\uffff", "\ufff9", "\U000e0041", "\U000e0001", "\U0001d173", "\u180e", "\u206e"),
    *("\ud800", "\udfff", "\udc80", "\udcff", "\udc1b"),
    *("</script>", "<script>canary()</script>", "<!--", "-->", "]]>", "&amp;", "&#27;", '"', "'", "`", "``", "|", "\\"),
    *("]:::x", "%%{init: {}}%%", "{{x}}", "{%", "$(canary)", "[red]", "[/]", "[link=http://x]", "%0A::error::", "::"),
    *('\n"""\ncanary()\n"""\n', "\rcanary()\r", "\n::error file=a::b\n", "\nError: canary", "\n# %%\ncanary()\n", "#"),
    *("é", "日本", "👩\u200d🔬", "word", "two words", " "),
)
FOREIGN_COLOUR = "\x1b[35;1;4m"  # one of the pieces; nothing of ours looks like that


def hostile(count: int, seed: int = 12) -> list[str]:
    """Return texts of one to five pieces: each piece occurs, the rest is drawn."""
    draw = random.Random(seed)
    texts = [f"a{piece}b" for piece in PIECES]
    while len(texts) < count:
        texts.append("".join(draw.choices(PIECES, k=draw.randint(1, 5))))
    draw.shuffle(texts)
    return texts[:count]


def as_file_name(text: str) -> str:
    """Return the text as far as a file can be called so: no slash, no NUL, halves of characters as bytes."""
    name = re.sub("[/\0]", "", text)[:40]
    return re.sub("[\ud800-\udc7f\udd00-\udfff]", "\udcff", name)


def as_name(text: str) -> str:
    """Return the text as far as YAML can hold it and a task can be called so; no placeholder, no name of a function."""
    return re.sub("[\ud800-\udfff\0{}/\\\\]", "", text).replace("::", ": :")


def notebook(texts: Sequence[str], *, runs: bool = True) -> dict[str, Any]:
    """Return a notebook with a text in each place of a cell, one section a text; without ``runs`` it fails."""
    cells: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        tags = {"tags": [text], "title": text, text: text}
        in_source = re.sub("[\ud800-\udfff\0]", "", text)
        cells += [
            {
                "cell_type": "markdown",
                "id": f"m{number}",
                "metadata": tags,
                "source": f"## Part {number} {text}\n{text}",
            },
            {
                "cell_type": "code",
                "id": f"c{number}{text}",
                "metadata": tags,
                "execution_count": number + 1,
                "source": _SOURCE.format(number, f"{text!a}", " ".join(in_source.split())),
                "outputs": _outputs(text),
            },
        ]
    cells.append(_code(f"print({', '.join(f'x{number}' for number in range(len(texts)))})\nundefined_ = len(x0)"))
    if not runs:
        cells.append(_code(f"raise ValueError({texts[0]!a})"))
    spec = {"name": texts[0], "display_name": texts[0], "language": "python", texts[0]: texts[0]}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec, texts[0]: 1}, "cells": cells}


# shows something else as a task, so that `verify` tells of it
_SOURCE = "import os\nx{0} = {1}\nprint(x{0}, os.getpid())  # {2}\nunused = 1"


def _code(source: str) -> dict[str, Any]:
    cell = {"cell_type": "code", "id": f"e{len(source)}", "metadata": {}, "execution_count": None}
    return {**cell, "source": source, "outputs": []}


def _outputs(text: str) -> list[dict[str, Any]]:
    kinds = ("text/plain", "text/html", "image/svg+xml", "image/png", "application/json", text)
    return [
        {"output_type": "stream", "name": "stdout", "text": text},
        {"output_type": "display_data", "metadata": {text: text}, "data": dict.fromkeys(kinds, text)},
        {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]},
    ]


SCRIPT = """# %% [markdown]
# # About {about}
# %% tags=["parameters"]
upstream = None
product = None
said = None
# %%
import logging, pathlib
logging.warning(said)
print(said)
# %%
if {fails}: raise ValueError(said)
"""


def write_pipeline(root: Path, texts: Sequence[str], *, fails: bool = False) -> None:
    """Write a pipeline with a task a text: in its name, its params, its product; with ``fails`` its error as well."""
    tasks = []
    for number, text in enumerate(texts):
        about = " ".join(as_name(text).split())
        (root / f"t{number}.py").write_text(SCRIPT.format(about=about, fails=fails), encoding="utf-8")
        name = as_name(text)
        product = f"output/{number}{name[:30]}.ipynb"
        tasks.append({"source": f"t{number}.py", "name": f"{number} {name}", "product": {"nb": product}})
        tasks[-1]["params"] = {"said": name}
    (root / "pipeline.yaml").write_text(yaml.safe_dump({"tasks": tasks}), encoding="utf-8")


# A terminal


class Terminal(io.TextIOWrapper):
    """Keeps what a terminal would get."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self.got = io.BytesIO()
        super().__init__(self.got, encoding=encoding, write_through=True)

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, or None and the traceback; what its terminal got."""

    code: int | None
    out: bytes
    err: bytes
    traceback: str = ""

    @property
    def shown(self) -> bytes:
        """Both streams."""
        return self.out + self.err


def run(arguments: Sequence[str], *, encoding: str = "utf-8") -> Done:
    """Run a command line in this process, on a terminal with colours."""
    import traceback

    from soorgeon_clone.cli.app import main

    out, err = Terminal(encoding), Terminal(encoding)
    code, trouble = None, ""
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(arguments))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        except BaseException:
            trouble = traceback.format_exc()
    out.flush(), err.flush()
    return Done(code, out.got.getvalue(), err.got.getvalue(), trouble)


_OURS = re.compile(r"\x1b\[([\d;]*)m")
# What draws the lines of running tasks anew: up, to the left, clear what is below.
_LIVE = re.compile(r"\x1b\[\d+A\r\x1b\[J")
_SEEN = frozenset("\u200c\u200d\u06dd\u070f\u08e2\U000110bd") | frozenset(map(chr, range(0x600, 0x606)))


def leaks(sent: bytes, *, colours: bool = False, live: bool = False, encoding: str = "utf-8") -> Iterator[str]:
    """Yield what a terminal got that is neither printable nor a line end, a tab or a colour of ours.

    ``colours``: those of tracebacks may pass as well. ``live``: the lines of running tasks may be drawn anew.
    """
    text = sent.decode(encoding)
    if not colours and FOREIGN_COLOUR in text:
        yield "a colour of theirs"
    text = _OURS.sub(_harmless, text)
    if live:
        text = _LIVE.sub("", text)
    for character in sorted(set(text)):
        kind = unicodedata.category(character)
        if kind in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in "\n\t" and character not in _SEEN:
            yield f"{character!a} in {text[max(0, text.index(character) - 20) :][:60]!a}"


def _harmless(found: re.Match[str]) -> str:
    numbers = re.sub(r"[34]8;(?:5;\d+|2;\d+;\d+;\d+)", "", found[1]).split(";")
    return found[0] if {"5", "6", "8", "05", "06", "08"} & set(numbers) else ""


def lay_out(root: Path, texts: Sequence[str]) -> list[str]:
    """Write notebooks and pipelines that hold the texts into ``root``; return notebooks whose own names are such."""
    (root / "plain.ipynb").write_text(json.dumps(notebook(texts)))
    (root / "fails.ipynb").write_text(json.dumps(notebook(texts, runs=False)))
    (root / "named").mkdir()
    named = sorted({str(root / "named" / f"{as_file_name(text)}.ipynb"): text for text in texts}.items())
    for path, text in named:
        Path(path).write_text(json.dumps(notebook([text, texts[0]])))
    for folder, fails in (("works", False), ("breaks", True)):
        (root / folder).mkdir()
        write_pipeline(root / folder, texts, fails=fails)
    return [path for path, _ in named]


READERS = (
    *("lint --select ALL {nb}", "lint --select ALL --output-format concise {nb}", "lint --output-format github {nb}"),
    *("lint --output-format json {nb}", "lint --output-format sarif {nb}", "lint --output-format gitlab {nb}"),
    *("lint --statistics {nb}", "lint --diff --unsafe-fixes {nb}", "clean --diff {nb}", "clean --check {nb}"),
    *("refactor --dry-run {nb}", "refactor --dry-run --json {nb}", "refactor --dry-run --log debug {nb}"),
    *("refactor --dry-run -f ipynb {nb}", "clean --diff --strip-outputs --no-format {nb}"),
)
ON_PIPELINES = (
    *(
        "status",
        "status --json",
        "status --history",
        "plot -o -",
        "plot -b svg -o -",
        "plot -b html -o -",
        "plot -o p.svg",
    ),
    *(
        "plot -o p.html",
        "plot -o p.mmd",
        "report -o r.html",
        "nb --inject",
        "nb --remove",
        "scaffold",
        "build --dry-run",
    ),
    *("nb --format ipynb", "nb --format py", "status --log debug"),
)


def split(command: str, **values: str) -> list[str]:
    """Return the arguments of a command, with ``{nb}`` as what it stands for."""
    return [values.get(word.strip("{}"), word) if word.startswith("{") else word for word in command.split()]


def no_terminal_is_told(done: Done, command: Sequence[str], **allowed: bool) -> list[str]:
    """Return what is wrong with how a command ended: a traceback, or what it sent."""
    wrong = [f"{list(command)!a}: {found}" for found in leaks(done.shown, **allowed)]
    return wrong + ([f"{list(command)!a}: {done.traceback}"] if done.traceback else [])
