"""Tasks that are shell scripts, with Ploomber's placeholders."""

from __future__ import annotations

import shutil

import pytest
from project_folder import SAVE, Folder

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.sources.shell import filled_in

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")

SCRIPT = """#!/bin/bash
# Counts bytes.
wc -c < {{upstream["a"]["x"]}} > {{ product }}
echo "{{word}} $((1 + 1))"
"""


@pytest.fixture
def pipeline(folder: Folder) -> Folder:
    folder.task("a", "x = 1", SAVE, products=("x",))
    folder.write("count.sh", SCRIPT)
    folder.declare(source="count.sh", product="output/count.txt", params={"word": "hello"})
    return folder


def test_a_shell_script(pipeline: Folder) -> None:
    assert pipeline.ran() == ["a", "count"]
    assert int((pipeline.root / "output/count.txt").read_text()) == (pipeline.root / "output/a-x.pkl").stat().st_size
    assert (pipeline.root / ".soorgeon-clone/logs/count.log").read_text() == "hello 2\n"
    assert pipeline.ran() == []
    pipeline.write("count.sh", SCRIPT.replace("# Counts bytes.", "# Other words."))
    assert pipeline.stale() == {}
    pipeline.write("count.sh", SCRIPT.replace("hello", "bye").replace("1 + 1", "1 + 2"))
    assert pipeline.stale() == {"count": "CODE"}
    pipeline.script("a", "x = 'longer'", SAVE)
    assert pipeline.ran() == ["a", "count"]


def test_what_a_script_fails_with(pipeline: Folder) -> None:
    pipeline.build()
    pipeline.write("count.sh", "echo half > {{product}}\necho said >&2\nexit 3\n")
    (run,) = pipeline.build().failed
    assert "the script ended with exit code 3" in (run.error or "")
    assert (pipeline.root / ".soorgeon-clone/logs/count.log").read_text() == "said\n"
    assert "half" not in (pipeline.root / "output/count.txt").read_text()


@pytest.mark.parametrize("place", ["{{nothing}}", '{{upstream["b"]}}', "{{product['x']}}", "{{upstream}}"])
def test_a_placeholder_that_stands_for_nothing(place: str) -> None:
    with pytest.raises(UserError, match="stands for no value"):
        filled_in(f"echo {place}", {"product": "x", "upstream": {"a": "y"}}, "s.sh")


TEMPLATE = """{# not shown #}
cat {{upstream.a.x}} > /dev/null
echo {{ word | upper }} {{ sizes[0] + 1 }} {{ deep.inner }} > {{product}}
{% for size in sizes if size > 1 %}
echo {{size}} >> {{product}}
{% endfor %}
"""


def test_a_script_that_is_a_template(pipeline: Folder) -> None:
    params = {"word": "hello", "sizes": [1, 2, 3], "deep": {"inner": "x"}}
    pipeline.declare(source="count.sh", product="output/count.txt", params=params)
    pipeline.write("count.sh", TEMPLATE)
    assert pipeline.ran() == ["a", "count"]
    assert (pipeline.root / "output/count.txt").read_text() == "HELLO 2 x\n2\n3\n"
    assert pipeline.ran() == []
    pipeline.script("a", "x = 'longer'", SAVE)
    assert pipeline.ran() == ["a", "count"]


def test_what_jinja_would_take_for_its_own(pipeline: Folder) -> None:
    pipeline.write("count.sh", "all=(1 2 3)\necho ${#all[@]} ${#word} > {{product}} # {{word}}\n")
    assert pipeline.ran() == ["a", "count"]
    assert (pipeline.root / "output/count.txt").read_text() == "3 0\n"


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("echo {{nothing}} > {{product}}\n", "line 1: {{nothing}} has no value"),
        (":\necho {{ nothing | upper }} > {{product}}\n", "line 2: {{nothing}} has no value"),
        ("{% if x %}\necho > {{product}}\n", "count.sh, line 2: Unexpected end of template"),
    ],
)
def test_what_is_found_before_anything_runs(pipeline: Folder, script: str, what: str) -> None:
    pipeline.write("count.sh", script)
    with pytest.raises(UserError) as raised:
        pipeline.build()
    assert what in str(raised.value)
    assert not (pipeline.root / "output/a-x.pkl").exists()


def test_a_script_that_changes_its_folder(pipeline: Folder) -> None:
    pipeline.write("count.sh", "cd /\necho 1 > {{product}}\n")
    assert pipeline.build().ok
