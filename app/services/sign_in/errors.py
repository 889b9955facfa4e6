"""Refusals of a sign-in."""

from app.core.exceptions import Forbidden


class EmailNotVerified(Forbidden):
    """The password was right, and the address was never confirmed."""

    code = "email_not_verified"
    title = "Confirm your email address first; we can send you the mail again"
