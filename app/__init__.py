"""Auth Serve: a self-hosted authentication service and OpenID Connect provider."""

__version__ = "0.1.0"
