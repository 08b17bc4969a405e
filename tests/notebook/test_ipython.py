"""IPython syntax becomes Python in the same rows, with the same names."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from typing import Any

import pytest

from soorgeon_clone.notebook.ipython import CellSyntaxError, is_notebook_name, to_python, to_python_each
from soorgeon_clone.notebook.magics import CODE_MAGICS
from soorgeon_clone.notebook.model import PythonCode

PYTHON = [
    "x = 1",
    "",
    "\n\n",
    "# only a comment",
    "df.head();",
    "x = (1\n  %y)",
    "x \\\n%y",
    "s = '!ls'",
    's = """\n%cd nowhere\n!ls\n%%bash\nobj?\n"""',
    "f'{x!r:>{width}}'",
    "await f()",
    "async with a as b:\n    async for c in b: print(c)",
    "[x async for x in y]",
    "x = 1\nglobal x",
    "ls = 3",
    "x = 1 # what?",
    "def f():\n    return 1",
    "a\x0cb = 1".replace("a", ""),
    "match x:\n    case [a, *_]: pass",
    "print('a')\n\n\n",
    "run(x)",
    "history[0]",
    "cd.data",
    "x = a if b else c  # !important",
    "lambda: (yield)",
]

# cell -> the same cell as Python
REWRITTEN = [
    # line magics
    ("%cd x", "get_ipython().run_line_magic('cd', 'x')"),
    ("%cd {d}/x", "get_ipython().run_line_magic('cd', '{d}/x', d)"),
    ("%matplotlib inline", "get_ipython().run_line_magic('matplotlib', 'inline')"),
    ("%load_ext autoreload\n%autoreload 2", "get_ipython().run_line_magic('load_ext', 'autoreload')\n"
     "get_ipython().run_line_magic('autoreload', '2')"),
    ("%env A={b}", "get_ipython().run_line_magic('env', 'A={b}', b)"),
    ("%run script.py", "get_ipython().run_line_magic('run', 'script.py')"),
    ("%load script.py", "get_ipython().run_line_magic('load', 'script.py')"),
    ("%who", "get_ipython().run_line_magic('who', '')"),
    ("%precision 3", "get_ipython().run_line_magic('precision', '3')"),
    ("%foo \\\n  bar\nx = 1", "get_ipython().run_line_magic('foo', '   bar')\n\nx = 1"),
    ("x = %magic a", "x = get_ipython().run_line_magic('magic', 'a')"),
    ("x = %sql select {a}", "x = get_ipython().run_line_magic('sql', 'select {a}', a)"),
    ("a, b = %magic", "a, b = get_ipython().run_line_magic('magic', '')"),
    ("%store x", "get_ipython().run_line_magic('store', 'x', x)"),
    ("%store x > file.txt", "get_ipython().run_line_magic('store', 'x > file.txt', x)"),
    ("%store -r x y", "x, y = get_ipython().run_line_magic('store', '-r x y')"),
    ("%store -r", "get_ipython().run_line_magic('store', '-r')"),
    ("%xdel x", "get_ipython().run_line_magic('xdel', 'x', x)"),
    ("%sql res << select * from t where a = :a",
     "res = get_ipython().run_line_magic('sql', 'res << select * from t where a = :a', a)"),
    ("%Rpush a b", "get_ipython().run_line_magic('Rpush', 'a b', a, b)"),
    ("%R -i df -o out out <- df", "out = get_ipython().run_line_magic('R', '-i df -o out out <- df', df)"),
    # line magics that run Python
    ("%time y = f(x)", "y = f(x)"),
    ("%time", "get_ipython().run_line_magic('time', '')"),
    ("%time x = 1; y = 2", "x = 1; y = 2"),
    ("%time for i in x: f(i)", "for i in x: f(i)"),
    ("%time !ls {p}", "get_ipython().system('ls {p}', p)"),
    ("%time x = !ls", "x = get_ipython().getoutput('ls')"),
    ("%time await f()", "await f()"),
    ("%time ls", "ls"),
    ("x = %time f(y)", "x = f(y)"),
    ("%timeit y = f(x)", "if get_ipython(): y = f(x)"),
    ("%timeit -n 10 -r3 f(x)", "if get_ipython(): f(x)"),
    ("%timeit -n1 -r1 -q -o f(x)", "if get_ipython(): f(x)"),
    ("%timeit -x", "if get_ipython(): -x"),
    ("%timeit for i in x: f(i)", "get_ipython().run_line_magic('timeit', 'for i in x: f(i)', x, f)"),
    ("r = %timeit -o f(x)", "r = get_ipython().run_line_magic('timeit', '-o f(x)', (f(x)))"),
    ("%prun -s cumulative -q y = f(x)", "y = f(x)"),
    ("%memit -r 1 y = f(x)", "y = f(x)"),
    ("%lprun -f g y = f(x)", "get_ipython().run_line_magic('lprun', '-f g y = f(x)', g); y = f(x)"),
    ("if a:\n    %time x = 1\nelse:\n    %timeit f()", "if a:\n    x = 1\nelse:\n    if get_ipython(): f()"),
    # the shell
    ("!ls {p}", "get_ipython().system('ls {p}', p)"),
    ("!!ls", "get_ipython().getoutput('ls')"),
    ("!", "get_ipython().system('')"),
    ("files = !ls {p} $o", "files = get_ipython().getoutput('ls {p} $o', p, o)"),
    ("!echo {d['k'][1] + n} $b.c {a[1:2]} {x!r}",
     'get_ipython().system("echo {d[\'k\'][1] + n} $b.c {a[1:2]} {x!r}", d, n, b, a, x)'),
    ("!echo {[i for i in xs]} $$pid", "get_ipython().system('echo {[i for i in xs]} $$pid', xs)"),
    ("!awk '{print $1}' x", 'get_ipython().system("awk \'{print $1}\' x")'),
    ("!echo {a} {", "get_ipython().system('echo {a} {')"),
    ("!echo one \\\n  {two}\nx", "get_ipython().system('echo one    {two}', two)\n\nx"),
    ("def f():\n    x = !pwd\n    return x", "def f():\n    x = get_ipython().getoutput('pwd')\n    return x"),
    ("for f in fs:\n    !rm {f}\nprint(1)", "for f in fs:\n    get_ipython().system('rm {f}', f)\nprint(1)"),
    # help
    ("obj?", "get_ipython().run_line_magic('pinfo', 'obj', obj)"),
    ("?obj", "get_ipython().run_line_magic('pinfo', 'obj', obj)"),
    ("obj.a.b??", "get_ipython().run_line_magic('pinfo2', 'obj.a.b', obj)"),
    ("??obj", "get_ipython().run_line_magic('pinfo2', 'obj', obj)"),
    ("obj[0]?", "get_ipython().run_line_magic('pinfo', 'obj[0]', obj)"),
    ("*foo*?", "get_ipython().run_line_magic('psearch', '*foo*')"),
    ("%time?", "get_ipython().run_line_magic('pinfo', '%time')"),
    ("%%time?", "get_ipython().run_line_magic('pinfo', '%%time')"),
    ("timeit?", "get_ipython().run_line_magic('pinfo', 'timeit')"),
    ("?", "get_ipython().show_usage()"),
    ("x = 1\nstr.upper?\ny = x", "x = 1\nget_ipython().run_line_magic('pinfo', 'str.upper', str)\ny = x"),
    # calls
    ("/f x y", "f(x, y)"),
    (",f a b", 'f("a", "b")'),
    (";f a b", 'f("a b")'),
    # automagic, in a cell of one line
    ("ls", "get_ipython().run_line_magic('ls', '')"),
    ("ls -l", "get_ipython().run_line_magic('ls', '-l')"),
    ("cd data", "get_ipython().run_line_magic('cd', 'data')"),
    ("\npwd\n", "\nget_ipython().run_line_magic('pwd', '')\n"),
    ("pip install x", "get_ipython().run_line_magic('pip', 'install x')"),
    ("%%capture\nls", "get_ipython().run_cell_magic('capture', '', '')\nget_ipython().run_line_magic('ls', '')"),
    # cell magics with Python below
    ("%%time\ny = f(x)", "get_ipython().run_cell_magic('time', '', '')\ny = f(x)"),
    ("\n\n%%time\nx", "\n\nget_ipython().run_cell_magic('time', '', '')\nx"),
    ("%%time", "get_ipython().run_cell_magic('time', '', '')"),
    ("%%time\n", "get_ipython().run_cell_magic('time', '', '')\n"),
    ("%%capture out\nprint(1)", "out = get_ipython().run_cell_magic('capture', 'out', '')\nprint(1)"),
    ("%%capture --no-stderr out\nx", "out = get_ipython().run_cell_magic('capture', '--no-stderr out', '')\nx"),
    ("%%capture\nx = 5", "get_ipython().run_cell_magic('capture', '', '')\nx = 5"),
    ("%%capture out\n%%time\nx = 1\n!ls", "out = get_ipython().run_cell_magic('capture', 'out', '')\n"
     "get_ipython().run_cell_magic('time', '', '')\nx = 1\nget_ipython().system('ls')"),
    ("%%prun -s tottime\nx = 1", "get_ipython().run_cell_magic('prun', '-s tottime', '')\nx = 1"),
    ("%%lprun -f g\nf()", "get_ipython().run_cell_magic('lprun', '-f g', '', g)\nf()"),
    # other cell magics
    ("%%bash\nls {p}\necho", "get_ipython().run_cell_magic('bash', '', 'ls {p}\\necho')\n\n"),
    ("%%bash --out got --err no\nls", "got, no = get_ipython().run_cell_magic('bash', '--out got --err no', 'ls')\n"),
    ("%%script --out=got python\n1", "got = get_ipython().run_cell_magic('script', '--out=got python', '1')\n"),
    ("%%python\nx = 1", "get_ipython().run_cell_magic('python', '', 'x = 1')\n"),
    ("%%html\n<b>{x}</b>", "get_ipython().run_cell_magic('html', '', '<b>{x}</b>')\n"),
    ("%%javascript\nx = 1", "get_ipython().run_cell_magic('javascript', '', 'x = 1')\n"),
    ("%%writefile {name}.py\nimport x", "get_ipython().run_cell_magic('writefile', '{name}.py', 'import x', name)\n"),
    ("%%sql\nselect 1", "get_ipython().run_cell_magic('sql', '', 'select 1')\n"),
    ("%%sql res <<\nselect :a", "res = get_ipython().run_cell_magic('sql', 'res <<', 'select :a', a)\n"),
    ("%%sql sqlite:// res <<\nselect {{a}}", "res = get_ipython().run_cell_magic('sql', 'sqlite:// res <<', "
     "'select {{a}}', a)\n"),
    ("%%bigquery df --use x\nselect", "df = get_ipython().run_cell_magic('bigquery', 'df --use x', 'select')\n"),
    ("%%R -i df,a -o out\nx", "out = get_ipython().run_cell_magic('R', '-i df,a -o out', 'x', df, a)\n"),
    ("%%cython\ndef f(int a):\n    return a", "f = get_ipython().run_cell_magic('cython', '', "
     "'def f(int a):\\n    return a')\n\n"),
    ("%%nobody_knows\nnot python", "get_ipython().run_cell_magic('nobody_knows', '', 'not python')\n"),
    # what IPython takes away before anything else
    ("  x = 1\n  y = 2", "x = 1\ny = 2"),
    ("    %time x = 1\n    y", "x = 1\ny"),
    (">>> x = 1\n>>> for a in b:\n...     y", "x = 1\nfor a in b:\n    y"),
    ("In [1]: x = 3", "x = 3"),
    ("In [1]: x = 3\nIn [2]: y", "x = 3\ny"),
]  # fmt: skip

MAYBE = [
    ("%%timeit\ny = x", "get_ipython().run_cell_magic('timeit', '', '')\ny = x"),
    ("%%timeit -n 1 s = list(x)\ns.append(1)",
     "get_ipython().run_cell_magic('timeit', '-n 1 s = list(x)', ''); s = list(x)\ns.append(1)"),
    ("%%capture\n%%timeit\nx = 1", "get_ipython().run_cell_magic('capture', '', '')\n"
     "get_ipython().run_cell_magic('timeit', '', '')\nx = 1"),
    ("%%nobody_knows a\nx = 1\n!ls", "get_ipython().run_cell_magic('nobody_knows', 'a', '')\nx = 1\n"
     "get_ipython().system('ls')"),
]  # fmt: skip


@pytest.mark.parametrize("cell", PYTHON)
def test_python_stays_as_it_is(cell: str) -> None:
    code = to_python(cell)
    assert code.text == cell
    assert code.magics == ()
    assert not code.maybe


@pytest.mark.parametrize(("cell", "text"), REWRITTEN, ids=[cell for cell, _ in REWRITTEN])
def test_ipython_syntax_becomes_python(cell: str, text: str) -> None:
    code = to_python(cell)
    assert code.text == text
    assert not code.maybe


@pytest.mark.parametrize(("cell", "text"), MAYBE, ids=[cell for cell, _ in MAYBE])
def test_what_may_leave_nothing_behind_is_marked(cell: str, text: str) -> None:
    code = to_python(cell)
    assert code.text == text
    assert code.maybe


@pytest.mark.parametrize("cell", [cell for cell, _ in REWRITTEN + MAYBE])
def test_rows_stay_and_the_text_compiles(cell: str) -> None:
    text = to_python(cell).text
    assert text.count("\n") == cell.count("\n")
    compile(text, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_pylab_binds_what_it_documents() -> None:
    namespace = {node.asname or node.name for node in _aliases(to_python("%pylab inline").text)}
    assert {"numpy", "matplotlib", "pyplot", "pylab", "*"} <= namespace


def _aliases(text: str) -> list[ast.alias]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.alias)]


@pytest.mark.parametrize(
    ("cell", "known", "text"),
    [
        ("ls", {"ls"}, "ls"),
        ("ls -l", {"ls", "l"}, "ls -l"),
        ("ls", set(), "get_ipython().run_line_magic('ls', '')"),
        ("run(x)", set(), "get_ipython().run_line_magic('run', '(x)')"),
        ("run(x)", {"run"}, "run(x)"),
        ("!echo $HOME {x}", {"x"}, "get_ipython().system('echo $HOME {x}', x)"),
        ("!ls *.{csv,txt}", set(), "get_ipython().system('ls *.{csv,txt}')"),
        ("for f in fs:\n    !rm {f}", set(), "for f in fs:\n    get_ipython().system('rm {f}', f)"),
        ("nothing?", set(), "get_ipython().run_line_magic('pinfo', 'nothing')"),
        ("df?", {"df"}, "get_ipython().run_line_magic('pinfo', 'df', df)"),
        ("%%sql\nselect * from df", {"df", "x"}, "get_ipython().run_cell_magic('sql', '', 'select * from df', df)\n"),
    ],
)
def test_known_names_decide(cell: str, known: set[str], text: str) -> None:
    assert to_python(cell, known).text == text


HISTORY = "get_ipython().run_line_magic('history', '')"
SHOWN = "get_ipython().system('echo $HOME {x}', x)"


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (["history = model.fit()", "history"], [None, "history"]),
        (["x = 1", "history"], [None, HISTORY]),
        (["history", "history = 1"], [HISTORY, None]),
        (["x = 1", "!echo $HOME {x}"], [None, SHOWN]),
        (["import a as x", "y = 1", "!echo $HOME {x}"], [None, None, SHOWN]),
        (["for x in y: pass", "!echo $HOME {x}"], [None, SHOWN]),
        (["%%capture x\n1", "!echo $HOME {x}"], ["x = get_ipython().run_cell_magic('capture', 'x', '')\n1", SHOWN]),
        (["from os import *", "!echo $HOME"], [None, "get_ipython().system('echo $HOME', HOME)"]),
        (["exec('HOME = 1')", "!echo $HOME"], [None, "get_ipython().system('echo $HOME', HOME)"]),
        (["from os import *\nhistory = 1", "history"], [None, "history"]),
        (
            ["%run a.py", "!echo $HOME"],
            ["get_ipython().run_line_magic('run', 'a.py')", "get_ipython().system('echo $HOME', HOME)"],
        ),
        (["def run(x): pass", "run(x)"], [None, "run(x)"]),
        (["df = 1", "%sql select * from df"], [None, "get_ipython().run_line_magic('sql', 'select * from df', df)"]),
    ],
)
def test_cells_know_the_names_above(cells: list[str], texts: list[str | None]) -> None:
    codes = to_python_each(cells)
    for cell, text, code in zip(cells, texts, codes, strict=True):
        assert isinstance(code, PythonCode)
        assert code.text == (cell if text is None else text)


def test_a_cell_that_is_no_python_does_not_hide_the_others() -> None:
    first, broken, last = to_python_each(["x = 1", "x =", "%cd y"])
    assert isinstance(first, PythonCode) and isinstance(last, PythonCode)
    assert isinstance(broken, CellSyntaxError)
    assert broken.row == 1


@pytest.mark.parametrize(
    ("cell", "doubtful"),
    [
        ("!echo $HOME {x}", {"HOME", "x"}),
        ("name?", {"name"}),
        ("%%sql\nselect {{a}}", {"a"}),
        ("%%capture\n!echo $x", {"x"}),
        ("%time !echo $x", {"x"}),
        ("%store x", set()),
        ("%timeit f(x)", set()),
        ("print(x)", set()),
    ],
)
def test_names_that_nobody_misses_are_called_doubtful(cell: str, doubtful: set[str]) -> None:
    assert to_python(cell).doubtful == doubtful


@pytest.mark.parametrize(
    ("cell", "magics"),
    [
        ("x = 1\n%cd  a\n!ls {b}", [(2, "line", "cd", " a", ""), (3, "shell", "", "ls {b}", "")]),
        ("%%bash -e\na\nb", [(1, "cell", "bash", "-e", "a\nb")]),
        ("\n%%capture out\n\n%%time\n!ls", [(2, "cell", "capture", "out", "\n%%time\n!ls"),
         (4, "cell", "time", "", "!ls"), (5, "shell", "", "ls", "")]),
        ("df?\n/f x", [(1, "help", "pinfo", "df", ""), (2, "call", "", "/f x", "")]),
        ("%timeit -n 1 f(x)", [(1, "line", "timeit", "-n 1 f(x)", "")]),
        ("%time x = !ls", [(1, "line", "time", "x = !ls", ""), (1, "shell", "", "ls", "")]),
        ("a = %pwd", [(1, "line", "pwd", "", "")]),
        ("ls -l", [(1, "line", "ls", "-l", "")]),
    ],
)  # fmt: skip
def test_every_piece_is_recorded(cell: str, magics: list[tuple[object, ...]]) -> None:
    found = to_python(cell).magics
    assert [(magic.row, magic.kind, magic.name, magic.line, magic.body) for magic in found] == magics


@pytest.mark.parametrize(
    ("cell", "row", "words"),
    [
        ("x = 1\ny =", 2, "invalid syntax"),
        ("print 'a'", 1, "print"),
        ("x = (\n%y)", 2, "invalid syntax"),
        ("!ls\nx = (", 2, "never closed"),
        ("%%time\n\nx = (", 3, "never closed"),
        ("%%capture\n%%time\nfor", 3, "invalid syntax"),
        ("a = 1\n%time x =", 2, "invalid syntax"),
        ("if x:\n!ls", 2, "expected an indented block"),
        ("return 1", 1, "outside function"),
        ("x = 1\nbreak", 2, "outside loop"),
        ("def f():\n    x\n  y", 3, "unindent"),
        ("f(x for x in y, 1)", 1, "Generator expression"),
        ("x\0y", 1, "null byte"),
        ("a = 1\nx = '\ud800'", 2, "surrogate"),
        ("(" * 300, 1, "nested"),
        ("!ls\n" * 501, 1, "500 magics"),
    ],
)
def test_what_is_not_python_has_a_place(cell: str, row: int, words: str) -> None:
    with pytest.raises(CellSyntaxError) as raised:
        to_python(cell)
    assert raised.value.row == row
    assert raised.value.column >= 1
    assert words in raised.value.message


@pytest.mark.parametrize(
    "cell", ["-" * 200_000 + "1", "x" + " + x" * 200_000, "[" * 50_000 + "]" * 50_000, "x = 1" * 9]
)
def test_nothing_but_a_syntax_error_comes_out_of_garbage(cell: str) -> None:
    try:
        to_python(cell)
    except CellSyntaxError as error:
        assert error.row == 1


def test_many_magics_among_much_python() -> None:
    cell = "x = 1\ny = x\n" * 3000 + "!ls\nif x:\n    !ls {x}\n" * 100
    code = to_python(cell)
    assert len(code.magics) == 200
    assert code.text.count("\n") == cell.count("\n")


def test_a_line_of_a_million_characters() -> None:
    cell = f"x = '{'a' * 1_000_000}'\n!ls {{x}}"
    assert to_python(cell).text.endswith("get_ipython().system('ls {x}', x)")


@pytest.mark.parametrize("name", ["In", "Out", "_", "__", "___", "_3", "_i3", "_ii", "display", "get_ipython", "exit"])
def test_ipython_provides_names(name: str) -> None:
    assert is_notebook_name(name)


@pytest.mark.parametrize("name", ["x", "_x", "_i3x", "__3", "i3", "print", ""])
def test_other_names_are_not_provided(name: str) -> None:
    assert not is_notebook_name(name)


# What runs Python is put in its place, an automagic needs a shell, and a cell magic's body is looked at when it runs.
COMPARABLE = [
    cell
    for cell, _ in REWRITTEN
    if not cell.lstrip("\n").startswith(("%%", "ls", "cd ", "pwd", "pip "))
    and not any(f"%{name}" in cell for name in CODE_MAGICS)
]


@pytest.mark.parametrize("cell", COMPARABLE)
def test_ipython_finds_as_many_pieces_as_we_do(cell: str) -> None:
    from IPython.core.inputtransformer2 import TransformerManager

    theirs = TransformerManager().transform_cell(cell)
    ours = to_python(cell)
    calls = [magic for magic in ours.magics if magic.kind != "call"]
    assert theirs.count("get_ipython()") == len(calls) == ours.text.count("get_ipython()")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.setenv("OUR_TEST_VARIABLE", "")
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        yield InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))


RUN = [
    "%time y = len(xs)",
    "%%time\ny = len(xs)\nz = y",
    "%timeit -n1 -r1 -q y = len(xs)",
    "%%timeit -n1 -r1 -q\ny = len(xs)",
    "%%capture out\ny = 1",
    "%%capture out\n%%time\ny = 1",
    "lines = !echo {word} $word",
    "here = %pwd",
    "for word2 in xs:\n    !echo {word2}\n    inner = !echo",
    "%prun -q y = len(xs)",
    "t = %timeit -n1 -r1 -q -o len(xs)",
    "y = %time len(xs)",
    "%%bash --out got\necho a",
    "%time x = !echo a",
    "!echo $HOME ${nothing} {word}",
    "if xs:\n    %time y = 1\nelse:\n    %cd nowhere",
    "/len xs",
    "word?\ny = 1",
    "%%python\ny = 1",
    "  a = 1\n  b = 2",
    ">>> a = 1",
    "def f():\n    w = %pwd\n    return w",
    "%env OUR_TEST_VARIABLE={word}",
]


@pytest.mark.skipif(os.name == "nt", reason="echo and bash are not programs on Windows")
@pytest.mark.parametrize("cell", RUN)
def test_the_text_binds_what_running_the_cell_binds(cell: str, shell: Any) -> None:
    shell.reset()
    shell.user_ns |= {"xs": [1, 2], "word": "w"}
    before = set(shell.user_ns)
    result = shell.run_cell(cell)
    assert result.success
    bound = {name for name in set(shell.user_ns) - before if not is_notebook_name(name)}
    code = to_python(cell)
    tree = ast.parse(code.text)
    certain = set().union(*map(_certainly_bound, tree.body))
    possible = set().union(*map(_bound, tree.body))
    if code.maybe:
        assert bound == set()
    else:
        assert certain <= bound <= possible


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef):
        return {statement.name}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _certainly_bound(statement: ast.stmt) -> set[str]:
    return set() if isinstance(statement, ast.If | ast.For) else _bound(statement)
