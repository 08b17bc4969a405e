"""A folder full of modules that write down when they are imported, and the commands that are run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Ours and what we depend on, with what these import in turn.
LIBRARIES = tuple(
    "IPython ipykernel ipython_genutils traitlets nbformat nbclient nbconvert jupyter_client jupyter_core "
    "jupytext mistune jsonschema fastjsonschema referencing rpds attr attrs parso jedi pyflakes pycodestyle yaml "
    "_yaml click rich pygments markdown_it mdurl filelock ruff detect_secrets requests urllib3 idna certifi "
    "charset_normalizer tomli matplotlib matplotlib_inline numpy pandas scipy sklearn PIL cloudpickle comm "
    "decorator stack_data executing asttokens pure_eval wcwidth prompt_toolkit pexpect ptyprocess backcall "
    "pickleshare zmq tornado psutil debugpy nest_asyncio packaging dateutil six fsspec s3fs boto3 botocore "
    "distributed dask msgpack tblib toolz zict sortedcontainers pathspec cryptography bs4 jinja2 markupsafe "
    "bleach tinycss2 defusedxml pandocfilters jupyterlab_pygments typing_extensions colorama exceptiongroup lz4 "
    "snappy bokeh pyarrow polars torch tqdm ipywidgets usercustomize sitecustomize jupyter_config ipython_config "
    "evil".split()
)
STANDARD = tuple(
    "re os sys json math time random string struct typing types enum abc io ast dis copy csv glob heapq bisect "
    "queue uuid html http email urllib socket ssl select selectors signal shlex shutil stat tempfile textwrap "
    "threading tokenize token traceback tarfile zipfile zlib gzip bz2 lzma unittest warnings weakref inspect "
    "itertools importlib functools operator collections contextlib dataclasses datetime calendar locale logging "
    "numbers decimal fractions hashlib hmac secrets base64 binascii codecs codeop code pdb bdb cmd pickle "
    "pickletools copyreg platform pprint reprlib runpy pkgutil sysconfig site subprocess multiprocessing "
    "concurrent asyncio resource fcntl termios tty pwd grp getpass gettext argparse configparser sqlite3 "
    "statistics difflib fnmatch filecmp linecache keyword opcode posixpath ntpath genericpath graphlib plistlib "
    "profile cProfile pstats timeit trace tracemalloc mimetypes xml xmlrpc wsgiref webbrowser zoneinfo zipimport "
    "faulthandler gc errno marshal mmap ctypes curses readline rlcompleter sched smtplib turtle tomllib uu venv "
    "ensurepip pydoc doctest atexit _bootsubprocess encodings distutils imp setuptools pkg_resources "
    "_distutils_hack org".split()
)
# What programs look for where they are started.
_SETTINGS = (
    *("conftest.py", "setup.py", ".jupytext.py", "jupytext_config.py", "jupyter_nbconvert_config.py"),
    *("jupyter_config.py", "ipython_config.py", ".ipython/profile_default/startup/00.py", "noxfile.py"),
    *("profile_default/startup/00.py", "profile_default/ipython_config.py", ".jupyter/jupyter_config.py"),
)

PIPELINE = """\
tasks:
  - source: tasks/load.py
    product: {nb: output/load.ipynb, data: output/load.txt}
  - source: tasks/fit.py
    product: {nb: output/fit.ipynb}
"""
TASKS = {
    "tasks/load.py": '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\n'
    'with open(product["data"], "w") as file:\n    _ = file.write("1")\n',
    "tasks/fit.py": '# %% tags=["parameters"]\nupstream = ["load"]\nproduct = None\n\n# %%\nprint(1)\n',
}
NOTEBOOK = """\
{"cells": [
 {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Title\\n"]},
 {"cell_type": "markdown", "id": "b", "metadata": {}, "source": ["## Load\\n"]},
 {"cell_type": "code", "id": "c", "execution_count": 1, "metadata": {}, "outputs": [], "source": ["x =  1\\n"]},
 {"cell_type": "markdown", "id": "d", "metadata": {}, "source": ["## Show\\n"]},
 {"cell_type": "code", "id": "e", "execution_count": 2, "metadata": {}, "outputs": [
  {"name": "stdout", "output_type": "stream", "text": ["1\\n"]}], "source": ["print(x)\\n"]}
 ],
 "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
 "nbformat": 4, "nbformat_minor": 5}
"""

# What each command line must do without an import from the folder. The code that they run imports nothing.
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("--help",),
    ("--version",),
    ("lint", "."),
    ("lint", "--fix", "note.ipynb"),
    ("lint", "--fix", "--check-run", "note.ipynb"),
    ("clean", "."),
    ("clean", "--strip-outputs", "--check", "note.ipynb"),
    ("status",),
    ("plot", "--output", "made.svg"),
    ("plot", "--output", "made.html"),
    ("plot", "--output", "made.png"),
    ("report", "--output", "made.html"),
    ("scaffold",),
    ("nb", "--inject"),
    ("nb", "--remove"),
    ("export", "--to", "airflow", "--store", "s3://bucket/x"),
    ("export", "--to", "argo", "--store", "s3://bucket/x"),
    ("export", "--to", "aws-batch", "--store", "s3://bucket/x"),
    ("cache", "info"),
    ("refactor", "note.ipynb", "--into", "made"),
    ("refactor", "note.ipynb", "--into", "made", "--dry-run"),
    ("build", "--dry-run"),
    ("build", "--force"),
    ("build", "--force", "--isolation", "spawn"),
    ("build", "--force", "--isolation", "kernel"),
    ("build", "--force", "--executor", "dask"),
    ("build", "--touch"),
    ("task", "load", "--force"),
    ("test", "note.ipynb"),
    ("verify", "note.ipynb"),
    ("interact",),
)


@dataclass(frozen=True)
class Tried:
    """One command line in the folder: what it imported from there, as "module by program"."""

    command: tuple[str, ...]
    imported: tuple[str, ...]
    exit_code: int
    output: str


def fill(folder: Path, log: Path, names: Iterable[str]) -> int:
    """Lay out the project and a module or a package of each name; return how many canaries there are."""
    for path, text in {"pipeline.yaml": PIPELINE, "note.ipynb": NOTEBOOK, **TASKS}.items():
        _write(folder / path, text)
    count = 0
    for number, name in enumerate(dict.fromkeys(names)):
        _write(folder / (f"{name}/__init__.py" if number % 3 == 2 else f"{name}.py"), _canary(folder, log, name))
        _write(folder / f"tasks/{name}.py", _canary(folder / "tasks", log, f"tasks/{name}"))
        count += 2
    for path in _SETTINGS:
        _write(folder / path, _canary(folder, log, path))
    _write(folder / "evil.pth", f"import os; open({str(log)!r}, 'a').write('evil.pth')\n")
    _write(folder / "evil-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    _write(folder / "evil-1.0.dist-info/entry_points.txt", "[nbconvert.exporters]\nhtml = evil:x\n")
    _write(folder / "matplotlibrc", "backend: module://evil\n")
    return count + len(_SETTINGS) + 2


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


# Code that works in the earliest moments of an interpreter. It gives way to the real module, so that what comes next
# is seen as well.
_CANARY = """\
open({log!r}, "a").write({name!r} + chr(10))
import sys
if __name__ in sys.modules and __name__ != "__main__":
    path, self = sys.path[:], sys.modules.pop(__name__)
    sys.path[:] = [entry for entry in path if entry not in ("", {folder!r})]
    try:
        __import__(__name__)
    except ImportError:
        sys.modules[__name__] = self
    finally:
        sys.path[:] = path
"""


def _canary(folder: Path, log: Path, name: str) -> str:
    return _CANARY.format(folder=str(folder), log=str(log), name=name)


def run(folder: Path, log: Path, start: Sequence[str], command: Sequence[str], **environment: str) -> Tried:
    """Run a command line there; ``start`` is one of `STARTS`."""
    log.write_text("")
    done = subprocess.run(
        [*start, *command],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
    imported = tuple(dict.fromkeys(log.read_text().split("\n")[:-1]))
    return Tried(tuple(command), imported, done.returncode, done.stdout + done.stderr)


SCRIPT = (str(Path(sys.executable).with_name("soorgeon-clone")),)
MODULE = (sys.executable, "-m", "soorgeon_clone")
SAFE_MODULE = (sys.executable, "-P", "-m", "soorgeon_clone")  # Python 3.11


def before_us(folder: Path, log: Path) -> frozenset[str]:
    """What Python itself imports from the working folder for any ``python -m``, before a program can do anything."""
    return frozenset(run(folder, log, (sys.executable, "-m"), ("__hello__",)).imported)
