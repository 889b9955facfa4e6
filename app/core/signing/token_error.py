"""Why a PKCS#11 token cannot be used, and what to do."""


class TokenUnusable(Exception):
    """The text says what to do, and no PIN."""


class KeyNotThere(TokenUnusable):
    """The token answers and has no such key."""
