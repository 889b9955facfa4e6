"""What is known about a person, under the names that applications and APIs want."""
