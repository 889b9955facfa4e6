"""The provider as applications meet it: a live server, clients that share no code."""
