"""Names of tasks are readable, different, and usable everywhere."""

from __future__ import annotations

import keyword
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soorgeon_clone.notebook.slugs import MAX_BYTES, MAX_LENGTH, task_names

ONE = [
    ("Load", "load"),
    ("Train / test split", "train-test-split"),
    ("  Clean   the DATA!  ", "clean-the-data"),
    ("1. Load data", "load-data"),
    ("2.1 Clean", "clean"),
    ("3) Plot", "plot"),
    ("4 - Fit", "fit"),
    ("Step 1: read", "step-1-read"),
    ("3D plots", "section-3d-plots"),
    ("2020 results", "section-2020-results"),
    ("2020", "section-2020"),
    ("Don't panic", "dont-panic"),
    ("snake_case", "snake-case"),
    ("A/B test", "a-b-test"),
    ("R² & p-values", "r2-p-values"),
    ("C++", "c"),
    ("plot", "plot"),
    ("train", "train"),
    ("model", "model"),
    ("data", "data"),
    # other alphabets
    ("Ünïcödé straße", "unicode-strasse"),
    ("Évaluation naïve", "evaluation-naive"),
    ("Łódź ærø", "lodz-aero"),
    ("Привет, мир", "privet-mir"),
    ("Ελληνικά", "ellinika"),
    ("β coefficients", "beta-coefficients"),
    ("データ", "deta"),
    ("데이터 로드", "deiteo-rodeu"),
    ("数据加载", "数据加载"),
    ("数据 load", "load"),
    ("1. 用 np 读取数据", "用-np-读取数据"),
    ("データの読み込み", "データの読み込み"),
    ("تحميل", "تحميل"),
    ("हिन्दी डेटा", "हिन्दी-डेटा"),
    ("🚀 Launch", "launch"),
    ("📊", "bar-chart"),
    ("", "section-1"),
    ("!?", "section-1"),
    # not on Windows, not as a Python name, not as a generated file
    ("CON", "con-task"),
    ("Com1", "com1-task"),
    ("Import", "import-task"),
    ("None", "none-task"),
    ("Exported", "exported-task"),
    ("Pipeline", "pipeline-task"),
    ("Upstream", "upstream-task"),
    # would be imported in place of the module
    ("Random", "random-task"),
    ("Statistics", "statistics-task"),
    ("Pandas", "pandas-task"),
    ("Random forest", "random-forest"),
    ("Import data", "import-data"),
]


LIKELY = ["load", "Load 2", "con", "import", "📊", "数", "हिन्दी", "𠮷" * 70, "load-2-2"]


@pytest.mark.parametrize(("title", "name"), ONE)
def test_a_title_gives_a_name(title: str, name: str) -> None:
    assert task_names([title]) == (name,)


@pytest.mark.parametrize(
    ("titles", "names"),
    [
        (["Load", "load", "LOAD"], ["load", "load-2", "load-3"]),
        (["Load", "Load", "Load 2"], ["load", "load-3", "load-2"]),
        (["Load 2", "Load", "Load"], ["load-2", "load", "load-3"]),
        (["", "x", ""], ["section-1", "x", "section-3"]),
        (["Section 2", ""], ["section-2", "section-2-2"]),
        (["random", "random task"], ["random-task", "random-task-2"]),
        (["a" * 70, "a" * 70], ["a" * 63, "a" * 61 + "-2"]),
        (["word " * 20] * 2, ["-".join(["word"] * 12), "-".join(["word"] * 12) + "-2"]),
        ([], []),
    ],
)
def test_names_are_different(titles: list[str], names: list[str]) -> None:
    assert list(task_names(titles)) == names


def test_no_task_has_the_name_of_an_imported_module() -> None:
    assert task_names(["Evaluate", "Clean"], imported={"evaluate"}) == ("evaluate-task", "clean")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text() | st.sampled_from(LIKELY), max_size=12))
def test_names_are_usable_everywhere(titles: list[str]) -> None:
    names = task_names(titles)
    assert len(names) == len(set(names)) == len(titles)
    for name in names:
        assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name) or not name.isascii()
        assert name[0].isalpha() and name[-1] != "-"
        assert len(name) <= MAX_LENGTH and len(name.encode()) <= MAX_BYTES
        python_name = name.replace("-", "_")
        assert python_name.isidentifier() and not keyword.iskeyword(python_name)
    assert names == task_names(titles)


def test_ten_thousand_equal_titles() -> None:
    names = task_names(["load"] * 10_000)
    assert names[-1] == "load-10000"
    assert len(set(names)) == 10_000
