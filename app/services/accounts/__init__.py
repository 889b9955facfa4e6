"""People: their accounts, addresses, passwords, roles and claims."""
