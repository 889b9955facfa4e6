"""What people may do: roles, and groups of people that carry them."""
