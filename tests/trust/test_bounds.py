"""Hostile input takes no more time and memory than its size allows, or is refused; nothing is a traceback.

Kinds are those of `hostile`; benchmarks/trust/inputs.py takes them through every command at 5 MB.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.ignored import ignores_of
from soorgeon_clone.lint.check import check_bytes
from soorgeon_clone.lint.config import Settings, matches
from soorgeon_clone.lint.differences import changes, unified
from soorgeon_clone.lint.fix import fixed
from soorgeon_clone.lint.model import FileResult
from soorgeon_clone.notebook.headings import headings
from soorgeon_clone.notebook.magics import bound_names
from soorgeon_clone.notebook.read import parse
from soorgeon_clone.notebook.sections import split
from soorgeon_clone.notebook.size import MOST, is_heavy, weight
from soorgeon_clone.pyproject import read_toml
from soorgeon_clone.refactor import files
from soorgeon_clone.refactor.layout import Choices, lay_out
from soorgeon_clone.refactor.model import Plan
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.refactor.script import injected_params
from trust.guard import command, memory, said, seconds
from trust.hostile import KINDS, Files, code, markdown, notebook, one_cell

ALL_RULES = Settings(select=("ALL",))


def of(kind: str, size: int) -> tuple[bytes, Path]:
    made = KINDS[kind](size)
    name = next(iter(made))
    return made[name], Path(name)


def linted(data: bytes, path: Path, settings: Settings = ALL_RULES) -> FileResult:
    return check_bytes(data, path, settings)


def refactored(data: bytes, path: Path) -> tuple[Plan, str] | UserError:
    """Return the plan and the text of its first task, or why there is none."""
    try:
        plan = make_plan(parse(data, path), forced=True)
    except UserError as error:
        return error
    layout = lay_out(plan, Choices())
    return plan, files.project(plan, layout, ()).files[layout.source(plan.tasks[0].name)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_traceback(kind: str) -> None:
    data, path = of(kind, 700)
    with seconds(5):
        linted(data, path, Settings())
        fixed(data, path, Settings(), unsafe=True)
        refactored(data, path)


# Each took minutes, or memory without end; now seconds for 5 MB.
READ = [
    *("py_long_marker", "py_long_marker_of_options", "py_long_marker_of_spaces", "py_long_marker_of_brackets"),
    *(
        "py_marker_over_40000",
        "py_comment_signs",
        "md_heading_of_spaces",
        "md_nested_lists",
        "md_nested_lists_in_a_line",
    ),
    *("md_headings", "md_headings_of_brackets", "md_quotes", "md_open_brackets", "md_backtick_runs", "md_html_open"),
    *("md_file_cells", "rmd_file_cells", "md_file_fence_options", "py_light_cells", "json_deep", "py_coding_punycode"),
]


@pytest.mark.parametrize("kind", READ)
def test_reading(kind: str) -> None:
    data, path = of(kind, 400_000)
    with seconds(10):
        try:
            split(parse(data, path))
        except UserError as error:
            assert error.exit_code == 2


LINTED = [
    *("imported_names", "noqa_for_the_notebook", "noqa_comments", "noqa_of_many_codes", "functions_that_call_all"),
    *("functions_that_are_called", "long_number", "tabs", "awaits", "md_noqa_lines", "help_dots", "sql_result"),
]


@pytest.mark.parametrize("kind", LINTED)
def test_linting(kind: str) -> None:
    data, path = of(kind, 40_000)
    with seconds(10):
        linted(data, path, Settings(select=("ALL",), ignore=("SG3",)))


def test_two_thousand_parameters() -> None:
    data, path = of("parameters_cell", 30_000)
    with seconds(10):
        plan = make_plan(parse(data, path))
    assert plan.tasks[0].params["a2000"] == "2000"


def test_numbers_and_texts_that_no_file_holds_stay_in_the_script() -> None:
    done = refactored(*of("parameter_of_4000_digits", 0))
    assert not isinstance(done, UserError)
    assert injected_params(done[0].tasks[0]) == {}
    assert "a = 0xffff" in done[1] and "b = '\\ud800'" in done[1]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("--persist --out x res << select 1", "res"),
        ("sqlite:///a.db @con res = << select 1", "res"),
        ("res<<select 1", "res"),
        ("one two << select 1", ""),
        ("<< select 1", ""),
        ("--a " * 20_000 + "res << select 1", "res"),
    ],
)
def test_the_name_of_a_query(line: str, name: str) -> None:
    with seconds(5):
        assert (name in bound_names("sql", line, "")) == bool(name)


def test_three_thousand_headings() -> None:
    source = "\n\n".join(f"## Part {number}\n\nText." for number in range(3_000))
    with seconds(10):
        assert [one.title for one in headings(source)][:2] == ["Part 0", "Part 1"]
        assert len(headings(source)) == 3_000


def test_a_long_text_has_the_headings_of_a_short_one() -> None:
    short = (
        "# A *b*\n\n```\n# no\n```\n~~~~\n## no\n~~~\n~~~~\n\n> # no\n\nC `d`\n---\n\n- # no\n\n"
        "    # no\n\n<h2>E &amp; f</h2>\n\nG\nh\n===\n\n### [I](j) {#k}\n"
    )
    found = [one for one in headings(short) if one.title != "G h"]
    long = [one for one in headings(short + "\nText.\n" * 1_000) if one.title != "h"]
    assert long == found
    assert [one.title for one in found] == ["A b", "C d", "E & f", "I"]


# -- code that is too much --------------------------------------------------------------------------------------------

MILLION = "y = [" + "1, " * 1_000_000 + "]"


def test_a_list_of_a_million_numbers_becomes_one_task() -> None:
    with seconds(20), memory(1_000):
        done = refactored(one_cell(MILLION)["nb.ipynb"], Path("nb.ipynb"))
    assert not isinstance(done, UserError)
    plan, text = done
    assert [task.name for task in plan.tasks] == ["load"]
    assert plan.merges[0].sections == ("Load", "Middle", "End")
    assert "too large" in plan.merges[0].reason and "cell 4" in plan.merges[0].reason
    assert MILLION in text


def test_and_is_not_linted() -> None:
    with seconds(10), memory(500):
        result = linted(one_cell(MILLION)["nb.ipynb"], Path("nb.ipynb"))
    assert not result.diagnostics
    assert "nb.ipynb, cell 4" in result.trouble and "too much code" in result.trouble


def test_one_task_keeps_what_the_notebook_asks_for(tmp_path: Path) -> None:
    cells = [
        code("a = 2", metadata={"tags": ["parameters"]}),
        code("import json\nfrom os import path\nimport numpy as np, xml.dom\n" + MILLION),
        code("print('product' in globals())\n%time upstream"),
    ]
    done = refactored(notebook(*cells), tmp_path / "nb.ipynb")
    assert not isinstance(done, UserError)
    plan, text = done
    assert plan.modules == ("json", "numpy", "os", "xml.dom")
    assert plan.tasks[0].params == {"a": "2"}
    assert "del upstream, product" in text
    assert "one task" in plan.hints[0]


def test_an_ordinary_notebook_is_not_too_much() -> None:
    lines = "frame['total'] = frame.groupby(['a', 'b'])['c'].transform(lambda group: group.sum() / 2)  # comment\n"
    assert not is_heavy([lines * 20] * 200)
    assert not is_heavy(["data = [" + "1.5, " * 100_000 + "]"])
    assert not is_heavy(["text = '''" + "one, two, three\n" * 100_000 + "'''"])


@pytest.mark.parametrize(
    "kind", ["f_strings", "list_of_names", "assignments", "long_number", "quotes", "backslashes", "form_feeds"]
)
def test_weight_is_found_at_once(kind: str) -> None:
    made: Files = KINDS[kind](5_000_000)
    (source,) = (c.source for c in parse(made["nb.ipynb"], Path("nb.ipynb")).cells if len(c.source) > 1_000)
    with seconds(5):
        assert weight(source) == MOST


def test_weight_of_pieces() -> None:
    filling = "#" + "x" * 2_000 + "\n"  # a source that is longer than those which need no counting
    base = weight(filling)
    for text, expected in [
        ("1, 2", 3),
        ("a", 2),
        ("'a, b'", 1),
        ('"a" b', 3),
        ("'''a\n' b'''", 1),
        (r"'\'' 1", 2),
        ("'a\n1", 2),
        ("'''a 1 2", 1),
    ]:
        assert weight(filling + text) - base == expected, text


DEEP = [
    "elif_chain_that_runs",
    "conditional_chain_that_runs",
    "sum_that_runs",
    "nested_lambda_that_runs",
    "nested_class",
]


@pytest.mark.parametrize("kind", DEEP)
def test_deep_code_that_runs_is_not_refused(kind: str) -> None:
    data, path = of(kind, 100_000)
    with seconds(10):
        done = refactored(data, path)
        assert not isinstance(done, UserError), done
        linted(data, path)


@pytest.mark.parametrize("count", [150, 1_000])
def test_classes_in_a_chain(count: int) -> None:
    chain = "class A0: pass\n" + "".join(f"class A{n + 1}(A{n}):\n    b{n} = {n}\n" for n in range(count))
    with seconds(15):
        assert not isinstance(refactored(one_cell(chain)["nb.ipynb"], Path("nb.ipynb")), UserError)


def test_classes_in_diamonds() -> None:
    source = "class A0: pass\n" + "".join(
        f"class B{n}(A{n}): pass\nclass C{n}(A{n}): pass\nclass A{n + 1}(B{n}, C{n}): pass\n" for n in range(25)
    )
    with seconds(10):
        assert not isinstance(refactored(one_cell(source)["nb.ipynb"], Path("nb.ipynb")), UserError)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([markdown("## Part"), code("x = []")] * 2_001, "2,001 sections"),
        (
            [
                cell
                for n in range(220)
                for cell in (markdown(f"## P{n}"), code(f"a{n} = [{', '.join(f'a{m}' for m in range(n))}]"))
            ],
            "need too much of one another",
        ),
    ],
)
def test_sections_beyond_number(cells: list[dict[str, object]], reason: str) -> None:
    with seconds(20):
        plan = make_plan(parse(notebook(*cells), Path("nb.ipynb")))
    assert len(plan.tasks) == 1
    assert reason in plan.merges[0].reason


def test_many_equal_cells_get_ids() -> None:
    from soorgeon_clone.notebook.write import to_data

    cells = parse(notebook(*[code("print(1)")] * 5_000), Path("nb.ipynb")).cells
    with seconds(5):
        assert len({cell["id"] for cell in to_data(cells, {})["cells"]}) == 5_000


# -- what stands around ------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    (tmp_path / ".git").mkdir()
    (tmp_path / ("a" * 100 + ".ipynb")).write_bytes(notebook(markdown("# A"), code("print(1)")))
    return tmp_path


IGNORED = [
    "*a" * 10 + "b",
    "*a" * 400 + "b",
    "*(" * 30 + "b",
    "*[(]" * 30 + "b",
    "*?" * 40 + "b",
    "a*" * 100 + "/b",
    "**/*a*a*a*a*a*a/**/*a*a*a*a*ab",
    "[z-a]",
    "[",
    "[!]",
    "[[:alpha:]]*",
    "\\",
    "a\0b",
    "!",
    "/",
    "//",
    "***",
    "\x1b]52;c;a\x07",
]


@pytest.mark.parametrize("pattern", IGNORED)
def test_patterns_of_gitignore(folder: Path, pattern: str) -> None:
    (folder / ".gitignore").write_text(pattern + "\n")
    ignores = ignores_of(folder)
    with seconds(2):
        ignores.enter(())
        for name in ("a" * 255, "(" * 255, "/".join(["a" * 40] * 80)):
            assert not ignores.leaves_out_below(tuple(name.split("/"))) or pattern in ("***", "!", "a" * 100), name


def test_many_stars_match_what_they_mean(folder: Path) -> None:
    (folder / ".gitignore").write_text("*a*b*c*.ipynb\nx*[!y]*/*z\n**/q*r*s/t*u*v\n")
    ignores = ignores_of(folder)
    ignores.enter(())
    for name in ("abc.ipynb", "d/xaxbxcx.ipynb", "aabbcc.x.ipynb", "xaa/bz", "q-r-s/t-u-v", "d/e/qrrs/tuvv"):
        assert ignores.leaves_out_below(tuple(name.split("/"))), name
    for name in ("acb.ipynb", "abc.ipynb2", "xy/z2", "d/xaa/bz", "q-s/t-u-v"):
        assert not ignores.leaves_out_below(tuple(name.split("/"))), name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" * 1_001, "line 1: a pattern with 1,001 characters"),
        ("a\n" * 5_001, "more than 5,000 patterns"),
        ("a" * 1_000_001, "larger than 1 MB"),
    ],
)
def test_what_is_too_much_in_gitignore(folder: Path, text: str, reason: str) -> None:
    (folder / ".gitignore").write_text(text)
    result = command("lint", ".")
    assert result.exit_code == 2
    assert ".gitignore" in said(result) and reason in said(result)


@pytest.mark.parametrize("pattern", ["*a" * 20 + "b", "[z-a]", "*" * 5_000 + "b", "a\0b", "[", "?*" * 50 + "b"])
def test_patterns_of_settings(pattern: str) -> None:
    with seconds(2):
        assert not matches(Path("a" * 255), pattern, None)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 200_000 + "]" * 200_000,
        "a = " + "{a=" * 100_000,
        ".".join("a" * 200_000) + " = 1",
        "[" + ".".join("a" * 200_000) + "]",
        "a = " + "1" * 5_000,
        "a = '" + "a" * 1_000_000 + "'",
        "\0",
        "\ufeffa = 1",
    ],
)
def test_toml(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    with seconds(5), pytest.raises(UserError, match=r"pyproject\.toml"):
        read_toml(folder / "pyproject.toml")


def test_deep_records_of_refactor_are_none(folder: Path) -> None:
    (folder / "out" / ".soorgeon-clone").mkdir(parents=True)
    (folder / "out" / ".soorgeon-clone" / "generated.json").write_text("[" * 100_000)
    assert command("refactor", "--into", "out", "a" * 100 + ".ipynb").exit_code == 0


def test_folders_in_folders_in_folders(folder: Path) -> None:
    place = folder
    for _ in range(150):
        place /= "f"
        place.mkdir()
    os.replace("a" * 100 + ".ipynb", place / "nb.ipynb")  # noqa: PTH105
    result = command("lint", ".")
    assert "No notebooks found" in said(result)


# -- differences -------------------------------------------------------------------------------------------------------


def test_clean_of_equal_lines(folder: Path) -> None:
    (folder / "nb.ipynb").write_bytes(notebook(code("x=1\n\n" * 4_000)))
    assert "@@" in said(command("clean", "--diff", "nb.ipynb"))
    assert command("clean", "nb.ipynb").exit_code == 0
    assert parse((folder / "nb.ipynb").read_bytes(), None, ".ipynb").cells[0].source.startswith("x = 1\n\nx = 1\n")


def test_clean_of_too_much(folder: Path) -> None:
    (folder / "nb.ipynb").write_bytes(one_cell(MILLION)["nb.ipynb"])
    result = command("clean", "nb.ipynb")
    assert result.exit_code == 2
    assert "nb.ipynb, cell 4: the notebook has too much code to be formatted" in said(result)
    assert command("clean", "--no-format", "--strip-outputs", "nb.ipynb").exit_code == 0


@pytest.mark.parametrize("lines", [1_500, 100_000])
def test_changes_of_equal_lines(lines: int) -> None:
    old = ["a", "", "b=1"] * lines
    new = ["a", "b = 1", ""] * lines
    with seconds(10):
        result = list(old)
        for first, last, start, stop in reversed(changes(old, new)):
            result[first:last] = new[start:stop]
    assert result == new


def test_a_unified_diff_is_that_of_difflib() -> None:
    import difflib
    import random

    rng = random.Random(0)
    for _ in range(200):
        old = [f"{number}\n" for number in range(rng.randrange(40))]
        new = list(old)
        for _ in range(rng.randrange(5)):
            place = rng.randrange(len(new) + 1)
            new[place : place + rng.randrange(3)] = [f"new {rng.random()}\n" for _ in range(rng.randrange(3))]
        assert list(unified(old, new, "n")) == list(difflib.unified_diff(old, new, "a/n", "b/n"))


# -- encodings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["rot13", "zlib", "hex", "punycode", "idna", "undefined"])
def test_encodings_that_are_none(encoding: str) -> None:
    with pytest.raises(UserError, match="no encoding that a script can have"):
        parse(f"# coding: {encoding}\n# %%\nx = 1\n".encode(), Path("nb.py"))
