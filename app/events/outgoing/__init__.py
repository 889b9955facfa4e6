"""Events of what leaves the service."""
