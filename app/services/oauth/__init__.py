"""The authorization server: grants, tokens, consent, sign-out of applications."""
