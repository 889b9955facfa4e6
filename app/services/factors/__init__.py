"""Second factors of accounts: set up, listed, removed, and proven once."""
