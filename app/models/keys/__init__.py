"""Keys that stay, and keys that go."""
