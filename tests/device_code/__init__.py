"""Device authorization (RFC 8628) over HTTP and at the browser."""
