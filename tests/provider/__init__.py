"""The protocol over HTTP: tokens, consent, sign-out of applications."""
