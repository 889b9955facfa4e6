"""Tokens that are exchanged for others, by the engine alone."""
