"""Connections to identity elsewhere."""
