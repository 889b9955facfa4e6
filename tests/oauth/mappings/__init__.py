"""Claims of one's own choice."""
