"""Libraries whose structure matters more than a table can say."""
