"""OAuth Multiple Response Types §2.1, OIDC Form Post §2: the ways of answering.

A new one is a file here that satisfies ``base.ResponseMode``, and a line below.
"""

from app.oauth.response_modes.base import Answer, ResponseMode
from app.oauth.response_modes.form_post import FormPost
from app.oauth.response_modes.fragment import Fragment
from app.oauth.response_modes.query import Query

DEFAULT: ResponseMode = Query()
RESPONSE_MODES: tuple[ResponseMode, ...] = (DEFAULT, Fragment(), FormPost())

__all__ = ["DEFAULT", "RESPONSE_MODES", "Answer", "ResponseMode", "find_mode"]


def find_mode(name: str | None, redirect_uri: str) -> ResponseMode | None:
    """Return the mode that was asked for, if it is there and can reach the client."""
    if name is None:
        return DEFAULT
    for mode in RESPONSE_MODES:
        if mode.name == name and mode.fits(redirect_uri):
            return mode
    return None
