"""Signing in with what people have elsewhere."""
