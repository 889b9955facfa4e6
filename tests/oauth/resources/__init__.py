"""APIs that tokens are asked for by name."""
