"""Workloads without a stored secret, and the issuers that vouch for them."""
