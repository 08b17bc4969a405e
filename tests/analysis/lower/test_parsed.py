"""What parso reads becomes the tree of Python's own parser: the standard library is asked, and odd statements."""

from __future__ import annotations

import ast
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from soorgeon_clone.analysis.lower.parsed import tree_of
from soorgeon_clone.analysis.lower.parsed_expressions import NotRead

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
FILES = [
    path
    for path in sorted([*LIBRARY.glob("*.py"), *LIBRARY.glob("test/test_*.py")])[::9]
    if path.stat().st_size < 60_000
]
PLACES = ("lineno", "col_offset", "end_lineno", "end_col_offset")

ODD = """
with (a, b): pass
with (a, b) as c: pass
with (yield_): pass
a[1:2, ::3, :] = b[...] = c[:]
del (a, b), c[0], d.e
f(x for x in y if x if z)
f(*a, k=1, **z)
f(a := 1)
{**a, "b": 1, **c}
{*a, b}
{k: v async for k, v in x}
lambda a, /, b, *, c=1, **k: (yield)
lambda *a: a
x: int
(x): int = 3
x.y: "int" = yield_
a @= b
a = b = *c, d
not a in b is not c not in d
-a ** -b
a if b else c if d else e
"a" 'b' "c"
u"a" "b"
b"a" b"b"
"é" + ä.ö
ﬁ = 1
f"{a!r:>{width}} {{}} {b=}" "c"
0xFF + 1_000 + 1e3 + 2j
print(a); x = 1; pass
import a.b.c as d, e
from . import a
from ... import b as c
from ...a.b import (c, d as e,)
from a import *
raise
raise A from B
assert a, b
global g, h
return_ = [x for x, in y for z in x if z]
try:
    pass
except: pass
try: pass
except (A, B) as e: pass
else: pass
finally: pass
@a.b(c)
@d
class E(F, metaclass=G):
    x = 1
class H(): pass
async def f(a: int = 1, *b: str, c, d=2, **e) -> None:
    async with a as b, c: pass
    async for x in y: pass
    else: pass
    return await z
@a
async def g(): pass
if a: b
elif c: d
elif e:
    f
else: g
while a: break
else: continue_
for a, *b in c, d: continue
"""


def ours(text: str) -> list[ast.stmt]:
    return tree_of(text)


def theirs(text: str) -> list[ast.stmt]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree.body


def places(nodes: list[ast.stmt]) -> Iterator[tuple[object, ...]]:
    """Yield where each statement stands, and in which row each expression begins; f-strings are read by Python."""
    stack: list[ast.AST] = list(reversed(nodes))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            yield type(node).__name__, *(getattr(node, name) for name in PLACES[:3])
        elif isinstance(node, ast.expr) and not isinstance(node, ast.JoinedStr):
            yield type(node).__name__, node.lineno
        if not isinstance(node, ast.JoinedStr):
            stack.extend(ast.iter_child_nodes(node))


def dumped(nodes: list[ast.stmt]) -> str:
    return ast.dump(ast.Module(nodes, []))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_the_standard_library_is_read_as_python_reads_it(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
        expected = theirs(text)
    except (UnicodeDecodeError, SyntaxError, ValueError):
        pytest.skip("written to be no Python")
    try:
        found = ours(text)
    except NotRead:
        pytest.skip("parso's grammar ends before something in it")
    assert dumped(found) == dumped(expected)
    assert list(places(found)) == list(places(expected))


def test_odd_statements_are_read_as_python_reads_them() -> None:
    for expected in theirs(ODD):
        first = min([expected.lineno, *(d.lineno for d in getattr(expected, "decorator_list", ()))])
        text = "\n".join(ODD.split("\n")[first - 1 : expected.end_lineno])
        if text.count(";"):
            continue
        assert dumped(ours(text + "\n")) == dumped(theirs(text + "\n")), text
    assert dumped(ours(ODD)) == dumped(theirs(ODD))
    assert list(places(ours(ODD))) == list(places(theirs(ODD)))


@pytest.mark.parametrize("text", ["match a:\n    case 1: pass\n", "a[*b]\n", "try: pass\nexcept* A: pass\n"])
def test_what_the_grammar_does_not_have_is_left_to_python(text: str) -> None:
    with pytest.raises(NotRead):
        tree_of(text)
