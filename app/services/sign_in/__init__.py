"""Signing in, with a password or a code, and at a browser."""
