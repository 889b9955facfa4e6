"""``/api/v1`` about applications."""
