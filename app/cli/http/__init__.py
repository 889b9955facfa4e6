"""How HTTP reaches the application: sockets, connections, and their end."""
