"""What was promised leaves the process."""
