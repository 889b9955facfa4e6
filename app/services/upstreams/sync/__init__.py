"""Directories that are read as a whole (ADR-0105)."""
