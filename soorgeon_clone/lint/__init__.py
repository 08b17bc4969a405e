"""One file a rule; runs them, reports, fixes."""
