"""How applications, and what people grant them, are found and kept."""
