"""Issuers that are trusted, and what is made of their tokens."""
