"""Pages: code keeps its lines, Markdown its words and none of its HTML, nothing is loaded."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from trust.texts import hostile

from soorgeon_clone.page.code import code_html
from soorgeon_clone.page.document import document
from soorgeon_clone.page.markdown import markdown_html
from soorgeon_clone.visible import visible

TEXTS = hostile(200)
_TAGS = frozenset("a p ul ol li em strong code pre h3 h4 h5 h6 blockquote hr br table thead tbody tr th td del".split())


class Read(HTMLParser):
    """What a browser reads: the text, and elements with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


@pytest.mark.parametrize(
    "source", ["", "x", "x\n", '\ns = """a\nb"""\n\n', "%time x\n\n\n", "a\r\nb", "# \u202e\n</pre>"]
)
def test_code_keeps_its_lines(source: str) -> None:
    shown = visible(source)
    assert Read(code_html(source)).text == shown
    lines = Read(code_html(source, anchor="c1")).elements
    ids = [attributes["id"] for _, attributes in lines if "id" in attributes]
    assert ids == [f"c1-{number}" for number in range(1, shown.count("\n") + 2)]


def test_any_text_as_code_is_that_text() -> None:
    for text in TEXTS:
        read = Read(code_html(text, anchor="c"))
        assert read.text == visible(text)
        assert {tag for tag, _ in read.elements} == {"span"}


def test_long_code_is_shown_without_colours() -> None:
    html = code_html("x = 1\n" * 40_000)
    assert "<span" not in html and html.count("\n") == 40_000


def test_any_text_as_markdown_acts_nowhere() -> None:
    for text in [*TEXTS, *(f"# {text}" for text in TEXTS), *(f"[{text}]({text})" for text in TEXTS)]:
        for tag, attributes in Read(markdown_html(text)).elements:
            assert tag in _TAGS, ascii(text)
            assert attributes.keys() <= {"href", "rel", "class", "style", "start"}, ascii(text)
            assert re.match("https?://|mailto:|$", attributes.get("href") or ""), ascii(text)


def test_markdown() -> None:
    html = markdown_html(
        "# A *b*\n\n[in](http://x/?a=1&b) [out](javascript:x) ![pic](http://x/p.png) <b>c</b>\n", below=4
    )
    assert '<h4 class="h1">A <em>b</em></h4>' in html
    assert '<a href="http://x/?a=1&amp;b" rel="noopener noreferrer">in</a> out [pic] &lt;b&gt;c&lt;/b&gt;' in html


def test_markdown_that_is_too_much_is_shown_as_it_is() -> None:
    assert markdown_html("*" * 30_000).startswith("<pre>***")


def test_a_page_loads_nothing() -> None:
    page = document("<t>", "<p>x</p>", script="\nx();\n")
    assert "<title>&lt;t&gt;</title>" in page
    assert "default-src &#x27;none&#x27;" in page
    assert not re.search(r"\b(?:src|href)=|url\(|@import", page)
