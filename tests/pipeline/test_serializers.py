"""Serializers as decorators: by the ending of the product, with defaults and a fallback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from project_folder import Folder

from soorgeon_clone import serializer, unserializer
from soorgeon_clone.errors import UserError

MODULE = """
from soorgeon_clone import serializer, unserializer

def save_lines(obj, product):
    product.write_text("\\n".join(obj))

@serializer({".lines": save_lines}, defaults=[".json", ".txt"], fallback="pickle")
def save(obj, product):
    raise AssertionError("the fallback stands for it")

@unserializer({".lines": lambda product: product.read_text().split("\\n")}, defaults=[".json", ".txt"], fallback=True)
def load(product):
    raise AssertionError("the fallback stands for it")

def first():
    return {"a": ["x", "y"], "b": {"n": 1}, "c": (1, 2), "d": "text"}

def second(upstream):
    return repr(dict(sorted(upstream["first"].items())))
"""


def test_in_a_pipeline(folder: Folder) -> None:
    folder.write("io_.py", MODULE)
    both = {"serializer": "io_.save", "unserializer": "io_.load"}
    products = {key: f"output/{key}.{end}" for key, end in zip("abcd", ("lines", "json", "pkl", "txt"), strict=True)}
    folder.declare(source="io_.first", product=products, **both)
    folder.declare(source="io_.second", product="output/second.txt", **both)
    assert folder.build().ok
    expected = "{'a': ['x', 'y'], 'b': {'n': 1}, 'c': (1, 2), 'd': 'text'}"
    assert (folder.root / "output/second.txt").read_text() == expected


@pytest.mark.parametrize("fallback", [True, "pickle", "joblib", "cloudpickle"])
def test_fallbacks(fallback: Any, tmp_path: Path) -> None:
    if isinstance(fallback, str):
        pytest.importorskip(fallback)

    @serializer(fallback=fallback)
    def save(obj: Any, product: Any) -> None: ...

    @unserializer(fallback=fallback)
    def load(product: Any) -> Any: ...

    save({1: (2,)}, tmp_path / "x.pkl")
    assert load(tmp_path / "x.pkl") == {1: (2,)}


def test_without_a_fallback_the_function_does_it(tmp_path: Path) -> None:
    @serializer(defaults=[".json"])
    def save(obj: Any, product: Any) -> None:
        Path(product).write_text("mine")

    save(1, tmp_path / "x.other")
    save(1, tmp_path / "x.json")
    assert [(tmp_path / name).read_text() for name in ("x.other", "x.json")] == ["mine", "1"]


def test_unpacked(tmp_path: Path) -> None:
    paths = {"a": tmp_path / "a.json", "b": tmp_path / "b.txt"}

    @serializer(defaults=[".json", ".txt"], unpack=True)
    def save(obj: Any, product: Any) -> None: ...

    @unserializer(defaults=[".json", ".txt"], unpack=True)
    def load(product: Any) -> Any: ...

    save({"a": [1], "b": "x"}, paths)
    assert load(paths) == {"a": [1], "b": "x"}
    with pytest.raises(TypeError, match="must return a mapping with the keys"):
        save({"a": 1}, paths)


@pytest.mark.parametrize(
    "arguments",
    [
        {"extension_mapping": {"npy": print}},
        {"defaults": [".npy"]},
        {"defaults": [".csv"], "extension_mapping": {".csv": print}},
        {"fallback": "dill"},
    ],
)
@pytest.mark.parametrize("kind", [serializer, unserializer])
def test_what_cannot_be(kind: Callable[..., Any], arguments: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        kind(**arguments)(print)


def test_the_wrong_kind_of_object(tmp_path: Path) -> None:
    @serializer(defaults=[".csv", ".txt"])
    def save(obj: Any, product: Any) -> None: ...

    with pytest.raises(TypeError, match="takes a data frame, not int"):
        save(1, tmp_path / "x.csv")
    with pytest.raises(TypeError, match="takes a text, not int"):
        save(1, tmp_path / "x.txt")


def test_unpack_makes_a_folder_with_a_file_for_each_key(tmp_path: Path) -> None:
    @serializer(defaults=[".txt"], fallback=True, unpack=True)
    def save(obj: Any, product: Any) -> None: ...

    @unserializer(defaults=[".txt"], fallback=True, unpack=True)
    def load(product: Any) -> Any: ...

    products = {"one": tmp_path / "one.pkl", "many": tmp_path / "many"}
    for many in ({"a.txt": "1", "b.pkl": 2}, {"c.txt": "3"}):
        save({"one": 5, "many": many}, products)
        assert load(products) == {"one": 5, "many": many}
    with pytest.raises(TypeError, match="names of files"):
        save({"../x.txt": "1"}, tmp_path / "many")
    with pytest.raises(TypeError, match="a mapping with the keys"):
        save({"one": 5}, products)
