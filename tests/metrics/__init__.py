"""Metrics: counted, told, merged, and what stands on their names."""
