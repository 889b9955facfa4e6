"""SQL for identity from elsewhere."""
