from __future__ import annotations

from refactor.conftest import bundle, plan, task
from soorgeon_clone.refactor.layout import Choices, lay_out
from soorgeon_clone.refactor.model import Bundle, Part, Plan


def paths(made: Plan, **choices: str) -> dict[str, str]:
    layout = lay_out(made, Choices(**choices))  # type: ignore[arg-type]
    return {file.key: file.path for file in layout.files.values()}


def test_products_as_soorgeon_names_them() -> None:
    made = plan(task("load", "", saves=[bundle("df"), bundle("a", "b")]))
    assert paths(made) == {"df": "output/load-df.pkl", "a-b": "output/load-a-b.pkl"}
    assert lay_out(made, Choices()).notebooks == {"load": "output/load.ipynb"}


def test_a_variable_called_nb_gets_another_key() -> None:
    assert paths(plan(task("load", "", saves=[bundle("nb"), bundle("nb_2")]))) == {
        "nb_2": "output/load-nb.pkl",
        "nb_2_2": "output/load-nb_2.pkl",
    }


def test_no_two_products_are_one_file_on_any_system() -> None:
    made = plan(
        task("a", "", saves=[bundle("x"), bundle("X"), bundle("b-c")]),
        task("a-b", "", saves=[bundle("c")]),
        task("Straße", "", saves=[bundle("strasse")]),
        task("STRASSE", "", saves=[bundle("STRASSE")]),
    )
    layout = lay_out(made, Choices())
    all_paths = [*layout.notebooks.values(), *(file.path for file in layout.files.values())]
    assert len({path.casefold() for path in all_paths}) == len(all_paths)
    assert all_paths[:4] == ["output/a.ipynb", "output/a-b.ipynb", "output/Straße.ipynb", "output/STRASSE-2.ipynb"]


def test_prefixes() -> None:
    made = plan(task("load", "", saves=[bundle("df")]))
    for prefix, path in {
        "out/": "out/load-df.pkl",
        "a\\b": "a/b/load-df.pkl",
        ".": "load-df.pkl",
        "": "load-df.pkl",
        "/abs": "/abs/load-df.pkl",
        "../up": "../up/load-df.pkl",
    }.items():
        assert paths(made, product_prefix=prefix) == {"df": path}


def test_long_names_make_short_files() -> None:
    many = bundle(*(f"price_{number}" for number in range(30)))
    long = bundle("ä" * 200)
    (first, second) = paths(plan(task("load", "", saves=[many, long]))).values()
    assert first == "output/load-price_variables.pkl"
    assert len(second.encode()) < 130


def test_a_suffix_is_what_the_file_holds_whatever_the_run_finds() -> None:
    state = Bundle("state", (Part("state", "random.getstate()", "random.setstate({value})"),))
    saves = [bundle("a", frame=True), bundle("b", frame=False), bundle("c"), bundle("d", "e"), state]
    suffixes = [path.partition(".")[2] for path in paths(plan(task("x", "", saves=saves)), df_format="csv").values()]
    assert suffixes == ["csv", "pkl", "csv", "pkl", "pkl"]


def test_the_module_for_frames_is_named_around_other_modules() -> None:
    saves = [bundle("df", frame=True)]
    made = plan(task("frames", "", saves=saves), modules=["frames_2"])
    assert lay_out(made, Choices(df_format="csv", local_modules=("frames_3",))).frames_module == "frames_4"
    assert lay_out(plan(task("x", "", saves=[bundle("a", frame=False)])), Choices(df_format="csv")).own_modules == ()
