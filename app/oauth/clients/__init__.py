"""Clients as the engine sees them: registered, judged, and who they prove to be."""
