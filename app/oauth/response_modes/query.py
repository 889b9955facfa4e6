"""RFC 6749 §4.1.2 and appendix B, OAuth Multiple Response Types §2.1: ``query``."""

from collections.abc import Mapping

from app.oauth.response_modes.base import RESERVED, Answer
from app.oauth.uri import add_query


class Query:
    """The default for ``response_type=code``."""

    name = "query"

    def fits(self, redirect_uri: str) -> bool:
        """Every URI can have a query."""
        return True

    def answer(self, redirect_uri: str, parameters: Mapping[str, str]) -> Answer:
        """Add the parameters to the URI's own query."""
        return Answer("redirect", add_query(redirect_uri, parameters, RESERVED))
