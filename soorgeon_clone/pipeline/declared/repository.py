"""A folder -> what git says of the repository around it, without anything of that repository being run or believed.

A repository's configuration names programs (core.fsmonitor, filters, hooks, remotes with commands, those of
submodules), and git starts them. So its files are read here, and where git itself is needed, it is shown a folder of
ours in the place of ``.git``: with the repository's objects, tags and index, and without its configuration or anybody
else's.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from soorgeon_clone.files.regular import is_regular, open_regular, read_text

if TYPE_CHECKING:
    import subprocess

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"refs(/(?!\.)[^\x00-\x20\x7f~^:?*\[\\/]+)+")
# How files of the working tree are compared with those of the index: words that name no program.
_HARMLESS = re.compile(
    r"(filemode|symlinks|ignorecase|precomposeunicode|autocrlf|eol)\s*=\s*(true|false|input|lf|crlf|native)\s*",
    re.IGNORECASE,
)
_SMALL, _LARGE = 100_000, 50_000_000
_PATIENCE = 60  # seconds


def top(here: Path) -> Path | None:
    """The folder of the repository around ``here``."""
    return next((one for one in (here, *here.parents) if (one / ".git").exists()), None)


def branch_or_commit(here: Path) -> str | None:
    """The name of the branch, or what `describe` says where there is none; None where there is no repository."""
    found = top(here)
    folder = _git_folder(found) if found else None
    head = _text(folder / "HEAD", _SMALL) if folder else None
    if head is not None and head.startswith("ref: refs/heads/") and _REF.fullmatch(head[len("ref: ") :].strip()):
        return head[len("ref: refs/heads/") :].strip()
    return describe(here)


def describe(here: Path) -> str | None:
    """The last tag with the distance to it, or the short hash of the commit; "-dirty" where files differ from it.

    As ``git describe --tags --always --dirty``, but nobody looks inside submodules. None without a commit or git.
    """
    found = top(here)
    if found is None:
        return None
    with _borrowed(found) as git:
        if git is None:
            return None
        name = git.output("describe", "--tags", "--always")
        if not name:
            return None
        git.code("update-index", "-q", "--refresh")
        return name + ("-dirty" if git.code("diff-index", "--quiet", "--ignore-submodules=dirty", "HEAD", "--") else "")


def first_commit(folder: Path) -> str | None:
    """The first commit of the repository whose working tree is ``folder``."""
    with _borrowed(folder) as git:
        commits = sorted((git.output("rev-list", "--max-parents=0", "HEAD") or "").split()) if git else []
    return commits[0] if commits else None


class _Git:
    """Runs git on a folder of ours."""

    def __init__(self, folder: Path, tree: Path, objects: Path) -> None:
        self.tree = tree
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ},
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_DIR": str(folder),
            "GIT_WORK_TREE": str(tree),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }

    def output(self, *arguments: str) -> str | None:
        """What a command prints; None if it fails."""
        done = self._run(arguments)
        return done.stdout.decode("utf-8", "replace").strip() if done is not None and done.returncode == 0 else None

    def code(self, *arguments: str) -> int:
        """The exit code of a command."""
        done = self._run(arguments)
        return 1 if done is None else done.returncode

    def _run(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[bytes] | None:
        import subprocess

        try:
            return subprocess.run(
                ["git", *arguments],
                cwd=self.tree,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_PATIENCE,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None


@contextlib.contextmanager
def _borrowed(tree: Path) -> Iterator[_Git | None]:
    """Git with the objects, tags and index of a repository; None where it has no commit."""
    import tempfile

    folder = _git_folder(tree)
    common = _common(folder) if folder else None
    commit = _commit(folder, common) if folder and common else None
    if folder is None or common is None or commit is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="soorgeon-clone-git-") as name:
        ours = Path(name)
        (ours / "refs").mkdir()
        (ours / "objects").mkdir()
        (ours / "HEAD").write_text(f"{commit}\n")
        (ours / "config").write_text(_config(common, commit))
        (ours / "packed-refs").write_text("".join(f"{hash_} {ref}\n" for ref, hash_ in sorted(_tags(common).items())))
        for file in (folder / "index", common / "shallow", *folder.glob("sharedindex.*")):
            _copy(file, ours / file.name)
        yield _Git(ours, tree, common / "objects")


def _config(common: Path, commit: str) -> str:
    lines = ["[core]", "repositoryformatversion = 1", "bare = false"]
    for line in (_text(common / "config", _SMALL) or "").splitlines():
        if _HARMLESS.fullmatch(line.strip()):
            lines.append(line.strip())
    if len(commit) == 64:
        lines += ["[extensions]", "objectformat = sha256"]
    return "\n".join(lines) + "\n"


def _git_folder(tree: Path) -> Path | None:
    """``.git``, or the folder that the file ``.git`` of a worktree or a submodule names."""
    entry = tree / ".git"
    if entry.is_dir():
        return entry
    text = _text(entry, _SMALL) or ""
    folder = tree / text[len("gitdir:") :].strip() if text.startswith("gitdir:") and "\0" not in text else None
    return folder if folder is not None and folder.is_dir() else None


def _common(folder: Path) -> Path | None:
    """The folder that worktrees of one repository share."""
    named = _text(folder / "commondir", _SMALL)
    if named is None:
        return folder
    common = folder / named.strip()
    return common if "\0" not in named and common.is_dir() else None


def _commit(folder: Path, common: Path) -> str | None:
    """The hash that HEAD stands for."""
    text = (_text(folder / "HEAD", _SMALL) or "").strip()
    for _ in range(5):
        if _COMMIT.fullmatch(text):
            return text
        ref = text[len("ref: ") :] if text.startswith("ref: ") else ""
        if not _REF.fullmatch(ref) or ".." in ref:
            return None
        places = (_text(one / ref, _SMALL) for one in (folder, common))
        text = next((one.strip() for one in places if one is not None), None) or _packed(common).get(ref, "")
    return None


def _tags(common: Path) -> dict[str, str]:
    """The tags by their full names."""
    found = {ref: commit for ref, commit in _packed(common).items() if ref.startswith("refs/tags/")}
    for folder, _, names in os.walk(common / "refs" / "tags"):
        for name in names:
            ref = (Path(folder) / name).relative_to(common).as_posix()
            commit = (_text(Path(folder) / name, _SMALL) or "").strip()
            if _REF.fullmatch(ref) and _COMMIT.fullmatch(commit):
                found[ref] = commit
    return found


def _packed(common: Path) -> dict[str, str]:
    found = {}
    for line in (_text(common / "packed-refs", _LARGE) or "").splitlines():
        commit, _, ref = line.partition(" ")
        if _COMMIT.fullmatch(commit) and _REF.fullmatch(ref):
            found[ref] = commit
    return found


def _copy(source: Path, target: Path) -> None:
    """Copy a file with its times: git tells by them which files of the index may have changed since."""
    import shutil

    if is_regular(source):
        with contextlib.suppress(OSError), open_regular(source) as file, target.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        with contextlib.suppress(OSError):
            shutil.copystat(source, target)


def _text(path: Path, limit: int) -> str | None:
    try:
        return read_text(path, limit=limit)
    except (OSError, UnicodeDecodeError):
        return None
