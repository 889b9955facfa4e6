"""Signing up, in and out at a browser, and its front door."""
