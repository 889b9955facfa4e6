"""What FastAPI makes when it is first used, and not at start."""
