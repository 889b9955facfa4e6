"""RFC 8707: APIs that access tokens are asked for by name."""
