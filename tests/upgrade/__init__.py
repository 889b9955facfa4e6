"""Upgrades, and what they leave to be done while the service runs."""
