"""Devices that show a code, and people who answer them (RFC 8628)."""
