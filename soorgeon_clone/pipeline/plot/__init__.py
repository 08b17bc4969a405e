"""Draws a DAG: as Mermaid text, SVG, PNG, and a page that stands alone."""
