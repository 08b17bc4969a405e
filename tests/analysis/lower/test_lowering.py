"""Lines of code -> their instructions as text (lowering.txt); and statements of the standard library."""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

import pytest

from soorgeon_clone.analysis.analyse import FAILED, analyse
from soorgeon_clone.analysis.lower.cells import Statement, statements
from soorgeon_clone.analysis.lower.text import text_of
from soorgeon_clone.notebook.model import Cell, Section

ROWS = (Path(__file__).parent / "lowering.txt").read_text(encoding="utf-8").splitlines()
STARRED = re.compile(r"\[.*\*pos|: \*")  # in a key, in an annotation
LIBRARY = Path(sysconfig.get_paths()["stdlib"])
# what uses each part of the grammar, often in odd ways; an interpreter may come without its tests
GRAMMAR = [
    *("test_grammar", "test_patma", "test_unpack_ex", "test_named_expressions", "test_fstring", "test_generators"),
    *("test_coroutines", "test_decorators", "test_with", "test_scope", "test_except_star", "test_type_params"),
    *("test_positional_only_arg", "test_keywordonlyarg", "test_listcomps", "test_augassign", "test_del", "test_slice"),
]


def one(code: str) -> Statement:
    (statement,) = statements(code.replace("↵", "\n"))
    return statement


@pytest.mark.parametrize(("code", "expected"), list(zip(ROWS[::2], ROWS[1::2], strict=True)), ids=ROWS[::2])
def test_a_line_is_lowered(code: str, expected: str) -> None:
    if sys.version_info < (3, 11) and STARRED.search(code):
        pytest.skip("the syntax came with Python 3.11")
    found = " | ".join(text_of(statement.block) for statement in statements(code.replace("↵", "\n")))
    assert f"    {found}" == expected


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax came with Python 3.12")
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("type A[T: int] = list[T]", "A <- function(<lambda>, T=NoneType; free int list {item(list, NoneType)})"),
        ("def f[T: B](x: T) -> T: return x", "f <- function(f, x: NoneType, -> NoneType; local x {return(x)})"),
        ("class A[T](B[T]): x: T", "A <- class(A, item(B, NoneType) {annotate(x: NoneType)})"),
        ("""f'{x} {f'{y}'}'""", "text(x, ' ', text(y))"),
    ],
)
def test_type_parameters_mean_nothing(code: str, expected: str) -> None:
    assert text_of(one(code).block) == expected


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the syntax came with Python 3.11")
def test_groups_of_exceptions_are_caught_as_others_are() -> None:
    assert text_of(one("try: a\nexcept* E as e: b").block) == "try({a}, except E as e {b})"


@pytest.mark.parametrize(
    ("code", "mentions", "free"),
    [
        ("def f(a, b=c): return a + d", "a b c d f", "c d"),
        ("def f(): return f()", "f", "f"),
        ("def f():↵    x = 1↵    def g(): return x, y↵    return g", "f g x y", "y"),
        ("def f(): return [x for x in xs]", "f x xs", "xs"),
        ("def f(a: A) -> R: pass", "A R a f", "A R"),
        ("@d(e)↵def f(): pass", "d e f", "d e"),
        ("class A(B): x = y; z = x", "A B x y z", "B x y"),
        ("class A:↵    x = 1↵    def m(self): return x", "A m self x", "x"),
        ("f(a, key=b).c[d]", "a b d f", "a b d f"),
        ("import a.b, c as d", "a d", ""),
        ("x += 1", "x", "x"),
        ("def f():↵    global x↵    x = 1", "f x", "x"),
    ],
)
def test_names_of_a_statement(code: str, mentions: str, free: str) -> None:
    statement = one(code)
    assert statement.mentions == set(mentions.split())
    assert statement.free == set(free.split())


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("import a; from b import c", ["import"]),
        ("x = 1; print(x)", ["other"]),
        ("x: int = 1", ["assignment"]),
        ("async def f(): pass", ["function"]),
        ("@d\nclass A: pass", ["class"]),
        ("if a: b", ["other"]),
        ("del x\nf()", ["expression", "expression"]),
    ],
)
def test_kinds_of_statements(code: str, kinds: list[str]) -> None:
    assert [statement.kind for statement in statements(code)] == kinds


def test_rows_of_statements() -> None:
    text = "x = (1 +\n  2)\n@(\n  d\n)\ndef f():\n    pass\n\na = 1; b = '''\n'''; c = 3\n"
    whole = [(s.first, s.last, s.text) for s in statements(text)]
    assert whole == [(1, 2, None), (3, 7, None), (9, 10, None)]
    parts = [(s.first, s.last, s.text) for s in statements(text, lambda first, last: True)]
    assert parts[2:] == [(9, 9, "a = 1"), (9, 10, "b = '''\n'''"), (10, 10, "c = 3")]


@pytest.mark.parametrize(
    ("code", "shown"),
    [("x", True), ("(x\n)", True), ("x;", False), ("'ü'; x ;", False), ("y; x", True), ("x = 1", False)],
)
def test_what_a_cell_shows(code: str, shown: bool) -> None:
    assert (statements(code)[-1].shown is not None) is shown


@pytest.mark.parametrize("name", GRAMMAR)
def test_every_statement_of_the_grammar_is_followed(name: str) -> None:
    path = LIBRARY / "test" / f"{name}.py"
    if not path.exists():
        pytest.skip("this Python comes without that test of its own")
    for number, statement in enumerate(statements(path.read_text(encoding="utf-8"))):
        facts = analyse([Section("s", "s", (Cell(number, "code", statement.written),))])
        assert all(FAILED not in (s.opaque or "") for s in facts.statements), statement.written


@pytest.mark.parametrize("name", ["ast", "typing", "dataclasses", "inspect", "argparse", "enum", "asyncio/base_events"])
def test_the_standard_library_is_lowered(name: str) -> None:
    text = (LIBRARY / f"{name}.py").read_text(encoding="utf-8")
    for statement in statements(text):
        assert text_of(statement.block) or statement.written == "pass"
