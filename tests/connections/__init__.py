"""Connections to identity elsewhere, and people who come by them."""
