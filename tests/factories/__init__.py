"""Test data: valid by default; a test states only what it is about."""
