"""What names a pipeline -> its file, or the scripts that are its tasks.

Without a name it is looked for as by Ploomber: here and in the folders above, in what setup.cfg or pyproject.toml says
there, in a package below ``src``.
"""

from __future__ import annotations

import configparser
import contextlib
import glob
from collections.abc import Iterator
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import is_regular
from soorgeon_clone.pipeline.sources.local_modules import LocalModules
from soorgeon_clone.pyproject import read_section

DEFAULT = "pipeline.yaml"
_SUFFIXES = (".py", ".ipynb")


def find(named: Path) -> Path:
    """Return the file that a name stands for; the name itself where there is nothing."""
    if named.is_dir():
        return named / DEFAULT
    module, parted, inside = str(named).partition("::")
    if parted and named.suffix == ".yaml" and not named.exists():
        return _of_package(module, inside)
    if str(named) != DEFAULT or is_regular(named):
        return named
    return next((path for folder in _folders(Path.cwd()) for path in _in(folder) if is_regular(path)), named)


def _of_package(module: str, inside: str) -> Path:
    """Return a file in a package of the project: ``package::pipeline.yaml``."""
    found = LocalModules(Path.cwd()).find(module)
    if found is None:
        raise UserError(f"there is no package {module} in {Path.cwd()}", exit_code=2)
    path = Path(found)
    return (path if path.is_dir() else path.parent) / inside


def above(here: Path) -> Path | None:
    """Return the pipeline.yaml of the nearest folder above one. Folders of other people do not count: what they hold is
    run."""
    for folder in here.parents:
        found = folder / DEFAULT
        with contextlib.suppress(OSError):
            if found.is_file():
                return found if _owner(found) == _owner(folder) == _owner(here) else None
    return None


def scripts(named: Path) -> list[Path]:
    """Return the scripts that a folder without pipeline.yaml holds, or a pattern means; none for the name of a file."""
    if named.is_dir() and not (named / DEFAULT).exists():
        found = sorted(named.iterdir())
    elif glob.has_magic(str(named)) and not named.exists():
        found = [Path(one) for one in sorted(glob.glob(str(named)))]  # noqa: PTH207 (a pattern may be absolute)
    else:
        return []
    return [path for path in found if path.suffix in _SUFFIXES and is_regular(path)]


def factory(named: Path) -> str | None:
    """Return the dotted path of a function that returns the pipeline; None for the name of a file."""
    text = str(named)
    is_dotted = text.replace("::", ".").replace(".", "").isidentifier() and "." in text.replace("::", ".")
    if named.exists() or not is_dotted or named.suffix in (".yaml", ".yml"):
        return None
    module = text.replace("::", ".").rpartition(".")[0]
    if LocalModules(Path.cwd()).find(module) is None:
        raise UserError(
            f"there is no file {text}, and no module {module} in {Path.cwd()}",
            hint="--entry-point names a pipeline.yaml, its folder, or module.function that returns the pipeline.",
            exit_code=2,
        )
    return text


def _owner(path: Path) -> int:
    return path.stat().st_uid


def _folders(here: Path) -> list[Path]:
    """The folder and those above it, up to that of the repository: what lies further up may be anybody's."""
    found = [here, *here.parents]
    top = next((number for number, folder in enumerate(found) if (folder / ".git").exists()), 0)
    return found[: top + 1]


def _in(folder: Path) -> Iterator[Path]:
    """The places that are looked at for a folder, the first one first."""
    for said in (_of_setup(folder / "setup.cfg"), _of_pyproject(folder / "pyproject.toml")):
        if said is not None:
            yield folder / said
    yield folder / DEFAULT
    if is_regular(folder / "setup.py") or is_regular(folder / "pyproject.toml"):
        yield from sorted((folder / "src").glob(f"*/{DEFAULT}"))


def _of_setup(path: Path) -> str | None:
    if not is_regular(path):
        return None
    parser = configparser.ConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError):
        return None
    return parser.get("ploomber", "entry-point", fallback=None)


def _of_pyproject(path: Path) -> str | None:
    said = read_section(path, "tool.soorgeon-clone").get("entry-point") if is_regular(path) else None
    return said if isinstance(said, str) else None
