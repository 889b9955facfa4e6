"""Journeys in a real browser, at a real process; ``make e2e`` runs them."""
