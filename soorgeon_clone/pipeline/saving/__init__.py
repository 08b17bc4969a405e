"""What pickle leaves out of a value, or makes again as something else, and goes into its file all the same."""
