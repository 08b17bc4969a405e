"""Two values, one of them loaded afresh -> what is different, and where first."""
