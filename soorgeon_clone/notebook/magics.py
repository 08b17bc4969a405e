"""What magics do with names, as data: which run Python, which bind what their options name, which read what they name.

Adding a magic is adding a line to a table. Sources: the magics' own documentation (ipython.readthedocs.io,
jupysql.ploomber.io, rpy2.github.io, googleapis.dev bigquery, github.com/jupyter-incubator/sparkmagic).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

# Magics whose argument or body is Python that runs in the notebook's namespace, with their options as getopt has them.
CODE_MAGICS = {
    "time": "",
    "timeit": "n:r:tcp:qov:",
    "prun": "D:l:rs:T:q",
    "debug": "b:",
    "memit": "r:t:i:co",
    "mprun": "rf:T:c",
    "lprun": "rsf:m:D:T:u:zS",
    "snakeviz": "tf:",
    "pyinstrument": "",
    "scalene": "",
}

# Their cell form only: the first line is theirs, the body is Python.
BODY_MAGICS = frozenset({"capture", "heat", "notify", "wandb", "ipytest"})

# Those that run their code in a namespace of its own, so that nothing it binds stays.
LEAVES_NOTHING = frozenset({"timeit"})

# Cell magics whose body is not Python of this namespace, whatever it looks like.
FOREIGN_BODIES = frozenset(
    [
        *(
            "!",
            "HTML",
            "SVG",
            "bash",
            "file",
            "html",
            "javascript",
            "js",
            "latex",
            "markdown",
            "perl",
            "pypy",
            "python",
        ),
        *("python2", "python3", "ruby", "script", "sh", "svg", "sx", "system", "writefile", "cmd", "powershell"),
        *(
            "sql",
            "bigquery",
            "bq",
            "R",
            "cython",
            "julia",
            "octave",
            "matlab",
            "spark",
            "local",
            "configure",
            "mermaid",
        ),
        *("px", "autopx", "cpp", "fortran", "stata", "sas", "pretty", "manim", "writetemplate", "writefile_append"),
        *(
            "duckdb",
            "ai",
            "kql",
            "cypher",
            "sparql",
            "gremlin",
            "neptune_ml",
            "graph_notebook_config",
            "dot",
            "plantuml",
        ),
    ]
)


class Names(NamedTuple):
    """Which words of a magic's line are names: after these options, or as its first positional words.

    ``binds`` and ``reads`` are options; ``binds_first`` and ``reads_first`` say how many positional words are names
    (-1: all). ``queries``: its text is a query, in which ``:name``, ``{{name}}`` and names of tables may be variables,
    and ``name <<`` in front of it binds the result.
    """

    binds: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    binds_first: int = 0
    reads_first: int = 0
    queries: bool = False


_SCRIPT = Names(binds=("--out", "--err", "--proc"))
_FOREIGN_LANGUAGE = Names(binds=("-o", "--output"), reads=("-i", "--input", "-c", "--converter"))

NAMES = {
    "capture": Names(binds_first=1),
    "bash": _SCRIPT,
    "sh": _SCRIPT,
    "script": _SCRIPT,
    "perl": _SCRIPT,
    "ruby": _SCRIPT,
    "python": _SCRIPT,
    "python2": _SCRIPT,
    "python3": _SCRIPT,
    "pypy": _SCRIPT,
    "cmd": _SCRIPT,
    "R": _FOREIGN_LANGUAGE,
    "octave": _FOREIGN_LANGUAGE,
    "matlab": _FOREIGN_LANGUAGE,
    "Rpush": Names(reads_first=-1),
    "Rpull": Names(binds_first=-1),
    "sql": Names(binds=("-o",), queries=True),
    "bigquery": Names(binds_first=1, reads=("--params",), queries=True),
    "duckdb": Names(binds=("-o", "--output"), queries=True),
    "spark": Names(binds=("-o",)),
    "lprun": Names(reads=("-f", "-m")),
    "mprun": Names(reads=("-f",)),
    "store": Names(reads_first=-1),
    "xdel": Names(reads_first=1),
    "macro": Names(binds_first=1),
    "pinfo": Names(reads_first=1),
    "pinfo2": Names(reads_first=1),
    "pdoc": Names(reads_first=1),
    "psource": Names(reads_first=1),
    "pdef": Names(reads_first=1),
    "pfile": Names(reads_first=1),
}

# The line magics of IPython and ipykernel, which a cell of one line may call without the percent sign.
LINE_MAGICS = frozenset(
    [
        *("alias", "alias_magic", "autoawait", "autocall", "automagic", "autosave", "bookmark", "cat", "cd", "clear"),
        *("code_wrap", "colors", "conda", "config", "connect_info", "cp", "debug", "dhist", "dirs", "doctest_mode"),
        *("ed", "edit", "env", "gui", "hist", "history", "killbgscripts", "ldir", "less", "lf", "lk", "ll", "load"),
        *("load_ext", "loadpy", "logoff", "logon", "logstart", "logstate", "logstop", "ls", "lsmagic", "lx", "macro"),
        *("magic", "mamba", "man", "matplotlib", "micromamba", "mkdir", "more", "mv", "notebook", "page", "pastebin"),
        *("pdb", "pdef", "pdoc", "pfile", "pinfo", "pinfo2", "pip", "popd", "pprint", "precision", "prun", "psearch"),
        *("psource", "pushd", "pwd", "pycat", "pylab", "qtconsole", "quickref", "recall", "rehashx", "reload_ext"),
        *("rep", "rerun", "reset", "reset_selective", "rm", "rmdir", "run", "save", "sc", "set_env", "subshell", "sx"),
        *("system", "tb", "time", "timeit", "unalias", "unload_ext", "uv", "who", "who_ls", "whos", "xdel", "xmode"),
    ]
)

# What %pylab binds, as IPython documents it.
PYLAB = (
    "import numpy, matplotlib; from matplotlib import pylab, mlab, pyplot; np = numpy; plt = pyplot; "
    "from IPython.display import display; from pylab import *; from numpy import *"
)

_NAME = re.compile(r"[^\W\d]\w*")
_QUERY_NAME = re.compile(r"(?<![:\w]):([^\W\d]\w*)|\{\{?\s*([^\W\d]\w*)[^{}]*\}\}?|\$\{?([^\W\d]\w*)")
_CYTHON_NAME = re.compile(r"^(?:(?:def|cpdef|class)\s(?:[^\n(:=]*?[\s*])?(\w+)\s*[(:]|(\w+)\s*=[^=])", re.MULTILINE)


def split_options(line: str, short: str) -> tuple[list[tuple[str, str]], str]:
    """Return the options in front of a magic's argument, as getopt finds them, and the argument."""
    options: list[tuple[str, str]] = []
    rest = line.lstrip()
    while rest.startswith("-") and len(rest) > 1 and not rest[1].isspace():
        word, _, after = rest.partition(" ")
        after = after.lstrip()
        if word == "--":
            return options, after
        if word.startswith("--"):
            options.append((word.partition("=")[0], word.partition("=")[2]))
            rest = after
            continue
        if not re.fullmatch(r"[A-Za-z]", word[1]) or word[1] not in short:
            return options, rest  # A negative number, or an expression such as -x.
        for position, letter in enumerate(word[1:], 1):
            if short[short.find(letter) + 1 :][:1] != ":":
                options.append(("-" + letter, ""))
                continue
            value = word[position + 1 :]
            if not value:
                value, _, after = after.partition(" ")
                after = after.lstrip()
            options.append(("-" + letter, value))
            break
        rest = after
    return options, rest


def bound_names(magic: str, line: str, body: str) -> list[str]:
    """Return the names that a magic binds because its line (or its body) says so."""
    names = NAMES.get(magic, Names())
    values, words = _words(names, line)
    found = [name for option in names.binds for value in values.get(option, ()) for name in value.split(",")]
    if magic == "cython":
        found += [first or second for first, second in _CYTHON_NAME.findall(body)]
    elif magic == "store":
        found = words if "-r" in line.split() else []
    else:
        found += words[: names.binds_first if names.binds_first >= 0 else None]
    if names.queries and (result := _result_name(line)):
        found.append(result)
    return [name for name in dict.fromkeys(found) if _NAME.fullmatch(name)]


def _result_name(line: str) -> str:
    """Return the name that takes the result in ``--option value url @name name << query``, or ""."""
    head, arrow, _ = line.partition("<<")
    *before, name = head.rstrip().removesuffix("=").split() if arrow and head.strip(" =\t") else [""]
    after_option = False
    for word in before:
        is_option = re.fullmatch(r"--?[\w-]+(=\S+)?", word)
        if not (is_option or after_option or "://" in word[1:] or re.fullmatch(r"@\w+", word)):
            return ""
        after_option = bool(is_option) and "=" not in word
    return name if _NAME.fullmatch(name) else ""


def read_names(magic: str, line: str) -> list[str]:
    """Return the names that a magic reads because its line says so."""
    names = NAMES.get(magic)
    if names is None or (magic == "store" and line.lstrip().startswith("-")):
        return []
    values, words = _words(names, line)
    found = [name for option in names.reads for value in values.get(option, ()) for name in value.split(",")]
    found += words[: names.reads_first if names.reads_first >= 0 else None]
    if magic == "store" and ">" in line:  # %store name >> file
        found = found[:1]
    roots = (name.lstrip("$").partition(".")[0] for name in found)
    return [name for name in dict.fromkeys(roots) if _NAME.fullmatch(name)]


def asks_for_names(magic: str) -> bool:
    """Tell whether a magic's text may mention any variable, without a sign that tells it from other words."""
    return magic in NAMES and NAMES[magic].queries


def query_names(magic: str, line: str, body: str, known: AbstractSet[str] | None) -> list[str]:
    """Return the names in a query that are perhaps variables: parameters, and whatever has a known variable's name."""
    if not asks_for_names(magic):
        return []
    text = f"{line}\n{body}"
    found = ["".join(groups) for groups in _QUERY_NAME.findall(text)]
    if known:
        found += known & set(_NAME.findall(text))
    bound = bound_names(magic, line, body)
    return [name for name in sorted(set(found)) if name not in bound]


def names_in(expression: str) -> list[str] | None:
    """Return the names that a Python expression or statement reads from outside; None if it is not Python."""
    try:
        tree = ast.parse(expression.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id not in bound]
    return list(dict.fromkeys(node.id for node in sorted(names, key=lambda node: (node.lineno, node.col_offset))))


def _words(names: Names, line: str) -> tuple[dict[str, list[str]], list[str]]:
    """Return the values of the options that name something, and the words that belong to no option."""
    values: dict[str, list[str]] = {}
    words: list[str] = []
    pieces: Iterator[str] = iter(line.split())
    for piece in pieces:
        option, equals, value = piece.partition("=")
        if option in names.binds + names.reads:
            values.setdefault(option, []).append(value if equals else next(pieces, ""))
        elif piece.startswith("-"):
            continue
        else:
            words.append(piece)
    return values, words
