"""OAuth Multiple Response Types §2.1: ``fragment``.

The standard makes ``query`` the default for ``code`` and forbids ``query`` for tokens;
it does not forbid ``fragment`` for ``code``, and there it keeps the code out of the
logs of the client's web server. So a client may ask for it.
"""

from collections.abc import Mapping

from app.oauth.response_modes.base import RESERVED, Answer
from app.oauth.uri import encode, keep_query


class Fragment:
    """For clients that live in the browser."""

    name = "fragment"

    def fits(self, redirect_uri: str) -> bool:
        """No registered URI has a fragment of its own."""
        return True

    def answer(self, redirect_uri: str, parameters: Mapping[str, str]) -> Answer:
        """Put the parameters behind the URI."""
        base = keep_query(redirect_uri, RESERVED)
        return Answer("redirect", f"{base}#{encode(parameters)}")
