"""Tokens that are exchanged for others, over HTTP."""
