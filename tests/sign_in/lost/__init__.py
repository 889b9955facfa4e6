"""Every second factor is lost: the way back, and who must not take it (ADR-0057)."""
