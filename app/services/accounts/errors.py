"""Refusals that several services of accounts make."""

from app.core.exceptions import (
    Conflict,
    FieldError,
    NotFound,
    Unauthenticated,
    Unprocessable,
)


class InvalidCredentials(Unauthenticated):
    """Unknown account, wrong password and inactive account look the same outside."""

    code = "invalid_credentials"
    title = "Wrong email address or password"


class EmailTaken(Conflict):
    """The address has an account; said only where registration is open or by admins."""

    code = "email_taken"
    title = "An account with this email address exists"


class UserDisabled(Conflict):
    """What was asked is of no use to a disabled account; said to administrators."""

    code = "user_disabled"
    title = "This account is disabled; enable it first"


class AlreadyAccepted(Conflict):
    """An invitation is of no use to who has accepted one; said to administrators."""

    code = "already_accepted"
    title = "This person can sign in already; no invitation is needed"


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
