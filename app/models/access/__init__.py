"""Tables of what people belong to, and what that gives them."""
