"""Kinds of objects, one file a kind; `table` finds them in this folder."""
