"""A product that lies outside of the project's folder -> the folder inside that stands for the one where it is.

Everything that looks after products knows paths below the project's folder. For one elsewhere that is a link in the
hidden folder, made when the task runs; tasks and people are told the path that pipeline.yaml says.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from pathlib import Path

from soorgeon_clone.pipeline.declared.model import HIDDEN, Product

FOLDER = "outside"


def product(key: str | None, path: str, root: Path) -> Product:
    """The product at a path that leads out of the project."""
    folder, name = posixpath.split(_whole(path, root))
    link = hashlib.sha256(folder.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Product(key, f"{HIDDEN}/{FOLDER}/{link}/{name}", outside=path)


def link_of(product: Product, root: Path) -> tuple[str, str]:
    """The name of the link that such a product is behind, and the folder that it leads to."""
    return product.path.split("/")[2], posixpath.dirname(_whole(product.outside or "", root))


def is_package(root: Path) -> Path | None:
    """The folder of the package that a pipeline is part of: its own folder is a module of it."""
    for folder in (root.parent, root.parent.parent if root.parent.name == "src" else root.parent):
        if (root / "__init__.py").is_file() and any(
            (folder / name).is_file() for name in ("setup.py", "pyproject.toml")
        ):
            return folder
    return None


def _whole(path: str, root: Path) -> str:
    return posixpath.normpath(os.path.join(root, path).replace("\\", "/" if os.sep == "\\" else "\\"))  # noqa: PTH118
