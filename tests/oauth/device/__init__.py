"""The engine of device authorization (RFC 8628)."""
