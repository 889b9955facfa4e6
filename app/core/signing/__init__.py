"""What signs tokens: keys of this process, and keys that never come near it."""
