"""What a process owns, and what every use case stands on; it imports no other wing."""
