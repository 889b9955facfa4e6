"""Issuers that this server believes: of workloads that keep no secret (RFC 7523)."""
