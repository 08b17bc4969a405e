"""The Python interface does what the commands do."""

from __future__ import annotations

import pytest
from project_folder import Folder

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.api import Pipeline


def test_load_look_and_build(chain: Folder) -> None:
    with Pipeline(chain.root) as pipeline:
        assert list(pipeline.dag.tasks) == ["load", "fit"]
        assert [status.up_to_date for status in pipeline.status()] == [False, False]
        report = pipeline.build("load")
        assert report.ok
        assert [run.name for run in report.runs] == ["load"]
        assert [run.name for run in pipeline.build(jobs=1).runs if run.ran] == ["fit"]
        assert pipeline.explain("fit").line == "up to date"
        assert pipeline.load("fit", "x") == [2, 3, 4]
        assert pipeline.load("fit", "nb") == chain.root / "output/fit.ipynb"
        with pytest.raises(UserError, match="no product 'y'; it has nb, x"):
            pipeline.load("fit", "y")
        with pytest.raises(UserError, match="there is no task 'none'"):
            pipeline.path("none")


def test_a_folder_is_enough(chain: Folder) -> None:
    assert Pipeline(chain.root).root == chain.root
    assert Pipeline(chain.root / "pipeline.yaml").spec.root == chain.root
