"""Titles of sections -> names of tasks.

A name is a file name, part of a product's name, a Python name (with ``_`` for ``-``), an RFC 1123 label for Kubernetes
and a task id for Airflow: lower-case ASCII letters, digits and hyphens, a letter first, at most 63 characters.
Where nothing but a dictionary could tell how a title is written in Latin letters (Chinese, Arabic, Hindi, Thai), it
keeps its own letters: files and Python take them, and exports give such tasks other names where an engine does not.
"""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata
from collections.abc import Collection, Sequence

MAX_LENGTH = 63
MAX_BYTES = 150  # of a name in its own letters: a file's name has 255, and others stand around this one

# Names of devices on Windows: no file can have them, with any extension.
_DEVICES = {"con", "prn", "aux", "nul", "conin", "conout"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(10)}

_GENERATED = {"exported", "pipeline", "upstream", "product"}

# A script's folder comes first on sys.path: `tasks/random.py` would be imported in place of the standard library's.
_MODULES = frozenset(sys.stdlib_module_names) | frozenset(
    [
        # in the standard library of other versions of Python
        *("aifc", "annotationlib", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "compression", "crypt"),
        *("distutils", "imghdr", "imp", "mailcap", "nntplib", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "test"),
        *("uu", "xdrlib"),
        # what notebooks import
        *("altair", "arviz", "astropy", "bokeh", "boto3", "catboost", "cv2", "dask", "datasets", "dill", "duckdb"),
        *("fastai", "flask", "folium", "gensim", "geopandas", "geopy", "h5py", "hvplot", "imblearn", "ipykernel"),
        *("ipython", "ipywidgets", "jax", "jinja2", "joblib", "jupytext", "keras", "kneed", "librosa", "lightgbm"),
        *("lime", "lxml", "matplotlib", "missingno", "mlflow", "mlxtend", "nbformat", "networkx", "nltk", "numba"),
        *("numpy", "openai", "openpyxl", "optuna", "pandas", "pip", "ploomber", "plotly", "polars", "prophet"),
        *("psycopg2", "pyarrow", "pycaret", "pydantic", "pydot", "pymc", "pyspark", "pytest", "pytz", "ray"),
        *("requests", "rich", "scikitplot", "scipy", "scrapy", "seaborn", "setuptools", "shap", "shapely", "six"),
        *("skimage", "sklearn", "spacy", "sqlalchemy", "statsmodels", "streamlit", "sympy", "tabulate", "tensorflow"),
        *("textblob", "torch", "torchvision", "tqdm", "transformers", "umap", "wandb", "wordcloud", "xarray"),
        *("xgboost", "yaml", "yellowbrick"),
    ]
)

_KEYWORDS = {word.lower() for word in keyword.kwlist}

# Letters that Unicode does not decompose, and the alphabets that can be written in Latin letters one by one.
_LETTERS: dict[str, str] = (
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ı": "i", "ŋ": "ng", "ß": "ss"}
    | dict(zip("абвгдезийклмнопрстуфыэіїєґў", "abvgdeziyklmnoprstufyeiiegu", strict=True))
    | {"ё": "e", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": ""}
    | {"ю": "yu", "я": "ya"}
    | dict(zip("αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstyfo", strict=True))
    | {"θ": "th", "χ": "ch", "ψ": "ps"}
)

_NUMBERING = re.compile(r"\s*(?:\d+(?:\.\d+)*\s*[.):]|\d+(?:\.\d+)+|\d+\s+[-–—])\s+(?=\S)")


def task_names(titles: Sequence[str], imported: Collection[str] = ()) -> tuple[str, ...]:
    """Return a name for each title, all different. ``imported`` are further modules whose names no task may have."""
    wanted = [_usable(slug(title) or f"section-{position}", imported) for position, title in enumerate(titles, 1)]
    taken = set(wanted)
    seen: set[str] = set()
    numbers: dict[str, int] = {}
    names = []
    for name in wanted:
        base = name
        while name in seen:
            numbers[base] = numbers.get(base, 1) + 1
            candidate = _with_suffix(base, f"-{numbers[base]}")
            name = base if candidate in taken else candidate
        seen.add(name)
        taken.add(name)
        names.append(name)
    return tuple(names)


def slug(title: str) -> str:
    """Return the title in lower-case words joined by hyphens, or "" if it has no letters, digits or symbols."""
    numbering = _NUMBERING.match(title)
    text = title[numbering.end() if numbering else 0 :]
    return "-".join(_latin_words(text) or _own_words(text) or _symbol_words(title))


def _usable(name: str, imported: Collection[str]) -> str:
    """Return the name, or one close to it that can be a Python name and a file on every system, and hides no module."""
    if not name[0].isalpha():
        name = f"section-{name}"
    name = _with_suffix(name, "")
    unusable = name in _DEVICES or name in _GENERATED or name in _KEYWORDS or name in _MODULES or name in imported
    return f"{name}-task" if unusable else name


def _with_suffix(name: str, suffix: str) -> str:
    """Return the name with the suffix, shortened by whole words where it would be too long."""
    room = MAX_LENGTH - len(suffix)
    if len(name) > room or len(name.encode()) > MAX_BYTES:
        while len(name[:room].encode()) > MAX_BYTES:
            room -= 1
        words = name[: room + 1].rpartition("-")[0]
        name = words or name[:room]
    return name.rstrip("-") + suffix


def _latin_words(text: str) -> list[str]:
    """Return the words in ASCII letters; none if letters have no counterpart there, unless most are ASCII already."""
    words = []
    plain = lost = 0
    for word in re.findall(r"\w+", re.sub("['’ʼ`]", "", text)):
        if len(word) == 1 and unicodedata.name(word, "").startswith("GREEK"):
            word = unicodedata.name(word).rpartition(" ")[2]
        sounds = [_sound(letter) for letter in word.casefold()]
        plain += sum(1 for letter in word if letter.isascii())
        lost += sum(1 for sound in sounds if sound is None)
        words += re.findall(r"[a-z0-9]+", "".join(" " if sound is None else sound for sound in sounds))
    return words if plain >= lost else []


def _own_words(text: str) -> list[str]:
    """Return the words in the letters that they are written in."""
    letters = unicodedata.normalize("NFKC", text).lower()
    words = "".join(letter if f"x{letter}".isidentifier() and letter != "_" else " " for letter in letters).split()
    # a mark that stands alone begins no name
    return words if words and words[0][0].isalpha() else []


def _sound(letter: str) -> str | None:
    """Return the letter or syllable in Latin letters; None if nothing but a dictionary could tell."""
    if letter.isascii():
        return letter
    if letter in _LETTERS:
        return _LETTERS[letter]
    name = unicodedata.name(letter, "")
    if name.startswith(("HIRAGANA", "KATAKANA", "HANGUL SYLLABLE")):  # Unicode calls them by their sound.
        sound = name.rpartition(" ")[2].lower()
        return sound if sound.isalpha() and not name.endswith("MARK") else ""
    plain = [_LETTERS.get(part, part) for part in unicodedata.normalize("NFKD", letter)]
    if any(part.isascii() for part in plain):
        return "".join(part if part.isascii() else "" for part in plain)
    return "" if unicodedata.combining(letter) else None


def _symbol_words(title: str) -> list[str]:
    """Return what Unicode calls the symbols of a title that has no words ("bar", "chart")."""
    names = [unicodedata.name(symbol, "") for symbol in title if unicodedata.category(symbol) in ("So", "Sm")]
    return [word for name in names for word in re.findall(r"[a-z0-9]+", name.lower())]
