"""Hosted pages, as browsers and people meet them."""
