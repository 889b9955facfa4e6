"""Requests, whatever they ask for: read, bounded, answered once."""
