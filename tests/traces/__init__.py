"""Traces: what a real collector receives, and what it never does."""
