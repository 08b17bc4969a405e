"""A SQL script, a Jinja template -> what it says of its upstream and product; and its SQL, with the values filled in.

As in Ploomber: ``{{product}}``, ``{{upstream["task"]}}``, params, macros that are imported from other files, and
``{% set product = SQLRelation(["name", "table"]) %}`` where products are read from sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import read_text
from soorgeon_clone.pipeline.sources import template_facts, templates
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.sources.model import CodeFacts, CodePiece, SourceFacts
from soorgeon_clone.pipeline.sources.relations import relation

if TYPE_CHECKING:
    import jinja2
    from jinja2 import nodes

SUFFIXES = (".sql",)
# A text, an identifier or a comment: nothing in one of them is taken for another. MySQL takes 5--3 for 8.
_PIECES = re.compile(r"""('(?:[^']|'')*'|"[^"]*"|`[^`]*`|--(?=\s|$)[^\n]*)""")
_WHITE = re.compile(r"\s+")
_CLASSES = ("SQLRelation", "SQLiteRelation", "PostgresRelation", "GenericSQLRelation")


def sql_facts(path: Path, root: Path, folders: Sequence[str] = ()) -> SourceFacts:
    """Facts of a SQL script. ``folders`` are where it finds templates besides its own folder and ``root``.

    The files of these are among its ``constants``. One that cannot be read has a ``problem``.
    """
    try:
        text = read_text(path)
        trees = list(_trees(path, text, root, folders))
    except (OSError, UnicodeDecodeError) as error:
        return SourceFacts(problem=f"{path} cannot be read: {error}")
    except UserError as error:
        return SourceFacts(problem=str(error))
    used = tuple(dict.fromkeys(pair for _, tree in trees for pair in template_facts.upstream(tree)))
    names = template_facts.names(trees[0][1], {*_CLASSES, "File"})
    product = _product(trees[0][1])
    given = {"product"} if product is not None else set()
    return SourceFacts(
        upstream=tuple(dict.fromkeys(name for name, _ in used)),
        product=product,
        doc=_doc(text),
        undefined=tuple((name, 0, line) for name, line in names.items() if name not in {"upstream", "product", *given}),
        looks_back=False,
        code=CodeFacts(
            effects=CodePiece(digest(_essence(text)), tuple(names)),
            upstream=used,
            constants=tuple(_relative(file, root) for file, _ in trees[1:]),
        ),
    )


def rendered(path: Path, root: Path, folders: Sequence[str], values: Mapping[str, Any]) -> str:
    """Return the SQL of a task with these values. Raises UserError that says where something has no value."""
    environment = _environment(path, root, folders)
    import jinja2

    try:
        code = environment.compile(read_text(path), filename=str(path))
        template = environment.template_class.from_code(environment, code, environment.make_globals(None))
        return template.render(values)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{_relative(path, root)} cannot be read: {error}") from error
    except Exception as error:  # what an expression of a template may raise
        hint = f"There are: {', '.join(values)}." if isinstance(error, jinja2.UndefinedError) else None
        raise UserError(f"{_where(error, path, root)}: {error}", hint=hint) from error


def _environment(path: Path, root: Path, folders: Sequence[str]) -> jinja2.Environment:
    template = templates.environment(f"{_relative(path, root)}: a SQL script", keep_trailing_newline=True)
    import jinja2

    template.loader = jinja2.FileSystemLoader(
        [str(path.parent), *(str(root / folder) for folder in folders), str(root)]
    )
    template.globals.update(dict.fromkeys(_CLASSES, relation), File=str)
    return template


def _trees(path: Path, text: str, root: Path, folders: Sequence[str]) -> Iterator[tuple[Path, nodes.Template]]:
    """Yield the syntax of a template, and of all that it takes from other files, with their places."""
    environment = _environment(path, root, folders)
    import jinja2
    from jinja2 import meta

    waiting, seen = [(path, text)], {path}
    while waiting:
        file, content = waiting.pop(0)
        name = _relative(file, root)
        try:
            tree = environment.parse(content)
        except jinja2.TemplateSyntaxError as error:
            raise UserError(f"{name}, line {error.lineno}: {error.message}") from None
        yield file, tree
        for other in meta.find_referenced_templates(tree):
            if other is None:
                raise UserError(
                    f"{name}: the name of a template is not written out", hint='Write {% import "macros.sql" as m %}.'
                )
            try:
                source, place, _ = environment.loader.get_source(environment, other)  # type: ignore[union-attr]
            except jinja2.TemplateNotFound:
                where = [_relative(path.parent, root), *folders]
                raise UserError(
                    f"{name}: there is no template {other}",
                    hint=f"It is looked for in {', '.join(dict.fromkeys(one or '.' for one in where))} and in the "
                    "folder of pipeline.yaml; 'meta.source_loader: {path: FOLDER}' adds one.",
                ) from None
            if place is not None and Path(place) not in seen:
                seen.add(Path(place))
                waiting.append((Path(place), source))


def _product(tree: nodes.Template) -> Any:
    """The product that a script declares itself: a path, or a relation as a list; None for none."""
    from jinja2 import nodes

    for node in tree.find_all(nodes.Assign):
        call = node.node
        if (
            isinstance(node.target, nodes.Name)
            and node.target.name == "product"
            and isinstance(call, nodes.Call)
            and isinstance(call.node, nodes.Name)
            and len(call.args) == 1
        ):
            try:
                value = call.args[0].as_const()
            except nodes.Impossible:
                return None
            return list(value) if call.node.name in _CLASSES and isinstance(value, (list, tuple)) else value
    return None


def _where(error: Exception, path: Path, root: Path) -> str:
    """The file and the line of the template in which something went wrong."""
    file, line = path, getattr(error, "lineno", None)
    if getattr(error, "filename", None):
        file = Path(str(vars(error)["filename"]))
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name == str(path) or (Path(name).suffix not in (".py", "") and not name.startswith("<")):
            file, line = Path(name), trace.tb_lineno
        trace = trace.tb_next
    return _relative(file, root) + (f", line {line}" if line else "")


def _essence(text: str) -> str:
    """The template without comments at the ends of lines, and with other white space, where it is certain what is one:
    no statement of Jinja cuts a text up, and no text is written in another way than between quotes."""
    if any(sign in text for sign in ("{%", "{#", "$", "\\", "/*")):
        return text
    found = [""]  # what is between texts, and texts, in turn
    for number, piece in enumerate(_PIECES.split(text)):
        if number % 2 == 0:
            found[-1] += piece
        elif not piece.startswith("--") or "{{" in piece:
            found += [piece, ""]
    found[::2] = [_WHITE.sub(lambda match: "\n" if "\n" in match[0] else " ", piece) for piece in found[::2]]
    return "".join(found).strip()


def _doc(text: str) -> str:
    match = re.match(r"\s*(?:--([^\n]*)|/\*(.*?)\*/)", text, re.DOTALL)
    return (match[1] or match[2] or "").strip().partition("\n")[0] if match else ""


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
