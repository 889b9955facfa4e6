"""Applications: made, registered, and who they prove to be."""
