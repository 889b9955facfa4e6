"""Forward authentication: proxies that ask who is there."""
