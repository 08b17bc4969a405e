"""The notebook against its pipeline."""
