"""What tokens of others, and our own, are redeemed from: ports on the database."""
