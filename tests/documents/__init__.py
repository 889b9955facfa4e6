"""Documents say what is true."""
