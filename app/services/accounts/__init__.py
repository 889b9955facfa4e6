"""People: their accounts, addresses, passwords and claims."""
