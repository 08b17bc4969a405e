"""Notebooks in R, bash, Julia and JavaScript: what they declare, and how values are written in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from project_folder import Folder

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.declared.values import Lookup
from soorgeon_clone.pipeline.sources.languages import LANGUAGES, Written, declared, named
from soorgeon_clone.pipeline.sources.source_facts import script_facts, source_from_json, to_json


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("upstream = NULL", None),
        ("upstream <- list('load', \"clean\")", ["load", "clean"]),
        ("upstream = c('load')", "load"),
        ('upstream = list(\n  "a",\n  "b"\n)\nproduct = NULL', ["a", "b"]),
        ("upstream = 'load'", "load"),
        ('upstream = ["a", "b"]', ["a", "b"]),
        ("upstream = nothing", None),
        ('var upstream = ["fit-*"];', "fit-*"),
        ("x = 1", None),
        ("upstream = list('a)b', 'c')", ["a)b", "c"]),
    ],
)
def test_upstream(cell: str, expected: Any) -> None:
    found = declared(cell, "upstream")
    assert ([found] if isinstance(found, str) else found) == ([expected] if isinstance(expected, str) else expected)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("product = 'out/a.html'", "out/a.html"),
        ("product <- list(nb='out/a.html', data = \"out/a.csv\")", {"nb": "out/a.html", "data": "out/a.csv"}),
        ('product = Dict("nb" => "a.ipynb", "x" => "b.csv")', {"nb": "a.ipynb", "x": "b.csv"}),
        ("product = NULL", None),
    ],
)
def test_product(cell: str, expected: Any) -> None:
    assert declared(cell, "product") == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("upstream=load", ["load"]),
        ("upstream=(load clean)", ["load", "clean"]),
        ("upstream='a'", "a"),
        ("upstream=", None),
    ],
)  # fmt: skip
def test_upstream_in_bash(cell: str, expected: Any) -> None:
    assert declared(cell, "upstream", words=True) in (expected, expected and expected[0])


VALUE = {"load": {"nb": "a b.ipynb", "it's": 1}}


@pytest.mark.parametrize(
    ("language", "value", "code"),
    [
        ("R", VALUE, 'x = list("load" = list("nb" = "a b.ipynb", "it\'s" = 1))'),
        ("R", [None, True, 0.5, float("nan"), float("-inf")], "x = list(NULL, TRUE, 0.5, NaN, -Inf)"),
        ("R", 'quote " back \\ line\n', 'x = "quote \\" back \\\\ line\\n"'),
        ("julia", {"a": [1, None]}, 'x = Dict("a" => [1, nothing])'),
        ("julia", "$HOME", 'x = "\\$HOME"'),
        ("bash", VALUE, "declare -A x=([load.nb]='a b.ipynb' ['load.it'\"'\"'s']=1)"),
        ("bash", [1, "$(rm)"], "x=(1 '$(rm)')"),
        ("javascript", {"a": [1, None, "</script>"]}, 'var x = {"a": [1, null, "</script>"]};'),
    ],
)
def test_values(language: str, value: Any, code: str) -> None:
    assert LANGUAGES[language].assign("x", value) == code


def test_a_value_of_the_environment_is_looked_up_where_it_runs() -> None:
    lookup = Lookup(("db://", "PASSWORD", "@host"))

    def written(name: str) -> str:
        language = LANGUAGES[name]
        return language.assign("x", Written(language.looked_up(lookup.parts)))

    assert written("R") == 'x = paste0("db://", Sys.getenv("PASSWORD"), "@host")'
    assert written("bash") == 'x=db://"${PASSWORD}"@host'
    assert written("julia") == 'x = "db://" * ENV["PASSWORD"] * "@host"'


@pytest.mark.parametrize(
    ("said", "name"), [("ir", "R"), ("R", "R"), ("julia-1.9", "julia"), ("Bash", "bash"), ("x", "x")]
)
def test_names(said: str, name: str) -> None:
    assert named(said) == name


def test_facts(tmp_path: Path) -> None:
    source = tmp_path / "a.R"
    source.write_text(
        "# %% tags=['parameters']\nupstream = list('b')\nproduct = NULL\nn = 1\n\n# %%\nread.csv('data.csv')\n"
    )
    facts = script_facts(source)
    assert (facts.language, facts.kernel, facts.upstream, facts.declared) == ("R", "ir", ("b",), ("n",))
    assert facts.code is not None
    assert facts.code.constants == ("data.csv",)
    assert source_from_json(to_json(facts)) == facts
    changed = script_facts(_with(source, "# a comment\n"))
    assert changed.prose != facts.prose


def _with(path: Path, more: str) -> Path:
    path.write_text(path.read_text() + more)
    return path


def test_a_language_without_a_kernel_is_refused_before_anything_runs(folder: Folder) -> None:
    folder.write("a.jl", "x = 1\n")
    folder.declare(source="a.jl", product={"nb": "output/a.ipynb"})
    with pytest.raises(UserError, match="written in julia: name its Jupyter kernel with 'kernelspec_name'"):
        folder.build()


@pytest.mark.parametrize(
    ("name", "described"), [("fit-a-model.py", "2. Fit a model"), ("other.py", "Imports"), ("imports.py", "Imports")]
)
def test_a_script_is_described_by_the_heading_that_it_is_called_after(
    name: str, described: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("# %% [markdown]\n# ## Imports\n# %% [markdown]\n# ## 2. Fit a model\n# %%\nx = 1\n")
    assert script_facts(tmp_path / name).doc == described
