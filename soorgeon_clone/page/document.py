"""Body of a page -> the whole page: nothing is fetched, and no script runs but the one that belongs to it."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from soorgeon_clone.visible import markup

_HERE = Path(__file__).parent


def document(title: str, body: str, *, style: str = "", script: str = "") -> str:
    """Return an HTML page; ``style`` and ``script`` come after those that all pages share.

    The browser is told to load nothing, to send nothing, and to run this script alone: what a notebook says stays
    text even where an escape was forgotten. ``body`` is markup; who made it has escaped what others wrote.
    """
    code = _read("page.js") + script
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; "
        "font-src data:; base-uri 'none'; form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{markup(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{markup(title)}</title>\n<style>{_read('page.css')}{style}</style></head>\n"
        f"<body>\n{body}\n<script>{code}</script></body></html>\n"
    )


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
