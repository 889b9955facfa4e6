"""Tables of applications, and of what people grant them."""
