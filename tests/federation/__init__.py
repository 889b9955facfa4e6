"""Real peers: providers that people sign in at, directories (``make federation``)."""
