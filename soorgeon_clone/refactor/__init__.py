"""Carriers, the plan, and the text of every generated file."""
