"""All SQL, one class per table; nothing here decides and nothing commits."""
