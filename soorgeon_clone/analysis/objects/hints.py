"""Texts of cells and modules -> whether they may say something, found by their words: a hint for all code at once.

What is looked for may stand in any of them, also below, in a string or in a comment: to say yes costs precision only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from soorgeon_clone.analysis.knowledge.effects import installed_major
from soorgeon_clone.analysis.objects.types import TABLES

# what may make `logging` write to a file, and what looks like it
_LOG_FILE = re.compile(r"filename|Handler\b|\blogging\.config\b|fileConfig|dictConfig|%run")
_NO_LOG_FILE = re.compile(r"\b(Stream|Null|Rich)Handler\b|\b(add|remove)Handler\b")
# what may lay a Python file beside the notebook: a name that ends like one, shells, archives, copied folders
_MAKES_MODULES = re.compile(
    r"\.py\b|(?m:^\s*!|=\s*!)|%(sx|system|writefile|file|save|bash|sh|script|notebook|run)\b"
    r"|\b(subprocess|system|popen|unpack\w*|extract\w*|copytree|rename|move|symlink\w*)\b\(?|\bpip\b"
)
_SET_BY_NAME = re.compile(r"\bsetattr\(")
_STORED = re.compile(r"\b(\w+)\.[^\W\d]\w*\s*[^\s\w]{0,2}=(?!=)")
_BY_NAME = re.compile(r"\b(?:get|set|has|del)attr\([^()]*\)")
_RENAMES = re.compile(
    r"\.(names?|freq)\s*=(?!=)|\.(index|columns)\.\w+\s*=(?!=)|\bset_names\b|\.rename\([^#]*\binplace\b|\bsetattr\b"
)
_ACCESSOR = re.compile(r"register_\w+_(?:accessor|namespace)\(\s*['\"](\w+)['\"]")
_OPTION = "copy_on_write"
_ASKED_FOR = re.compile(
    rf"(?:options\.mode\.{_OPTION}\s*=|\bset_option\(\s*['\"](?:mode\.)?{_OPTION}['\"]\s*,)\s*True\b"
)
_IMPORTS = re.compile(r"(?:[ \t]*(?:(?:import|from|#|%).*)?(?:\n|\Z))*")
# another backend than the inline one, or what keeps that from closing figures: `plt.ioff()`, a setting of its own
_KEEPS_FIGURES = re.compile(
    r"""(?<!style)(?<!library)\.use\(|\bimport\ use\b|switch_backend|enable_matplotlib|enable_gui|MPLBACKEND
    |run_(line|cell)_magic\(\s*['"](matplotlib|pylab)['"]\s*,\s*['"](?!\s*inline\b)
    |\bioff\(|close_figures|['"](backend|interactive)['"]|\b(backend|interactive)\s*:|\.(backend|interactive)\s*=
    # not ipywidgets' function of that name, which is given a function and what to call it with, nor Altair's
    |(?<!widgets)\.interactive\b(?!\(\s*\))
    |(?<![\w.])interactive\(\s*[\w=\s]+\)|\bfrom\s+(pylab|matplotlib[\w.]*)\s+import\b.*\binteractive\b""",
    re.VERBOSE,
)
# the same, given by name to what may set it: other libraries have arguments of that name
_GIVEN = re.compile(r"\b(backend|interactive)\s*=(?!=)")
_MAY_SET = frozenset("dict rc rc_context context update setdefault RcParams partial set set_theme".split())
# where figures that are not current make a difference: they are counted, chosen by number, or closed one by one
_ASKS_FOR_FIGURES = re.compile(
    r"""\b(get_fignums|fignum_exists|get_figlabels|_pylab_helpers)\b|\.number\b|\bclose\((?!\s*['"]all['"]\s*\))
    |\bfigure\((?!\s*\)|\s*\*|\s*(figsize|dpi|facecolor|edgecolor|frameon|layout|tight_layout|constrained_layout)\s*=)
    |\bnum\s*=""",
    re.VERBOSE,
)
# what tells the shell to look at pyplot after each script (IPython.core.pylabtools.mpl_runner)
_DRAWS_AFTER_SCRIPTS = re.compile(r"%(matplotlib|pylab)\b|enable_matplotlib|_magic\(['\"](matplotlib|pylab)\b")


class Hints:
    """What the notebook, or a module beside it, may say anywhere; ``texts`` are all of theirs."""

    def __init__(self, texts: tuple[str, ...] = ()) -> None:
        self.texts = texts

    def mention(self, word: str) -> bool:
        """Whether a word stands anywhere."""
        return any(word in text for text in self.texts)

    def say(self, pattern: re.Pattern[str]) -> bool:
        """Whether something stands anywhere."""
        return any(map(pattern.search, self.texts))

    @cached_property
    def asks_caches(self) -> bool:
        return self.mention("cache_")

    @cached_property
    def asks_subclasses(self) -> bool:
        return self.mention("__subclasses__")

    @cached_property
    def logs_to_files(self) -> bool:
        """Whether ``logging`` may be told to write to a file."""
        return any(_LOG_FILE.search(_NO_LOG_FILE.sub("", text)) for text in self.texts)

    @cached_property
    def makes_modules(self) -> bool:
        """Whether a Python file may be written that an import finds: one is named, or a shell does it."""
        return self.say(_MAKES_MODULES)

    @cached_property
    def _stored_into(self) -> frozenset[str] | None:
        """The names of what may be given attributes (``f.calls = 0``); None: anything may."""
        if self.say(_SET_BY_NAME):
            return None
        return frozenset(name for text in self.texts for name in _STORED.findall(text))

    def stores_into(self, name: str) -> bool:
        """Whether what a name denotes may be given attributes."""
        names = self._stored_into
        return names is None or (name in names if name.isidentifier() else bool(names))

    def asks_for_attribute(self, name: str) -> bool:
        """Whether ``.name`` is asked for, and no string says that there is a column of that name."""
        named = re.compile(rf"(?<![\w.])(?:['\"]){name}['\"]")
        if any(named.search(_BY_NAME.sub("", text)) for text in self.texts):
            return False
        return self.say(re.compile(rf"\.{name}\b(?!\s*=[^=])|\b(?:get|has)attr\([^()]*['\"]{name}['\"]"))

    @cached_property
    def renames_labels(self) -> bool:
        """Whether an index may be renamed in place, or given what else it has (``df.index.freq = "D"``)."""
        return self.say(_RENAMES)

    @cached_property
    def accessors(self) -> frozenset[str]:
        """The names of the accessors that are registered, which their libraries may keep with a frame."""
        return frozenset(name for text in self.texts for name in _ACCESSOR.findall(text))

    @cached_property
    def may_copy_on_write(self) -> bool:
        """Whether frames may share memory until they are written into: from pandas 3 on, before if they are told to."""
        return always_copies() or self.mention(_OPTION)

    @cached_property
    def copies_on_write(self) -> bool:
        """Whether no frame sees what is written into another one: before pandas 3 where they are told to for good, in
        the first cell that does more than import."""
        if always_copies():
            return True
        first = next((text for text in self.texts if not _IMPORTS.fullmatch(text)), "")
        asked = sum(len(_ASKED_FOR.findall(text)) for text in self.texts)
        return bool(_ASKED_FOR.search(first)) and asked == sum(text.count(_OPTION) for text in self.texts)

    # The current figure of pyplot is a state that some notebooks carry from cell to cell, as they do random generators.
    # The inline backend, which a kernel begins with, closes all figures at the end of the cell: nothing crosses. Once a
    # notebook takes another backend, or stops the closing, whoever draws without naming axes draws on what an earlier
    # cell left (https://matplotlib.org/stable/users/explain/figure/api_interfaces.html).

    @cached_property
    def keeps_figures(self) -> bool:
        """Whether figures may stay open when a cell ends."""
        callees = {name for text in self.texts for name in _given_to(text)}
        if self.say(_KEEPS_FIGURES) or not callees.isdisjoint(_MAY_SET):
            return True
        return any(self.say(re.compile(rf"\b(def|class)\s+{name}\b|\b{name}\s*=")) for name in callees)

    @cached_property
    def asks_for_figures(self) -> bool:
        """Whether a figure that is no longer the current one may still matter."""
        return self.say(_ASKS_FOR_FIGURES)

    @cached_property
    def draws_after_scripts(self) -> bool:
        """Whether ``%run`` draws the current figure once more, an empty one if there is none."""
        return self.say(_DRAWS_AFTER_SCRIPTS)


def _given_to(text: str) -> Iterator[str]:
    """Yield the last names of what is called with a backend, or with what makes pyplot interactive."""
    for found in _GIVEN.finditer(text):
        if name := _callee(text, found.start()):
            yield name


def _callee(text: str, end: int) -> str:
    """Return the last name before the bracket that is open at ``end``; empty, if there is none."""
    closed = 0
    for place in range(end - 1, -1, -1):
        if text[place] in ")]}":
            closed += 1
        elif text[place] in "([{":
            if not closed:
                found = re.search(r"\w*$", text[:place])
                return found[0] if found else ""
            closed -= 1
    return ""


def always_copies() -> bool:
    return (installed_major(TABLES.rstrip(".")) or 0) >= 3
