"""A service, from its settings to SIGTERM."""
