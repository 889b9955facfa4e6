"""Applications: registered, recognised, and shown to people."""
