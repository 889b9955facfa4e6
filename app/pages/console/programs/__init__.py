"""Sections of the console about other programs: what they are told, and may have."""
