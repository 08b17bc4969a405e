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
    |\bioff\(|close_figures|['"]backend['"]|\bbackend\s*[:=]
    # not ipywidgets' function of that name, which is given a function and what to call it with
    |(?<!widgets)\.interactive\b|['"]interactive['"]|\binteractive\s*[:=]
    |(?<![\w.])interactive\(\s*[\w=\s]+\)|\bfrom\s+(pylab|matplotlib[\w.]*)\s+import\b.*\binteractive\b""",
    re.VERBOSE,
)
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
    return any(map(_keeps, machine.texts))


def are_asked_for(machine: Machine) -> bool:
    """Whether a figure that is no longer the current one may still matter."""
    return any(map(_asks, machine.texts))


@lru_cache(maxsize=4096)
def _keeps(text: str) -> bool:
    return _KEEPS.search(text) is not None


@lru_cache(maxsize=4096)
def _asks(text: str) -> bool:
    return _ASKS.search(text) is not None
