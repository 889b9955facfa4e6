"""Keys beside each other."""
