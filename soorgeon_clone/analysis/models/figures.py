"""The current figure of pyplot, a state that some notebooks carry from cell to cell, as they do random generators.

The inline backend, which a kernel begins with, closes all figures at the end of the cell: nothing crosses. Once a
notebook takes another backend, or stops the closing, whoever draws without naming axes draws on what an earlier cell
left (https://matplotlib.org/stable/users/explain/figure/api_interfaces.html).
"""

from __future__ import annotations

import re
from functools import lru_cache

from soorgeon_clone.analysis.objects.machine import Machine

# another backend than the inline one, or what keeps that from closing figures: `plt.ioff()`, a setting of its own
_KEEPS = re.compile(
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
_ASKS = re.compile(
    r"""\b(get_fignums|fignum_exists|get_figlabels|_pylab_helpers)\b|\.number\b|\bclose\((?!\s*['"]all['"]\s*\))
    |\bfigure\((?!\s*\)|\s*\*|\s*(figsize|dpi|facecolor|edgecolor|frameon|layout|tight_layout|constrained_layout)\s*=)
    |\bnum\s*=""",
    re.VERBOSE,
)


# what tells the shell to look at pyplot after each script (IPython.core.pylabtools.mpl_runner)
_DRAWS_AFTER_SCRIPTS = re.compile(r"%(matplotlib|pylab)\b|enable_matplotlib|_magic\(['\"](matplotlib|pylab)\b")


def are_drawn_after_scripts(machine: Machine) -> bool:
    """Whether ``%run`` draws the current figure once more, an empty one if there is none."""
    return any(map(_DRAWS_AFTER_SCRIPTS.search, machine.texts))


def are_kept(machine: Machine) -> bool:
    """Whether figures may stay open when a cell ends."""
    if any(map(_keeps, machine.texts)):
        return True
    callees = frozenset[str]().union(*map(_given_to, machine.texts))
    return not callees.isdisjoint(_MAY_SET) or any(_defines(text, name) for name in callees for text in machine.texts)


def are_asked_for(machine: Machine) -> bool:
    """Whether a figure that is no longer the current one may still matter."""
    return any(map(_asks, machine.texts))


@lru_cache(maxsize=4096)
def _keeps(text: str) -> bool:
    return _KEEPS.search(text) is not None


@lru_cache(maxsize=4096)
def _asks(text: str) -> bool:
    return _ASKS.search(text) is not None


@lru_cache(maxsize=4096)
def _given_to(text: str) -> frozenset[str]:
    """Return the last names of what is called with a backend, or with what makes pyplot interactive."""
    return frozenset(name for found in _GIVEN.finditer(text) if (name := _callee(text, found.start())))


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


@lru_cache(maxsize=4096)
def _defines(text: str, name: str) -> bool:
    return re.search(rf"\b(def|class)\s+{name}\b|\b{name}\s*=", text) is not None
