"""Saying "this wasn't me": from which moment on, at which address, at which browser."""
