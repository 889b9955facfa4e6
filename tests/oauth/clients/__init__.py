"""What clients may be, and how they are registered."""
