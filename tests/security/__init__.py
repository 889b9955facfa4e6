"""Past failures of systems like this one, tried on it."""
