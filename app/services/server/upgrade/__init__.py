"""What an upgrade of the schema will do, told before it is done (ADR-0098)."""
