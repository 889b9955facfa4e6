"""Statements that run by themselves, by the way of hot paths (ADR-0005)."""
