"""Hosted pages: second callers of the same services."""
