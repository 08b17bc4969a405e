"""What code is made of: the same digest for the same meaning, the names it uses, what importing it does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.pipeline.sources import code_facts
from soorgeon_clone.pipeline.sources import source_facts as source
from soorgeon_clone.pipeline.sources.closure import follow, follow_function
from soorgeon_clone.pipeline.sources.local_modules import LocalModules
from soorgeon_clone.pipeline.sources.model import CodeFacts


def script(*cells: str) -> CodeFacts:
    facts = source.notebook_facts(Notebook("n", None, tuple(Cell(i, "code", text) for i, text in enumerate(cells))))
    assert facts.code is not None, facts.problem
    return facts.code


SAME = [
    ("x = 1", "x=1  # one"),
    ("x = 'a'", 'x = "a"'),
    ("f(a, b)", "f(\n    a,\n    b,\n)"),
    ("x = (1 + 2) * 3", "x = ((1 + 2)) * 3"),
    ("if a:\n    b", "if a: b"),
    ("x = 1\n\n\ny = 2", "x = 1\ny = 2"),
    ("x = 1_000", "x = 1000"),
    ("'a' 'b'", "'ab'"),
]
OTHER = [
    ("x = 1", "x = 2"),
    ("x = 1", "x = 1.0"),
    ("x = True", "x = 1"),
    ("x = 1", "y = 1"),
    ("x = None", "x"),
    ("x = ...", "x = None"),
    ("f(a=1)", "f(b=1)"),
    ("a; b", "b; a"),
    ("x.plot()", "x.plot();"),
    ("%matplotlib inline", "%matplotlib agg"),
    ("!ls a", "!ls b"),
    ("x = 1", "%time x = 1"),
    ("def f(): 'doc'", "def f(): 'other'"),
    ("b'a'", "'a'"),
    ("async def f(): pass", "def f(): pass"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_code(one: str, other: str) -> None:
    assert script(one).effects.digest == script(other).effects.digest


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_code(one: str, other: str) -> None:
    assert script(one).effects.digest != script(other).effects.digest


def test_cells_count_but_not_empty_ones() -> None:
    assert script("a", "b").effects.digest != script("a\nb").effects.digest
    assert script("a", "", "# nothing", "b").effects.digest == script("a", "b").effects.digest


USES = {
    "upstream['a']['x']": (("a", "x"),),
    "upstream['a']": (("a", None),),
    "upstream['a']['x'], upstream['b']['y']": (("a", "x"), ("b", "y")),
    "for one in upstream: pass": None,
    "f(upstream)": None,
    "upstream[name]['x']": None,
    "upstream['a'][name]": (("a", None),),
    "eval('upstream')": None,
    "globals()['upstream']": None,
    "globals().get('upstream')": None,
    "globals()[name]": None,
    "for name in globals(): pass": None,
    "p = globals().get('p', 1); upstream['a']['x']": (("a", "x"),),
    "if 'p' in globals(): upstream['a']['x']": (("a", "x"),),
    "!cat {upstream['a']['x']}": None,
    "x = 1": (),
    "upstream = {}": (),
}


@pytest.mark.parametrize(("code", "expected"), USES.items(), ids=USES)
def test_what_is_taken_out_of_upstream(code: str, expected: object) -> None:
    assert script(code).upstream == expected


def test_a_name_in_a_text_for_globals_is_used() -> None:
    assert "clean" in script("from exported import clean\nglobals()['clean'](1)").effects.uses
    assert not script("globals().get('x', 2)").reflective
    assert script("globals()").reflective and script("globals().update(x=1)").reflective


def test_facts_survive_the_records() -> None:
    text = (
        "import os.path as p, json\nfrom .a import b as c\nfrom x import *\n\ndef f():\n    return json.x(c)\n\nf()\n"
    )
    facts = code_facts.of_module(ast.parse(text))
    assert source.code_from_json(source.to_json(facts)) == facts
    whole = source.notebook_facts(Notebook("n", None, (Cell(0, "code", text.replace(".a", "a")),)))
    assert source.source_from_json(source.to_json(whole)) == whole


MODULES = {
    "plain.py": """
        import numpy as np
        import yaml
        LIMIT = 3
        TABLE = make()
        def used(x):
            return helper(x) + LIMIT
        def helper(x):
            return np.sum(x)
        def unused():
            return yaml.load('')
        class Base:
            def m(self):
                return helper(1)
        class Derived(Base):
            pass
        def make():
            return 1
        """,
    "effects.py": "import plain\nprint(plain.LIMIT)\n\ndef f():\n    return 1\n",
    "stars.py": "from plain import *\n",
    "reexport.py": "from plain import used as exported\n",
    "registry.py": """
        registry = []
        def register(f):
            registry.append(f)
            return f
        @register
        def a():
            return 1
        """,
    "lazy.py": "def f():\n    from plain import helper\n    return helper(1)\n",
    "dynamic.py": "def __getattr__(name):\n    return secret()\n\ndef secret():\n    return 1\n",
    "circle_a.py": "import circle_b\n\ndef a(n):\n    return n and circle_b.b(n - 1)\n",
    "circle_b.py": "import circle_a\n\ndef b(n):\n    return n and circle_a.a(n - 1)\n",
    "broken.py": "def f(:\n",
    "pkg/__init__.py": "VERSION = 1\n",
    "pkg/sub/__init__.py": "from .deep import value\n",
    "pkg/sub/deep.py": "from ... import pkg\nfrom ..side import thing\n\ndef value():\n    return thing\n",
    "pkg/side.py": "thing = [1]\nother = 2\n",
    "namespace/inner.py": "def f():\n    return 1\n",
    "conditional.py": "try:\n    import orjson as j\nexcept ImportError:\n    import json as j\ndef f(): return j\n",
}

USED = "function:plain.LIMIT function:plain.helper function:plain.used module:plain"
DERIVED = "function:plain.Base function:plain.Derived function:plain.helper module:plain"
PARTS = {
    "from plain import used\nused([])": USED,
    "import plain\nplain.used([])": USED,
    "import plain as p\np.LIMIT": "function:plain.LIMIT module:plain",
    "from plain import Derived": "module:plain",
    "from plain import Derived\nDerived()": DERIVED,
    "import effects\neffects.f()": "function:effects.f function:plain.LIMIT module:effects module:plain",
    "import effects": "function:plain.LIMIT module:effects module:plain",
    "from stars import used\nused": USED,
    "from reexport import exported\nexported": USED,
    "import registry\nregistry.registry": "function:registry.register function:registry.registry module:registry",
    "from lazy import f\nf()": "function:lazy.f function:plain.helper module:plain",
    "import dynamic\ndynamic.anything": "function:dynamic.__getattr__ function:dynamic.secret",
    "from circle_a import a\na(1)": "function:circle_a.a function:circle_b.b",
    "import broken": "module:broken",
    "from pkg.sub import value\nvalue()": "function:pkg.side.thing function:pkg.sub.deep.value",
    "import pkg.side\npkg.side.other": "function:pkg.side.other",
    "from namespace import inner\ninner.f()": "function:namespace.inner.f",
    "from conditional import f\nf()": "function:conditional.f module:conditional",
    "f = plain": "",
    "import math\nmath.pi": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    import textwrap

    for name, text in MODULES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    return tmp_path


def module_facts(path: str) -> CodeFacts | None:
    return source.module_facts(Path(path))


@pytest.mark.parametrize(("code", "expected"), PARTS.items(), ids=PARTS)
def test_names_are_followed_into_local_modules(code: str, expected: str, root: Path) -> None:
    closure = follow(script(code), LocalModules(root), module_facts)
    # TABLE is made by a call, which may do anything: it and what it calls are effects of the module.
    made = {"function:plain.make", "function:plain.TABLE"}
    assert sorted(set(closure.parts) - made) == sorted(expected.split())


def test_the_libraries_that_are_used(root: Path) -> None:
    local = LocalModules(root)
    assert follow(script("from plain import helper\nhelper(1)"), local, module_facts).libraries == {"numpy"}
    assert follow(script("import plain\nplain.unused()"), local, module_facts).libraries == {"yaml"}
    assert follow(script("import pandas as pd, os\nfrom sklearn.svm import SVC"), local, module_facts).libraries == {
        "pandas",
        "sklearn",
    }
    assert follow_function("conditional.f", local, module_facts).libraries == {"orjson"}


def test_a_module_of_the_standard_librarys_name_is_the_projects(tmp_path: Path) -> None:
    (tmp_path / "queue.py").write_text("def f():\n    return 1\n")
    closure = follow(script("import queue\nqueue.f()"), LocalModules(tmp_path), module_facts)
    assert set(closure.parts) == {"function:queue.f"}
