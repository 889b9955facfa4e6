"""Clients and servers of the Model Context Protocol."""
