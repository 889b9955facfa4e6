"""What only the console does: looking at many accounts, and changing many at once."""
