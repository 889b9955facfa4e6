"""Refusals of who is asking."""

from app.core.exceptions import Forbidden


class ReauthenticationRequired(Forbidden):
    """The sign-in is too old, or too weak, for what was asked."""

    code = "reauthentication_required"
    title = "Sign in again to do this, with your second factor if you have one"
