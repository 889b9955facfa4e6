"""Programs of others, started for a test on loopback and ended with it."""
