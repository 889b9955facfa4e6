"""How events on their way out are found and kept."""
