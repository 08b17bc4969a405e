"""What is so now and what was before: contents, fingerprints, records."""
