"""Refusals of what works once."""

from app.core.exceptions import BadRequest


class InvalidOneTimeToken(BadRequest):
    """Unknown, forged, used, expired and superseded links look the same outside."""

    code = "invalid_token"
    title = "This link is not valid any more; ask for a new one"


class InvalidCode(BadRequest):
    """Wrong, used, expired and superseded codes look the same outside."""

    code = "invalid_code"
    title = "This code is not valid; check it or ask for a new one"
