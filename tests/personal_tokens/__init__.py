"""Tokens that people make for their scripts."""
