"""What values are, what they hold and what names denote."""
