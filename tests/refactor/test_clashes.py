"""Folders that the notebook uses itself are not taken for the pipeline's own files."""

from __future__ import annotations

import pytest

from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.refactor.clashes import PRODUCTS, free_folder, is_used, lists_folder, notes

USED = [
    'open("output/a.txt")',
    "os.listdir('output')",
    "plt.savefig('./output/a.png')",
    'Path("output") / "a"',
    "!mkdir -p output",
    "!ls data/ output/",
    "files = !ls output",
    "%cd output",
    r"open('output\\a.txt')",
]
UNUSED = [
    "output = model(x)",
    'print("output:", output)',
    'df["output_size"]',
    'open("data/output/a.txt")',
    "# see output/",
    '"the output/input ratio"',
    "!echo outputs",
]


@pytest.mark.parametrize("source", USED)
def test_a_folder_in_a_text_or_a_command_is_used(source: str) -> None:
    assert is_used("output", source)
    assert free_folder(PRODUCTS, [Cell(0, "code", source)]) == "products"


@pytest.mark.parametrize("source", UNUSED)
def test_other_words_are_not(source: str) -> None:
    assert not is_used("output", source)


LISTS = [
    "os.listdir()",
    'os.listdir(".")',
    "glob.glob('*')",
    "glob.glob('*.py')",
    "glob('**/*.csv', recursive=True)",
    "os.walk(os.getcwd())",
    "Path('.').rglob('*.py')",
    "list(Path().iterdir())",
    "Path.cwd().glob('*')",
    'shutil.make_archive("a", "zip", ".")',
    "here = os.getcwd()\nos.listdir(here)",
    "root = Path('.')\nroot.rglob('*')",
]
COMMANDS = ["!ls", "%ls -l", "files = !ls", "!du -s", "os.system('ls')", "subprocess.run(['ls'])"]
LISTS_ANOTHER = [
    "os.listdir('data')",
    "glob.glob('data/*.csv')",
    "glob.glob('*.csv')",
    "os.walk(folder)",
    "!ls data",
    "Path('data').iterdir()",
    "Path('logs').glob('*')",
    "folder.glob('*.csv')",
]


@pytest.mark.parametrize("source", LISTS)
def test_who_lists_its_own_folder_is_known(source: str) -> None:
    assert lists_folder([source])
    assert not notes([Cell(0, "code", source)])


@pytest.mark.parametrize("source", COMMANDS)
def test_who_lists_it_by_a_command_is_told(source: str) -> None:
    assert notes([Cell(0, "code", source)])


@pytest.mark.parametrize("source", LISTS_ANOTHER)
def test_who_lists_another_is_not(source: str) -> None:
    assert not lists_folder([source])
    assert not notes([Cell(0, "code", source)])
