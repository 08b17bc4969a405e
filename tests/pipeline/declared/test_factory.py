"""``location: module.function``: the tasks are what a function returns, which only builds call."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_folder import Folder

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline import Pipeline
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

MAPPING = """
    from pathlib import Path

    Path("called").write_text("")

    def make():
        return {"tasks": [{"source": "tasks.a", "product": Path("out") / "a.txt", "params": {"n": 2}}]}
"""
TASKS = """
    def a(product, n):
        with open(product, "w") as file:
            file.write(str(n))
"""
# what Ploomber's own objects say of themselves
DAG = """
    import tasks
    from types import SimpleNamespace as Some


    class PythonCallable:
        upstream, on_render, on_finish, on_failure = {}, None, None, None
        name, product, params = "a", "out/a.txt", {"n": 3, "product": object()}
        source = Some(primitive=tasks.a)


    class Serial:
        pass


    class DAG(dict):
        executor, on_render, on_finish, on_failure = Serial(), None, None, None

        def render(self, show_progress):
            self["a"] = PythonCallable()


    def make():
        return DAG()
"""


@pytest.fixture
def located(folder: Folder) -> Folder:
    folder.write("pipeline.yaml", "location: factory.make\n")
    folder.write("factory.py", MAPPING)
    folder.write("tasks.py", TASKS)
    return folder


def names(folder: Folder) -> list[str]:
    return list(folder.status())


def test_reading_calls_nothing(located: Folder) -> None:
    with Project(located.root) as project:
        assert project.status() == []
        assert "only a build calls it" in project.spec.warnings[0]
    assert not (located.root / "called").exists()


def test_a_mapping(located: Folder) -> None:
    assert located.ran() == ["a"]
    assert (located.root / "out/a.txt").read_text() == "2"
    assert located.ran() == []
    assert names(located) == ["a"]
    located.write("factory.py", MAPPING.replace('"n": 2', '"n": 5'))
    assert names(located) == []  # nobody knows what it returns now
    assert located.ran() == ["a"]


def test_a_dag(located: Folder) -> None:
    located.write("factory.py", DAG)
    assert located.ran() == ["a"]
    assert (located.root / "out/a.txt").read_text() == "3"


def test_as_an_entry_point(located: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    (located.root / "pipeline.yaml").unlink()
    monkeypatch.chdir(located.root)
    with Project(Path("factory.make")) as project:
        assert build(project).ok
    with pytest.raises(UserError, match="no module nowhere"):
        Project(Path("nowhere.make"))
    with Pipeline("factory.make") as pipeline:
        assert list(pipeline) == ["a"]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("5", "returned int: expected a DAG"),
        ('{"tasks": [{"source": "tasks.a", "product": "x", "params": {"n": object()}}]}', "it holds object"),
        ('{"location": "factory.make"}', "returned a mapping with 'location'"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_what_it_returns_is_checked(returned: str, said: str, located: Folder) -> None:
    located.write("factory.py", f"def make():\n    return {returned}\n")
    with pytest.raises(UserError, match=said):
        located.build()


def test_beside_a_pipeline_yaml_and_with_values_of_options(located: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    located.write(
        "other.py",
        """
        def make(env__n=1):
            return {"tasks": [{"source": "tasks.a", "product": "out/b.txt", "params": {"n": env__n}}]}
        """,
    )
    monkeypatch.chdir(located.root)
    with Project(Path("other.make"), env={"n": "7"}) as project:
        assert build(project).ok
    assert (located.root / "out/b.txt").read_text() == "7"
    assert not (located.root / "called").exists()


def test_its_own_parameters_are_given_by_options(located: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    located.write(
        "other.py",
        """
        def make(n, m=1):
            return {"tasks": [{"source": "tasks.a", "product": "out/b.txt", "params": {"n": [n, m]}}]}
        """,
    )
    monkeypatch.chdir(located.root)
    with Project(Path("other.make"), env={"n": "7"}) as project:
        assert build(project).ok
    assert (located.root / "out/b.txt").read_text() == "[7, 1]"


CLIENTS = """
    class Backup:
        def __init__(self, folder, marked=False):
            self._folder, self._marked = folder, marked

        def upload(self, path):
            open(f"{self._folder}-{self._marked}", "a").write(str(path)[-5:])


    class Closed:
        def __init__(self, folder):
            pass
"""


WITH_CLIENT = """dag = DAG()
        dag.clients = {"File": Backup("kept")}
        return dag"""
FILE = """    class File:
        _client = Backup("kept")

        def __str__(self):
            return "out/a.txt"


    class PythonCallable:"""


@pytest.mark.parametrize("place", ["of all files", "of one file"])
def test_a_client_for_files(place: str, located: Folder) -> None:
    located.write("clients.py", CLIENTS)
    made = DAG.replace("import tasks\n", "import tasks\n    from clients import Backup\n")
    if place == "of all files":
        made = made.replace("return DAG()", WITH_CLIENT)
    else:
        made = made.replace('"out/a.txt", {', "File(), {").replace("    class PythonCallable:", FILE)
    located.write("factory.py", made)
    assert located.ran() == ["a"]
    assert (located.root / "kept-False").read_text() == "a.txt"
    located.write("factory.py", made.replace("Backup", "Closed"))
    with pytest.raises(UserError, match="its client for files cannot be written down: Closed"):
        located.build()


def test_a_program_may_give_values_that_env_yaml_does_not_have(folder: Folder) -> None:
    folder.write("tasks.py", TASKS)
    folder.declare(source="tasks.a", product="out/{{run}}.txt", params={"n": "{{deep.er}}"})
    assert Pipeline(folder.root / "pipeline.yaml", env={"run": 3, "deep.er": "x"}).build().ok
    assert (folder.root / "out/3.txt").read_text() == "x"
    with pytest.raises(UserError, match=r"there is no env\.yaml that has 'run'"):
        Project(folder.root, env={"run": 3})
