"""How groups are found and kept."""
