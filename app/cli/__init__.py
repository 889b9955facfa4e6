"""What operators type: `python -m app.cli <noun> <verb>`."""
