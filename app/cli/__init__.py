"""What operators type: `python -m app.cli <noun> <verb>`, or `auth-serve`."""

HOST, PORT, MOST_WORKERS = "127.0.0.1", 8000, 64
