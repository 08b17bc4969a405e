"""Paths and texts -> the disk: the one room that reads, writes and removes files which others may have laid out."""
