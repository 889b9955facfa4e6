"""Keys in a PKCS#11 token: a real one, SoftHSM."""
