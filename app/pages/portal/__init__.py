"""``/account``: what people do with their own accounts, one page each."""
