"""Clones of public repositories -> a corpus folder: lay_out.py CORPUS OWNER/NAME=GITDIR ...

Of each repository the newest commit is unpacked to CORPUS/OWNER/NAME: its notebooks, and what they may read (files of
data and modules). What a partial clone lacks is left out; a notebook in MyST Markdown becomes an .ipynb.
CORPUS/repositories.json says which commit that was, CORPUS/index.json lists every notebook: path, language, code cells,
H2 headings. Never commit them: they are others'.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import jupytext
from inventory import notebook_cells

LARGEST = 20_000_000  # bytes of a file
NOT_DATA = {".html", ".pdf", ".mp4", ".mov", ".gif", ".svg", ".pptx", ".ppt", ".js", ".map", ".ttf", ".woff", ".woff2"}
H2 = re.compile(r"^ {0,3}##(?!#)\s*\S", re.MULTILINE)


def main() -> None:
    corpus = Path(sys.argv[1])
    for argument in sys.argv[2:]:
        name, _, git_dir = argument.partition("=")
        unpack(git_dir, corpus / name)
        convert(corpus / name)
        note(corpus / "repositories.json", name, _git(git_dir, "rev-parse", "HEAD").decode().strip())
    rows = [describe(path, corpus) for path in sorted(corpus.rglob("*.ipynb"))]
    (corpus / "index.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(f"{len(rows)} notebooks, {sum(row.get('language') == 'python' for row in rows)} of them Python")


def unpack(git_dir: str, into: Path) -> None:
    """Write the files of the newest commit that a notebook may read."""
    listed = _git(git_dir, "ls-tree", "-r", "-z", "HEAD").decode("utf-8", "surrogateescape").rstrip("\0").split("\0")
    blobs = [tuple(row.partition("\t")[::2]) for row in listed]
    wanted = [
        (head.split()[2], PurePosixPath(path))
        for head, path in blobs
        if head.split()[1] == "blob" and not head.startswith("120000") and PurePosixPath(path).suffix not in NOT_DATA
    ]
    for (_, path), content in zip(wanted, _contents(git_dir, [blob for blob, _ in wanted]), strict=True):
        if content is not None and ".." not in path.parts:
            target = into / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _contents(git_dir: str, blobs: list[str]) -> Iterator[bytes | None]:
    """Yield what each object holds, None where it is missing or too large."""
    command = ["git", "--git-dir", git_dir, "cat-file", "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        for blob in blobs:
            process.stdin.write(f"{blob}\n".encode())
            process.stdin.flush()
            head = process.stdout.readline().split()
            if len(head) != 3:
                yield None
                continue
            content = process.stdout.read(int(head[2]) + 1)[:-1]
            yield content if len(content) <= LARGEST else None


def convert(folder: Path) -> None:
    """Write an .ipynb beside each notebook in MyST Markdown."""
    for path in folder.rglob("*.md"):
        text = path.read_text(encoding="utf-8", errors="replace")
        if text.startswith("---") and "kernelspec:" in text[:2000] and not path.with_suffix(".ipynb").exists():
            jupytext.write(jupytext.reads(text, fmt="md:myst"), path.with_suffix(".ipynb"))


def note(record: Path, name: str, commit: str) -> None:
    """Say in repositories.json of which commit a repository's notebooks are."""
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    record.write_text(json.dumps(known | {name: commit}, indent=1, sort_keys=True), encoding="utf-8")


def describe(path: Path, corpus: Path) -> dict[str, Any]:
    """Return the row of index.json for one notebook."""
    row: dict[str, Any] = {"path": path.relative_to(corpus).as_posix()}
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = notebook_cells(notebook)
        about = notebook.get("metadata", {})
        language = about.get("kernelspec", {}).get("language") or about.get("language_info", {}).get("name") or "python"
        texts = ["".join(cell.get("source", "")) for cell in cells if cell["cell_type"] == "markdown"]
        row["language"] = language.lower().rstrip("0123456789")
        row["code_cells"] = sum(cell["cell_type"] == "code" for cell in cells)
        row["h2"] = sum(bool(H2.search(text)) for text in texts)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        row["unreadable"] = repr(error)[:200]
    return row


def _git(git_dir: str, *command: str) -> bytes:
    return subprocess.run(["git", "--git-dir", git_dir, *command], check=True, capture_output=True).stdout


if __name__ == "__main__":
    main()
