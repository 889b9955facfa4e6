"""People: their addresses, passwords, claims, and what comes from other products."""
