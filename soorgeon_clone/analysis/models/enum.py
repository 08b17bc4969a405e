"""Enumerations that are made by a call."""

from __future__ import annotations

from soorgeon_clone.analysis.models.collections import make_class

FUNCTIONS = dict.fromkeys(("enum.Enum", "enum.IntEnum", "enum.Flag"), make_class)
