"""The secret key: what outlives it, and what has to be sealed anew by the next."""
