"""Tokens that are asked for by the name of an API, over HTTP."""
