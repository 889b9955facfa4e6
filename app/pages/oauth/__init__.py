"""Pages to which applications send people, and what people allowed them."""
