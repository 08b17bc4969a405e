"""The page of a report: complete, closed, and nothing of the notebook acts in it."""

from __future__ import annotations

from html.parser import HTMLParser

from soorgeon_clone.verify.html import html_of
from soorgeon_clone.verify.model import Cause, Difference, Report, SectionResult

REPORT = Report(
    "nb.ipynb",
    "pipeline.yaml",
    (
        SectionResult(0, "Load <data>", "load", "same", 2, 1),
        SectionResult(
            1,
            "Fit",
            "fit",
            "different",
            0,
            1,
            Difference(
                "output", 3, None, "prints another line 1", "<script>1</script>", "2", Cause("unknown", "a cause", 0, 1)
            ),
        ),
    ),
    notes=("A note & more",),
)


def test_page() -> None:
    page = html_of(REPORT)
    assert "Load &lt;data&gt;" in page and "<script>1" not in page and "A note &amp; more" in page
    assert '<meta name="color-scheme" content="light dark">' in page and "#fff;" not in page.partition("main {")[2]
    assert "cell 4 prints another line 1" in page and "Likely cause: a cause." in page
    open_tags: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "br"):
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Parser().feed(page)
    assert not open_tags
