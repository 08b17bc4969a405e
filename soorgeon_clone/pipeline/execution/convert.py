"""Executed notebook -> HTML, Markdown or another format of nbconvert (the extra "html")."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.schemas import prepare_jsonschema
from soorgeon_clone.pipeline.execution.written import write_aside

EXPORTERS = {
    ".html": "html",
    ".md": "markdown",
    ".rst": "rst",
    ".tex": "latex",
    ".pdf": "webpdf",
    ".py": "python",
}


def is_converted(product: Path) -> bool:
    """Whether a notebook task writes this product by way of nbconvert."""
    return product.suffix.lower() in EXPORTERS


def require_nbconvert(product: Path) -> None:
    """Raises UserError where the extra is not installed: ask before the task runs, not after."""
    from importlib.util import find_spec

    if find_spec("nbconvert") is None:
        raise UserError(
            f"the product {product} needs nbconvert, which is not installed",
            hint="Install it: pip install 'soorgeon-clone[html]', or use a product that ends in .ipynb",
        )


_UNKNOWN = "no format of nbconvert is known for the notebook {}"
_REMEDY = (
    "Use a product that ends in .ipynb, .html or .md, or name the format: nbconvert_exporter_name. Of several "
    "products, the notebook is the one with the key nb: product: {nb: out.ipynb, data: out.txt}"
)


def no_format(product: Path, exporter_name: str | None) -> str | None:
    """Return why an executed notebook cannot be written there, as far as its name tells."""
    if exporter_name or product.suffix.lower() in (".ipynb", *EXPORTERS):
        return None
    return f"{_UNKNOWN.format(product)}. {_REMEDY}"


def convert(
    executed: Path,
    product: Path,
    *,
    exporter_name: str | None = None,
    exporter_kwargs: Mapping[str, Any] | None = None,
) -> None:
    """Writes ``product`` from the executed notebook, by rename; images go to ``<product>_files`` beside it.

    ``exporter_name`` and ``exporter_kwargs`` are those of nbconvert; by default the product's ending decides.
    """
    require_nbconvert(product)
    prepare_jsonschema()
    from nbconvert.exporters import ExporterNameError, get_exporter

    name = exporter_name or EXPORTERS.get(product.suffix.lower())
    if name is None:
        raise UserError(_UNKNOWN.format(product.name), hint=_REMEDY, exit_code=2)
    try:
        exporter = get_exporter(name)(**(exporter_kwargs or {}))
    except ExporterNameError:
        raise UserError(f"nbconvert has no exporter named {name!r} (for {product})", exit_code=2) from None
    folder = f"{product.stem}_files"
    resources = {
        "metadata": {"name": product.stem},
        "unique_key": product.stem,
        "output_files_dir": folder,
    }
    try:
        with executed.open(encoding="utf-8") as file:
            body, made = exporter.from_file(file, resources=resources)
    except OSError as problem:  # pandoc or a browser is missing
        raise UserError(f"{product} cannot be made from {executed}: {problem}") from problem
    for path, data in made.get("outputs", {}).items():
        write_aside(product.parent / path, data)
    write_aside(product, body.encode("utf-8") if isinstance(body, str) else body)
