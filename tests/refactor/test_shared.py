"""A person's lines stay, ours come up to date."""

from __future__ import annotations

import pytest

from soorgeon_clone.refactor.shared import Merged, merge

BEGIN, END = "# soorgeon-clone: made by refactor, and again by the next one", "# soorgeon-clone: end"


def requirements(current: str | None, block: str, recorded: str | None = None, *, force: bool = False) -> Merged:
    return merge("requirements.txt", current, block, recorded, force=force)


def test_a_new_file_is_our_block() -> None:
    assert requirements(None, "pandas==2").text == f"{BEGIN}\npandas==2\n{END}\n"


@pytest.mark.parametrize("mine", ["numpy\n", "numpy", "# why\nnumpy\n\n\n", "numpy # x\n-r other.txt\n"])
def test_a_persons_lines_stay(mine: str) -> None:
    text = requirements(mine, "pandas==2\nnumpy==1").text
    assert text == f"{mine.rstrip()}\n\n{BEGIN}\npandas==2\n{END}\n"


def test_a_persons_requirement_goes_before_ours_however_it_is_written() -> None:
    assert requirements("Scikit_Learn>1\n", "scikit-learn==1.5").text == f"Scikit_Learn>1\n\n{BEGIN}\n{END}\n" or (
        f"Scikit_Learn>1\n\n{BEGIN}\n\n{END}\n"
    )


def test_an_untouched_block_is_replaced_and_what_is_around_it_stays() -> None:
    first = requirements("numpy\n", "pandas==2\nclick==8")
    text = first.text + "# after\nrich\n"
    second = requirements(text, "pandas==3\nrich==1", first.digest)
    assert second.text == f"numpy\n\n{BEGIN}\npandas==3\n{END}\n# after\nrich\n"
    assert not second.note


def test_a_changed_block_stays_and_missing_requirements_are_added() -> None:
    first = requirements(None, "pandas==2\nclick==8")
    changed = first.text.replace("pandas==2", "pandas>=2,<4")
    second = requirements(changed, "pandas==3\nrich==1", first.digest)
    assert second.text == f"{BEGIN}\npandas>=2,<4\nclick==8\nrich==1\n{END}\n"
    assert "stay" in second.note
    assert second.digest == first.digest
    third = requirements(second.text, "pandas==3\nrich==1", second.digest)
    assert third.text == second.text
    assert requirements(changed, "pandas==3", first.digest, force=True).text == f"{BEGIN}\npandas==3\n{END}\n"


def test_a_block_in_the_readme() -> None:
    first = merge("README.md", "# Title\n\nText.\n", "## Pipeline\n\nold", None, force=False)
    assert first.text.startswith("# Title\n\nText.\n\n<!-- soorgeon-clone")
    second = merge("README.md", first.text + "\nMore.\n", "## Pipeline\n\nnew", first.digest, force=False)
    assert second.text == first.text.replace("old", "new") + "\nMore.\n"
    edited = second.text.replace("new", "mine")
    third = merge("README.md", edited, "## Pipeline\n\nnewer", second.digest, force=False)
    assert third.text == edited
    assert third.note


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        (None, "output/\n"),
        ("", "output/\n"),
        ("*.pyc\n", "*.pyc\noutput/\n"),
        ("*.pyc", "*.pyc\noutput/\n"),
        ("output/\n*.pyc", "output/\n*.pyc\n"),
        ("*.pyc\r\n", "*.pyc\r\noutput/\r\n"),
    ],
)
def test_gitignore(current: str | None, expected: str) -> None:
    assert merge(".gitignore", current, "output/", None, force=False).text == expected


def test_line_ends_stay() -> None:
    text = requirements("numpy\r\n", "pandas==2").text
    assert text == f"numpy\r\n\r\n{BEGIN}\r\npandas==2\r\n{END}\r\n"
