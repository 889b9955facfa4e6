"""Secrets that work once, most of them mailed (architecture rule 2)."""
