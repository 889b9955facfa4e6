"""What happens to applications and what they were granted."""
