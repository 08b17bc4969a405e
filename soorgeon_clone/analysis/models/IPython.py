"""IPython's shell: magics, shell commands, and what code may do with `get_ipython()`."""

from __future__ import annotations

import posixpath
import re

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.models import names_in_texts
from soorgeon_clone.analysis.objects.arguments import Arguments, constant
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY
from soorgeon_clone.analysis.objects.kinds.importable import SHELL
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.types import UNKNOWN
from soorgeon_clone.notebook.magics import CODE_MAGICS

_READ_ONLY = frozenset("ls cat head tail wc grep du find tree file stat md5sum sha256sum dir".split())
_FETCHING = frozenset("wget curl unzip tar gunzip gdown apt apt-get mkdir ln".split())
_HARMLESS = frozenset("echo date pip pip3 conda nvidia-smi which whoami uname pwd free nproc lscpu".split())
_PLAIN_MAGICS = frozenset(
    """
    time timeit prun capture pinfo pinfo2 pdef pdoc pfile psource html HTML javascript js latex markdown svg SVG lsmagic
    magic quickref debug pdb tb pip conda mamba uv bookmark load loadpy memit autosave logstart logstop mprun lprun
    dhist page subshell code_wrap
    """.split()
)
_SETTINGS = {
    **dict.fromkeys("cd pushd popd".split(), "directory"),
    "set_env": "environ",
    **dict.fromkeys(
        """
        matplotlib config load_ext reload_ext unload_ext precision autoreload aimport colors gui automagic alias
        alias_magic unalias autocall autoawait Pprint pprint xmode doctest_mode
        """.split(),
        "ipython",
    ),
}
_LISTS_CELLS = {"history", "hist", "recall", "rep", "save", "edit", "ed", "notebook", "pastebin"}
_ENDS = {  # static analysis
    **dict.fromkeys(("macro", "rerun"), "takes the code of earlier cells, to run it again"),
    **dict.fromkeys(("reset", "reset_selective", "xdel"), "deletes variables"),
}
_LISTS_VARIABLES = {"who", "whos", "who_ls", "psearch"}
# methods of the shell that look variables up by what their texts name
_LOOKS_UP = frozenset(
    "complete object_inspect object_inspect_mime object_inspect_text user_expressions var_expand".split()
)
# decorated functions are the notebook's own; other magics keep something, or look variables up
_KEEPS_MAGICS = re.compile(r"register_magic|magics_(class|manager)|needs_local_scope")
_EXIT_CODE = "_exit_code"
_SHELLS = frozenset("bash sh script system sx ! !! cmd perl ruby python python2 python3 pypy".split())


def _shell_method(machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
    """Do what a method of ``get_ipython()``, or of a part of it, does."""
    reason = machine.blame(node, _said(name, args))
    given = _shell_call(machine, obj.path, name, args, node)
    machine.heap.reason = reason
    return given


def _said(name: str, args: Arguments) -> str:
    """Return a call of the shell as it stands in the notebook, in short."""
    word = _text(args.first).partition(" ")[0]
    marks = {"run_line_magic": "%", "magic": "%", "run_cell_magic": "%%", "system": "!", "getoutput": "!"}
    return f"{marks[name]}{word}" if name in marks else f"get_ipython().{name}"


def _shell_call(machine: Machine, path: str, name: str, args: Arguments, node: Instruction) -> Value:
    if path != SHELL:
        machine.note("sets", "ipython")  # get_ipython().events.register(...)
        machine.run_registered(args.all, node)
        return frozenset({machine.heap.make(machine.site(node), "IPython.*")})
    if name in ("run_line_magic", "magic"):
        return _line_magic(machine, args, node)
    if name == "run_cell_magic":
        return _cell_magic(machine, args, node)
    if name in ("system", "getoutput"):
        command = constant(args.first)
        _command(machine, command if isinstance(command, str) else None)
        if machine.hints.mention(_EXIT_CODE):
            machine.bind_global(_EXIT_CODE, frozenset({machine.heap.atom("builtins.int")}))
        made = machine.heap.make(machine.site(node), "builtins.list")
        machine.heap.hold(made, ANY, frozenset({machine.heap.atom("builtins.str")}))
        return frozenset({made})
    if name in ("run_cell", "ex", "ev", "push", "reset", "run_code", "user_ns", "safe_execfile", "drop_by_id"):
        machine.opaque(f"get_ipython().{name}() reads and writes variables out of sight")
        return frozenset({machine.heap.make(machine.site(node), UNKNOWN)})
    if name in _LOOKS_UP:
        names_in_texts.read_named(machine, args.all, EMPTY, args, node)
        return frozenset({machine.heap.make(machine.site(node), UNKNOWN)})
    machine.note("sets", "ipython")
    return frozenset({machine.heap.make(machine.site(node), "IPython.*")})


def _text(value: Value) -> str:
    const = constant(value)
    return const if isinstance(const, str) else ""


def _line_magic(machine: Machine, args: Arguments, node: Instruction) -> Value:
    name, line = _text(args.first), _text(args.at(1))
    if " " in name:
        name, _, line = name.partition(" ")
    none = frozenset({machine.heap.atom("builtins.NoneType")})
    if name in CODE_MAGICS:  # code in a text, since what it gives is kept: t = %timeit -o f()
        names_in_texts.read_named(machine, args.at(1), EMPTY, args, node)
    if name in _PLAIN_MAGICS:
        return none
    if name in _SETTINGS:
        machine.note("sets", _SETTINGS[name])
        if name.endswith("load_ext") and machine.read_file(f"{line.strip()}.py") is not None:
            machine.opaque("an extension that stands beside the notebook may give variables and do anything to them")
        if _SETTINGS[name] == "directory":
            machine.note("files_read", "*")
    elif name == "env":
        if "=" in line or " " in line.strip():
            machine.note("sets", "environ")
    elif name == "pylab":
        machine.note("sets", "ipython")
        machine.star_import("pylab")
    elif name == "run":
        machine.run_script(line)
    elif name == "store":
        if "-r" in line.split():
            for word in line.split():
                if not word.startswith("-"):
                    machine.bind_global(word, frozenset({machine.heap.make((*machine.site(node), word), UNKNOWN)}))
        machine.note("files_read", "*")
        machine.note("files_written", "%store")
    elif name in _LISTS_CELLS:
        machine.read_global("In")
        if name in ("save", "notebook"):
            machine.note("files_written", "*")
    elif name in _LISTS_VARIABLES:
        machine.show(machine.list_variables(f"%{name} lists all variables"))
        machine.print()
    elif name in _ENDS:
        machine.opaque(f"%{name} {_ENDS[name]}")
    elif name in _SHELLS:
        _command(machine, line)
    elif name in ("ls", "ll", "cat", "less", "more", "lf", "ldir"):
        machine.note("files_read", "*")
    elif name == "pwd":
        return frozenset({machine.heap.atom("builtins.str")})
    elif name in ("mkdir", "rmdir", "rm", "mv", "cp", "writefile"):
        machine.note("files_read", "*")
        machine.note("files_written", "*")
    else:
        return _unknown_magic(machine, f"%{name}", args, node)
    return none


def _unknown_magic(machine: Machine, name: str, args: Arguments, node: Instruction) -> Value:
    """A magic that nobody described: it may be one of the notebook's own, which may do anything to its variables."""
    if machine.hints.say(_KEEPS_MAGICS):
        machine.opaque(f"{name} may be a magic that the notebook makes")
    return machine.unknown(EMPTY, args, node, name)


def _cell_magic(machine: Machine, args: Arguments, node: Instruction) -> Value:
    name, line = _text(args.first), _text(args.at(1))
    if name == "capture":
        return frozenset({machine.heap.make(machine.site(node), "IPython.utils.capture.CapturedIO")})
    if name in _PLAIN_MAGICS:
        return frozenset({machine.heap.atom("builtins.NoneType")})
    if name in ("writefile", "file"):
        target = line.split()[-1] if line.split() else ""
        if "-a" in line.split():
            machine.note("files_read", posixpath.normpath(target))
        is_known = "{" not in target and "$" not in target
        machine.note("files_written", posixpath.normpath(target) if is_known else "*")
        if is_known:
            machine.scripts[posixpath.normpath(target)] = None if "-a" in line.split() else _text(args.at(2)) or None
        return frozenset({machine.heap.atom("builtins.NoneType")})
    if name in _SHELLS:
        words = line.split()
        for flag in ("--out", "--err"):
            if flag in words[:-1]:
                machine.bind_global(words[words.index(flag) + 1], frozenset({machine.heap.atom("builtins.str")}))
        machine.note("files_read", "*")
        machine.note("files_written", "*")
        return frozenset({machine.heap.atom("builtins.NoneType")})
    return _unknown_magic(machine, f"%%{name}", args, node)


def _command(machine: Machine, command: str | None) -> None:
    """A shell command reads and writes files that cannot be known, unless it is one of the plain ones."""
    programs = [part.split()[0] for part in (command or "").split("|") if part.split()]
    plain = bool(programs) and not any(c in (command or "") for c in ">;&`")
    if plain and _HARMLESS.issuperset(programs):
        return
    machine.note("files_read", "*")
    if plain and (_READ_ONLY | _HARMLESS).issuperset(programs):
        return
    if _only_fetches(command or ""):
        machine.note_fetched()
    else:
        machine.note("files_written", "*")


def _only_fetches(command: str) -> bool:
    """Whether a command that is run again leaves the files that it made before as they are, or makes the same."""
    commands = [part.split() for part in re.split(r"&&|\|\||[;|\n]", command) if part.split()]
    return bool(commands) and ">" not in command and all(map(_fetches, commands))


def _fetches(words: list[str]) -> bool:
    program, *rest = words[1:] if words[0] == "sudo" else words
    if program in ("git", "kaggle"):
        return rest[:1] in (["clone"], ["datasets"], ["competitions"])
    return program in _FETCHING or program in _HARMLESS


def _get_ipython(machine: Machine, args: Arguments, node: Instruction) -> Value:
    return frozenset({machine.heap.lib(SHELL)})


FUNCTIONS = dict.fromkeys(("IPython.get_ipython", "IPython.core.getipython.get_ipython"), _get_ipython)
PARTS = {SHELL: _shell_method}
