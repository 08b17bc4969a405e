"""The nouns of this room: what the text of a task's source, or of a module, says without being run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CodePiece:
    """Some code: its digest, the dotted names that it may read (``pd.read_csv``, ``clean``), and the texts in it that
    may be paths."""

    digest: str
    uses: tuple[str, ...]
    constants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportTarget:
    """What an import binds: ``attribute`` of ``module``, or the module where it is None. ``level`` counts dots."""

    module: str
    level: int = 0
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """Facts of one module or script.

    ``effects`` is what runs whenever it is imported. ``imports`` maps a bound name to what it may stand for,
    ``executed`` are the modules imported at the top, ``stars`` those whose names are all taken over. ``reflective``
    code can reach names in ways that cannot be seen. ``upstream`` holds the (task, key) pairs that a script takes
    out of ``upstream``, None where that is not certain. ``constants`` are the texts in it that may be paths.
    """

    definitions: dict[str, CodePiece] = field(default_factory=dict)
    effects: CodePiece = CodePiece("", ())
    imports: dict[str, tuple[ImportTarget, ...]] = field(default_factory=dict)
    executed: tuple[ImportTarget, ...] = ()
    stars: tuple[ImportTarget, ...] = ()
    reflective: bool = False
    upstream: tuple[tuple[str, str | None], ...] | None = None
    constants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters of a function: all, those without a default, and whether it takes any others (``**kwargs``)."""

    names: tuple[str, ...]
    required: tuple[str, ...]
    anything: bool = False


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a task's source says without being run. ``upstream`` are names or wildcards, as written.

    ``declared`` are the params in its cell ``parameters``, ``injected_at`` is where the cell ``injected-parameters``
    goes, ``has_injected`` whether the file has one already.

    ``signature`` is that of a function without decorators, which could change it. ``undefined`` are names that a script
    certainly reads and nobody defines, each with a cell and a line in it, from 1.

    ``prose`` is the digest of all text in it, Markdown and comments as well, which its executed notebook shows.
    ``looks_back``: the code does more with ``product`` than write what refactor made it write, so it may read what it
    made before. ``moves``: it may change the folder that it runs in.

    ``language`` is that of its code where it is not Python, ``kernel`` the name of the kernel that runs it then.

    ``problem`` says why it could not be read; such a task shows as broken in status and plot, and fails when it runs.
    """

    upstream: tuple[str, ...] = ()
    product: Any = None
    declared: tuple[str, ...] = ()
    doc: str = ""
    injected_at: int = 0
    has_injected: bool = False
    signature: Signature | None = None
    undefined: tuple[tuple[str, int, int], ...] = ()
    prose: str = ""
    looks_back: bool = True
    moves: bool = False
    code: CodeFacts | None = None
    language: str | None = None
    kernel: str | None = None
    problem: str | None = None
    writes_files: bool = False
    """Whether it is tagged as writing files that are no products: a cache cannot bring those back."""
    reads_files: bool = False
    """Whether it is tagged as reading files that its code does not name, and that of earlier tasks may."""
    remarks: tuple[str, ...] = ()
    """The lines of code behind which, or in which, a comment stands that is meant for us."""
