"""Sessions: how they begin at a browser, and how they end."""
