"""Pages on the way to where people are known already, and back."""
