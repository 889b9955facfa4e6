"""Numbers that a process counts, and how they are told (ADR-0090)."""
