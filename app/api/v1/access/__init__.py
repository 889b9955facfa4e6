"""``/api/v1`` about what people belong to."""
