"""A build says what a task's own saving code said it could not keep."""

from __future__ import annotations

from pipeline.building.test_undeclared import warned
from project_folder import Folder

WARN = """\
import warnings
class NotKept(UserWarning): pass
print("NotKept: a text of the notebook's own")
warnings.warn("a.csv does not keep the index", NotKept)
warnings.warn("of another kind")"""


def test_what_a_table_does_not_keep_is_said(folder: Folder) -> None:
    folder.task("a", WARN)
    assert warned(folder).texts == ["task 'a': a.csv does not keep the index"]
    assert warned(folder).texts == []
