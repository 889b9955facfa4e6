"""Spans of what a request makes happen, where an operator wants traces (ADR-0091)."""
