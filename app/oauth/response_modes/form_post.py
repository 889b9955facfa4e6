"""OIDC Form Post §2: ``form_post``."""

from collections.abc import Mapping

from app.oauth.response_modes.base import RESERVED, Answer
from app.oauth.uri import keep_query


class FormPost:
    """For clients that want no parameter in any address."""

    name = "form_post"

    def fits(self, redirect_uri: str) -> bool:
        """Browsers post forms to web servers only."""
        return redirect_uri.startswith(("https:", "http:"))

    def answer(self, redirect_uri: str, parameters: Mapping[str, str]) -> Answer:
        """Describe the form; the HTML is rendered elsewhere."""
        action = keep_query(redirect_uri, RESERVED)
        return Answer("form", action, dict(parameters))
