"""Every fact has a reason: the row, what said so, the functions on the way, and whether it is known or feared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from oracle.small import notebook_of, put

from soorgeon_clone.analysis import limits
from soorgeon_clone.analysis.analyse import analyse
from soorgeon_clone.analysis.because import Because
from soorgeon_clone.analysis.knowledge.effects import knowledge
from soorgeon_clone.analysis.model import NotebookFacts
from soorgeon_clone.notebook.sections import split

FIRST = """\
import os, random, mylib
import numpy as np
import pandas as pd
df = pd.DataFrame({"a": [1]})
xs = []
def add(n):
    xs.append(n)
def both(n):
    add(n)
    return random.random()
class Box:
    def put(self, n):
        self.n = n
        xs.append(n)
box = Box()
"""
# code of the second section, (field, name of a variable or item) -> row, rule, whether it is feared, functions entered
CASES: dict[str, dict[tuple[str, str | None], tuple[int, str, bool, tuple[str, ...]]]] = {
    "print(df)\ndf.drop(\n    columns='a', inplace=True)": {
        ("changes", "df"): (2, "pandas.DataFrame.drop (inplace=True)", False, ())
    },
    "(df\n .drop(columns='a', inplace=True))": {
        ("changes", "df"): (2, "pandas.DataFrame.drop (inplace=True)", False, ())
    },
    "df['b'] = 1": {("changes", "df"): (1, "assignment to an item", False, ())},
    "df.b = 1": {("changes", "df"): (1, "assignment to an attribute", False, ())},
    "xs += [1]": {("changes", "xs"): (1, "`+=`", False, ()), ("binds", "xs"): (1, "`+=`", False, ())},
    "del df['a']": {("changes", "df"): (1, "`del`", False, ())},
    "if df.size:\n    xs.clear()": {
        ("changes", "xs"): (2, "builtins.list.clear", False, ()),
        ("reads", "df"): (1, "the notebook's own code", False, ()),
        ("reads", "xs"): (2, "the notebook's own code", False, ()),
    },
    "add(1)": {("changes", "xs"): (1, "builtins.list.append", False, ("add (cell 2, row 7)",))},
    "x = 1\ny = both(x)": {
        ("changes", "xs"): (2, "builtins.list.append", False, ("both (cell 2, row 9)", "add (cell 2, row 7)")),
        ("draws", "python_random"): (2, "random.random", False, ("both (cell 2, row 10)",)),
    },
    "def deep(n):\n    both(n)\nboth(1)\ndeep(1)\ndeep(1)": {
        ("changes", "xs"): (
            *(5, "builtins.list.append", False),
            ("deep (cell 4, row 2)", "both (cell 2, row 9)", "add (cell 2, row 7)"),
        ),
    },
    "for n in range(3):\n    add(n)": {
        ("changes", "xs"): (2, "builtins.list.append", False, ("add (cell 2, row 7)",)),
        ("binds", "n"): (1, "a loop", False, ()),
    },
    "box.put(1)": {
        ("changes", "box"): (1, "assignment to an attribute", False, ("Box.put (cell 2, row 13)",)),
        ("changes", "xs"): (1, "builtins.list.append", False, ("Box.put (cell 2, row 14)",)),
    },
    "it = (add(n) for n in xs)\nlist(it)": {
        ("changes", "xs"): (
            *(2, "builtins.list.append", False),
            ("an iterator (cell 4, row 1)", "add (cell 2, row 7)"),
        ),
    },
    "df['a'].map(add)": {("changes", "xs"): (1, "builtins.list.append", False, ("add (cell 2, row 7)",))},
    "exec('xs.append(1)')": {("changes", "xs"): (1, "builtins.list.append", False, ("exec (its text, row 1)",))},
    "mylib.fit(\n  df)": {
        ("changes", "df"): (1, "code that nobody has described: mylib.fit", True, ()),
        ("unknown_calls", "mylib.fit"): (1, "code that nobody has described: mylib.fit", True, ()),
        ("reads", "df"): (2, "the notebook's own code", False, ()),
    },
    "model = mylib.Model()\nmodel.fit(df)": {
        ("changes", "df"): (2, "code that nobody has described: mylib.Model().fit", True, ())
    },
    "mylib.fit(df)\nmylib.fit(df); df['b'] = 1": {("changes", "df"): (2, "assignment to an item", False, ())},
    "if mylib.fit(df):\n    df['b'] = 1": {("changes", "df"): (2, "assignment to an item", False, ())},
    "mylib.apply(add)": {
        ("changes", "xs"): (1, "code that nobody has described: mylib.apply", True, ("add (cell 2, row 7)",))
    },
    "mylib.fit(df)  # soorgeon-clone: changes df": {
        ("changes", "df"): (1, "a comment in the notebook (changes df)", False, ())
    },
    "mylib.fill(df)": {("changes", "df"): (1, "pyproject.toml: mylib.fill", False, ())},
    "random.seed(1)\nmylib.f()": {
        ("draws", "python_random"): (2, "code that nobody has described: mylib.f", True, ()),
    },
    "random.seed(1)": {("seeds", "python_random"): (1, "random.seed", False, ())},
    "os.environ['A'] = 'b'": {("sets", "environ"): (1, "os.environ", False, ())},
    "pd.set_option('display.width', 1)": {("sets", "pandas_options"): (1, "pandas.set_option", False, ())},
    "np.random = None": {("sets", "modules"): (1, "assignment to numpy.random", False, ())},
    "import mimetypes\nmimetypes.add_type('a', 'b')": {
        ("sets", "modules"): (2, "code that nobody has described: mimetypes.add_type", True, ())
    },
    "df.to_csv('x.csv')\nprint(1)": {
        ("files_written", "x.csv"): (1, "pandas.DataFrame.to_csv (path_or_buf='x.csv')", False, ()),
        ("prints", None): (2, "builtins.print", False, ()),
    },
    "%time 1": {},
    "%cd ..": {("sets", "directory"): (1, "%cd", False, ())},
    "!touch x": {("files_written", "*"): (1, "!touch", False, ())},
    "globals()": {("opaque", None): (1, "builtins.globals", False, ())},
    "df is xs": {("identity", "xs"): (1, "the notebook's own code", False, ())},
    "print({*xs, 1})": {},
}


@pytest.mark.parametrize("code", CASES)
def test_the_reason_of_a_fact(code: str) -> None:
    facts = facts_of((FIRST, code))
    found: dict[tuple[str, str | None], Because] = {}
    for statement in facts.sections[1].statements:  # known ones come first, else the last statement's
        for (kind, _), reason in statement.why.items():
            because = facts.places.because(reason)
            for item in items_of(facts, kind, _):
                if (kind, item) not in found or found[kind, item].feared >= because.feared:
                    found[kind, item] = because
    for key, (row, rule, feared, within) in CASES[code].items():
        got = found[key]
        assert (got.row, got.rule, got.feared, got.within) == (row, rule, feared, within), key


def items_of(facts: NotebookFacts, kind: str, item: object) -> list[str | None]:
    """Return a fact's item; of an object, the variables that denote it."""
    if item is None or isinstance(item, str):
        return [item]
    after = {name: binding for section in facts.sections for name, binding in section.after.items()}
    return [name for name, binding in after.items() if item in binding.value]


def facts_of(sections: tuple[str, ...], files: Mapping[str, str] = {}, folder: Path | None = None) -> NotebookFacts:
    """Return the facts of a notebook; ``files`` are beside it in ``folder``."""
    told = knowledge({"mylib.fill(df)": {"changes": "df", "returns": "none"}})
    if folder is not None:
        put(files, folder)
    return analyse(split(notebook_of(sections), 2), tables=told, read_file=files.get)


def test_every_fact_of_a_statement_has_its_reason() -> None:
    for code in CASES:
        for statement in facts_of((FIRST, code)).statements:
            kinds = {
                "files_read",
                "files_written",
                "sets",
                "draws",
                "seeds",
                "unknown_calls",
                "reads",
                "binds",
                "changes",
            }
            for kind in kinds:
                assert all((kind, item) in statement.why for item in getattr(statement, kind)), (code, kind)
            assert not statement.opaque or ("opaque", None) in statement.why
            assert not statement.prints or ("prints", None) in statement.why


def test_what_repeats_a_call_keeps_the_way() -> None:
    facts = facts_of((FIRST, "def top(n):\n    both(n)\ntop(1)\ntop(2)", "top(3)"))
    (xs,) = facts.sections[0].after["xs"].value
    first, second = facts.sections[1].statements[1:]
    within = ("top (cell 4, row 2)", "both (cell 2, row 9)", "add (cell 2, row 7)")
    for statement, row in ((first, 3), (second, 4), (facts.sections[2].statements[0], 1)):
        because = facts.because(statement, "changes", xs)
        assert because == Because(statement.index, row, "builtins.list.append", within=within)


def test_what_repeats_a_call_prints_as_well() -> None:
    code = "def f():\n    print(1)\ndef g():\n    f()\ndef h():\n    g()\nh()\nh()"
    assert [statement.prints for statement in facts_of((code,)).statements] == [False, False, False, True, True]


def test_where_a_module_beside_the_notebook_does_it(tmp_path: Path) -> None:
    files = {
        "helpers.py": "import random\n\ndef seed(n):\n    return n and start(n)\n\ndef start(n):\n    random.seed(n)\n"
    }
    facts = facts_of(("import helpers", "helpers.seed(1)"), files, tmp_path)
    (statement,) = facts.sections[1].statements
    assert facts.because(statement, "seeds", "python_random") == Because(
        1, 1, "random.seed", within=("seed (helpers.py, row 4)", "start (helpers.py, row 7)")
    )


def test_a_module_beside_the_notebook(tmp_path: Path) -> None:
    files = {"counting.py": "n = 0\ndef count(x):\n    global n\n    n += 1\n    x.append(n)\n    return n\n"}
    facts = facts_of(("import counting\nxs = []", "counting.count(xs)"), files, tmp_path)
    (statement,) = facts.sections[1].statements
    because = facts.because(statement, "binds", "counting.n")
    assert because == Because(2, 1, "`+=`", within=("count (counting.py, row 4)",))
    (xs,) = facts.sections[0].after["xs"].value
    because = facts.because(statement, "changes", xs)
    assert because == Because(2, 1, "builtins.list.append", within=("count (counting.py, row 5)",))


def test_what_importing_does_is_led_back_to_the_row_in_the_module(tmp_path: Path) -> None:
    files = {"helpers.py": "import random\n\nif True:\n    random.seed(1)\n"}
    facts = facts_of(("x = 1", "import helpers"), files, tmp_path)
    because = facts.because(facts.sections[1].statements[0], "seeds", "python_random")
    assert because == Because(1, 1, "random.seed", within=("helpers.py (helpers.py, row 4)",))


LIMITED = {
    "size": (
        "a limit of the analysis was reached: the size of functions",
        replace(limits.LIMITS, size=0, size_of_statement=0),
    ),
    "depth": ("a limit of the analysis was reached: calls inside one another", replace(limits.LIMITS, depth=1)),
    "calls": (
        "a limit of the analysis was reached: what one statement runs",
        replace(limits.LIMITS, calls=1, calls_in_rounds=1),
    ),
}


@pytest.mark.parametrize("limit", LIMITED)
def test_a_limit_is_feared(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, tiny = LIMITED[limit]
    monkeypatch.setattr(limits, "LIMITS", tiny)
    facts = facts_of((FIRST, "def deep(n):\n    both(n)\ndeep(1)"))
    (xs,) = facts.sections[0].after["xs"].value
    statement = facts.sections[1].statements[-1]
    because = facts.because(statement, "changes", xs)
    assert because is not None
    assert (because.rule, because.feared, because.row) == (rule, True, 3)


def test_why_objects_hold_and_share() -> None:
    facts = facts_of(
        ("import mylib, numpy as np\na = np.zeros(3)\nb = a[1:]\nc = mylib.wrap(\n    a)\nd = [a]", "a[0] = 1")
    )
    objects = {name: next(iter(facts.sections[0].after[name].value)) for name in "abcd"}
    view = facts.viewed(objects["a"], objects["b"])
    assert view == Because(2, 3, "numpy.ndarray[]")
    assert facts.held(objects["c"], objects["a"]) == Because(
        3, 4, "code that nobody has described: mylib.wrap", feared=True
    )
    assert facts.held(objects["d"], objects["a"]) == Because(4, 6, "an assignment")
    assert facts.made(objects["a"]) == Because(1, 2, "numpy.zeros")
