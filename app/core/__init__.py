"""What every layer may use: security, logging, errors, clock, randomness."""
