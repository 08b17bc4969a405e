"""Texts -> pages that stand alone: one look in light and dark, code in colours, Markdown without its HTML."""
