"""What upgrades of the schema are told and tried with: sizes, and copies."""
