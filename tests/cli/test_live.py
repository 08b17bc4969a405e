"""What a build shows on a real terminal while it goes on, and what is left of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from project_folder import SAVE, Folder, load

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")
COLUMNS = 50
_PART = re.compile(r"\x1b\[(\d*)([A-Za-z])|\x1b\[\?\d+[hl]|(\r)|(\n)|([^\x1b\r\n]+)")


def on_a_terminal(folder: Path, *command: str, **environment: str) -> str:
    """Return all that a command writes to a terminal."""
    import fcntl
    import struct
    import termios

    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    variables = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-m", "soorgeon_clone", *command],
        cwd=folder,
        env={**variables, "TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    written = b""
    try:
        while part := os.read(reader, 65536):
            written += part
    except OSError:  # how Linux says that nobody writes any more
        pass
    os.close(reader)
    assert process.wait(30) == 0, written
    return written.decode()


def screen(written: str) -> list[str]:
    """Return the lines that are left to see."""
    lines, row, column = [""], 0, 0
    for found in _PART.finditer(written):
        number, letter, home, down, text = found.groups()
        if letter == "A":
            row = max(row - int(number or 1), 0)
        elif letter == "J":
            lines = [*lines[:row], lines[row][:column]]
        elif home:
            column = 0
        elif down:
            row += 1
            lines += [""] * (row + 1 - len(lines))
        for character in text or "":
            if column == COLUMNS:
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            lines[row] = lines[row].ljust(column)[:column] + character + lines[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "project")
    folder.task("load", "import time\ntime.sleep(0.5)\nx = [1]", SAVE, products=("x",))
    folder.task("a-name-" + "that-is-long-" * 4, load("load"), "import time\ntime.sleep(0.3)", upstream=("load",))
    return folder


@pytest.mark.parametrize("no_colour", ["", "1"])
def test_only_what_ended_is_left(folder: Folder, no_colour: str) -> None:
    written = on_a_terminal(folder.root, "build", NO_COLOR=no_colour)
    assert "load: importing libraries, " in written and "0 of 2 tasks done" in written
    assert ("\x1b[2m" in written) == (not no_colour)
    left = screen(written.partition("name ")[0])
    assert [line[:8] for line in left if line.startswith("✓")] == ["✓ load 0", "✓ a-name"]
    assert not [line for line in left if "importing" in line or "tasks done" in line]
    drawn = re.findall(r"^  (?:load|a-name).*|^  \d of .*", re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", written), re.MULTILINE)
    assert drawn and max(len(line.rstrip()) for line in drawn) < COLUMNS


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(folder: Folder) -> None:
    written = on_a_terminal(folder.root, "build", TERM="dumb")
    assert "tasks done" not in written and "✓" in written


def test_a_notebook_that_is_run_shows_its_cell(folder: Folder) -> None:
    folder.write("nb.py", "# %%\nimport time\ntime.sleep(0.4)\n# %%\nx = 1\n")
    written = on_a_terminal(folder.root, "test", "nb.py")
    assert "cell 1 of 2" in written
    assert not [line for line in screen(written) if "cell" in line and " of " in line]
