"""The story of a notebook's data as one HTML page."""
