"""`python -m app.cli <noun> <verb>`: one file per noun, services only."""
