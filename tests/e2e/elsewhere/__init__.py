"""Browsers on the way to services elsewhere, and back."""
