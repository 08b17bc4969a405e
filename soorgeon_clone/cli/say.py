"""What a command has to say -> the terminal. The one module that prints; all that it prints went through `visible`.

Texts come as they are, whoever wrote them. A part that has colours of ours is made by `style`, which makes the text in
it visible first; parts are put together by `joined`, not in an f-string, which knows nothing of their kind.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import click

from soorgeon_clone.visible import Shown, shortened, visible


def style(text: str, **look: Any) -> Shown:
    """Return a part of a line in a colour or weight (``fg``, ``bold``, ``dim``: see click.style)."""
    return Shown(click.style(_shown(text), **look))


def joined(*parts: str) -> Shown:
    """Return one text of several parts, those that are `Shown` as they are, the others made visible."""
    return Shown("".join(map(_shown, parts)))


def echo(*parts: str, err: bool = False, nl: bool = True) -> None:
    """Print parts as one text, to standard error with ``err``."""
    stream = sys.stderr if err else sys.stdout
    colour = False if os.environ.get("NO_COLOR") else None  # https://no-color.org; None: where it is a terminal
    click.echo(_encodable(joined(*parts), stream), err=err, nl=nl, color=colour)


def redraw(lines: Sequence[str], drawn: int) -> None:
    """Draw dim lines on standard error, a terminal, in the place of its last ``drawn`` ones."""
    begin = f"\x1b[{drawn}A\r\x1b[J" if drawn else ""
    dim, plain = ("", "") if os.environ.get("NO_COLOR") else ("\x1b[2m", "\x1b[0m")
    text = "".join(f"{dim}{visible(line)}{plain}\n" for line in lines)
    sys.stderr.write(begin + _encodable(text, sys.stderr))
    sys.stderr.flush()


def note(text: str) -> None:
    """Print something that is good to know, on standard error."""
    echo(style(_begun("Note", text), fg="cyan"), err=True)


def warning(text: str) -> None:
    """Print what has no effect or may surprise, on standard error."""
    echo(style(_begun("Warning", text), fg="yellow"), err=True)


def error(text: str, hint: str | None = None) -> None:
    """Print what went wrong and what to do, on standard error."""
    echo(style(_begun("Error", text), fg="red"), err=True)
    if hint:
        echo(hint.replace("\n", "\n  "), err=True)


def data(content: str | bytes) -> None:
    """Write to standard output what another program reads: exactly that, unless it is a terminal that would obey it."""
    if sys.stdout.isatty():
        echo(content if isinstance(content, str) else content.decode("utf-8", "backslashreplace"), nl=False)
        return
    encoded = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
    click.echo(encoded, nl=False)


def refusal(refused: click.ClickException) -> None:
    """Print what click says about wrong usage: it quotes arguments."""
    text = io.StringIO()
    refused.show(file=text)
    echo(text.getvalue(), err=True, nl=False)


def speak_for_python() -> None:
    """Let Python's own warnings and tracebacks of this process, which quote sources, be printed from here as well."""
    process, usual = os.getpid(), warnings.showwarning

    def show(message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None) -> None:
        if file is not None or os.getpid() != process:  # what a task prints is the task's
            usual(message, category, filename, lineno, file, line)
        else:
            echo(warnings.formatwarning(message, category, filename, lineno, line), err=True, nl=False)

    def hook(kind: type[BaseException], raised: BaseException, where: TracebackType | None) -> None:
        import traceback

        echo("".join(traceback.format_exception(kind, raised, where)), err=True, nl=False)

    warnings.showwarning = show
    sys.excepthook = hook


def _begun(word: str, text: str) -> str:
    """Return a message whose further lines are indented: none of them can pass for a message of its own."""
    return f"{word}: {shortened(text)}".replace("\n", "\n  ")


def _shown(text: str) -> Shown:
    return text if isinstance(text, Shown) else visible(text)


def _encodable(text: str, stream: Any) -> str:
    """Return the text as far as the terminal's encoding has it, and the rest as escapes."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text if encoding.lower().startswith("utf") else text.encode(encoding, "backslashreplace").decode(encoding)
