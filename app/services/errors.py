"""Refusals that several services make."""

from app.core.exceptions import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    NotFound,
    Unauthenticated,
    Unprocessable,
)


class InvalidOneTimeToken(BadRequest):
    """Unknown, forged, used, expired and superseded links look the same outside."""

    code = "invalid_token"
    title = "This link is not valid any more; ask for a new one"


class InvalidCode(BadRequest):
    """Wrong, used, expired and superseded codes look the same outside."""

    code = "invalid_code"
    title = "This code is not valid; check it or ask for a new one"


class ReauthenticationRequired(Forbidden):
    """The sign-in is too old for what was asked."""

    code = "reauthentication_required"
    title = "Sign in again to do this"


class InvalidCredentials(Unauthenticated):
    """Unknown account, wrong password and inactive account look the same outside."""

    code = "invalid_credentials"
    title = "Wrong email address or password"


class EmailNotVerified(Forbidden):
    """The password was right, and the address was never confirmed."""

    code = "email_not_verified"
    title = "Confirm your email address first; we can send you the mail again"


class EmailTaken(Conflict):
    """The address has an account; said only where registration is open or by admins."""

    code = "email_taken"
    title = "An account with this email address exists"


class UserDisabled(Conflict):
    """What was asked is of no use to a disabled account; said to administrators."""

    code = "user_disabled"
    title = "This account is disabled; enable it first"


class LastAdministrator(Conflict):
    """Without an administrator nobody could ever make one again."""

    code = "last_administrator"
    title = "This is the last active administrator; make another one first"


class UserNotFound(NotFound):
    """There is no such account, or the caller may not know of it."""

    code = "user_not_found"
    title = "There is no such user"


class UnacceptablePassword(Unprocessable):
    """A new password is refused by the policy."""

    def __init__(self, field: str, code: str, message: str) -> None:
        """Name the field that held the password."""
        super().__init__([FieldError(field, code, message)])
