"""Second factors, judged without a database (RFC 6238, WebAuthn Level 3)."""
