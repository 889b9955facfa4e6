"""The protocol engine: no database, no application, no network."""
