"""Device authorization (RFC 8628): what does not hang on a database."""
