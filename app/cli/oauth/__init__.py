"""Commands about applications."""
