"""Forward authentication: proxies ask here whether a request may pass (ADR-0081)."""
