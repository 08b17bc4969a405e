"""A pipeline that was built once for a module of tests, and is laid anew for each."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from trust.site import Site


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    before = os.environ.get("SOORGEON_CLONE_CACHE")
    yield Site(tmp_path_factory.mktemp("site"))
    os.environ.pop("SOORGEON_CLONE_CACHE", None)
    if before is not None:
        os.environ["SOORGEON_CLONE_CACHE"] = before


@pytest.fixture
def site(built: Site) -> Site:
    """The pipeline with its products, records and cache as its build left them."""
    built.reset()
    return built
