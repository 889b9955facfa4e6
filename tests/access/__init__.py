"""Groups, roles and what they give people."""
