"""Use cases: verbs a product manager knows; no FastAPI, no SQL."""
