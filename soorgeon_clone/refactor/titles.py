"""Texts and code of a section -> a title for it: what its author wrote there, else what it does and with what."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from soorgeon_clone.notebook.headings import headings
from soorgeon_clone.notebook.ipython import to_python
from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.notebook.syntax import CellSyntaxError

_IMPORT = ast.Import | ast.ImportFrom
_DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_MOST_WORDS = 8
_LONGEST = 60  # characters
_MARKUP = re.compile(r"[*_`~]+|!?\[([^\]]*)\]\([^)]*\)|</?[A-Za-z][^<>]*>")
_RULE = " \t#=-~*:_"  # what lines of banners are made of
_LOOKS_LIKE_CODE = re.compile(r"[=(){}\[\]]|^[%!]|^(?:import|from|print|def|del|return|pip|conda)\b|\w\.\w+\(")

# What a section does -> names of calls that say so, by their beginning; kinds in the order in which they win a tie.
_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Train", ("fit", "train", "compile", "partial_fit", "cross_val", "GridSearch", "RandomizedSearch")),
    ("Evaluate", ("score", "predict", "accuracy", "precision", "recall", "f1", "roc", "confusion", "mean_squared")),
    ("Plot", ("plot", "hist", "scatter", "bar", "boxplot", "heatmap", "pairplot", "imshow", "subplots", "figure")),
    ("Load", ("read_", "load", "fetch_", "open", "get_data", "urlopen", "urlretrieve", "connect")),
    ("Save", ("to_csv", "to_parquet", "to_excel", "to_sql", "to_json", "to_pickle", "dump", "save", "write")),
    ("Clean", ("dropna", "fillna", "drop", "drop_duplicates", "astype", "replace", "rename", "strip", "to_datetime")),
    ("Prepare", ("get_dummies", "train_test_split", "transform", "fit_transform", "merge", "join", "concat", "pivot")),
    ("Summarize", ("groupby", "agg", "describe", "info", "value_counts", "head", "tail", "corr", "mean", "summary")),
)


def title_of(texts: Sequence[Cell], sources: Sequence[str]) -> str:
    """Return a title: a heading or a short line of the texts, the first comment, else a kind of work and a variable."""
    for text in texts:
        if found := headings(text.source):
            return found[0].title or _by_code(sources)
    for text in texts:
        if title := line_title(text.source.strip().split("\n", 1)[0]):
            return title
    return comment_title(sources[0]) or _by_code(sources)


def comment_title(source: str) -> str:
    """Return what the comment at the top of a cell says, if it can be a title."""
    for line in source.strip().split("\n")[:3]:
        if not line.startswith("#"):
            return ""
        if line.strip(_RULE):  # and no line of marks alone
            return line_title(line)
    return ""


def line_title(line: str) -> str:
    """Return a line as a title, without markup; "" if it is a sentence, or code."""
    text = " ".join(_MARKUP.sub(r"\1", line).split()).strip(_RULE).removesuffix(".")
    words = text.split()
    if not 0 < len(words) <= _MOST_WORDS or len(text) > _LONGEST or _LOOKS_LIKE_CODE.search(text):
        return ""
    return text[0].upper() + text[1:] if any(character.isalpha() for character in text) else ""


def only_defines(source: str) -> bool:
    """Tell whether a cell has imports and definitions alone."""
    tree = _tree(source)
    return tree is not None and all(isinstance(one, _IMPORT | _DEFINITION) for one in tree.body)


def _by_code(sources: Sequence[str]) -> str:
    trees = [tree for source in sources if (tree := _tree(source)) is not None]
    statements = [statement for tree in trees for statement in tree.body]
    imports = [one for one in statements if isinstance(one, _IMPORT)]
    if statements and len(imports) == len(statements):
        return "Imports"
    if statements and all(isinstance(one, _IMPORT | _DEFINITION) for one in statements):
        return "Definitions"
    kinds = Counter(kind for tree in trees for kind in _kinds(tree))
    if imports and not kinds:
        return "Setup"
    order = [kind for kind, _ in _KINDS]
    kind = max(kinds, key=lambda one: (kinds[one], -order.index(one)), default="Compute")
    names = Counter(name for tree in trees for name in _bound(tree))
    most = max(names, key=lambda name: names[name], default="")  # the first of those that are bound most often
    return f"{kind} {most}".strip()


def _tree(source: str) -> ast.Module | None:
    try:
        return ast.parse(to_python(source).text)
    except (CellSyntaxError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _kinds(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = (
                called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
            )
            yield from (kind for kind, beginnings in _KINDS if name.startswith(beginnings))


def _bound(tree: ast.Module) -> Iterator[str]:
    """Yield the variables that assignments at the top level bind, as often as they do."""
    for statement in tree.body:
        if not isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and len(node.id) > 1:
                yield node.id
