"""What people and programs say to the API, and what it answers."""
