"""The page of ``explain``: lives of variables, reasons with their places, links that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import browser
import pytest
from click.testing import CliRunner
from oracle.small import notebook_of
from trust.texts import hostile

from soorgeon_clone.cli.explain import command
from soorgeon_clone.notebook.sections import split
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.refactor.scene import Scene
from soorgeon_clone.refactor.story import Story, story
from soorgeon_clone.refactor.story_page.page import page_of

SECTIONS = (
    "import mylib\nimport numpy as np\nimport pandas as pd\nN = 3\nnp.random.seed(1)\nraw = [1]\n"
    "def fill(v):\n    v.append(N)\n",
    "fill(raw)\nx = np.random.rand()",
    "mylib.fit(raw)\npd.DataFrame().to_csv('o.csv')",
    "print(N, x, raw, np.random.rand())\nfill([])",
    "df = pd.read_csv('o.csv')\nraw = 2",
)
FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "notebooks").glob("*.ipynb"))


def told(sections: Sequence[str] = SECTIONS) -> Story:
    notebook = notebook_of(sections)
    return story(Scene(make_plan(notebook), split(notebook, 2)))


def life(name: str) -> list[str]:
    (found,) = [one for one in told().lives if one.name == name]
    return [f"{act.kind} {act.section} {act.cell}:{act.row}" for act in found.acts]


def test_lives() -> None:
    acts = life("raw")
    assert acts[0] == "bound 0 2:6"
    assert "changed 1 4:1" in acts and "may be changed 2 6:1" in acts
    assert acts[-1] == "bound 4 10:2"
    ways = {one.name: one.way for one in told().lives}
    assert (ways["raw"], ways["N"], ways["fill"], ways["pd"]) == ("carried", "exported", "exported", "repeated")


def test_every_task_and_arrow_is_told_of() -> None:
    it = told()
    assert list(it.tasks) == [task.name for task in it.scene.plan.tasks]
    assert list(it.arrows) == [(before, task.name) for task in it.scene.plan.tasks for before in task.upstream]
    assert all(explanation.points for explanation in it.arrows.values())


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_links_lead_somewhere_and_ids_are_one(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    done = CliRunner().invoke(command, [str(path), "-o", str(target)], catch_exceptions=False)
    assert done.exit_code == 0
    page = target.read_text(encoding="utf-8")
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(ids)


def test_nothing_of_a_notebook_acts() -> None:
    def elements(page: str) -> set[str]:
        return set(re.findall(r"<([a-z0-9]+)", page))

    plain = elements(page_of(told(["a = 1  # x", "print(a)  # x"])))
    for text in hostile(60):
        comment = " ".join(text.split()).encode("utf-8", "replace").decode().replace("\0", "")
        page = page_of(told([f"a = 1  # {comment}", f"print(a)  # {comment}"]))
        assert elements(page) == plain, ascii(text)


def test_sixty_sections_in_a_browser(tmp_path: Path) -> None:
    sections = ["x0 = [0]  # </pre><script>document.title = 'taken'</script>"]
    sections += [f"x{n} = x{n - 1} + [{n}]\nprint(x{max(n - 9, 0)})" for n in range(1, 60)]
    page = tmp_path / "page.html"
    page.write_text(page_of(told(sections)), encoding="utf-8")
    for dark in (False, True):
        elements = browser.opened(page, "c80-1", dark=dark)  # the cell of section 40, which is folded
        assert "<title>small: how data flows</title>" in elements
        section = re.search(r'<details class="section" id="s39"[^>]*>', elements)
        assert section is not None and "open" in section[0]
        assert re.search(r'<g class="task"[^>]* tabindex="0" role="link"', elements)
        assert '<table class="lives" aria-label="Lives of variables">' in elements
        assert elements.count('<tr data-name="') == 59  # x59 is met in its own section only


def test_a_section_that_only_prepares_others_is_no_merge() -> None:
    page = page_of(told(["import math", "def f():\n    return math.pi", "x = [f()]", "print(x)"]))
    assert "4 sections, 2 tasks (2 sections only prepare others):" in page
    assert 'class="merged"' not in page
    page = page_of(told(["import math", "x = [1]\ny = (one for one in x)\nx.append(2)", "print(*y)", "print(math.pi)"]))
    assert "(1 section only prepares others; 1 border could not be cut)" in page
    assert page.count('class="merged"') == 1
