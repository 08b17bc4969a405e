"""The ways in which a part of a notebook's state crosses from one task to a later one, one module each."""
