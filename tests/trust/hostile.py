"""A number of bytes -> hostile input of about that size, one function a kind: what makes readers slow, deep or large.

Each kind is a folder's content: names of files and their bytes; the first is the notebook that a command is given.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

Files = Mapping[str, bytes]
KINDS: dict[str, Callable[[int], Files]] = {}


def kind(make: Callable[[int], Files]) -> Callable[[int], Files]:
    KINDS[make.__name__] = make
    return make


def notebook(*cells: Mapping[str, Any], **top: Any) -> bytes:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **top}).encode()


def code(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None} | more


def markdown(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}} | more


def one_cell(source: str) -> Files:
    """A notebook whose middle section holds ``source``."""
    return {
        "nb.ipynb": notebook(
            markdown("## Load"),
            code("import math\nx = 1"),
            markdown("## Middle"),
            code(source),
            markdown("## End"),
            code("print(x)"),
        )
    }


# -- one cell of Python of every shape ---------------------------------------------------------------------------------

_PYTHON: dict[str, Callable[[int], str]] = {
    "list_of_numbers": lambda size: "y = [" + ", ".join(["17"] * (size // 4)) + "]",
    "list_over_lines": lambda size: "y = [\n" + "    17,\n" * (size // 8) + "]",
    "list_of_names": lambda size: "y = [" + ", ".join(["x"] * (size // 3)) + "]",
    "list_of_texts": lambda size: "y = [" + ", ".join(["'a'"] * (size // 5)) + "]",
    "dict_of_numbers": lambda size: "y = {" + ", ".join(f"{n}: {n}" for n in range(size // 14)) + "}",
    "many_lists": lambda size: "y = [" + ", ".join(["[1, 2]"] * (size // 8)) + "]",
    "tuples_of_texts": lambda size: "y = [" + ", ".join(["('a', 1.5)"] * (size // 12)) + "]",
    "call_with_arguments": lambda size: "y = print(" + ", ".join(["x"] * min(size // 3, 200_000)) + ")",
    "call_with_keywords": lambda size: "y = dict(" + ", ".join(f"a{n}=x" for n in range(size // 9)) + ")",
    "parameters": lambda size: "def f(" + ", ".join(f"a{n}" for n in range(size // 9)) + "):\n    return x",
    "imported_names": lambda size: "from math import (" + ", ".join(f"a{n}" for n in range(size // 9)) + ")",
    "targets": lambda size: ", ".join(f"a{n}" for n in range(size // 9)) + " = x",
    "chained_targets": lambda size: " = ".join(f"a{n}" for n in range(size // 10)) + " = []",
    "statements_on_a_line": lambda size: "; ".join(["y = 1"] * (size // 7)),
    "assignments": lambda size: "y = 1\n" * (size // 6),
    "assignments_of_names": lambda size: "".join(f"a{n} = 1\n" for n in range(size // 12)),
    "lists_of_names": lambda size: "".join(f"a{n} = []\n" for n in range(size // 12)),
    "augmented": lambda size: "x += 1\n" * (size // 7),
    "aliases": lambda size: "a0 = []\n" + "".join(f"a{n + 1} = a{n}\n" for n in range(size // 16)),
    "links": lambda size: "a0 = []\n" + "".join(f"a{n + 1} = [a{n}]\n" for n in range(size // 18)),
    "growing": lambda size: "y = []\n" + "y.append(x)\n" * (size // 12),
    "growing_by_names": lambda size: "y = {}\n" + "".join(f"y[{n}] = y\n" for n in range(size // 14)),
    "calls": lambda size: "print(x)\n" * (size // 9),
    "attributes_of_one": lambda size: (
        "class A: pass\ny = A()\n" + "".join(f"y.a{n} = {n}\n" for n in range(size // 18))
    ),
    "parentheses": lambda size: "y = " + "(" * (size // 2) + "1" + ")" * (size // 2),
    "parentheses_that_run": lambda size: "y = " + "(" * min(size // 2, 90) + "1" + ")" * min(size // 2, 90),
    "brackets": lambda size: "y = " + "[" * (size // 2) + "]" * (size // 2),
    "open_brackets": lambda size: "y = " + "[" * size,
    "open_brackets_over_lines": lambda size: "y = [\n" * (size // 6),
    "nested_calls": lambda size: "y = " + "f(" * (size // 3) + ")" * (size // 3),
    "nested_if": lambda size: "".join(" " * n + "if x:\n" for n in range(min(99, size))) + " " * 99 + "y = 1",
    "nested_if_too_deep": lambda size: (
        "".join(" " * n + "if x:\n" for n in range(int((2 * size) ** 0.5))) + " " * int((2 * size) ** 0.5) + "y = 1"
    ),
    "nested_for": lambda size: "".join(" " * n + "for y in x:\n" for n in range(19)) + " " * 19 + "y = 1",
    "nested_while": lambda size: (
        "".join(" " * n + f"while x > {n}:\n" for n in range(19)) + (" " * 19 + "x = x + 1\n") * (size // 30)
    ),
    "nested_def": lambda size: "".join(" " * n + f"def f{n}():\n" for n in range(90)) + " " * 90 + "return x",
    "nested_class": lambda size: "".join(" " * n + f"class A{n}:\n" for n in range(90)) + " " * 90 + "y = x",
    "nested_try": lambda size: (
        "".join(" " * n + "try:\n" for n in range(19))
        + " " * 19
        + "y = 1\n"
        + "".join(" " * n + "finally:\n" + " " * n + " y = 2\n" for n in range(18, -1, -1))
    ),
    "nested_with": lambda size: "".join(" " * n + "with x:\n" for n in range(19)) + " " * 19 + "y = 1",
    "nested_lambda": lambda size: "y = " + "lambda: " * (size // 8) + "x",
    "nested_lambda_that_runs": lambda size: "y = " + "lambda: " * 150 + "x",
    "nested_comprehension": lambda size: "y = " + "[a for a in " * (size // 13) + "x" + "]" * (size // 13),
    "nested_comprehension_that_runs": lambda size: "y = " + "[a for a in " * 80 + "[x]" + "]" * 80,
    "comprehension_of_many_loops": lambda size: "y = [a " + "for a in [x] " * min(size // 13, 15) + "]",
    "elif_chain": lambda size: (
        "if x == 0:\n    y = 0\n" + "".join(f"elif x == {n}:\n    y = {n}\n" for n in range(size // 30))
    ),
    "elif_chain_that_runs": lambda size: (
        "if x == 0:\n    y = 0\n" + "".join(f"elif x == {n}:\n    y = {n}\n" for n in range(min(900, size // 30)))
    ),
    "many_ifs": lambda size: "if x:\n    y = 1\n" * (size // 16),
    "many_ifs_of_names": lambda size: "".join(f"if x:\n    a{n} = []\n" for n in range(size // 22)),
    "conditional_chain": lambda size: "y = " + "1 if x else " * (size // 12) + "2",
    "conditional_chain_that_runs": lambda size: "y = " + "1 if x else " * 500 + "2",
    "sum": lambda size: "y = " + "+".join(["x"] * (size // 2)),
    "sum_that_runs": lambda size: "y = " + "+".join(["x"] * 2000),
    "sum_of_numbers": lambda size: "y = " + "+".join(["1"] * (size // 2)),
    "negations": lambda size: "y = " + "-" * size + "1",
    "nots": lambda size: "y = " + "not " * (size // 4) + "1",
    "powers": lambda size: "y = " + "**".join(["1"] * (size // 3)),
    "and_chain": lambda size: "y = " + " and ".join(["x"] * (size // 6)),
    "comparisons": lambda size: "y = " + " < ".join(["x"] * (size // 4)),
    "attribute_chain": lambda size: "y = x" + ".a" * (size // 2),
    "attribute_chain_that_runs": lambda size: "y = x" + ".real" * 900,
    "call_chain": lambda size: "y = f" + "()" * (size // 2),
    "method_chain_that_runs": lambda size: "y = x" + ".__abs__()" * 800,
    "subscript_chain": lambda size: "y = x" + "[0]" * (size // 3),
    "functions": lambda size: "".join(f"def f{n}():\n    return f{n + 1}()\n" for n in range(size // 35)),
    "functions_that_call_all": lambda size: "".join(
        f"def f{n}(a):\n    return {' + '.join(f'f{m}(a)' for m in range(30))}\n" for n in range(size // 300)
    ),
    "functions_in_a_ring": lambda size: "".join(
        f"def f{n}(a):\n    g{n}.append(a)\n    return f{(n * 7 + 1) % (size // 70 + 1)}(a)\ng{n} = []\n"
        for n in range(size // 70 + 1)
    ),
    "functions_that_are_called": lambda size: "".join(
        f"def f{n}(a):\n    return {f'f{n - 1}(a)' if n else 'a'}\ny{n} = f{n}(x)\n" for n in range(size // 45)
    ),
    "class_chain": lambda size: (
        "class A0: pass\n" + "".join(f"class A{n + 1}(A{n}):\n    b{n} = {n}\n" for n in range(size // 38))
    ),
    "class_chain_with_methods": lambda size: (
        "class A0: pass\n"
        + "".join(
            f"class A{n + 1}(A{n}):\n    def __init__(self):\n        super().__init__()\n        self.b{n} = []\n"
            for n in range(size // 90)
        )
        + f"y = A{size // 90}()\n"
    ),
    "class_chain_that_runs": lambda size: (
        "class A0: pass\n"
        + "".join(f"class A{n + 1}(A{n}):\n    def m(self): return super().m()\ny{n} = A{n}()\n" for n in range(150))
    ),
    "class_diamond": lambda size: (
        "class A0: pass\n"
        + "".join(
            f"class B{n}(A{n}): pass\nclass C{n}(A{n}): pass\nclass A{n + 1}(B{n}, C{n}): pass\n"
            for n in range(size // 70)
        )
    ),
    "metaclass_chain": lambda size: (
        "class A0(type): pass\n"
        + "".join(f"class A{n + 1}(type, metaclass=A{n}): pass\n" for n in range(min(size // 40, 150)))
    ),
    "bases": lambda size: "class A(" + ", ".join(["object"] * (size // 8)) + "): pass",
    "decorators": lambda size: "@x\n" * (size // 3) + "def f(): pass",
    "decorators_that_run": lambda size: "@str\n" * 150 + "def f(): pass",
    "f_strings": lambda size: "y = f'" + "{x}" * (size // 3) + "'",
    "f_string_of_braces": lambda size: "y = f'" + "{" * size + "'",
    "nested_f_strings": lambda size: "y = " + 'f"{' * min(size // 5, 140) + "x" + '}"' * min(size // 5, 140),
    "long_text": lambda size: "y = '" + "a" * size + "'",
    "long_text_over_lines": lambda size: "y = '''" + "a\n" * (size // 2) + "'''",
    "texts_in_a_row": lambda size: "y = " + "'a' " * (size // 4),
    "open_text": lambda size: "y = '''" + "a\n" * (size // 2),
    "quotes": lambda size: "y = " + "'" * size,
    "double_quotes": lambda size: '"' * size,
    "backslashes": lambda size: "y = " + "\\" * size,
    "continuations": lambda size: "y = x \\\n" + "+ x \\\n" * min(size // 6, 500) + "+ 1",
    "many_continuations": lambda size: "y = x \\\n" + "\\\n" * (size // 2) + "+ 1",
    "long_number": lambda size: "y = " + "1" * size,
    "number_of_5000_digits": lambda size: "y = " + "1" * 5000 + "\nz = [" + "1" * 5000 + "]",
    "long_hex_number": lambda size: "y = 0x" + "f" * size,
    "long_comment": lambda size: "# " + "a" * size + "\ny = 1",
    "comment_of_hashes": lambda size: "#" * size + "\ny = 1",
    "comments": lambda size: "# a\n" * (size // 4) + "y = 1",
    "noqa_comments": lambda size: "y = 1  # noqa: SG201\n" * (size // 21),
    "noqa_of_many_codes": lambda size: "y = 1  # noqa: " + ", ".join(["SG201"] * (size // 7)),
    "noqa_spaces": lambda size: "y = 1  # noqa:" + " " * size + "?",
    "noqa_for_the_notebook": lambda size: "# soorgeon-clone: noqa: SG201\n" * (size // 31),
    "noqa_commas": lambda size: "y = 1  # noqa: A1" + " , " * (size // 3) + "?",
    "noqa_hashes": lambda size: "y = 1  #" + " " * size + "noqa",
    "blank_lines": lambda size: "\n" * size + "y = 1",
    "spaces": lambda size: "y = 1" + " " * size,
    "spaces_on_lines": lambda size: (" " * 100 + "\n") * (size // 101) + "y = 1",
    "indented": lambda size: " " * size + "y = 1",
    "form_feeds": lambda size: "\f" * size + "\ny = 1",
    "tabs": lambda size: "if x:\n" + "\t" * 90 + "y = 1\n" + ("\t" * 90 + "y = 1\n") * (size // 96),
    "long_name": lambda size: "a" * size + " = 1",
    "names_that_normalise": lambda size: "".join(f"\ufb01{chr(0x1D400 + n % 26)}{n} = fi\n" for n in range(size // 20)),
    "one_name_that_normalises": lambda size: "y = " + "\ufdfa" * (size // 3),
    "emoji": lambda size: "y = '" + "\U0001f600" * (size // 4) + "'",
    "odd_characters": lambda size: "y = 1 " + "\u2028" * (size // 3),
    "semicolons": lambda size: ";" * size,
    "dots": lambda size: "." * size,
    "ellipses": lambda size: "...\n" * (size // 4),
    "colons": lambda size: "y" + ":" * size,
    "lambdas": lambda size: "y = [" + "lambda: x, " * (size // 11) + "]",
    "closures": lambda size: "".join(f"f{n} = lambda: f{n - 1 if n else 0}\n" for n in range(size // 20)),
    "slices": lambda size: "y = x[" + "1:2, " * (size // 5) + "]",
    "stars": lambda size: "y = [" + "*[x], " * (size // 6) + "]",
    "starred_calls": lambda size: "y = print(" + "*[x], " * (size // 6) + ")",
    "walruses": lambda size: "".join(f"(a{n} := [])\n" for n in range(size // 14)),
    "yields": lambda size: "def f():\n" + "    yield x\n" * (size // 12) + "y = f()",
    "awaits": lambda size: "await x\n" * (size // 8),
    "globals_": lambda size: "def f():\n    global " + ", ".join(f"a{n}" for n in range(size // 9)) + "\n    pass\nf()",
    "deletions": lambda size: "".join(f"a{n} = 1\ndel a{n}\n" for n in range(size // 20)),
    "asserts": lambda size: "assert x\n" * (size // 9),
    "returns": lambda size: "def f():\n" + "    return x\n" * (size // 13) + "y = f()",
    "excepts": lambda size: "try:\n    y = 1\n" + "".join(f"except E{n}:\n    pass\n" for n in range(size // 25)),
    "match_cases": lambda size: (
        "match x:\n" + "".join(f"    case {n}:\n        y = {n}\n" for n in range(min(size // 30, 100_000)))
    ),
    "match_or": lambda size: "match x:\n    case " + " | ".join(str(n) for n in range(size // 9)) + ":\n        y = 1",
    "match_nested": lambda size: "match x:\n    case " + "[" * 80 + "a" + "]" * 80 + ":\n        y = 1",
    "type_parameters": lambda size: "def f[" + ", ".join(f"T{n}" for n in range(size // 9)) + "](a): pass",
    "annotations": lambda size: "".join(f"a{n}: int = 1\n" for n in range(size // 16)),
    "docstrings": lambda size: "def f():\n    '''a'''\n" * (size // 20),
    "imports": lambda size: "import math\n" * (size // 12),
    "imports_of_unknown": lambda size: "".join(f"import module{n}\n" for n in range(size // 20)),
    "dotted_imports": lambda size: "import a" + ".b" * (size // 2),
    "star_imports": lambda size: "from math import *\n" * (size // 19),
    "relative_imports": lambda size: "from " + "." * size + " import a",
    "magics": lambda size: "%matplotlib inline\n" * (size // 19),
    "magics_within_the_limit": lambda size: "%matplotlib inline\n" * 490 + "y = 1\n" * (size // 6),
    "long_magic": lambda size: "%time " + "x" * size,
    "magic_of_names": lambda size: "%store " + "x " * (size // 2),
    "magic_of_list": lambda size: "%time y = [" + "x, " * (size // 3) + "]",
    "shell": lambda size: "!ls " + "a " * (size // 2),
    "shell_of_variables": lambda size: "!ls " + "$x " * (size // 3),
    "shell_of_braces": lambda size: "!ls " + "{x} " * (size // 4),
    "shell_of_open_braces": lambda size: "!ls " + "{" * size,
    "shell_of_nested_braces": lambda size: "!ls " + "{" * (size // 2) + "}" * (size // 2),
    "shell_over_lines": lambda size: "!ls \\\n" + "a \\\n" * (size // 4),
    "help": lambda size: "x" + "?" * size,
    "help_words": lambda size: "a" * size + "?",
    "help_dots": lambda size: "a." * (size // 2) + "?",
    "percents": lambda size: "%" * size,
    "cell_magic": lambda size: "%%bash\n" + "ls\n" * (size // 3),
    "cell_magic_time": lambda size: "%%time\n" + "y = 1\n" * (size // 6),
    "unknown_cell_magic": lambda size: "%%unknown\n" + "y = x\n" * (size // 6),
    "cell_magics_nested": lambda size: "%%time\n" * (size // 7) + "y = 1",
    "sql": lambda size: "%%sql\nselect " + ":x, " * (size // 4),
    "sql_braces": lambda size: "%%sql\n" + "{{" * (size // 2),
    "sql_result": lambda size: "%%sql " + "--a " * (size // 4) + "\nselect 1",
    "sql_urls": lambda size: "%sql " + "a://b " * (size // 6),
    "cython": lambda size: "%%cython\n" + "def " * (size // 4),
    "cython_spaces": lambda size: "%%cython\ncpdef " + "a " * (size // 2),
    "prompts": lambda size: ">>> y = 1\n" * (size // 10),
    "in_prompts": lambda size: "In [1]: y = 1\n" * (size // 14),
    "automagic": lambda size: "ls " + "a" * size,
    "timeit_options": lambda size: "%timeit " + "-n 1 " * (size // 5) + "x",
    "credentials": lambda size: "y = '" + "aB3/" * (size // 4) + "'",
    "credentials_on_lines": lambda size: "".join(f"password{n} = 'aB3/xY7z{n}'\n" for n in range(size // 33)),
    "urls": lambda size: "y = '" + "http://a/" * (size // 9) + "'",
    "paths": lambda size: "".join(f"open('/home/a/{n}.csv')\n" for n in range(size // 26)),
    "files_written": lambda size: "".join(f"open('out{n}.txt', 'w').write('a')\n" for n in range(size // 40)),
    "pip_installs": lambda size: "!pip install " + "a " * (size // 2),
    "get_ipython_calls": lambda size: "get_ipython().run_line_magic('time', 'x')\n" * (size // 42),
    "exec_of_texts": lambda size: "exec('y = 1')\n" * (size // 14),
    "globals_of_texts": lambda size: "".join(f"globals()['a{n}'] = 1\n" for n in range(size // 26)),
    "dict_of_dicts": lambda size: "y = " + "{1: " * min(size // 5, 90) + "1" + "}" * min(size // 5, 90),
    "numpy_calls": lambda size: "import numpy as np\n" + "x = np.array(x)\n" * (size // 16),
    "frames": lambda size: (
        "import pandas as pd\ndf = pd.DataFrame()\n"
        + "".join(f"df['a{n}'] = df['a{n - 1}'] + 1\n" for n in range(size // 30))
    ),
    "settings": lambda size: "import random\n" + "random.seed(1)\n" * (size // 15),
    "loops": lambda size: "for a in range(3):\n    y = a\n" * (size // 30),
    "loops_that_grow": lambda size: "y = []\n" + "for a in range(3):\n    y.append(y)\n" * (size // 38),
    "loop_of_many": lambda size: "while x:\n" + "".join(f"    a{n} = [a{n + 1}]\n" for n in range(size // 20)),
    "words": lambda size: "these are words and no code\n" * (size // 27),
    "nul": lambda size: "y = 1\0" * (size // 6),
    "control_characters": lambda size: "y = '\x1b]52;c;aaaa\x07'\n" * (size // 20),
}


def _python_kind(name: str, make: Callable[[int], str]) -> None:
    KINDS[name] = lambda size: one_cell(make(size))


for _name, _make in _PYTHON.items():
    _python_kind(_name, _make)


# -- notebooks of many cells -------------------------------------------------------------------------------------------


@kind
def many_cells(size: int) -> Files:
    return {"nb.ipynb": notebook(*(code(f"a{n} = {n}") for n in range(size // 110)))}


@kind
def many_equal_cells(size: int) -> Files:
    return {"nb.ipynb": notebook(*(code("print(1)") for n in range(size // 110)))}


@kind
def many_sections(size: int) -> Files:
    cells = [cell for n in range(size // 200) for cell in (markdown(f"## Part {n}"), code(f"a{n} = {n}"))]
    return {"nb.ipynb": notebook(*cells)}


@kind
def many_sections_of_one_title(size: int) -> Files:
    return {"nb.ipynb": notebook(*([markdown("## Part"), code("x = []")] * (size // 200)))}


@kind
def sections_that_need_the_one_before(size: int) -> Files:
    cells = [
        c for n in range(size // 200) for c in (markdown(f"## P {n}"), code(f"a{n + 1} = [a{n}]\nprint(a{n + 1})"))
    ]
    return {"nb.ipynb": notebook(code("a0 = []"), *cells)}


@kind
def sections_that_change_one(size: int) -> Files:
    cells = [c for n in range(size // 200) for c in (markdown(f"## P {n}"), code(f"a.append({n})\nb{n} = a"))]
    return {"nb.ipynb": notebook(code("a = []"), *cells)}


@kind
def sections_that_need_all(size: int) -> Files:
    count = int((size / 10) ** 0.5)
    cells = [
        c
        for n in range(count)
        for c in (markdown(f"## P {n}"), code(f"a{n} = [{', '.join(f'a{m}' for m in range(n))}]\nprint(a{n})"))
    ]
    return {"nb.ipynb": notebook(*cells)}


@kind
def cells_in_reverse(size: int) -> Files:
    count = size // 130
    return {"nb.ipynb": notebook(*(code(f"a{n} = a{n - 1} + 1", execution_count=n) for n in range(count, 0, -1)))}


@kind
def cells_in_disorder(size: int) -> Files:
    count = size // 130
    numbers = list(range(1, count))
    random.Random(0).shuffle(numbers)
    cells = [code(f"a{n} = a{n - 1} + 1", execution_count=n) for n in numbers]
    return {"nb.ipynb": notebook(*cells, code("a0 = 1"))}


@kind
def cells_in_a_ring(size: int) -> Files:
    count = size // 130
    cells = [code(f"b{n} = a{(n + 1) % count}\na{n} = 1", execution_count=n) for n in range(count)]
    return {"nb.ipynb": notebook(*cells)}


@kind
def cells_that_print(size: int) -> Files:
    outputs = [{"output_type": "stream", "name": "stdout", "text": "a\n"}]
    return {"nb.ipynb": notebook(*(code("print('a')", outputs=outputs, execution_count=1) for n in range(size // 200)))}


@kind
def cells_that_fail_to_parse(size: int) -> Files:
    return {"nb.ipynb": notebook(*(code("y = (") for n in range(size // 110)))}


@kind
def cells_with_magics(size: int) -> Files:
    return {"nb.ipynb": notebook(*(code("!ls $a\nx?\n%time y = 1") for n in range(size // 130)))}


@kind
def empty_cells(size: int) -> Files:
    return {"nb.ipynb": notebook(*(code("") for n in range(size // 100)))}


@kind
def cells_with_equal_ids(size: int) -> Files:
    return {"nb.ipynb": notebook(*(code("print(1)", id="a") for n in range(size // 120)))}


@kind
def cells_with_long_ids(size: int) -> Files:
    return {"nb.ipynb": notebook(code("print(1)", id="a" * size))}


@kind
def functions_over_cells(size: int) -> Files:
    cells = [code(f"def f{n}():\n    return f{n + 1}() + g") for n in range(size // 140)]
    return {"nb.ipynb": notebook(*cells, code("g = 1"))}


@kind
def small_classes_over_sections(size: int) -> Files:
    cells = [c for n in range(size // 250) for c in (markdown(f"## P {n}"), code(f"class A{n + 1}(A{n}):\n    b = []"))]
    return {"nb.ipynb": notebook(code("class A0: pass"), *cells)}


# -- Markdown ----------------------------------------------------------------------------------------------------------

_MARKDOWN: dict[str, Callable[[int], str]] = {
    "md_nested_lists": lambda size: "".join(" " * (2 * n) + "- a\n" for n in range(int(size**0.5))),
    "md_nested_lists_in_a_line": lambda size: "- " * (size // 2) + "a",
    "md_nested_numbers": lambda size: "1. " * (size // 3) + "a",
    "md_flat_list": lambda size: "- a\n" * (size // 4),
    "md_loose_list": lambda size: "- a\n\n" * (size // 5),
    "md_quotes": lambda size: ">" * size + "a",
    "md_quote_lines": lambda size: "> a\n" * (size // 4),
    "md_nested_quote_lines": lambda size: "".join(">" * n + " a\n" for n in range(int((2 * size) ** 0.5))),
    "md_open_brackets": lambda size: "[" * size,
    "md_brackets": lambda size: "[" * (size // 2) + "a" + "]" * (size // 2),
    "md_images": lambda size: "![" * (size // 2),
    "md_links": lambda size: "[a](b)" * (size // 6),
    "md_links_in_links": lambda size: "[" * (size // 6) + "a" + "](b)" * (size // 6),
    "md_open_links": lambda size: "[a](" * (size // 4),
    "md_backticks": lambda size: "`" * size,
    "md_backtick_runs": lambda size: " ".join("`" * n for n in range(1, int((2 * size) ** 0.5))),
    "md_stars": lambda size: "*" * size,
    "md_emphasis": lambda size: "*a " * (size // 3),
    "md_emphasis_nested": lambda size: "*a **b " * (size // 7),
    "md_underscores": lambda size: "_a_" * (size // 3),
    "md_html_tags": lambda size: "<a>" * (size // 3),
    "md_html_open": lambda size: "<" * size,
    "md_html_open_tags": lambda size: "<a " * (size // 3),
    "md_html_attributes": lambda size: "<a" + " b=c" * (size // 4),
    "md_html_comments": lambda size: "<!-- a " * (size // 7),
    "md_html_headings": lambda size: "<h2>a</h2>\n" * (size // 11),
    "md_html_open_headings": lambda size: "<h2>a " * (size // 6),
    "md_html_pre": lambda size: "<h2>" + "<pre>" * (size // 5),
    "md_headings": lambda size: "## a\n" * (size // 5),
    "md_headings_with_text": lambda size: "## a\n\nText.\n\n" * (size // 14),
    "md_headings_of_all": lambda size: "".join(f"{'#' * (n % 6 + 1)} a{n}\n" for n in range(size // 10)),
    "md_setext": lambda size: "a\n---\n" * (size // 6),
    "md_long_heading": lambda size: "## " + "a" * size,
    "md_long_words_heading": lambda size: "## " + "a " * (size // 2),
    "md_heading_of_brackets": lambda size: "## " + "[" * size,
    "md_heading_of_hashes": lambda size: "## " + "#" * size,
    "md_heading_of_spaces": lambda size: "##" + " " * size + "a",
    "md_heading_of_spaces_and_hashes": lambda size: "## a" + " #" * (size // 2),
    "md_heading_of_math": lambda size: "## " + "$a$ " * (size // 4),
    "md_heading_of_open_math": lambda size: "## " + "$" * size,
    "md_headings_of_brackets": lambda size: ("## " + "[" * 900 + "\n") * (size // 904),
    "md_headings_of_math": lambda size: ("## " + "$\\a" * 300 + "\n") * (size // 904),
    "md_headings_of_emphasis": lambda size: ("## " + "*a_b`" * 180 + "\n") * (size // 904),
    "md_headings_of_html": lambda size: ("## " + "<a b='" * 150 + "\n") * (size // 904),
    "md_headings_of_links": lambda size: ("## " + "[a](b " * 150 + "\n") * (size // 904),
    "md_equals": lambda size: "a\n" + "=" * size,
    "md_dashes": lambda size: "- " * (size // 2),
    "md_rules": lambda size: "---\n" * (size // 4),
    "md_tables": lambda size: "|a|b|\n|-|-|\n" + "|1|2|\n" * (size // 6),
    "md_table_columns": lambda size: "|a" * (size // 4) + "|\n" + "|-" * (size // 4) + "|\n",
    "md_references": lambda size: "".join(f"[a{n}]: /b\n" for n in range(size // 12)) + "\n## a",
    "md_reference_uses": lambda size: "[a]: /b\n\n" + "[a] " * (size // 4),
    "md_reference_open": lambda size: "[a]: " + "(" * size,
    "md_fences": lambda size: "```\n" * (size // 4),
    "md_open_fences": lambda size: "```" + "`" * size,
    "md_indented": lambda size: "    a\n" * (size // 6),
    "md_entities": lambda size: "&amp;" * (size // 5),
    "md_backslashes": lambda size: "\\" * size,
    "md_autolinks": lambda size: "<http://a " * (size // 10),
    "md_footnotes": lambda size: "[^a]" * (size // 4),
    "md_blank_lines": lambda size: "\n" * size,
    "md_spaces": lambda size: " " * size,
    "md_tabs": lambda size: "\t" * size + "a",
    "md_bold_titles": lambda size: "**a**\n\n" * (size // 7),
    "md_open_bold": lambda size: "**" + "a " * (size // 2),
    "md_noqa": lambda size: "<!-- soorgeon-clone: noqa: " + "SG5, " * (size // 5),
    "md_noqa_spaces": lambda size: "<!--" + " " * size,
    "md_noqa_lines": lambda size: "<!-- noqa " + "\n" * size,
}


def _markdown_kind(name: str, make: Callable[[int], str]) -> None:
    def files(size: int) -> Files:
        text = make(size)
        return {"nb.ipynb": notebook(markdown(text + "\n\n## Load"), code("x = 1"), markdown("## " + text), code("x"))}

    KINDS[name] = lambda size: files(size // 2)


for _name, _make in _MARKDOWN.items():
    _markdown_kind(_name, _make)


@kind
def many_markdown_cells(size: int) -> Files:
    return {"nb.ipynb": notebook(code("x = 1"), *(markdown(f"## a{n}") for n in range(size // 80)))}


# -- the file's own form -----------------------------------------------------------------------------------------------


@kind
def json_deep(size: int) -> Files:
    return {"nb.ipynb": b'{"cells": ' + b"[" * size}


@kind
def json_deep_metadata(size: int) -> Files:
    deep = b"[" * (size // 2) + b"]" * (size // 2)
    return {"nb.ipynb": b'{"cells": [], "metadata": {"a": ' + deep + b"}}"}


@kind
def json_fairly_deep_metadata(size: int) -> Files:
    deep = "[" * 900 + "]" * 900
    cells = json.dumps([code("print(1)")])
    text = f'{{"cells": {cells}, "metadata": {{"a": {deep}}}, "nbformat": 4, "nbformat_minor": 5}}'
    return {"nb.ipynb": text.encode()}


@kind
def json_fairly_deep_cell_metadata(size: int) -> Files:
    deep = "[" * 900 + "]" * 900
    text = (
        f'{{"cells": [{{"cell_type": "code", "source": "1", "outputs": [], "metadata": {{"a": {deep}}}}}],'
        f' "metadata": {{}}, "nbformat": 4}}'
    )
    return {"nb.ipynb": text.encode()}


@kind
def json_long_number(size: int) -> Files:
    head = b'{"cells": [], "nbformat": 4, "nbformat_minor": '
    return {"nb.ipynb": head + b"1" * size + b"}"}


@kind
def json_number_of_5000_digits(size: int) -> Files:
    text = notebook(code("1", execution_count="COUNT"), metadata={"a": "COUNT"})
    return {"nb.ipynb": text.replace(b'"COUNT"', b"1" * 5000)}


@kind
def json_number_of_4000_digits(size: int) -> Files:
    text = notebook(code("1", execution_count="COUNT"), code("2", execution_count="COUNT"), nbformat_minor="COUNT")
    return {"nb.ipynb": text.replace(b'"COUNT"', b"1" * 4000)}


@kind
def json_spaces(size: int) -> Files:
    return {"nb.ipynb": b" " * size + notebook(code("1"))}


@kind
def json_cut_off(size: int) -> Files:
    return {"nb.ipynb": notebook(code("a" * size))[:-40]}


@kind
def json_many_keys(size: int) -> Files:
    return {"nb.ipynb": notebook(code("1"), metadata={f"a{n}": n for n in range(size // 14)})}


@kind
def json_equal_keys(size: int) -> Files:
    return {"nb.ipynb": notebook(code("1"))[:-1] + b', "cells": []' * (size // 13) + b"}"}


@kind
def json_of_scalars(size: int) -> Files:
    return {"nb.ipynb": b'{"cells": [' + b"1," * (size // 2) + b"1]}"}


@kind
def json_worksheets(size: int) -> Files:
    sheet = {"cells": [{"cell_type": "code", "input": "y = 1", "outputs": []}] * (size // 60)}
    return {"nb.ipynb": json.dumps({"worksheets": [sheet], "nbformat": 3, "metadata": {}}).encode()}


@kind
def json_merge_marks(size: int) -> Files:
    return {"nb.ipynb": b'{"cells": [\n' + b"<<<<<<\n" * (size // 7)}


@kind
def source_of_many_lines(size: int) -> Files:
    return {"nb.ipynb": notebook(code(["y = 1\n"] * (size // 10)))}


@kind
def source_of_empty_lines(size: int) -> Files:
    return {"nb.ipynb": notebook(code([""] * (size // 4)))}


@kind
def large_output(size: int) -> Files:
    outputs = [{"output_type": "stream", "name": "stdout", "text": "a" * size}]
    return {"nb.ipynb": notebook(code("print(1)", outputs=outputs, execution_count=1))}


@kind
def many_outputs(size: int) -> Files:
    output = {"output_type": "stream", "name": "stdout", "text": ["a\n"]}
    return {"nb.ipynb": notebook(code("print(1)", outputs=[output] * (size // 70), execution_count=1))}


@kind
def many_output_lines(size: int) -> Files:
    output = {"output_type": "stream", "name": "stdout", "text": ["a\n"] * (size // 7)}
    return {"nb.ipynb": notebook(code("print(1)", outputs=[output], execution_count=1))}


@kind
def traceback_output(size: int) -> Files:
    output = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31m" * 20] * (size // 160)}
    return {"nb.ipynb": notebook(code("print(1)", outputs=[output], execution_count=1))}


@kind
def odd_outputs(size: int) -> Files:
    odd: list[Any] = [None, 1, "a", [], {}, {"output_type": 1}, {"output_type": ["a"]}, {"output_type": {"a": 1}}]
    odd += [{"output_type": "display_data", "data": value} for value in (None, 1, [], {"a": 1}, {"text/plain": {}})]
    odd += [{"output_type": "stream", "text": value, "name": value} for value in (None, 1, {}, [1], [[]])]
    odd += [{"output_type": "error", "ename": value, "evalue": value, "traceback": value} for value in (1, {}, [1])]
    return {"nb.ipynb": notebook(*(code("print(1)", outputs=[one], execution_count=1) for one in odd))}


@kind
def odd_metadata(size: int) -> Files:
    odd: list[Any] = [None, 1, "a", [], [1], {"tags": 1}, {"tags": [[]]}, {"tags": [{"a": 1}]}, {"tags": [None]}]
    odd += [{"tags": {"a": 1}}, {"name": []}, {"slideshow": 1}, {"jupyter": []}, {"execution": "x"}, {"editable": {}}]
    return {"nb.ipynb": notebook(*(code("print(1)", metadata=one) for one in odd))}


@kind
def odd_ids(size: int) -> Files:
    odd: list[Any] = [None, 1, [], {}, ["a"], "", "a\0b", "../x", "a" * 1000, "\ud800", True, 1.5]
    return {"nb.ipynb": notebook(*(code("print(1)", id=one) for one in odd))}


@kind
def odd_counts(size: int) -> Files:
    odd: list[Any] = [None, "1", [], {}, 1.5, True, -1, 10**30, float("nan"), float("inf")]
    return {"nb.ipynb": notebook(*(code("print(1)", execution_count=one) for one in odd))}


@kind
def odd_top(size: int) -> Files:
    odd = {"kernelspec": [], "language_info": 1, "jupytext": "a", "title": {}, "authors": 1, "widgets": []}
    return {"nb.ipynb": notebook(code("print(1)"), metadata=odd, nbformat_minor=[])}


@kind
def odd_attachments(size: int) -> Files:
    odd: list[Any] = [1, [], {"a": 1}, {"a": {"b": 1}}, {"a": {"image/png": ["a", 1]}}]
    return {"nb.ipynb": notebook(code("1"), *(markdown("![a](attachment:a)", attachments=one) for one in odd))}


@kind
def large_attachment(size: int) -> Files:
    return {"nb.ipynb": notebook(code("1"), markdown("a", attachments={"a": {"image/png": "A" * size}}))}


@kind
def many_tags(size: int) -> Files:
    tags = [f"a{n}" for n in range(size // 12)]
    return {"nb.ipynb": notebook(code("print(1)", metadata={"tags": tags}))}


@kind
def noqa_tags(size: int) -> Files:
    tags = [f"noqa: SG{n}" for n in range(size // 16)]
    return {"nb.ipynb": notebook(code("print(1)", metadata={"tags": tags}))}


@kind
def long_noqa_tag(size: int) -> Files:
    return {"nb.ipynb": notebook(code("print(1)", metadata={"tags": ["noqa: " + "SG201 " * (size // 6) + "?"]}))}


@kind
def parameters_cell(size: int) -> Files:
    source = "".join(f"a{n} = {n}\n" for n in range(size // 12))
    return {"nb.ipynb": notebook(code(source, metadata={"tags": ["parameters"]}), markdown("## A"), code("print(a1)"))}


@kind
def parameter_of_5000_digits(size: int) -> Files:
    source = "a = " + "1" * 5000 + "\nb = [" + "1" * 5000 + "]\nc = 1e9999\nd = -1e9999"
    return {"nb.ipynb": notebook(code(source, metadata={"tags": ["parameters"]}), markdown("## A"), code("print(a)"))}


@kind
def parameter_of_4000_digits(size: int) -> Files:
    source = "a = 0x" + "f" * 4000 + "\nb = '\\ud800'\nc = b'a'"
    return {"nb.ipynb": notebook(code(source, metadata={"tags": ["parameters"]}), markdown("## A"), code("print(a)"))}


@kind
def long_parameter(size: int) -> Files:
    source = "a = [" + "1, " * (size // 3) + "]"
    return {"nb.ipynb": notebook(code(source, metadata={"tags": ["parameters"]}), markdown("## A"), code("print(a)"))}


@kind
def long_name_of_file(size: int) -> Files:
    return {"n" * 249 + ".ipynb": notebook(markdown("## " + "t" * 300), code("print(1)"))}


@kind
def name_of_control_characters(size: int) -> Files:
    return {"a\x1b]52;c;aaaa\x07\u202e\n.ipynb": notebook(markdown("## A"), code("print(1)"))}


@kind
def nul_titles(size: int) -> Files:
    cells = [
        c for t in ("a\0b", "\0", "../../x", "\ud800", "con", ".", "a/b\\c") for c in (markdown(f"## {t}"), code("1"))
    ]
    return {"nb.ipynb": notebook(*cells)}


@kind
def bytes_of_zero(size: int) -> Files:
    return {"nb.ipynb": b"\0" * size}


@kind
def bytes_of_chance(size: int) -> Files:
    return {"nb.ipynb": random.Random(0).randbytes(size)}


@kind
def utf16(size: int) -> Files:
    return {"nb.ipynb": notebook(code("a" * (size // 2))).decode().encode("utf-16")}


@kind
def utf32_of_surrogates(size: int) -> Files:
    return {"nb.ipynb": b"\xff\xfe\0\0" + b"\0\xd8\0\0" * (size // 4)}


@kind
def byte_order_marks(size: int) -> Files:
    return {"nb.ipynb": b"\xef\xbb\xbf" * (size // 3) + notebook(code("1"))}


@kind
def surrogates(size: int) -> Files:
    return {
        "nb.ipynb": notebook(markdown("## A\ud800"), code("print(1)"), code("y = '" + "\ud800" * (size // 6) + "'"))
    }


# -- scripts and Markdown files ----------------------------------------------------------------------------------------

_SCRIPTS: dict[str, Callable[[int], str]] = {
    "py_cells": lambda size: "# %%\ny = 1\n\n" * (size // 12),
    "py_light_cells": lambda size: "y = 1\n\n# Text\n\n" * (size // 15),
    "py_light_lines": lambda size: "y = 1\n" * (size // 6),
    "py_plus_cells": lambda size: "# +\ny = 1\n# -\n\n" * (size // 15),
    "py_markdown_cells": lambda size: "# %% [markdown]\n# ## A\n\n# %%\ny = 1\n\n" * (size // 40),
    "py_markers": lambda size: "# %%\n" * (size // 5),
    "py_long_marker": lambda size: "# %% " + "a" * size + "\ny = 1\n",
    "py_long_marker_of_words": lambda size: "# %% " + "a " * (size // 2) + "\ny = 1\n",
    "py_long_marker_of_spaces": lambda size: "# %% a" + " " * size + "b\ny = 1\n",
    "py_long_marker_of_options": lambda size: "# %% " + "a=1 " * (size // 4) + "\ny = 1\n",
    "py_long_marker_of_brackets": lambda size: "# %% " + "[" * size + "\ny = 1\n",
    "py_long_marker_of_tags": lambda size: "# %% tags=" + "[" * size + "\ny = 1\n",
    "py_long_marker_of_braces": lambda size: "# %% " + "{" * size + "\ny = 1\n",
    "py_long_marker_of_quotes": lambda size: '# %% a="' + "\\" * size + "\ny = 1\n",
    "py_long_marker_of_percents": lambda size: "# " + "%" * size + "\ny = 1\n",
    "py_marker_of_hashes": lambda size: "# " * (size // 2) + "%%\ny = 1\n",
    "py_comment_signs": lambda size: "# %%\n" + "# " * (size // 2) + "%time\n",
    "py_comment_signs_on_lines": lambda size: "# %%\n" + ("# " * 500 + "%time\n") * (size // 1006),
    "py_marker_over_40000": lambda size: "# %% " + "a" * 40_000 + ' [markdown] tags=["a"]\n# ## A\n\n# %%\ny = 1\n',
    "py_tags_that_are_no_list": lambda size: '# %% tags={"a": [1]}\ny = 1\n\n# %% tags=[[1], {"a": 1}]\ny = 2\n',
    "py_number_in_marker": lambda size: "# %% a=" + "1" * 5000 + "\ny = 1\n",
    "py_long_number_in_marker": lambda size: "# %% a=" + "1" * size + "\ny = 1\n",
    "py_header": lambda size: "# ---\n" + "# a: b\n" * (size // 7) + "# ---\n\n# %%\ny = 1\n",
    "py_header_nested": lambda size: (
        "# ---\n" + "".join(f"# {' ' * n}a:\n" for n in range(int((2 * size) ** 0.5))) + "# ---\n\n# %%\ny = 1\n"
    ),
    "py_header_jupytext_nested": lambda size: (
        "# ---\n# jupyter:\n#   kernelspec:\n"
        + "".join(f"# {' ' * (n + 4)}a:\n" for n in range(int((2 * size) ** 0.5)))
        + "# ---\n\n# %%\ny = 1\n"
    ),
    "py_header_brackets": lambda size: "# ---\n# jupyter: " + "[" * size + "\n# ---\n\n# %%\ny = 1\n",
    "py_header_aliases": lambda size: (
        "# ---\n# a0: &a0 [b, b]\n"
        + "".join(f"# a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(9))
        + "# jupyter: {a: *a9}\n# ---\n\n# %%\ny = 1\n"
    ),
    "py_open_header": lambda size: "# ---\n" + "# a: b\n" * (size // 7),
    "py_open_quotes": lambda size: "# %%\n" + '"""\n' * (size // 4) + "# %%\ny = 1",
    "py_quotes_in_a_line": lambda size: "# %%\ny = " + '"' * size,
    "py_quotes_in_lines": lambda size: "# %%\n" + "y = '\"\"\" \\' # '''\n" * (size // 18),
    "py_markdown_in_quotes": lambda size: '# %% [markdown]\n"""\n' + "## A\n" * (size // 5) + '"""\n# %%\ny = 1\n',
    "py_magics": lambda size: "# %%\n# %matplotlib inline\ny = 1\n" * (size // 32),
    "py_commented_magics": lambda size: "# %%\n" + "# %matplotlib inline\n" * min(size // 21, 400) + "y = 1\n",
    "py_long_words": lambda size: "# %%\n" + "a" * size + "?\n",
    "py_long_assignment": lambda size: "# %%\n" + "a" * size + " = !ls\n",
    "py_spaces_then_magic": lambda size: "# %%\n" + " " * size + "%time\n",
    "py_spaces_on_lines": lambda size: "# %%\n" + (" " * 1000 + "x\n") * (size // 1002),
    "py_continued_magic": lambda size: "# %%\n# %time \\\n" + "# a \\\n" * (size // 6),
    "py_equal_lines": lambda size: "# %%\n" + "x=1\n" * (size // 4),
    "py_carriage_returns": lambda size: "# %%\r" + "y = 1\r" * (size // 6),
    "py_mixed_line_ends": lambda size: "# %%\r\n" + "y = 1\n\ry = 2\r\n" * (size // 14),
    "py_coding_rot13": lambda size: "# coding: rot13\n# %%\ny = 1\n",
    "py_coding_zlib": lambda size: "# coding: zlib\n# %%\ny = 1\n",
    "py_coding_hex": lambda size: "# coding: hex\n# %%\ny = 1\n",
    "py_coding_utf7": lambda size: "# coding: utf-7\n# %%\ny = '+2AA-'\n",
    "py_coding_unknown": lambda size: "# coding: unknown\n# %%\ny = 1\n",
    "py_coding_idna": lambda size: "# coding: idna\n# %%\n" + "y = 1\n" * (size // 6),
    "py_coding_punycode": lambda size: "# coding: punycode\n# %%\n" + "y = 1\n" * (size // 6),
    "py_coding_unicode_escape": lambda size: "# coding: unicode_escape\n# %%\ny = '\\ud800'\n",
    "py_coding_raw_unicode_escape": lambda size: "# coding: raw_unicode_escape\n# %%\ny = '\\ud800'\n",
    "py_coding_undefined": lambda size: "# coding: undefined\n# %%\ny = 1\n",
    "py_coding_mbcs": lambda size: "# coding: mbcs\n# %%\ny = 1\n",
    "py_coding_utf16": lambda size: "# coding: utf-16\n# %%\ny = 1\n",
    "py_coding_latin1": lambda size: "# coding: latin-1\n# %%\ny = '\xe9'\n",
    "py_coding_spaces": lambda size: "#" + " " * 200 + "coding" + ":" * size + "\n# %%\ny = 1\n",
    "py_coding_long": lambda size: "# coding: " + "a" * size + "\n# %%\ny = 1\n",
    "py_coding_many": lambda size: "# " + "coding " * (size // 7) + "\n# %%\ny = 1\n",
    "py_nul": lambda size: "# %%\ny = 1\0\n" * (size // 12),
    "py_comments": lambda size: "# a\n" * (size // 4),
    "py_hashes": lambda size: "#" * size + "\ny = 1\n",
    "py_blank_lines": lambda size: "\n" * size + "# %%\ny = 1\n",
    "py_definitions": lambda size: "# %%\ndef f():\n    pass\n\n\n" * (size // 26),
    "py_indented_cells": lambda size: "# %%\n" + "    # %%\n    y = 1\n" * (size // 19),
    "py_in_prompts": lambda size: "# In[1]:\n\n\ny = 1\n\n" * (size // 19),
}


def _script_kind(name: str, make: Callable[[int], str]) -> None:
    def files(size: int) -> Files:
        return {"nb.py": make(size).encode("latin-1" if "latin1" in name else "utf-8")}

    KINDS[name] = files


for _name, _make in _SCRIPTS.items():
    _script_kind(_name, _make)

_TEXTS: dict[str, Callable[[int], str]] = {
    "cells": lambda size: "## A\n\n```python\ny = 1\n```\n\n" * (size // 30),
    "text": lambda size: "a\n" * (size // 2),
    "headings": lambda size: "## A\n" * (size // 5),
    "fences": lambda size: "```\n" * (size // 4),
    "open_fence": lambda size: "```python\n" + "y = 1\n" * (size // 6),
    "fence_options": lambda size: "```python " + "a=1 " * (size // 4) + "\ny = 1\n```\n",
    "fence_brackets": lambda size: "```{python " + "[" * size + "}\ny = 1\n```\n",
    "fence_quotes": lambda size: "```{python a='" + "\\" * size + "}\ny = 1\n```\n",
    "fence_of_backticks": lambda size: "`" * size + "python\ny = 1\n",
    "header": lambda size: "---\n" + "a: b\n" * (size // 5) + "---\n\n```python\ny = 1\n```\n",
    "header_brackets": lambda size: "---\njupyter: " + "[" * size + "\n---\n\n```python\ny = 1\n```\n",
    "header_aliases": lambda size: (
        "---\na0: &a0 [b, b]\n"
        + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(9))
        + "jupyter: {a: *a9}\n---\n\n```python\ny = 1\n```\n"
    ),
    "header_number": lambda size: "---\njupyter: {a: " + "1" * 5000 + "}\n---\n\n```python\ny = 1\n```\n",
    "header_date": lambda size: "---\njupyter: {a: 2020-99-99, <<: 1, ? [1]: 2}\n---\n\n```python\ny = 1\n```\n",
    "header_tag": lambda size: "---\njupyter: !!python/object/apply:os.getpid []\n---\n\n```python\ny = 1\n```\n",
    "region": lambda size: "<!-- #region a=1 -->\n" * (size // 21),
    "comments": lambda size: "<!-- " * (size // 5),
    "comment_spaces": lambda size: "<!-- #region" + " " * size,
    "crs": lambda size: "```python\r" + "y = 1\r" * (size // 6) + "```\r",
}


def _text_kind(name: str, extension: str, make: Callable[[int], str]) -> None:
    def files(size: int) -> Files:
        text = make(size)
        if extension in ("Rmd", "qmd"):
            text = text.replace("```python\n", "```{python}\n")
        return {f"nb.{extension}": text.encode()}

    KINDS[f"{extension.lower()}_file_{name}"] = files


for _name, _make in _TEXTS.items():
    for _extension in ("md", "Rmd"):
        _text_kind(_name, _extension, _make)


# -- what stands around ------------------------------------------------------------------------------------------------

_PLAIN = notebook(markdown("## A"), code("import numpy\nx = 1"), markdown("## B"), code("print(x)"))

_AROUND: dict[str, tuple[str, Callable[[int], str]]] = {
    "gitignore_stars": (".gitignore", lambda size: "*a" * 10 + "b\n"),
    "gitignore_many_stars": (".gitignore", lambda size: "*a" * (size // 2) + "b\n"),
    "gitignore_double_stars": (".gitignore", lambda size: "**/" * (size // 3) + "b\n"),
    "gitignore_double_stars_and_names": (".gitignore", lambda size: "**/a*/" * 30 + "b\n"),
    "gitignore_range": (".gitignore", lambda size: "[z-a]\n[\n[!]\n[]]\n[[:alpha:]]\n[a-\n\\\n!\n/\n//\n**\n***\n\n"),
    "gitignore_lines": (".gitignore", lambda size: "".join(f"a{n}\n" for n in range(size // 9))),
    "gitignore_star_lines": (".gitignore", lambda size: "".join(f"*a*b*c{n}*\n" for n in range(size // 15))),
    "gitignore_spaces": (".gitignore", lambda size: "a" + " " * size + "b\n"),
    "gitignore_nul": (".gitignore", lambda size: "a\0b\n\x1b\n"),
    "gitignore_slashes": (".gitignore", lambda size: "/" * size + "\n"),
    "toml_deep": ("pyproject.toml", lambda size: "a = " + "[" * (size // 2) + "]" * (size // 2)),
    "toml_deep_tables": ("pyproject.toml", lambda size: "[" + ".".join(["a"] * (size // 2)) + "]\nb = 1"),
    "toml_deep_keys": ("pyproject.toml", lambda size: ".".join(["a"] * (size // 2)) + " = 1"),
    "toml_inline_tables": ("pyproject.toml", lambda size: "a = " + "{a=" * (size // 4) + "1" + "}" * (size // 4)),
    "toml_number": ("pyproject.toml", lambda size: "a = " + "1" * 5000),
    "toml_long_number": ("pyproject.toml", lambda size: "a = " + "1" * size),
    "toml_many_tables": ("pyproject.toml", lambda size: "".join(f"[a{n}]\n" for n in range(size // 9))),
    "toml_many_dotted": ("pyproject.toml", lambda size: "".join(f"a.b.c.d{n} = 1\n" for n in range(size // 18))),
    "toml_long_text": ("pyproject.toml", lambda size: "a = '" + "a" * size + "'"),
    "toml_exclude": (
        "pyproject.toml",
        lambda size: "[tool.soorgeon-clone.lint]\nexclude = ['" + "*a" * 12 + "b', '[z-a]', '" + "*" * size + "b']",
    ),
    "toml_per_file_ignores": (
        "pyproject.toml",
        lambda size: "[tool.soorgeon-clone.lint.per-file-ignores]\n'" + "*a" * 14 + "b' = ['SG5']\n'[z-a]' = ['SG5']",
    ),
    "toml_limit": ("pyproject.toml", lambda size: "[tool.soorgeon-clone.lint.limits]\ncell-lines = " + "9" * 4000),
    "toml_select": (
        "pyproject.toml",
        lambda size: "[tool.soorgeon-clone.lint]\nselect = [" + "'SG5'," * (size // 6) + "]",
    ),
    "requirements_lines": ("requirements.txt", lambda size: "numpy\n" * (size // 6)),
    "requirements_long_line": ("requirements.txt", lambda size: "a" * size),
    "requirements_spaces": ("requirements.txt", lambda size: " " * size + "?"),
    "requirements_nul": ("requirements.txt", lambda size: "\0" * size),
    "environment_lines": ("environment.yml", lambda size: "- numpy\n" * (size // 8)),
    "ruff_toml": ("ruff.toml", lambda size: "[" * 5000),
}


def _around_kind(name: str, file: str, make: Callable[[int], str]) -> None:
    KINDS[name] = lambda size: {"a" * 60 + ".ipynb": _PLAIN, file: make(size).encode()}


for _name, (_file, _make) in _AROUND.items():
    _around_kind(_name, _file, _make)


@kind
def exports_module_in_the_way(size: int) -> Files:
    return {"nb.ipynb": _PLAIN, "exported.py": b"y = [" + b"1, " * (size // 3) + b"]"}


@kind
def run_of_a_script(size: int) -> Files:
    return {
        "nb.ipynb": notebook(markdown("## A"), code("%run script.py"), markdown("## B"), code("print(y)")),
        "script.py": b"y = [" + b"1, " * (size // 3) + b"]",
    }


@kind
def generated_record(size: int) -> Files:
    return {"nb.ipynb": _PLAIN, ".soorgeon-clone/generated.json": b"[" * size}


@kind
def readme_to_merge(size: int) -> Files:
    return {"nb.ipynb": _PLAIN, "README.md": b"<!-- soorgeon-clone -->\n" * (size // 24)}


@kind
def gitignore_to_merge(size: int) -> Files:
    return {"nb.ipynb": _PLAIN, "requirements.txt": b"# >>> soorgeon-clone\n" * (size // 21)}
