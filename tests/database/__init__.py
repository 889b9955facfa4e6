"""Both databases: their schema, their addresses, and how they fail."""
