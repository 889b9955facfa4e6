"""A newcomer: set-up, and the demo application."""
