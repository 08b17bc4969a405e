"""A code cell -> Python that binds and uses the same names, in the same rows (the only door to IPython).

What Python's own compiler accepts is Python and stays as it is. IPython's token transformers find the rest, one piece
after the other; each piece becomes a call of `get_ipython()` on the same row, with the names that it reads as further
arguments, or the Python that it would run.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any

from soorgeon_clone.notebook import magics
from soorgeon_clone.notebook.model import Magic, PythonCode
from soorgeon_clone.notebook.syntax import CellSyntaxError as CellSyntaxError
from soorgeon_clone.notebook.syntax import is_expression, is_python, is_simple, is_telling, names_bound, problem

# Names that IPython provides in every notebook, next to Python's builtins.
NOTEBOOK_NAMES = frozenset(
    [
        *("In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh", "_exit_code", "_sh"),
        *("display", "get_ipython", "exit", "quit", "open", "__IPYTHON__"),
        *("__name__", "__doc__", "__package__", "__loader__", "__spec__", "__builtin__", "__builtins__"),
    ]
)
_HISTORY_NAME = re.compile(r"_i?\d+")

# IPython gives up on a cell with more pieces of its syntax than this (inputtransformer2.TRANSFORM_LOOP_LIMIT).
_LIMIT = 500
_WINDOW = 64
_NESTING = 20
_LONGEST_HELP = 2_000

# A line that is a magic or a command and nothing else, whatever stands around it, if a statement may begin there.
_WHOLE_LINE = re.compile(r"(?:%[^\W\d]|![^!=\n]).*(?<!\\)\n")

# A name that this very cell may bind: before =, a comma, a colon, a parenthesis, "in", or at the end of a line.
_PERHAPS_BOUND = re.compile(r"(?<![\w$.{%-])[^\W\d]\w*(?=\s*(?:=(?!=)|[,:)]|\bin\b|$))", re.MULTILINE)


# What a cell says that gives those below it a syntax of their own: `get_ipython().input_transformers_post.append(f)`.
TRANSFORMS = "input_transformer"

# What makes a magic: an alias, a decorated function, a call of the shell.
_REGISTERED = re.compile(
    r"""(?mx) ^%alias\s+(\w+) | ^%alias_magic\s+(?:-\S+\s+)*(\w+)
    | @(?:\w+\.)*register_line_(?:cell_)?magic\s+def\s+(\w+)
    | register_alias\(\s*["'](\w+)["'] | magic_name\s*=\s*["'](\w+)["'] | @line_(?:cell_)?magic\s+def\s+(\w+)"""
)

# `%alias_magic t time`: %t is what %time is.
_ALIASED = re.compile(r"^%alias_magic\s+(?:-\S+\s+)*(\w+)\s+%{0,2}(\w+)\s*$", re.MULTILINE)


def is_notebook_name(name: str) -> bool:
    """Tell whether IPython provides the name: ``display``, ``Out``, ``_``, ``_3``, ``_i3``, ..."""
    return name in NOTEBOOK_NAMES or _HISTORY_NAME.fullmatch(name) is not None


def to_python(
    source: str, known_names: Collection[str] | None = None, *, registered: AbstractSet[str] = frozenset()
) -> PythonCode:
    """Return the cell as Python with as many lines. Raises CellSyntaxError.

    ``registered`` are magics that the notebook itself has made.

    ``known_names`` are the names that may be bound when the cell runs. With them, ``ls`` alone is a magic only if no
    variable has this name, and ``$name`` in a command is a use only if there is such a variable. Without them, the
    first is a magic, and the second a use that the result calls doubtful.
    """
    known = known_names if known_names is None or isinstance(known_names, AbstractSet) else frozenset(known_names)
    if not _may_be_rewritten(source) and problem(source) is None:
        return PythonCode(source)
    return _Cell(source, known, registered=registered).transform()


def to_python_each(sources: Iterable[str]) -> tuple[PythonCode | CellSyntaxError, ...]:
    """Return the code cells of a notebook, in order, as Python; for a cell that is none, the error.

    Each cell is read with the names that the cells above it may bind: ``history`` alone shows the variable, if there
    is one, and ``$HOME`` in a command is no use of a name.
    """
    return _each(tuple(sources))


@lru_cache(maxsize=4)  # analysis, plan and lint ask one after the other
def _each(sources: tuple[str, ...]) -> tuple[PythonCode | CellSyntaxError, ...]:
    codes: list[PythonCode | CellSyntaxError] = []
    bound: set[str] = set()
    unseen = False
    looked_at = 0
    registered: set[str] = set()
    aliases: dict[str, str] = {}
    for source in sources:
        source = _by_their_names(source, aliases)
        aliases.update(_ALIASED.findall(source))
        try:
            code = to_python(source, registered=registered & _first_words(source))
            registered.update(name for names in _REGISTERED.findall(source) for name in names if name)
            if _asks_for_names(source, code):
                for above in codes[looked_at:]:
                    names, more = ((), True) if isinstance(above, CellSyntaxError) else names_bound(above.text)
                    bound.update(names)
                    unseen = unseen or more
                looked_at = len(codes)
                first_word = re.match(r"\s*(\w*)", source)
                if not unseen or (first_word and first_word.group(1) in bound):
                    code = to_python(source, bound)
            codes.append(code)
        except CellSyntaxError as error:
            codes.append(error)
    return tuple(codes)


def _by_their_names(source: str, aliases: Mapping[str, str]) -> str:
    """Return a cell in which magics stand by the names of those that they are aliases of."""
    if not aliases:
        return source
    names = "|".join(map(re.escape, aliases))
    aliased = re.compile(rf"(^\s*%%?|=\s*%)({names})\b", re.MULTILINE)
    return aliased.sub(lambda found: found[1] + aliases[found[2]], source)


def _first_words(source: str) -> set[str]:
    """Return the first word of a cell of one line, which may be a magic without its percent sign."""
    word = re.match(r"\s*(\w+)[^\n]*\s*\Z", source)
    return {word.group(1)} if word else set()


def _asks_for_names(source: str, code: PythonCode) -> bool:
    """Tell whether the names that are bound could make a cell read differently."""
    return bool(code.doubtful) or _may_be_rewritten(source) or any(magics.asks_for_names(m.name) for m in code.magics)


def _may_be_rewritten(source: str) -> bool:
    """Tell whether IPython may read a cell that is valid Python as something else."""
    text = source.strip()
    if "\n" in text:
        return text.startswith("In [")
    word = re.match(r"[\w.]*", text)
    return text.startswith("In [") or (word is not None and word.group() in magics.LINE_MAGICS)


class _Cell:
    """One transformation: the lines so far, and the pieces that were kept aside."""

    def __init__(
        self,
        source: str,
        known: AbstractSet[str] | None,
        row: int = 0,
        depth: int = 0,
        *,
        automagic: bool = True,
        registered: AbstractSet[str] = frozenset(),
    ) -> None:
        self.known = known
        self.registered = registered
        self.automagic = automagic
        self.first_row = row  # rows of the notebook's cell above this source
        self.depth = depth
        self.magics: list[Magic] = []
        self.maybe = False
        self.lines = [line + "\n" for line in source.split("\n")]
        self.doubtful: set[str] = set()
        self.own_names = frozenset(_PERHAPS_BOUND.findall(source)) if known is not None else frozenset()

    def transform(self) -> PythonCode:
        for row, line in enumerate(self.lines, 1):
            if len(line) > _LONGEST_HELP and line.rstrip().endswith("?"):  # IPython takes the square of that
                raise CellSyntaxError(self.first_row + row, 1, f"help on {len(line):,} characters")
        if self.depth > _NESTING:
            raise CellSyntaxError(self.first_row + 1, 1, "magics nested too deeply")
        self._clean_up()
        first = next((index for index, line in enumerate(self.lines) if line.strip()), None)
        if first is not None and self.lines[first].startswith("%%") and not re.match(r"%%\w+\?", self.lines[first]):
            self._cell_magic(first)
        else:
            self._token_transforms()
            if self.automagic and not self.magics and first is not None:
                self._run_automagic(first)
        text = "".join(self.lines)[:-1]
        if error := problem(text):
            raise CellSyntaxError(self.first_row + error.row, error.column, error.message)
        magics_by_row = tuple(sorted(self.magics, key=lambda magic: magic.row))
        return PythonCode(text, magics_by_row, self.maybe, frozenset(self.doubtful))

    def _clean_up(self) -> None:
        """Take away common indentation and prompts, as IPython does before anything else."""
        text = "".join(self.lines)
        first = next((line for line in self.lines if line.strip()), "")
        if first[:1] in (" ", "\t"):
            self._replace_all(textwrap.dedent(text))
        if not (">>>" in text or "In [" in text or "...:" in text):
            return
        from IPython.core import inputtransformer2

        start = self.lines.index(first) if first else 0
        for strip in (inputtransformer2.classic_prompt, inputtransformer2.ipython_prompt):
            self._replace_all("".join(self.lines[:start]) + "".join(strip(self.lines[start:])))

    def _replace_all(self, text: str) -> None:
        lines = [line + "\n" for line in text.split("\n")[:-1]]
        if len(lines) == len(self.lines):
            self.lines = lines

    # Cell magics

    def _cell_magic(self, first: int) -> None:
        name, _, line = self.lines[first][2:].rstrip().partition(" ")
        body = "".join(self.lines[first + 1 :])[:-1]
        self.magics.append(Magic(self.first_row + first + 1, "cell", name, line, body))
        if not body.strip() or name in magics.FOREIGN_BODIES:
            python = None
        elif name in magics.CODE_MAGICS or name in magics.BODY_MAGICS:
            python = self._inner(body, first + 1, automagic=name in magics.BODY_MAGICS)
        else:
            python = self._unknown_body(body, first + 1)
        call = self._call("run_cell_magic", name, line, "" if python is not None else body, cell=True)
        if python is None:
            self.lines[first:] = [call + "\n"] + ["\n"] * (len(self.lines) - first - 1)
            return
        self.maybe = self.maybe or python.maybe or name in magics.LEAVES_NOTHING
        self.magics += python.magics
        self.doubtful |= python.doubtful
        setup = self._setup(name, line)
        self.lines[first:] = [f"{call}{setup}\n"] + [text + "\n" for text in python.text.split("\n")]

    def _unknown_body(self, body: str, row: int) -> PythonCode | None:
        """Return the body of a magic that nobody has described as Python that may run, if it is Python at all."""
        try:
            python = self._inner(body, row)
        except CellSyntaxError:
            return None
        if not is_telling(python.text):
            return None
        self.maybe = True
        return python

    def _setup(self, name: str, line: str) -> str:
        """Return the Python in the first line of ``%%timeit setup``, to follow the call on its row."""
        if name not in magics.CODE_MAGICS:
            return ""
        _, statement = magics.split_options(line, magics.CODE_MAGICS[name])
        return f"; {statement.strip()}" if is_simple(statement) else ""

    def _inner(self, source: str, row: int, *, automagic: bool = False) -> PythonCode:
        return _Cell(source, self.known, self.first_row + row, self.depth + 1, automagic=automagic).transform()

    # Pieces inside Python

    def _token_transforms(self) -> None:
        settled, pieces = self._whole_lines()  # Lines above are done, and a new statement at the margin begins here.
        if is_python("".join(self.lines[settled:])):
            return
        from IPython.core import inputtransformer2

        kinds = (
            inputtransformer2.MagicAssign,
            inputtransformer2.SystemAssign,
            inputtransformer2.EscapedCommand,
            inputtransformer2.HelpEnd,
        )
        for _ in range(pieces, _LIMIT):
            found = self._first_piece(settled, kinds, inputtransformer2.make_tokens_by_line)
            if found is None:
                return
            end = self._replace(found, inputtransformer2)
            code_below = (line for line in self.lines[end + 1 :] if (text := line.strip()) and text[0] != "#")
            below = next(code_below, None)
            if below is None:
                return
            if below[0] not in " \t":
                settled = end + 1
        raise CellSyntaxError(self.first_row + 1, 1, f"more than {_LIMIT} magics in one cell, which IPython refuses")

    def _whole_lines(self) -> tuple[int, int]:
        """Put Python in the place of lines that are magics or commands as a whole, with only Python between them.

        Most pieces are such lines, and importing IPython takes longer than all else. Return the first line that is
        not looked at, and the number of pieces.
        """
        settled = pieces = 0
        if any(line.rstrip().endswith("?") for line in self.lines):
            return 0, 0
        for row, line in enumerate(self.lines):
            if line[0] not in "%!" or _WHOLE_LINE.fullmatch(line) is None:
                continue
            if pieces == _LIMIT - 1 or not is_python("".join(self.lines[settled:row])):
                break
            self.lines[row] = self._escaped(row, line.rstrip(), None) + "\n"
            settled, pieces = row + 1, pieces + 1
        return settled, pieces

    def _first_piece(self, start: int, kinds: Iterable[Any], tokenize: Any) -> Any:
        """Return the transformer of the first piece of IPython syntax at or below the line ``start``."""
        size = _WINDOW
        while True:
            window = self.lines[start : start + size]
            whole = start + size >= len(self.lines)
            try:
                tokens = tokenize(window) if window else []
            except SyntaxError as error:  # lines that are indented like no block around them
                row = self.first_row + start + (error.lineno or 1)
                raise CellSyntaxError(row, max(error.offset or 1, 1), error.msg) from None
            for statement in tokens if whole else tokens[:-1]:
                candidates = [found for kind in kinds if (found := kind.find([statement]))]
                for found in sorted(candidates, key=lambda candidate: candidate.sortby()):
                    try:
                        found.transform(window)
                    except (SyntaxError, AssertionError, IndexError):
                        continue
                    found.start_line += start
                    if hasattr(found, "q_line"):
                        found.q_line += start
                    return found
            if whole:
                return None
            size *= 8

    def _replace(self, found: Any, transformer: Any) -> int:
        """Put Python in the place of a piece, and empty lines below it where it had more. Return its last line."""
        start, column = found.start_line, found.start_col
        before = self.lines[start][:column]
        if isinstance(found, transformer.HelpEnd):
            end = int(found.q_line)
            piece = self.lines[start : end + 1]
            found.start_line, found.q_line = 0, end - start
            target = found.transform(piece)[0].rpartition(", ")[2]
            python = self._help(start, ast.literal_eval(target.rstrip()[:-1]), "".join(piece).rstrip())
        else:
            end = min(int(transformer.find_end_of_continued_line(self.lines, start)), len(self.lines) - 1)
            text = transformer.assemble_continued_line(self.lines, (start, column), end)
            if isinstance(found, transformer.MagicAssign):
                name, _, line = text[1:].partition(" ")
                python = self._assigned_magic(start, name, line)
            elif isinstance(found, transformer.SystemAssign):
                python = self._shell(start, "getoutput", text[1:])
            else:
                python = self._escaped(start, text, transformer)
        self.lines[start : end + 1] = [before + python + "\n"] + ["\n"] * (end - start)
        return end

    def _escaped(self, row: int, text: str, transformer: Any) -> str:
        escape = text[:2] if text[:2] in ("!!", "??") else text[:1]
        content = text[len(escape) :]
        if escape == "%":
            name, _, line = content.partition(" ")
            return self._line_magic(row, name, line)
        if escape in ("!", "!!"):
            return self._shell(row, "system" if escape == "!" else "getoutput", content)
        if escape in ("?", "??"):
            if not content:
                self._keep(row, "help", "", "")
                return "get_ipython().show_usage()"
            return self._help(row, content, text)
        self._keep(row, "call", "", text)
        called: str = transformer.tr[escape](content)
        return called

    def _keep(self, row: int, kind: Any, name: str, line: str) -> None:
        self.magics.append(Magic(self.first_row + row + 1, kind, name, line))

    def _shell(self, row: int, method: str, command: str) -> str:
        self._keep(row, "shell", "", command)
        return self._with_names(f"get_ipython().{method}({command!r}", self._expanded(command))

    def _help(self, row: int, target: str, text: str) -> str:
        detailed = text.endswith("??") or text.startswith("??")
        method = "pinfo2" if detailed else "psearch" if "*" in target else "pinfo"
        self._keep(row, "help", method, target)
        root = re.match(r"[^\W\d]\w*", target) if "*" not in target else None
        names = [root.group()] if root and root.group() not in magics.LINE_MAGICS else []
        return self._with_names(f"get_ipython().run_line_magic({method!r}, {target!r}", self._perhaps(names))

    def _perhaps(self, names: Iterable[str]) -> list[str]:
        """Return those of the names that may be variables, and remember that nobody misses them if they are none."""
        found = [
            name for name in dict.fromkeys(names) if self.known is None or name in self.known or name in self.own_names
        ]
        self.doubtful.update(found)
        return found

    # Line magics

    def _line_magic(self, row: int, name: str, line: str) -> str:
        self._keep(row, "line", name, line)
        if name == "pylab":
            return self._call("run_line_magic", name, line) + "; " + magics.PYLAB
        if name not in magics.CODE_MAGICS:
            return self._call("run_line_magic", name, line)
        _, statement = magics.split_options(line, magics.CODE_MAGICS[name])
        statement = self._inner_line(row, statement)
        named = magics.read_names(name, line)
        if not statement:
            return self._call("run_line_magic", name, line)
        if name not in magics.LEAVES_NOTHING and not named:
            return statement
        if is_simple(statement):
            # What is timed leaves no names behind; what is profiled does, and the profiled functions are uses.
            profiled = f"get_ipython().run_line_magic({name!r}, {line!r}"
            return f"{self._with_names(profiled, named)}; {statement}" if named else f"if get_ipython(): {statement}"
        used = [*named, *(magics.names_in(statement) or ())]
        return self._with_names(f"get_ipython().run_line_magic({name!r}, {line!r}", used)

    def _assigned_magic(self, row: int, name: str, line: str) -> str:
        """Return the value of ``x = %magic line``."""
        if name not in magics.CODE_MAGICS:
            self._keep(row, "line", name, line)
            return self._call("run_line_magic", name, line, assigned=True)
        self._keep(row, "line", name, line)
        _, statement = magics.split_options(line, magics.CODE_MAGICS[name])
        statement = self._inner_line(row, statement)
        if name == "time" and is_expression(statement):
            return statement
        run = [f"({statement})"] if is_expression(statement) else magics.names_in(statement) or ()
        used = [*magics.read_names(name, line), *run]
        return self._with_names(f"get_ipython().run_line_magic({name!r}, {line!r}", used)

    def _inner_line(self, row: int, statement: str) -> str:
        """Return the Python of a magic's argument, which may hold IPython syntax itself (``%time !ls``)."""
        if not statement.strip():
            return ""
        try:
            inner = self._inner(statement.strip(), row)
        except CellSyntaxError as error:
            raise CellSyntaxError(self.first_row + row + 1, error.column, error.message) from None
        self.magics += inner.magics
        self.doubtful |= inner.doubtful
        return inner.text

    def _call(
        self, method: str, name: str, line: str, body: str = "", *, cell: bool = False, assigned: bool = False
    ) -> str:
        """Return the call of a magic: it binds what its line says, and takes what it reads as further arguments."""
        bound = [] if assigned else magics.bound_names(name, line, body if cell else "")
        used = magics.read_names(name, line) + self._perhaps(magics.query_names(name, line, body, self.known))
        if name not in magics.CODE_MAGICS:
            used += self._expanded(line)
        arguments = [repr(name), repr(line), *([repr(body)] if cell else [])]
        call = self._with_names(f"get_ipython().{method}({', '.join(arguments)}", used)
        return f"{', '.join(bound)} = {call}" if bound else call

    @staticmethod
    def _with_names(call: str, names: Iterable[str]) -> str:
        return ", ".join([call, *dict.fromkeys(names)]) + ")"

    def _expanded(self, text: str) -> list[str]:
        """Return the names that IPython looks up for ``{expression}`` and ``$name``; none if one is not Python."""
        if "{" not in text and "$" not in text:
            return []
        from IPython.utils.text import DollarFormatter

        names: list[str] = []
        try:
            for _, field, spec, _ in DollarFormatter().parse(text):
                if field is None:
                    continue
                found = magics.names_in(f"{field}:{spec}" if spec else field)
                if found is None or not field.strip():
                    return []
                names += found
        except ValueError:
            return []
        return self._perhaps(names)

    def _run_automagic(self, first: int) -> None:
        """Read a cell of one line such as ``ls -l`` as a magic, if its first word names one and no variable."""
        if any(line.strip() for line in self.lines[first + 1 :]) or len(self.lines) > first + 2:
            return
        parts = re.match(r"([\w.]+)(.*)\n", self.lines[first])
        if parts is None or not (parts.group(1) in magics.LINE_MAGICS or parts.group(1) in self.registered):
            return
        name, rest = parts.group(1), parts.group(2).lstrip()
        called = self.known is None and rest.startswith(("(", "["))
        if called or rest.startswith(("=", ",")) or (self.known is not None and name in self.known):
            return
        self.lines[first] = self._line_magic(first, name, rest.rstrip()) + "\n"
