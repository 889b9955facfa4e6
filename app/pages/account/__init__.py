"""Pages that mails lead to, or ask for."""
