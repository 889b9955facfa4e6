"""Sessions, their tokens and their end; and who is asking."""
